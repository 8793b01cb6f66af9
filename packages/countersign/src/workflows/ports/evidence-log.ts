import type { Checkpoint, Json } from '@countersign/verify'

/** What a piece of evidence is found by. Made by whoever signs the evidence, kept beside it, never part of the proof. */
export interface EvidenceTerms {
  /** SHA-256 of the envelope in hex: of the evidence itself, also where the log holds only a reference to it. */
  readonly digest: string
  /** Chosen by the sender so that sending again changes nothing; null where the content alone decides. */
  readonly idempotencyKey: string | null
  /** The predicate type. */
  readonly type: string
  /** What it is about, each `kind:value`: `gitCommit:…`, `change:…`, `ref:…`, `repository:…`, `deployment:…`. */
  readonly subjects: readonly string[]
  /** Control tags in their canonical form, `framework@version:id`. */
  readonly controls: readonly string[]
  /** Who said it. */
  readonly source: string
  /** RFC 3339, UTC: the source's clock where it has one, and ours. */
  readonly occurredAt: string | null
  readonly recordedAt: string
  /** How long it is kept: a class of the retention policy. */
  readonly retention: string
  /** Enough to list it without reading it; what it holds depends on the type. */
  readonly summary: Json
}

/** An entry for the log and what it is found by. */
export interface NewEvidence {
  readonly entry: Uint8Array
  readonly terms: EvidenceTerms
}

/** What the log gives for an entry: enough to prove to a stranger that it is there. */
export interface Receipt {
  readonly index: number
  /** The RFC 6962 leaf hash, 32 bytes. */
  readonly leafHash: Uint8Array
  /** A c2sp.org/tlog-proof text: index, inclusion proof and checkpoint. */
  readonly proof: string
  /** The signed checkpoint that the proof leads to. */
  readonly checkpoint: string
  /** Whether the log held the same evidence before; the receipt is then for that. */
  readonly isDuplicate: boolean
}

/** The newest checkpoint of the log: its signed note, and what that says. */
export interface SignedCheckpoint {
  readonly note: string
  readonly checkpoint: Checkpoint
}

/** An entry with its place in the log. */
export interface LoggedEntry {
  readonly index: number
  readonly entry: Uint8Array
}

/** What a piece of evidence is found by, and its place in the log. */
export interface IndexedTerms {
  readonly index: number
  readonly terms: EvidenceTerms
}

/** Which evidence is wanted; what is left out does not restrict. Times are RFC 3339 and bound `recordedAt`. */
export interface EvidenceQuery {
  readonly digest?: string
  readonly idempotencyKey?: string
  readonly type?: string
  readonly subject?: string
  readonly control?: string
  readonly source?: string
  readonly recordedFrom?: string
  readonly recordedBefore?: string
  /** Only what lies behind this index in the order that is asked for. */
  readonly after?: number
  readonly order?: 'oldest-first' | 'newest-first'
  readonly limit?: number
}

/** A log that could not do what was asked. */
export class EvidenceLogError extends Error {
  override readonly name = 'EvidenceLogError'
  readonly code:
    | 'entry_too_large'
    | 'too_many_entries'
    | 'index_out_of_range'
    | 'duplicate_differs'
    | 'log_locked'
    | 'log_closed'
    | 'log_corrupt'
    | 'log_unavailable'
    | 'schema_newer'
    | 'wrong_key'
    | 'key_retired'
    | 'wrong_origin'
    | 'witnesses_missing'
    | 'disk_full'
    | 'write_failed'

  constructor(code: EvidenceLogError['code'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/**
 * An append-only transparency log with an index. Anybody may read it and check it without trusting who keeps it.
 *
 * Implementations never sign two checkpoints that are inconsistent, and acknowledge nothing that a crash can undo. Every method
 * rejects with an {@link EvidenceLogError}.
 */
export interface EvidenceLog {
  /**
   * Appends all evidence, next to each other and in order, or none, and resolves when it is durable. What the log already holds
   * (the same digest, or the same key with the same digest) is not appended again. Rejects with `duplicate_differs` when a key was
   * used for other content, `entry_too_large` or `too_many_entries` before anything is written, `disk_full`, `write_failed`,
   * `log_unavailable`, `log_closed`. After `write_failed` and `log_unavailable` the evidence may be there: send it again.
   */
  append(evidence: readonly NewEvidence[]): Promise<readonly Receipt[]>

  /** Returns the newest checkpoint; a new log has one of size 0. */
  checkpoint(): Promise<SignedCheckpoint>

  /** Reads the entries from `from` up to `to`, exclusive. Rejects with `index_out_of_range` or `log_corrupt`. */
  entries(from: number, to: number): AsyncIterable<LoggedEntry>

  /** What matches a query, streamed. */
  find(query: EvidenceQuery): AsyncIterable<IndexedTerms>

  /** Makes a receipt against the newest checkpoint. Rejects with `index_out_of_range` or `log_corrupt`. */
  receipt(index: number): Promise<Receipt>

  /** The hashes that prove that the tree of `to` leaves continues that of `from` (RFC 6962 2.1.2). Rejects with `index_out_of_range`. */
  consistency(from: number, to: number): Promise<readonly Uint8Array[]>

  /** Finishes what is waiting, publishes it, then lets go of the log. Appending afterwards is refused with `log_closed`. */
  close(): Promise<void>
}
