import { toHex } from '../../bytes/encoding.ts'
import { isSignedBy, isWeak, readSignatureAlgorithm, type SignatureAlgorithm } from './algorithms.ts'
import type { Certificate } from './certificate.ts'
import { CRL_SIGN } from './certificate-extensions.ts'
import { BOOLEAN, constructed, DerReader, ENUMERATED, GENERALIZED_TIME, INTEGER, SEQUENCE, UTC_TIME } from './der.ts'
import { readName } from './distinguished-name.ts'
import { X509Error } from './x509-error.ts'

/** A revocation list of more bytes than this is refused. */
export const MAX_CRL_BYTES = 16 * 1024 * 1024

/** A complete certificate revocation list (RFC 5280 §5), its signature not verified yet. */
export interface RevocationList {
  /** The issuer's name, as {@link DistinguishedName} `key`. */
  readonly issuer: string
  readonly thisUpdate: number
  /** Revoked serial numbers (lower-case hex) and the Unix second from which signatures no longer count. */
  readonly revoked: ReadonlyMap<string, number>
  readonly signed: Uint8Array
  readonly algorithm: SignatureAlgorithm
  readonly signature: Uint8Array
}

const REASON = '2.5.29.21'
const INVALIDITY_DATE = '2.5.29.24'
const KEY_COMPROMISE = 1
const CA_COMPROMISE = 2

/**
 * Parses one list in DER. Delta lists, lists for other issuers and whatever else a critical extension may ask for are refused.
 * Throws {@link X509Error} `too_long`, `malformed_crl` or `unsupported_algorithm`.
 */
export function parseRevocationList(bytes: Uint8Array): RevocationList {
  if (bytes.length > MAX_CRL_BYTES) throw new X509Error('too_long', `a revocation list of ${bytes.length} bytes`)
  const outer = new DerReader(bytes, 'malformed_crl')
  const inside = outer.enter(SEQUENCE)
  outer.end()
  const signed = inside.element(SEQUENCE)
  const algorithm = readSignatureAlgorithm(inside, null)
  const signature = inside.wholeBits()
  inside.end()
  return { signed: signed.whole, algorithm, signature, ...readSigned(inside.inside(signed)) }
}

function readSigned(tbs: DerReader): Pick<RevocationList, 'issuer' | 'thisUpdate' | 'revoked'> {
  if (tbs.next === INTEGER && tbs.smallInteger() !== 1) tbs.fail('not version 2')
  tbs.element(SEQUENCE)
  const issuer = readName(tbs).key
  const thisUpdate = tbs.time()
  if (tbs.next === UTC_TIME || tbs.next === GENERALIZED_TIME) tbs.time()
  const revoked = new Map<string, number>()
  if (tbs.next === SEQUENCE) {
    const list = tbs.enter(SEQUENCE)
    while (list.next !== null) {
      const entry = list.enter(SEQUENCE)
      revoked.set(toHex(entry.integer()), readRevocationTime(entry))
    }
  }
  if (tbs.next !== null) readExtensionValues(tbs.enter(constructed(0)).enter(SEQUENCE), [])
  tbs.end()
  return { issuer, thisUpdate, revoked }
}

/** A compromised key has signed for its thief since before anybody knew: then only an invalidity date says from when. */
function readRevocationTime(entry: DerReader): number {
  const revokedAt = entry.time()
  if (entry.next === null) return revokedAt
  const values = readExtensionValues(entry.enter(SEQUENCE), [REASON, INVALIDITY_DATE])
  entry.end()
  const reason = values.get(REASON)?.element(ENUMERATED).body[0] ?? 0
  const invalidFrom = values.get(INVALIDITY_DATE)?.time() ?? null
  if (invalidFrom !== null) return Math.min(invalidFrom, revokedAt)
  return reason === KEY_COMPROMISE || reason === CA_COMPROMISE ? Number.NEGATIVE_INFINITY : revokedAt
}

function readExtensionValues(reader: DerReader, known: readonly string[]): ReadonlyMap<string, DerReader> {
  const values = new Map<string, DerReader>()
  for (const element of reader.each(SEQUENCE)) {
    const extension = reader.inside(element)
    const oid = extension.oid()
    const isCritical = extension.next === BOOLEAN && extension.boolean()
    if (isCritical && !known.includes(oid)) extension.fail(`critical extension ${oid}`)
    values.set(oid, new DerReader(extension.octets(), 'malformed_crl'))
    extension.end()
  }
  return values
}

/** Whether this certificate issued the list: by name, by signature, and with the right to. */
export function isIssuedListOf(issuer: Certificate, list: RevocationList): boolean {
  const mayIssue = issuer.keyUsage === null || (issuer.keyUsage & CRL_SIGN) !== 0
  if (issuer.key === null || !mayIssue || issuer.subject.key !== list.issuer) return false
  return !isWeak(issuer.key, list.algorithm) && isSignedBy(issuer.key, list.algorithm, list.signed, list.signature)
}
