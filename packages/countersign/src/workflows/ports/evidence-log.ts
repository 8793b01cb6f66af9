import type { Checkpoint } from '@countersign/verify'

/** What the log gives for an entry: enough to prove to a stranger that it is there. */
export interface Receipt {
  readonly index: number
  /** The RFC 6962 leaf hash, 32 bytes. */
  readonly leafHash: Uint8Array
  /** A c2sp.org/tlog-proof text: index, inclusion proof and checkpoint. */
  readonly proof: string
  /** The signed checkpoint that the proof leads to. */
  readonly checkpoint: string
}

/** The newest checkpoint that the log has published: its signed note, and what that says. */
export interface SignedCheckpoint {
  readonly note: string
  readonly checkpoint: Checkpoint
}

/** An entry with its place in the log. */
export interface LoggedEntry {
  readonly index: number
  readonly entry: Uint8Array
}

/** A log that could not do what was asked. */
export class EvidenceLogError extends Error {
  override readonly name = 'EvidenceLogError'
  readonly code:
    | 'entry_too_large'
    | 'too_many_entries'
    | 'index_out_of_range'
    | 'log_locked'
    | 'log_closed'
    | 'log_corrupt'
    | 'wrong_key'
    | 'wrong_origin'
    | 'disk_full'
    | 'write_failed'

  constructor(code: EvidenceLogError['code'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/**
 * An append-only transparency log. One process writes it; anybody may read it and check it without trusting that process.
 *
 * Implementations never sign two checkpoints that are inconsistent, and acknowledge nothing that a crash can undo. They do not
 * look for repeated entries: whoever must not log a thing twice looks before appending. Every method rejects with an
 * {@link EvidenceLogError}.
 */
export interface EvidenceLog {
  /**
   * Appends all entries, next to each other and in order, or none, and resolves when they are durable. A rejection does not
   * say that the entries are absent: a disk that failed late may have kept them, and they may appear with the next append.
   * Rejects with `entry_too_large` or `too_many_entries` before anything is written, `disk_full`, `write_failed`, `log_closed`.
   */
  append(entries: readonly Uint8Array[]): Promise<readonly Receipt[]>

  /** Returns the newest published checkpoint; a new log has one of size 0. */
  checkpoint(): Promise<SignedCheckpoint>

  /** Reads the entries from `from` up to `to`, exclusive. Rejects with `index_out_of_range` or `log_corrupt`. */
  entries(from: number, to: number): AsyncIterable<LoggedEntry>

  /** Makes a receipt against the newest checkpoint. Rejects with `index_out_of_range` or `log_corrupt`. */
  receipt(index: number): Promise<Receipt>

  /** Finishes what is waiting, then lets go of the log. Appending afterwards is refused with `log_closed`. */
  close(): Promise<void>
}
