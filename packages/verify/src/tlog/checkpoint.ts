import { BytesError } from '../bytes/byte-reader.ts'
import { fromBase64, printable, toBase64 } from '../bytes/encoding.ts'
import { HASH_BYTES } from './merkle.ts'
import { type NoteKey, type NoteSigner, parseNote, signNote, verifyNote } from './signed-note.ts'
import { TlogError } from './tlog-error.ts'

/** A log's statement of its size and root (c2sp.org/tlog-checkpoint). */
export interface Checkpoint {
  readonly origin: string
  readonly size: number
  readonly root: Uint8Array
  /** Lines after the root, which no other log reader audits. Usually none. */
  readonly extensions: readonly string[]
}

/** A log that the reader trusts: its origin line and the keys that may sign for it. Witness keys do not belong here. */
export interface LogTrust {
  readonly origin: string
  readonly keys: readonly NoteKey[]
}

/**
 * Returns what a signed checkpoint says, once a key of the log has signed it and the origin is the log's.
 * Throws {@link TlogError}: the codes of {@link parseNote}, `verifyNote` and {@link parseCheckpoint}, and `wrong_origin`.
 */
export function verifyCheckpoint(note: string, log: LogTrust): Checkpoint {
  const parsed = parseNote(note)
  verifyNote(parsed, log.keys)
  const checkpoint = parseCheckpoint(parsed.text)
  if (checkpoint.origin !== log.origin) {
    throw new TlogError(
      'wrong_origin',
      `a checkpoint of ${printable(checkpoint.origin)}, not of ${printable(log.origin)}`,
    )
  }
  return checkpoint
}

/**
 * Reads the text of a checkpoint, without its signatures; nothing is verified.
 * Throws {@link TlogError} `malformed_checkpoint`, or `size_out_of_range` past 2^53 - 1.
 */
export function parseCheckpoint(text: string): Checkpoint {
  if (!text.endsWith('\n')) throw new TlogError('malformed_checkpoint', 'no newline at the end')
  const lines = text.slice(0, -1).split('\n')
  const [origin, size, root, ...extensions] = lines
  if (origin === undefined || size === undefined || root === undefined || lines.includes('')) {
    throw new TlogError('malformed_checkpoint', 'fewer than three lines, or an empty one')
  }
  return {
    origin,
    size: parseCount(size, 'malformed_checkpoint'),
    root: parseHash(root, 'malformed_checkpoint'),
    extensions,
  }
}

/** Writes the text of a checkpoint; the opposite of {@link parseCheckpoint}, and throws as it does. */
export function formatCheckpoint({ origin, size, root, extensions }: Checkpoint): string {
  const text = [origin, size, toBase64(root), ...extensions, ''].join('\n')
  parseCheckpoint(text)
  return text
}

/** Signs a checkpoint. The caller never signs two that are inconsistent. Throws {@link TlogError}. */
export function signCheckpoint(checkpoint: Checkpoint, signers: readonly NoteSigner[]): string {
  return signNote(formatCheckpoint(checkpoint), signers)
}

/** Reads a decimal count without leading zeros. Throws {@link TlogError} with `code`, or `size_out_of_range`. */
export function parseCount(text: string, code: 'malformed_checkpoint' | 'malformed_proof' | 'malformed_path'): number {
  if (!/^(?:0|[1-9][0-9]*)$/.test(text)) throw new TlogError(code, 'a number that is not plain decimal')
  const count = Number(text)
  if (!Number.isSafeInteger(count)) throw new TlogError('size_out_of_range', 'a number past 2^53 - 1')
  return count
}

/** Reads a base64 line of 32 bytes. Throws {@link TlogError} with `code`. */
export function parseHash(text: string, code: 'malformed_checkpoint' | 'malformed_proof'): Uint8Array {
  try {
    const hash = text.length > 64 ? new Uint8Array(0) : fromBase64(text)
    if (hash.length === HASH_BYTES) return hash
  } catch (cause) {
    if (!(cause instanceof BytesError)) throw cause
  }
  throw new TlogError(code, 'a hash that is not base64 of 32 bytes')
}
