import {
  type Checkpoint,
  checkConsistency,
  emptyRoot,
  equalBytes,
  formatNote,
  type NoteKey,
  type NoteSignature,
  type NoteSigner,
  parseCheckpoint,
  parseNote,
  TlogError,
  toBase64,
  verifyCosignatures,
  verifyNote,
} from '@countersign/verify'
import type { WitnessState } from './ports/witness-state.ts'
import { WitnessStateError } from './ports/witness-state.ts'
import { type AddCheckpoint, AddCheckpointError, parseAddCheckpoint } from './witness-checkpoint-request.ts'

/** Why a witness does not cosign. The status is the one of c2sp.org/tlog-witness. */
export type WitnessRefusal =
  | { readonly status: 400; readonly code: 'malformed_request' | 'old_size_too_large'; readonly message: string }
  | { readonly status: 403; readonly code: 'log_key_unknown' | 'log_signature_invalid'; readonly message: string }
  | { readonly status: 404; readonly code: 'log_unknown'; readonly message: string }
  /** `size` is what the witness has cosigned last. */
  | { readonly status: 409; readonly code: 'size_differs'; readonly size: number; readonly message: string }
  | { readonly status: 413; readonly code: 'request_too_long'; readonly message: string }
  | { readonly status: 422; readonly code: 'root_differs' | 'proof_does_not_hold'; readonly message: string }
  /** Ask again. */
  | { readonly status: 503; readonly code: 'clock_behind' | 'too_busy'; readonly message: string }

/** What a witness answers: a signature line, or why there is none. */
export type WitnessAnswer = { readonly status: 200; readonly lines: string } | WitnessRefusal

/** A checkpoint whose log's signature holds, and that signature. */
export interface SubmittedCheckpoint {
  readonly text: string
  readonly checkpoint: Checkpoint
  /** One signature of each of the log's known keys that signed it. */
  readonly signatures: readonly NoteSignature[]
}

/** A witness: its key, the logs that it knows, what it remembers of them, and a clock in Unix seconds. */
export interface WitnessParts {
  readonly key: NoteKey
  readonly signerAt: (time: number) => NoteSigner
  /** The keys of each log, by origin line. */
  readonly logs: ReadonlyMap<string, readonly NoteKey[]>
  readonly state: WitnessState
  readonly now: () => number
}

/**
 * Answers one add-checkpoint request: cosigns the checkpoint when it continues the newest one of its log that this witness cosigned,
 * and answers only when that is durable. Rejects with {@link WitnessStateError}; nothing was signed away then.
 */
export async function witnessCheckpoint(parts: WitnessParts, body: Uint8Array): Promise<WitnessAnswer> {
  const request = readRequest(body)
  if ('status' in request) return request
  const submitted = readSubmission(request, parts.logs)
  if ('status' in submitted) return submitted
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const { origin } = submitted.checkpoint
    const from = await parts.state.latest(origin)
    const latest = from === null ? null : readOwnNote(from, origin, parts.key)
    const refusal = judgeSubmission(request, submitted.checkpoint, latest?.checkpoint ?? null)
    if (refusal !== null) return refusal
    const time = parts.now()
    if (latest !== null && time < latest.time) return { status: 503, code: 'clock_behind', message: CLOCK_BEHIND }
    const cosignature = signAt(parts, submitted.text, time)
    const to = formatNote({ text: submitted.text, signatures: [...submitted.signatures, cosignature] })
    // Of two requests that were judged on the same note one gets through; the other is judged again on what that one left.
    if (await parts.state.replace(origin, from, to)) return { status: 200, lines: signatureLine(cosignature) }
  }
  return { status: 503, code: 'too_busy', message: 'too many checkpoints of this log at once' }
}

/** The newest checkpoint of a log that the witness cosigned, with its cosignature; null when there is none. */
export async function witnessedCheckpoint({ state, key }: WitnessParts, origin: string): Promise<string | null> {
  const note = await state.latest(origin)
  if (note !== null) readOwnNote(note, origin, key)
  return note
}

/**
 * Says whether a witness may cosign a checkpoint whose signature was verified, given the newest one of that log that it cosigned.
 * Null means yes. The order of the checks is that of c2sp.org/tlog-witness.
 */
