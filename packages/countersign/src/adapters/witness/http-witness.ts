import { type NoteSignature, parseNote, TlogError, verifyNote } from '@countersign/verify'
import type { PolicyWitness } from '../../judge/witness-policy/witness-policy.ts'
import {
  type CosignRequest,
  type Witness,
  type WitnessCosignature,
  WitnessError,
} from '../../workflows/ports/witness.ts'
import { formatAddCheckpoint, parseSizeAnswer, SIZE_MEDIA_TYPE } from '../../workflows/witness-checkpoint-request.ts'

export interface HttpWitnessOptions {
  /** How far the time in a cosignature may be from `now()`, in seconds. */
  readonly clockSkewSeconds: number
  /** Unix seconds. */
  readonly now: () => number
}

/** A witness that speaks c2sp.org/tlog-witness at the address that the policy has for it. */
export function httpWitness(identity: PolicyWitness, options: HttpWitnessOptions): Witness {
  const { name } = identity
  return {
    identity,
    async cosign(request, signal) {
      const address = addressOf(identity)
      const { size } = request.signed.checkpoint
      let known = request.knownSize <= size ? request.knownSize : 0
      for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
        const answer = await submit(address, await bodyFor(request, known), name, signal)
        if (answer.knownSize === null) return cosignatureFrom(answer.body, request.signed.note, identity, options)
        known = answer.knownSize
        if (known > size) {
          throw new WitnessError('witness_ahead', `${name} has cosigned ${known} entries, the checkpoint has ${size}`)
        }
      }
      throw new WitnessError('size_unsettled', `${name} named another size again: ${known}`)
    },
  }
}

/** Once with the size that we believe, once with the one that it then names. */
const ATTEMPTS = 2
const MAX_ANSWER_BYTES = 65_536
const TOLD = 200

/** What a witness said: its signature lines, or the size that it knows. */
interface Answer {
  readonly body: string
  readonly knownSize: number | null
}

function addressOf({ name, url }: PolicyWitness): URL {
  const address = url === null ? null : URL.parse(`${url.replace(/\/+$/, '')}/add-checkpoint`)
  if (address === null) throw new WitnessError('witness_unaddressed', `the policy has no URL for ${name}`)
  const isPlain = address.username === '' && address.password === '' && address.search === '' && address.hash === ''
  if (isPlain && (address.protocol === 'https:' || address.protocol === 'http:')) return address
  const message = `the URL of ${name} must be http or https, without user name, query and fragment`
  throw new WitnessError('witness_unaddressed', message)
}

async function bodyFor({ signed, consistency }: CosignRequest, oldSize: number): Promise<string> {
  const { size } = signed.checkpoint
  try {
    // Nothing is to be proved from the empty tree, nor from a tree to itself.
    const proof = oldSize === 0 || oldSize === size ? [] : await consistency(oldSize, size)
    return formatAddCheckpoint({ oldSize, proof, note: signed.note })
  } catch (cause) {
    throw new WitnessError('proof_unavailable', `no proof from size ${oldSize} to ${size}: ${said(cause)}`, { cause })
  }
}

async function submit(address: URL, body: string, name: string, signal: AbortSignal): Promise<Answer> {
  try {
    // Not followed anywhere: a cosignature is asked for where the policy says.
    const response = await fetch(address, { method: 'POST', body, signal, redirect: 'manual', headers: HEADERS })
    return answerOf(response.status, response.headers.get('content-type'), await readBody(response, name), name)
  } catch (cause) {
    if (cause instanceof WitnessError) throw cause
    if (signal.aborted) throw new WitnessError('witness_slow', `${name} did not answer in time`, { cause })
    throw new WitnessError('witness_unreachable', `${name} cannot be reached: ${reasonOf(cause)}`, { cause })
  }
}

const HEADERS = { 'content-type': 'text/plain; charset=utf-8', accept: 'text/plain' }

async function readBody(response: Response, name: string): Promise<string> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response.body ?? []) {
    length += chunk.length
    // Leaving the loop closes the connection.
    if (length > MAX_ANSWER_BYTES) throw new WitnessError('answer_too_long', `${name} answered more than 64 KiB`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function answerOf(status: number, mediaType: string | null, body: string, name: string): Answer {
  if (status === 200) return { body, knownSize: null }
  if (status === 409 && mediaType?.split(';', 1)[0]?.trim() === SIZE_MEDIA_TYPE) {
    const knownSize = parseSizeAnswer(body)
    if (knownSize !== null) return { body, knownSize }
    throw new WitnessError('answer_malformed', `${name} named a size that is none: ${quoted(body)}`)
  }
  const { code, says } = REFUSALS[status] ?? { code: 'witness_failed', says: `answered with status ${status}` }
  throw new WitnessError(code, `${name} ${says}: ${quoted(body)}`)
}

// Earlier drafts answer 409 for another tree of the same size, v1.0.0 answers 422 for this and for a proof that does not hold.
const REFUSALS: Readonly<Record<number, { readonly code: WitnessError['code']; readonly says: string }>> = {
  400: { code: 'request_refused', says: 'does not take the request' },
  403: { code: 'log_key_refused', says: "does not trust the key that signed the log's checkpoint" },
  404: { code: 'log_unknown', says: 'does not know this log' },
  409: { code: 'tree_refused', says: 'has cosigned another tree of the same size' },
  422: { code: 'proof_refused', says: 'finds that the checkpoint does not continue what it has cosigned' },
}

function cosignatureFrom(
  lines: string,
  note: string,
  { name, key }: PolicyWitness,
  { now, clockSkewSeconds }: HttpWitnessOptions,
): WitnessCosignature {
  const signature = signatureIn(parseNote(note).text, lines, { name, key })
  const time = Number(Buffer.from(signature.signature.subarray(0, 8)).readBigUInt64BE())
  const ahead = time - now()
  if (Math.abs(ahead) <= clockSkewSeconds) return { signature, time }
  const message = `${name} dates its cosignature ${Math.abs(ahead)} seconds ${ahead > 0 ? 'after' : 'before'} our clock`
  throw new WitnessError('cosignature_time', message)
}

function signatureIn(text: string, lines: string, { name, key }: Pick<PolicyWitness, 'name' | 'key'>): NoteSignature {
  try {
    const answered = parseNote(`${text}\n${lines}`)
    // An empty line in the answer would make it sign more than our checkpoint.
    if (answered.text !== text) throw new TlogError('malformed_note', 'an empty line among the signatures')
    return verifyNote(answered, [key])[0] as NoteSignature
  } catch (cause) {
    if (!(cause instanceof TlogError)) throw cause
    if (cause.code === 'no_known_signature') {
      throw new WitnessError('cosignature_absent', `${name} answered without a cosignature of the key in the policy`)
    }
    const code = cause.code === 'signature_invalid' ? 'cosignature_invalid' : 'answer_malformed'
    throw new WitnessError(code, `${name} answered with a cosignature that does not hold: ${cause.message}`, { cause })
  }
}

function quoted(body: string): string {
  return JSON.stringify(body.length > TOLD ? `${body.slice(0, TOLD)}…` : body)
}

function reasonOf(cause: unknown): string {
  // fetch says only that it failed, and keeps the reason below.
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause
  return inner instanceof Error && 'code' in inner ? String(inner.code) : said(inner)
}

function said(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
