import { type ChangeDecision, type Json, VERDICTS, type Verdict } from '@countersign/verify'
import type { Change } from '../judge/change.ts'
import { describeDecision } from '../judge/intake/describe-statement.ts'
import type { EvidenceTerms, IndexedTerms } from './ports/evidence-log.ts'
import { Problem } from './problem.ts'

/** Where one decision lies in the log, and enough of it to list and filter. */
export interface LedgerEntry {
  readonly index: number
  /** SHA-256 of the envelope, in hex. */
  readonly digest: string
  readonly change: Change
  readonly verdict: Verdict
  readonly controls: readonly string[]
  readonly policy: string | null
  readonly inputs: string
  readonly evaluatedAt: string
  readonly recordedAt: string
}

/** What a decision is found by. Its content alone tells it from another: a tag can be moved, and a branch judged, more than once. */
export function termsOfDecision(digest: string, decision: ChangeDecision): EvidenceTerms {
  return { digest, idempotencyKey: null, ...describeDecision(decision).terms }
}

/** The ledger entry that a decision's terms tell of. Throws `Problem` `log_corrupt` when they tell of none. */
export function entryOfTerms({ index, terms }: IndexedTerms): LedgerEntry {
  const { digest, controls, recordedAt } = terms
  const { summary } = terms
  if (!isSummary(summary)) throw new Problem('log_corrupt', `the index of evidence ${index} tells of no decision`)
  const { change, verdict, policy, inputs, evaluatedAt } = summary
  return { index, digest, change, verdict, controls, policy, inputs, evaluatedAt, recordedAt }
}

type Summary = Pick<LedgerEntry, 'change' | 'verdict' | 'policy' | 'inputs' | 'evaluatedAt'>

function isSummary(value: Json | Summary): value is Summary {
  if (!isRecord(value) || !isRecord(value['change'])) return false
  const { change, verdict, policy, inputs, evaluatedAt } = value
  return (
    [inputs, evaluatedAt].every(isText) &&
    [change['kind'], change['repository'], change['ref'], change['object']].every(isText) &&
    [policy, change['base']].every((one) => one === null || isText(one)) &&
    VERDICTS.some((known) => known === verdict)
  )
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}
