import type { Verdict } from '@countersign/verify'
import type { Change } from '../../judge/change.ts'

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

/**
 * Remembers where each piece of evidence lies, so that a list needs not read the log. Everything in it can be made again from the log,
 * which alone is the record.
 *
 * `load` returns the entries in log order; an index that is damaged, forged or absent gives the part before that. `append` is durable
 * when it settles.
 */
export interface EvidenceIndex {
  load(): Promise<readonly LedgerEntry[]>
  append(entries: readonly LedgerEntry[]): Promise<void>
}

/** What a stored index says, to be held against the log. */
export interface IndexWitness {
  /** How many whole lines there are. */
  readonly lines: number
  /** Whether the index says anything else of an entry than the log does; saying nothing is no difference. */
  differs(entry: LedgerEntry): boolean
}
