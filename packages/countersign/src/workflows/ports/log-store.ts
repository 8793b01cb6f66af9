import type { EvidenceQuery, IndexedTerms, LoggedEntry, NewEvidence } from './evidence-log.ts'

/** Where a log stands: everything that is needed to go on, without reading the log. */
export interface LogHead {
  readonly origin: string
  readonly size: number
  /** The RFC 6962 root over `size` leaves. The signed note is a function of origin, size, root and key, so it needs no storing. */
  readonly root: Uint8Array
  /** The right edge of the tree, as `encodeEdge` writes it. */
  readonly edge: Uint8Array
}

/** A row of the record: evidence at its place. */
export interface LogRow extends NewEvidence {
  readonly index: number
  readonly leafHash: Uint8Array
}

/** Everything that one commit changes. It happens whole or not at all. */
export interface LogCommit {
  /** The head that this was planned on; whoever finds another one there must plan again. */
  readonly from: LogHead
  readonly to: LogHead
  /** The rows from `from.size` up to `to.size`, in order. */
  readonly rows: readonly LogRow[]
  /** The right to sequence; a store without election ignores it. */
  readonly fence: bigint | null
}

/** A store that could not do what was asked. */
export class LogStoreError extends Error {
  override readonly name = 'LogStoreError'
  readonly code: /** Another commit came first: read the head and plan again. Nothing was written. */
    | 'head_moved'
    /** Somebody else was given the right to sequence. Nothing was written, and nothing ever will be with this fence. */
    | 'fenced'
    /** A digest or a key is there already. Nothing was written. */
    | 'duplicate'
    /** The store cannot say whether the commit happened: read the head. */
    | 'outcome_unknown'
    | 'schema_newer'
    | 'store_corrupt'
    | 'store_locked'
    | 'store_unavailable'
    | 'disk_full'
    | 'write_failed'

  constructor(code: LogStoreError['code'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** Where evidence lies that was looked up by digest or key. */
export interface KnownEvidence {
  readonly index: number
  readonly digest: string
  readonly idempotencyKey: string | null
}

/**
 * The record of a log: rows in order, a head, and an index, changed only by {@link LogStore.commit}. It knows nothing of signatures
 * and proofs; the tiles that strangers read are made from it. Every method rejects with a {@link LogStoreError}.
 */
export interface LogStore {
  /** The newest head; null where no log was begun. */
  head(): Promise<LogHead | null>

  /** Begins a log with an empty head, unless one was begun. Returns the head that is then there. */
  begin(empty: LogHead): Promise<LogHead>

  /**
   * Writes a commit: durable when it settles. Rejects with `head_moved` unless the stored head equals `from` in size and root, with
   * `fenced`, `duplicate`, `disk_full` or `write_failed` when nothing was written, and with `outcome_unknown` when that cannot be told.
   */
  commit(commit: LogCommit): Promise<void>

  /** What is known of these digests and keys; in no order, and nothing for those that are not there. */
  known(digests: readonly string[], idempotencyKeys: readonly string[]): Promise<readonly KnownEvidence[]>

  /** The entries from `from` up to `to`, exclusive, in runs of at most some thousand. Those that are gone are missing. */
  entries(from: number, to: number): AsyncIterable<readonly LoggedEntry[]>

  /** The leaf hashes from `from` up to `to`, exclusive, 32 bytes each, in runs of at most some thousand: one buffer a run. */
  leafHashes(from: number, to: number): AsyncIterable<Uint8Array>

  /** What matches a query, in its order, streamed with a cursor. */
  find(query: EvidenceQuery): AsyncIterable<IndexedTerms>

  close(): Promise<void>
}
