import type { SignatureScheme } from '../signatures/signature.ts'
import { afterLine } from './header-lines.ts'
import type { ObjectFormat } from './object-id.ts'

/**
 * Splits commits and tags into what was signed and the signature, exactly as git does (`commit.c`
 * `parse_buffer_signed_by_header` and `remove_signature`, `gpg-interface.c` `parse_signed_buffer`, git 2.39), and reports
 * what git lets pass in silence. `signed-content.test.ts` compares the payloads with `git verify-commit -v`.
 */

/** What was signed, by what, and which liberties the object takes with the format. */
export interface SignedContent {
  /** The bytes that the signature covers. */
  readonly payload: Uint8Array
  /** The signature with its armour; null when the object carries none. */
  readonly signature: Uint8Array | null
  readonly oddity: SignatureOddity | null
}

/**
 * - `duplicate_signature_header`: git joins the signatures of several headers of a commit into one, and leaves all but the last
 *   of a tag in the payload; we refuse
 * - `unknown_signature_header`: git leaves a header that begins with `gpgsig` out of the payload, so anybody can change it
 */
export type SignatureOddity = 'duplicate_signature_header' | 'unknown_signature_header'

const LF = 0x0a
const SPACE = 0x20
const GPGSIG = Buffer.from('gpgsig')
const SIGNATURE_HEADERS = { sha1: Buffer.from('gpgsig '), sha256: Buffer.from('gpgsig-sha256 ') } as const
const ARMOURS: readonly (readonly [SignatureScheme, Buffer])[] = [
  ['openpgp', Buffer.from('-----BEGIN PGP SIGNATURE-----')],
  ['openpgp', Buffer.from('-----BEGIN PGP MESSAGE-----')],
  ['x509', Buffer.from('-----BEGIN SIGNED MESSAGE-----')],
  ['ssh', Buffer.from('-----BEGIN SSH SIGNATURE-----')],
]

/** The scheme that a signature's first bytes announce (git `get_format_by_sig`); null when git knows none. */
export function schemeOf(signature: Uint8Array): SignatureScheme | null {
  const found = ARMOURS.find(([, begin]) => startsWith(signature, 0, begin))
  return found === undefined ? null : found[0]
}

/** Splits a commit body. A repository's own hash decides which header holds the signature. */
export function splitCommit(body: Uint8Array, format: ObjectFormat): SignedContent {
  const header = SIGNATURE_HEADERS[format]
  const payload = new Collector(body)
  const signature = new Collector(body)
  let oddity: SignatureOddity | null = null
  let signatures = 0
  let state: 'plain' | 'signature' | 'other' = 'plain'
  let at = 0
  let keptFrom = 0
  while (at < body.length && body[at] !== LF) {
    const end = afterLine(body, at)
    const was = state
    if (body[at] !== SPACE) {
      state = lineKind(body, at, header)
      if (state === 'signature') signatures += 1
      if (state === 'other' && !isKnownHeader(body, at)) oddity = 'unknown_signature_header'
    }
    if (state === 'signature') signature.add(body[at] === SPACE ? at + 1 : at + header.length, end)
    if (state !== 'plain' && was === 'plain') payload.add(keptFrom, at)
    if (state === 'plain' && was !== 'plain') keptFrom = at
    at = end
  }
  if (signatures > 1) oddity = 'duplicate_signature_header'
  if (state === 'plain' && keptFrom === 0) return { payload: body, signature: null, oddity }
  payload.add(state === 'plain' ? keptFrom : at, body.length)
  return { payload: payload.bytes(), signature: signatures === 0 ? null : signature.bytes(), oddity }
}

/** Gathers ranges of a body one after another. Never holds more than the body, so that one allocation is enough. */
class Collector {
  readonly #from: Buffer
  readonly #to: Buffer
  #length = 0

  constructor(body: Uint8Array) {
    this.#from = Buffer.from(body.buffer, body.byteOffset, body.length)
    this.#to = Buffer.allocUnsafe(body.length)
  }

  add(start: number, end: number): void {
    this.#length += this.#from.copy(this.#to, this.#length, start, end)
  }

  bytes(): Uint8Array {
    return this.#to.subarray(0, this.#length)
  }
}

function lineKind(body: Uint8Array, at: number, header: Uint8Array): 'plain' | 'signature' | 'other' {
  // Only 'g' can begin a signature header: one comparison for every other line.
  if (body[at] !== 0x67 || !startsWith(body, at, GPGSIG)) return 'plain'
  return startsWith(body, at, header) ? 'signature' : 'other'
}

function isKnownHeader(body: Uint8Array, at: number): boolean {
  return startsWith(body, at, SIGNATURE_HEADERS.sha1) || startsWith(body, at, SIGNATURE_HEADERS.sha256)
}

/** Splits a tag body: the signature begins at the last line that begins like one. */
export function splitTag(body: Uint8Array): SignedContent {
  let start = body.length
  for (let at = 0; at < body.length; at = afterLine(body, at)) {
    if (body[at] === 0x2d && schemeOf(body.subarray(at)) !== null) start = at
  }
  if (start === body.length) return { payload: body, signature: null, oddity: null }
  const { payload, oddity } = withoutSignatureHeaders(body.subarray(0, start))
  return { payload, signature: body.subarray(start), oddity }
}

/** A tag may carry the signature that is made over it in the other hash as a header; git takes that out of the payload. */
function withoutSignatureHeaders(body: Uint8Array): { payload: Uint8Array; oddity: SignatureOddity | null } {
  const kept: Uint8Array[] = []
  let oddity: SignatureOddity | null = null
  let headers = 0
  let keptFrom = 0
  let removed: { from: number; to: number } | null = null
  for (let at = 0, end = 0; at < body.length && body[at] !== LF; at = end) {
    end = afterLine(body, at)
    if (removed !== null && body[at] === SPACE) removed.to = end
    else if (isKnownHeader(body, at)) {
      // Like git: a header right after another is the one that goes, and the first one stays.
      removed = { from: at, to: end }
      headers += 1
    } else if (startsWith(body, at, GPGSIG)) oddity = 'unknown_signature_header'
    else if (removed !== null) {
      kept.push(body.subarray(keptFrom, removed.from))
      keptFrom = removed.to
      removed = null
    }
  }
  if (removed !== null) kept.push(body.subarray(keptFrom, removed.from))
  kept.push(body.subarray(removed === null ? keptFrom : removed.to))
  return { payload: Buffer.concat(kept), oddity: headers > 1 ? 'duplicate_signature_header' : oddity }
}

function startsWith(body: Uint8Array, at: number, prefix: Uint8Array): boolean {
  if (body.length - at < prefix.length) return false
  for (let i = 0; i < prefix.length; i += 1) if (body[at + i] !== prefix[i]) return false
  return true
}
