import { type ChangeDecision, type Explanation, printable, type RecordedRule } from '@countersign/verify'
import type { LedgerEntry } from '../../workflows/evidence-ledger.ts'
import type { Terminal } from '../terminal.ts'
import { firstFault } from './findings.ts'
import { paintVerdict } from './paint-verdict.ts'

type Decided = Omit<ChangeDecision, 'inputs' | 'recordedAt'>

/** A judged change as a row, and below it every rule that did not pass: what was seen, what would pass, who can do it. */
export function formatChange(decision: Decided, entry: LedgerEntry | null, terminal: Terminal): string {
  const { change, verdict, basis } = decision
  const place = entry === null ? 'not recorded' : `evidence ${entry.index}`
  const why = basis === null ? '' : ` (${basis.replaceAll('_', ' ')})`
  const head = `${paintVerdict(verdict, terminal)} ${shortRef(change.ref).padEnd(14)} ${change.object.slice(0, 10)} ${change.kind.padEnd(17)} ${place}${why}\n`
  return (
    head +
    decision.rules
      .filter((rule) => needsSaying(rule))
      .map((rule) => formatRule(rule, terminal))
      .join('')
  )
}

/** A ledger entry as one row. */
export function formatEntry(entry: LedgerEntry, terminal: Terminal): string {
  const { change, verdict, index, recordedAt } = entry
  return `${String(index).padStart(6)} ${paintVerdict(verdict, terminal)} ${shortRef(change.ref).padEnd(14)} ${change.object.slice(0, 10)} ${change.kind.padEnd(17)} ${recordedAt}\n`
}

/** The whole explanation tree of a decision. */
export function formatExplanation(decision: Decided, terminal: Terminal): string {
  return decision.rules
    .map(
      (rule) =>
        `${formatRule(rule, terminal)}${rule.explanation.parts.map((part) => formatPart(part, 2, terminal)).join('')}`,
    )
    .join('')
}

function needsSaying(rule: RecordedRule): boolean {
  return rule.explanation.verdict !== 'pass' && rule.explanation.verdict !== 'not_applicable'
}

function formatRule({ rule, mode, verdict, explanation }: RecordedRule, terminal: Terminal): string {
  const worst = needsSaying({ explanation } as RecordedRule) ? firstFault(explanation) : explanation
  const said = mode === 'enforce' ? '' : ` [${mode}]`
  return `   ${paintVerdict(verdict, terminal)} ${terminal.paint('bold', printable(rule))}${said}: ${printable(worst.sentence)}\n${details(worst, 20)}`
}

function formatPart(part: Explanation, depth: number, terminal: Terminal): string {
  const indent = '   '.repeat(depth)
  const inner = part.parts.map((one) => formatPart(one, depth + 1, terminal)).join('')
  return `${indent}${paintVerdict(part.verdict, terminal)} ${printable(part.about.slice(0, 12))} ${printable(part.sentence)}\n${details(part, indent.length + 17)}${inner}`
}

function details({ observed, wanted, remedy, verdict }: Explanation, indent: number): string {
  const lines = [
    observed === undefined ? [] : [`seen:   ${observed}`],
    wanted === undefined || verdict === 'pass' ? [] : [`wanted: ${wanted}`],
    remedy === undefined || verdict === 'pass' ? [] : [`who:    ${remedy}`],
  ].flat()
  return lines.map((line) => `${' '.repeat(indent)}${printable(line)}\n`).join('')
}

function shortRef(ref: string): string {
  return printable(ref.replace(/^refs\/(heads|tags)\//, ''))
}
