import { BytesError, fromBase64, fromUtf8, HASH_BYTES, toBase64 } from '@countersign/verify'

/** The body of an add-checkpoint request (c2sp.org/tlog-witness), nothing in it verified. */
export interface AddCheckpoint {
  /** The size of the log that the witness cosigned last, as the sender believes. */
  readonly oldSize: number
  /** The hashes that prove the checkpoint to continue the tree of that size. */
  readonly proof: readonly Uint8Array[]
  /** The signed checkpoint. */
  readonly note: string
}

/** A request body is refused when it is longer than this. The longest that a log of ours sends has under 8 KiB. */
export const MAX_REQUEST_BYTES = 65_536
/** How the media type of an answer with status 409 says that its body is the size of the log as the witness knows it. */
export const SIZE_MEDIA_TYPE = 'text/x.tlog.size'

/** A body that is no add-checkpoint request. */
export class AddCheckpointError extends Error {
  override readonly name = 'AddCheckpointError'
  readonly code: 'request_too_long' | 'malformed_request'

  constructor(code: AddCheckpointError['code'], message: string) {
    super(message)
    this.code = code
  }
}

/** Writes a request body; the opposite of {@link parseAddCheckpoint}. */
export function formatAddCheckpoint({ oldSize, proof, note }: AddCheckpoint): string {
  return `${[`old ${oldSize}`, ...proof.map(toBase64)].join('\n')}\n\n${note}`
}

/** Reads a request body. Throws {@link AddCheckpointError}. */
export function parseAddCheckpoint(body: Uint8Array): AddCheckpoint {
  if (body.length > MAX_REQUEST_BYTES) throw new AddCheckpointError('request_too_long', `${body.length} bytes`)
  const text = textOf(body)
  const divide = text.indexOf('\n\n')
  if (divide < 0) throw malformed('no empty line in front of the checkpoint')
  const [first = '', ...hashes] = text.slice(0, divide).split('\n')
  if (hashes.length > MAX_PROOF_LINES) throw malformed(`${hashes.length} lines of proof, at most ${MAX_PROOF_LINES}`)
  return { oldSize: sizeOf(first), proof: hashes.map(hashOf), note: text.slice(divide + 2) }
}

/** Reads the body of an answer that names a size: decimal digits and a newline. Null for anything else. */
export function parseSizeAnswer(body: string): number | null {
  if (!/^(?:0|[1-9][0-9]{0,15})\n$/.test(body)) return null
  const size = Number(body)
  return Number.isSafeInteger(size) ? size : null
}

const MAX_PROOF_LINES = 63

function sizeOf(line: string): number {
  const digits = /^old (0|[1-9][0-9]{0,15})$/.exec(line)?.[1]
  const size = Number(digits)
  if (digits === undefined || !Number.isSafeInteger(size)) throw malformed('the first line is not "old" and a size')
  return size
}

function hashOf(line: string): Uint8Array {
  try {
    const hash = line.length > 64 ? new Uint8Array(0) : fromBase64(line)
    if (hash.length === HASH_BYTES) return hash
  } catch (cause) {
    if (!(cause instanceof BytesError)) throw cause
  }
  throw malformed('a line of the proof is not base64 of 32 bytes')
}

function textOf(body: Uint8Array): string {
  try {
    return fromUtf8(body)
  } catch (cause) {
    if (cause instanceof BytesError) throw malformed('not valid UTF-8')
    throw cause
  }
}

function malformed(message: string): AddCheckpointError {
  return new AddCheckpointError('malformed_request', message)
}