export function judgeSubmission(
  { oldSize, proof }: Pick<AddCheckpoint, 'oldSize' | 'proof'>,
  { size, root }: Pick<Checkpoint, 'size' | 'root'>,
  latest: Pick<Checkpoint, 'size' | 'root'> | null,
): WitnessRefusal | null {
  if (oldSize > size) {
    const message = `the old size ${oldSize} is larger than the checkpoint's ${size}`
    return { status: 400, code: 'old_size_too_large', message }
  }
  const known = latest?.size ?? 0
  if (oldSize !== known) {
    return { status: 409, code: 'size_differs', size: known, message: `this witness knows ${known} entries` }
  }
  if (size === 0 && !equalBytes(root, emptyRoot())) {
    return { status: 422, code: 'root_differs', message: 'not the root of a log without entries' }
  }
  if (latest !== null && size === known && !equalBytes(root, latest.root)) {
    const message = `this witness has cosigned another tree of ${known} entries`
    return { status: 422, code: 'root_differs', message }
  }
  return judgeProof(proof, { size, root }, latest)
}

const ATTEMPTS = 8
const CLOCK_BEHIND = "the witness's clock is behind its last cosignature"

function judgeProof(
  proof: readonly Uint8Array[],
  { size, root }: Pick<Checkpoint, 'size' | 'root'>,
  latest: Pick<Checkpoint, 'size' | 'root'> | null,
): WitnessRefusal | null {
  try {
    checkConsistency(latest?.size ?? 0, size, latest?.root ?? emptyRoot(), root, proof)
    return null
  } catch (cause) {
    if (!(cause instanceof TlogError)) throw cause
    return { status: 422, code: 'proof_does_not_hold', message: cause.message }
  }
}

function readRequest(body: Uint8Array): AddCheckpoint | WitnessRefusal {
  try {
    return parseAddCheckpoint(body)
  } catch (cause) {
    if (!(cause instanceof AddCheckpointError)) throw cause
    const { code, message } = cause
    return code === 'request_too_long' ? { status: 413, code, message } : { status: 400, code, message }
  }
}

/** Reads the checkpoint of a request and verifies its log's signature. */
function readSubmission({ note }: AddCheckpoint, logs: WitnessParts['logs']): SubmittedCheckpoint | WitnessRefusal {
  try {
    const parsed = parseNote(note)
    const checkpoint = parseCheckpoint(parsed.text)
    const keys = logs.get(checkpoint.origin)
    if (keys === undefined) return { status: 404, code: 'log_unknown', message: 'this witness does not know this log' }
    // A line that is repeated a hundred times must not fill the note that is kept.
    const signatures = new Map(verifyNote(parsed, keys).map((made) => [`${made.name}+${made.keyId}`, made]))
    return { text: parsed.text, checkpoint, signatures: [...signatures.values()] }
  } catch (cause) {
    if (!(cause instanceof TlogError)) throw cause
    const { code, message } = cause
    if (code === 'no_known_signature') return { status: 403, code: 'log_key_unknown', message }
    if (code === 'signature_invalid') return { status: 403, code: 'log_signature_invalid', message }
    return { status: 400, code: 'malformed_request', message }
  }
}

/** Reads a note from the state. It must bear this witness's own cosignature: nobody else may say what it has seen. */
function readOwnNote(note: string, origin: string, key: NoteKey): { checkpoint: Checkpoint; time: number } {
  try {
    const [own] = verifyCosignatures(note, [key])
    const checkpoint = parseCheckpoint(parseNote(note).text)
    if (own !== undefined && checkpoint.origin === origin) return { checkpoint, time: own.time }
  } catch (cause) {
    if (!(cause instanceof TlogError)) throw cause
  }
  throw new WitnessStateError(
    'witness_state_corrupt',
    `what is remembered of ${origin} does not bear this witness's signature`,
  )
}

function signAt({ signerAt, key }: WitnessParts, text: string, time: number): NoteSignature {
  const { name, keyId, sign } = signerAt(time)
  const signature = sign(text)
  if (!key.verify(text, signature)) throw new Error('the witness made a cosignature that its own key does not verify')
  return { name, keyId, signature }
}

function signatureLine({ name, keyId, signature }: NoteSignature): string {
  return `— ${name} ${toBase64(Buffer.concat([Buffer.from(keyId, 'hex'), signature]))}\n`
}
