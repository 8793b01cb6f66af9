import { concatBytes } from '../bytes/encoding.ts'
import type { SignatureScheme } from '../signatures/signature.ts'
import { afterLine } from './header-lines.ts'
import type { ObjectFormat } from './object-id.ts'

/**
 * Splits commits and tags into what was signed and the signature, exactly as git does (`commit.c`
 * `parse_buffer_signed_by_header` and `remove_signature`, `gpg-interface.c` `parse_signed_buffer`, git 2.39), and reports
 * what git lets pass in silence. `signed-content.oracle.test.ts` compares the payloads with `git verify-commit -v`.
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
 * - `duplicate_signature_header`: git joins the signatures of several headers into one; we refuse
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
  const kept: Uint8Array[] = []
  const signature: Uint8Array[] = []
  let oddity: SignatureOddity | null = null
  let signatures = 0
  let state: 'plain' | 'signature' | 'other' = 'plain'
  let keptFrom = 0
  let at = 0
  while (at < body.length) {
    const end = afterLine(body, at)
    if (body[at] === LF) break
    const was = state
    if (body[at] !== SPACE) {
      state = lineKind(body, at, header)
      if (state === 'signature') signatures += 1
      if (state === 'other' && !isKnownHeader(body, at)) oddity = 'unknown_signature_header'
    }
    if (state === 'signature') signature.push(body.subarray(body[at] === SPACE ? at + 1 : at + header.length, end))
    if (state !== 'plain' && was === 'plain') kept.push(body.subarray(keptFrom, at))
    if (state === 'plain' && was !== 'plain') keptFrom = at
    at = end
  }
  if (signatures > 1) oddity = 'duplicate_signature_header'
  if (state === 'plain' && keptFrom === 0) return { payload: body, signature: null, oddity }
  kept.push(body.subarray(state === 'plain' ? keptFrom : at))
  return {
    payload: concatBytes(...kept),
    signature: signatures === 0 ? null : concatBytes(...signature),
    oddity,
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

function withoutSignatureHeaders(body: Uint8Array): { payload: Uint8Array; oddity: SignatureOddity | null } {
  const kept: Uint8Array[] = []
  let oddity: SignatureOddity | null = null
  let removing = false
  let at = 0
  while (at < body.length && body[at] !== LF) {
    const end = afterLine(body, at)
    if (!(removing && body[at] === SPACE)) {
      removing = isKnownHeader(body, at)
      if (!removing && startsWith(body, at, GPGSIG)) oddity = 'unknown_signature_header'
    }
    if (!removing) kept.push(body.subarray(at, end))
    at = end
  }
  kept.push(body.subarray(at))
  return { payload: concatBytes(...kept), oddity }
}

function startsWith(body: Uint8Array, at: number, prefix: Uint8Array): boolean {
  if (body.length - at < prefix.length) return false
  for (let i = 0; i < prefix.length; i += 1) if (body[at + i] !== prefix[i]) return false
  return true
}
