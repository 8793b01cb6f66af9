import type { RecordedRule, Verdict } from '@countersign/verify'
import type { CheckedChange } from '../../../workflows/check-changes.ts'
import { formatChange } from '../../output/change-rows.ts'
import { paintVerdict } from '../../output/paint-verdict.ts'
import type { Terminal } from '../../terminal.ts'

/** A rule that is not in order, as one word each: what it counts for, and its reason. */
export interface Fault {
  readonly rule: string
  readonly verdict: Verdict
  readonly reason: string
}

const INDENT = 17

/** The rules of a decision that neither pass nor are beside the point. */
export function faultsOf({ decision }: CheckedChange): readonly Fault[] {
  return decision.rules.filter(isFault).map(({ rule, verdict, explanation }) => ({
    rule,
    verdict,
    reason: explanation.reason,
  }))
}

/** A judged change in a few lines: the row that `check` prints, what happened where that is known, and each fault in short. */
export function formatJudged(checked: CheckedChange, told: string | null, terminal: Terminal): string {
  const { decision, entry } = checked
  const head = formatChange({ ...decision, rules: [] }, entry, terminal)
  const below = [
    ...(told === null ? [] : [told]),
    ...faultsOf(checked).map(
      ({ rule, verdict, reason }) =>
        `${paintVerdict(verdict, terminal)} ${terminal.paint('bold', rule)}: ${reason.replaceAll('_', ' ')}`,
    ),
  ]
  return head + below.map((line) => `${' '.repeat(INDENT)}${line}\n`).join('')
}

function isFault({ verdict }: RecordedRule): boolean {
  return verdict !== 'pass' && verdict !== 'not_applicable'
}
