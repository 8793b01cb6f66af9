import type { Verdict } from '@countersign/verify'
import { listOf } from '../../api/documents.ts'
import type { LedgerEntry } from '../../workflows/evidence-ledger.ts'
import { formatEntry } from '../output/change-rows.ts'
import type { Terminal } from '../terminal.ts'
import { withLedger } from '../with-ledger.ts'
import { type ControlFilter, controlFilter } from './control-filter.ts'

/** The options of `countersign change list`, as the grammar reads them. */
export interface ListOptions {
  readonly data?: string
  readonly ref?: string
  readonly verdict?: Verdict
  readonly control?: string
  readonly output: 'table' | 'json' | 'jsonl'
}

/** Lists changes by their latest decision, in the order in which they were first recorded. */
export async function changeList(options: ListOptions, terminal: Terminal): Promise<number> {
  const entries = await withLedger(options.data, (ledger) => ledger.entries())
  const latest = new Map<string, LedgerEntry>()
  for (const entry of entries) {
    const { repository, ref, object } = entry.change
    latest.set(`${repository}\n${ref}\n${object}`, entry)
  }
  return printEntries([...latest.values()], options, terminal)
}

async function printEntries(
  entries: readonly LedgerEntry[],
  options: ListOptions,
  terminal: Terminal,
): Promise<number> {
  const carried = new Set(entries.flatMap(({ controls }) => controls))
  const control = options.control === undefined ? null : controlFilter(options.control, carried)
  for (const note of control?.notes ?? []) terminal.talk(`${note}\n`)
  const wanted = entries.filter((entry) => isWanted(entry, options, control))
  const items = wanted.map((entry) => ({ kind: 'Evidence' as const, ...entry }))
  if (options.output === 'json') await terminal.data(`${JSON.stringify(listOf(items), null, 2)}\n`)
  if (options.output === 'jsonl') for (const item of items) await terminal.data(`${JSON.stringify(item)}\n`)
  if (options.output === 'table') for (const entry of wanted) await terminal.data(formatEntry(entry, terminal))
  terminal.talk(`${wanted.length} of ${entries.length}\n`)
  return 0
}

function isWanted(entry: LedgerEntry, { ref, verdict }: ListOptions, control: ControlFilter | null): boolean {
  const names = ref === undefined ? [] : [ref, `refs/heads/${ref}`, `refs/tags/${ref}`]
  if (ref !== undefined && !names.includes(entry.change.ref)) return false
  if (verdict !== undefined && entry.verdict !== verdict) return false
  return control === null || entry.controls.some((tag) => control.tags.has(tag))
}
