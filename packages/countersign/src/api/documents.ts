import type { ChangeDecision } from '@countersign/verify'
import type { LedgerEntry } from '../workflows/evidence-ledger.ts'

/** The version that every JSON document of Countersign carries. */
export const API_VERSION = 'countersign.dev/v1'

/** One change and how it was judged. `evidence` is the place in the log, null where nothing was recorded. */
export interface ChangeResult {
  readonly apiVersion: typeof API_VERSION
  readonly kind: 'ChangeResult'
  readonly decision: Omit<ChangeDecision, 'inputs' | 'recordedAt'>
  readonly evidence: { readonly index: number; readonly digest: string } | null
}

/** A list of anything, under the kind of its items. */
export interface List<Item> {
  readonly apiVersion: typeof API_VERSION
  readonly kind: 'List'
  readonly items: readonly Item[]
}

/** The result of a judged change as a document. */
export function changeResult(decision: ChangeResult['decision'], entry: LedgerEntry | null): ChangeResult {
  const evidence = entry === null ? null : { index: entry.index, digest: entry.digest }
  return { apiVersion: API_VERSION, kind: 'ChangeResult', decision, evidence }
}

/** Items as a list document. */
export function listOf<Item>(items: readonly Item[]): List<Item> {
  return { apiVersion: API_VERSION, kind: 'List', items }
}
