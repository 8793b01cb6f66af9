import { type ChangeDecision, printable } from '@countersign/verify'
import type { LedgerEntry } from '../../workflows/evidence-ledger.ts'

type Decided = Omit<ChangeDecision, 'inputs' | 'recordedAt'>

/** The head of the table that {@link formatMarkdownRow} fills, for a job summary or a comment. */
export const MARKDOWN_HEAD =
  '| verdict | ref | object | kind | evidence | failing rules |\n| --- | --- | --- | --- | --- | --- |\n'

/** A judged change as a row of a Markdown table. */
export function formatMarkdownRow({ change, verdict, rules }: Decided, entry: LedgerEntry | null): string {
  const failing = rules.filter((rule) => rule.verdict !== 'pass' && rule.verdict !== 'not_applicable')
  const cells = [
    verdict,
    change.ref,
    change.object.slice(0, 10),
    change.kind,
    entry === null ? 'not recorded' : String(entry.index),
    failing.map((rule) => `${rule.rule}: ${rule.explanation.reason}`).join('; '),
  ]
  return `| ${cells.map(escapeCell).join(' | ')} |\n`
}

/** Text from outside in a cell of a Markdown table, in which it can neither mark up nor leave the cell. */
export function escapeCell(text: string): string {
  return printable(text.replaceAll('\n', ' ')).replaceAll(/[\\|`*_<>[\]]/g, '\\$&')
}
