import { BytesError } from '../bytes/byte-reader.ts'
import { fromBase64, toBase64 } from '../bytes/encoding.ts'
import { type Checkpoint, type LogTrust, parseCount, parseHash, verifyCheckpoint } from './checkpoint.ts'
import { checkInclusion, leafHash } from './merkle.ts'
import { MAX_NOTE_LENGTH } from './signed-note.ts'
import { TlogError } from './tlog-error.ts'

/** A proof that an entry is in a log (c2sp.org/tlog-proof), nothing in it verified yet. */
export interface TlogProof {
  readonly index: number
  /** Sibling hashes from leaf to root. */
  readonly hashes: readonly Uint8Array[]
  /** The signed checkpoint, verbatim. */
  readonly checkpoint: string
  /** Whatever the maker added. Nothing authenticates it. */
  readonly extra: Uint8Array | null
}

/** What a proof established: the entry is leaf `index` of the tree that the log signed. */
export interface ProvenEntry {
  readonly index: number
  readonly checkpoint: Checkpoint
}

/**
 * Establishes that `entry` is in the log, by the proof's text alone. Cosignatures on its checkpoint are not looked at: see
 * `verifyCosignatures`. Throws {@link TlogError}: the codes of {@link parseTlogProof}, `verifyCheckpoint` and `checkInclusion`.
 */
export function verifyTlogProof(entry: Uint8Array, proof: string, log: LogTrust): ProvenEntry {
  const { index, hashes, checkpoint: note } = parseTlogProof(proof)
  const checkpoint = verifyCheckpoint(note, log)
  checkInclusion(leafHash(entry), index, checkpoint.size, hashes, checkpoint.root)
  return { index, checkpoint }
}

/** Reads a proof. Throws {@link TlogError} `too_long`, `malformed_proof` or `size_out_of_range`. */
export function parseTlogProof(text: string): TlogProof {
  if (text.length > 2 * MAX_NOTE_LENGTH) throw new TlogError('too_long', `a proof of ${text.length} characters`)
  const divide = text.indexOf('\n\n')
  const lines = text.slice(0, Math.max(divide, 0)).split('\n')
  if (lines.shift() !== HEADER) throw new TlogError('malformed_proof', 'does not begin as a proof does')
  const extra = lines[0]?.startsWith('extra ') ? decodeExtra(lines.shift() as string) : null
  const index = lines.shift()
  if (index === undefined || !index.startsWith('index ')) throw new TlogError('malformed_proof', 'no index line')
  if (lines.length > MAX_HASHES) throw new TlogError('malformed_proof', `${lines.length} hashes`)
  return {
    index: parseCount(index.slice('index '.length), 'malformed_proof'),
    hashes: lines.map((line) => parseHash(line, 'malformed_proof')),
    checkpoint: text.slice(divide + 2),
    extra,
  }
}

/** Writes a proof; the opposite of {@link parseTlogProof}. */
export function formatTlogProof({ index, hashes, checkpoint, extra }: TlogProof): string {
  const first = extra === null ? HEADER : `${HEADER}\nextra ${toBase64(extra)}`
  return `${[first, `index ${index}`, ...hashes.map(toBase64)].join('\n')}\n\n${checkpoint}`
}

const HEADER = 'c2sp.org/tlog-proof@v1'
// RFC 6962 trees of up to 2^64 leaves.
const MAX_HASHES = 64

function decodeExtra(line: string): Uint8Array {
  try {
    return fromBase64(line.slice('extra '.length))
  } catch (cause) {
    if (!(cause instanceof BytesError)) throw cause
    throw new TlogError('malformed_proof', 'an extra line that is not canonical base64')
  }
}
