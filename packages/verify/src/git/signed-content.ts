import { asBuffer } from '../bytes/encoding.ts'
import type { SignatureScheme } from '../signatures/signature.ts'
import { afterHeader, afterLine, headerText, unfold } from './header-lines.ts'
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

const GPGSIG = 'gpgsig'
const SIGNATURE_HEADERS = { sha1: 'gpgsig ', sha256: 'gpgsig-sha256 ' } as const
const ARMOURS: readonly (readonly [SignatureScheme, string])[] = [
  ['openpgp', '-----BEGIN PGP SIGNATURE-----'],
  ['openpgp', '-----BEGIN PGP MESSAGE-----'],
  ['x509', '-----BEGIN SIGNED MESSAGE-----'],
  ['ssh', '-----BEGIN SSH SIGNATURE-----'],
]
const LONGEST_ARMOUR = 30

/** The scheme that a signature's first bytes announce (git `get_format_by_sig`); null when git knows none. */
export function schemeOf(signature: Uint8Array): SignatureScheme | null {
  const beginning = asBuffer(signature).toString('latin1', 0, LONGEST_ARMOUR)
  for (const [scheme, begin] of ARMOURS) if (beginning.startsWith(begin)) return scheme
  return null
}

/**
 * Splits a commit body. A repository's own hash decides which header holds the signature.
 *
 * @param headers the body's header text, for whoever has it already
 */
export function splitCommit(body: Uint8Array, format: ObjectFormat, headers = headerText(body)): SignedContent {
  const kept: Uint8Array[] = []
  const signatures: string[] = []
  let oddity: SignatureOddity | null = null
  let keptFrom = 0
  for (let at = nextSignature(headers, 0); at !== -1; at = nextSignature(headers, keptFrom)) {
    kept.push(body.subarray(keptFrom, at))
    keptFrom = afterHeader(headers, at)
    const name = SIGNATURE_HEADERS[format]
    if (headers.startsWith(name, at)) signatures.push(unfold(headers.slice(at + name.length, keptFrom)))
    else if (!isKnownHeader(headers, at)) oddity = 'unknown_signature_header'
  }
  if (keptFrom === 0) return { payload: body, signature: null, oddity }
  kept.push(body.subarray(keptFrom))
  return {
    payload: Buffer.concat(kept),
    signature: signatures.length === 0 ? null : Buffer.from(signatures.join(''), 'latin1'),
    oddity: signatures.length > 1 ? 'duplicate_signature_header' : oddity,
  }
}

/** Where the next header begins whose name begins like a signature's, from the beginning of a line on; -1 when there is none. */
function nextSignature(headers: string, from: number): number {
  if (headers.startsWith(GPGSIG, from)) return from
  const before = headers.indexOf(`\n${GPGSIG}`, from)
  return before === -1 ? -1 : before + 1
}

function isKnownHeader(headers: string, at: number): boolean {
  return headers.startsWith(SIGNATURE_HEADERS.sha1, at) || headers.startsWith(SIGNATURE_HEADERS.sha256, at)
}

/** Splits a tag body: the signature begins at the last line that begins like one. */
export function splitTag(body: Uint8Array): SignedContent {
  const bytes = asBuffer(body)
  let start = schemeOf(bytes) === null ? -1 : 0
  for (let lf = bytes.indexOf(BEGIN_LINE); lf !== -1; lf = bytes.indexOf(BEGIN_LINE, lf + 1)) {
    if (schemeOf(bytes.subarray(lf + 1)) !== null) start = lf + 1
  }
  if (start === -1) return { payload: body, signature: null, oddity: null }
  return { ...withoutSignatureHeaders(body.subarray(0, start)), signature: body.subarray(start) }
}

const BEGIN_LINE = '\n-----BEGIN '

/** A tag may carry the signature that is made over it in the other hash as a header; git takes that out of the payload. */
function withoutSignatureHeaders(body: Uint8Array): Omit<SignedContent, 'signature'> {
  const text = headerText(body)
  const kept: Uint8Array[] = []
  let oddity: SignatureOddity | null = null
  let headers = 0
  let keptFrom = 0
  let removed: { from: number; to: number } | null = null
  for (let at = 0, end = 0; at < text.length; at = end) {
    end = afterLine(text, at)
    if (removed !== null && text[at] === ' ') removed.to = end
    else if (isKnownHeader(text, at)) {
      // Like git: a header right after another is the one that goes, and the first one stays.
      removed = { from: at, to: end }
      headers += 1
    } else if (text.startsWith(GPGSIG, at)) oddity = 'unknown_signature_header'
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
