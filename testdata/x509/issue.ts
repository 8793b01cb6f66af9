/**
 * Writes certificates, CRLs and CMS signatures for the tests and recordings of X.509: any field can be made wrong on
 * purpose, which the real programs refuse to do. Nothing in the product imports it.
 */
import type { KeyObject } from 'node:crypto'
import { constants, createHash, createPublicKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto'

/** One DER (or, with an odd tag, deliberately wrong) element. */
export function tlv(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const body = Buffer.concat(parts)
  if (body.length < 0x80) return Buffer.concat([Uint8Array.of(tag, body.length), body])
  const size: number[] = []
  for (let n = body.length; n > 0; n = Math.floor(n / 256)) size.unshift(n % 256)
  return Buffer.concat([Uint8Array.of(tag, 0x80 | size.length, ...size), body])
}

export const seq = (...parts: readonly Uint8Array[]): Uint8Array => tlv(0x30, ...parts)
export const set = (...parts: readonly Uint8Array[]): Uint8Array => tlv(0x31, ...parts)
export const octets = (bytes: Uint8Array): Uint8Array => tlv(0x04, bytes)
export const bits = (bytes: Uint8Array, unused = 0): Uint8Array => tlv(0x03, Uint8Array.of(unused), bytes)
export const text = (value: string): Uint8Array => tlv(0x0c, Buffer.from(value))
export const boolean = (value: boolean): Uint8Array => tlv(0x01, Uint8Array.of(value ? 0xff : 0))
export const nil = Uint8Array.of(0x05, 0x00)

/** An INTEGER: a small number, or the bytes of a positive one. */
export function integer(value: number | Uint8Array): Uint8Array {
  const bytes = typeof value === 'number' ? Uint8Array.of(value) : value
  return (bytes[0] ?? 0) >= 0x80 ? tlv(0x02, Uint8Array.of(0), bytes) : tlv(0x02, bytes)
}

export function oid(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  const body = [first * 40 + second, ...rest].flatMap((arc) => {
    const digits = [arc % 128]
    for (let n = Math.floor(arc / 128); n > 0; n = Math.floor(n / 128)) digits.unshift(128 + (n % 128))
    return digits
  })
  return tlv(0x06, Uint8Array.from(body))
}

/** UTCTime up to 2049, GeneralizedTime from 2050, of Unix seconds (RFC 5280 §4.1.2.5). */
export function time(seconds: number): Uint8Array {
  const digits = `${new Date(seconds * 1000).toISOString().replaceAll(/[-:T]/g, '').slice(0, 14)}Z`
  return digits < '2050' ? tlv(0x17, Buffer.from(digits.slice(2))) : tlv(0x18, Buffer.from(digits))
}

const ATTRIBUTES: Readonly<Record<string, string>> = {
  CN: '2.5.4.3',
  C: '2.5.4.6',
  O: '2.5.4.10',
  OU: '2.5.4.11',
  EMAIL: '1.2.840.113549.1.9.1',
}

/** A distinguished name, most significant part first: `[['O', 'Acme'], ['CN', 'Ann']]`. */
export const name = (parts: readonly (readonly [string, string])[]): Uint8Array =>
  seq(...parts.map(([type, value]) => set(seq(oid(ATTRIBUTES[type] ?? type), value === '' ? text('') : text(value)))))

export type Algorithm = 'rsa' | 'rsa-1024' | 'rsa-sha1' | 'rsa-pss' | 'p256' | 'p384' | 'ed25519'

/** A party that can sign: its private key and how it signs. */
export interface Signer {
  readonly algorithm: Algorithm
  readonly key: KeyObject
  readonly spki: Uint8Array
}

export function newSigner(algorithm: Algorithm): Signer {
  const { privateKey } = algorithm.startsWith('rsa')
    ? generateKeyPairSync('rsa', { modulusLength: algorithm === 'rsa-1024' ? 1024 : 2048 })
    : algorithm === 'ed25519'
      ? generateKeyPairSync('ed25519')
      : generateKeyPairSync('ec', { namedCurve: algorithm === 'p256' ? 'P-256' : 'P-384' })
  return { algorithm, key: privateKey, spki: createPublicKey(privateKey).export({ type: 'spki', format: 'der' }) }
}

const sha = (bits: 256 | 384): Uint8Array =>
  seq(oid(bits === 256 ? '2.16.840.1.101.3.4.2.1' : '2.16.840.1.101.3.4.2.2'))
const pssParameters = seq(
  tlv(0xa0, sha(256)),
  tlv(0xa1, seq(oid('1.2.840.113549.1.1.8'), sha(256))),
  tlv(0xa2, integer(32)),
)

/** The AlgorithmIdentifier that says how this signer signs. */
export function signatureAlgorithm(algorithm: Algorithm): Uint8Array {
  if (algorithm === 'rsa' || algorithm === 'rsa-1024') return seq(oid('1.2.840.113549.1.1.11'), nil)
  if (algorithm === 'rsa-sha1') return seq(oid('1.2.840.113549.1.1.5'), nil)
  if (algorithm === 'rsa-pss') return seq(oid('1.2.840.113549.1.1.10'), pssParameters)
  if (algorithm === 'ed25519') return seq(oid('1.3.101.112'))
  return seq(oid(algorithm === 'p256' ? '1.2.840.10045.4.3.2' : '1.2.840.10045.4.3.3'))
}

export function signBytes(signer: Signer, bytes: Uint8Array): Uint8Array {
  if (signer.algorithm === 'ed25519') return sign(null, bytes, signer.key)
  if (signer.algorithm === 'rsa-pss') {
    return sign('sha256', bytes, { key: signer.key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 })
  }
  if (signer.algorithm === 'rsa-sha1') return sign('sha1', bytes, signer.key)
  return sign(signer.algorithm === 'p384' ? 'sha384' : 'sha256', bytes, signer.key)
}

export interface Extension {
  readonly id: string
  readonly critical?: boolean
  readonly value: Uint8Array
}

export const basicConstraints = (ca: boolean, pathLength?: number): Extension => ({
  id: '2.5.29.19',
  critical: true,
  value: seq(...(ca ? [boolean(true)] : []), ...(pathLength === undefined ? [] : [integer(pathLength)])),
})

/** Key usage by bit number: 0 digitalSignature, 1 nonRepudiation, 2 keyEncipherment, 5 keyCertSign, 6 cRLSign. */
export function keyUsage(...numbers: readonly number[]): Extension {
  const value = numbers.reduce((byte, bit) => byte | (0x80 >> bit), 0)
  return { id: '2.5.29.15', critical: true, value: bits(Uint8Array.of(value), 7 - Math.max(...numbers)) }
}

export const extendedKeyUsage = (...ids: readonly string[]): Extension => ({
  id: '2.5.29.37',
  value: seq(...ids.map(oid)),
})

/** Subject alternative names: `{ email }`, `{ uri }`. */
export const altNames = (names: { readonly email?: string; readonly uri?: string }, critical = false): Extension => ({
  id: '2.5.29.17',
  critical,
  value: seq(
    ...(names.email === undefined ? [] : [tlv(0x81, Buffer.from(names.email))]),
    ...(names.uri === undefined ? [] : [tlv(0x86, Buffer.from(names.uri))]),
  ),
})

export const keyId = (spki: Uint8Array): Uint8Array => createHash('sha1').update(spki).digest()
export const subjectKeyId = (spki: Uint8Array): Extension => ({ id: '2.5.29.14', value: octets(keyId(spki)) })
export const authorityKeyId = (spki: Uint8Array): Extension => ({ id: '2.5.29.35', value: seq(tlv(0x80, keyId(spki))) })

export interface Issue {
  readonly subject: Uint8Array
  readonly spki: Uint8Array
  readonly issuer: Uint8Array
  readonly by: Signer
  readonly notBefore: number
  readonly notAfter: number
  readonly serial?: Uint8Array
  readonly extensions?: readonly Extension[]
  /** The algorithm inside the signed part, when it should disagree with the one outside. */
  readonly innerAlgorithm?: Uint8Array
}

/** A version 3 certificate in DER. */
export function issueCertificate(o: Issue): Uint8Array {
  const algorithm = signatureAlgorithm(o.by.algorithm)
  const serial = o.serial ?? Buffer.concat([Uint8Array.of(0x42), randomBytes(15)])
  const extensions = (o.extensions ?? []).map((e) =>
    seq(oid(e.id), ...(e.critical ? [boolean(true)] : []), octets(e.value)),
  )
  const tbs = seq(
    tlv(0xa0, integer(2)),
    integer(serial),
    o.innerAlgorithm ?? algorithm,
    o.issuer,
    seq(time(o.notBefore), time(o.notAfter)),
    o.subject,
    o.spki,
    ...(extensions.length === 0 ? [] : [tlv(0xa3, seq(...extensions))]),
  )
  return seq(tbs, algorithm, bits(signBytes(o.by, tbs)))
}

export interface IssueCrl {
  readonly issuer: Uint8Array
  readonly by: Signer
  readonly thisUpdate: number
  readonly nextUpdate: number
  /** Serial number and revocation time of each revoked certificate. */
  readonly revoked: readonly { readonly serial: Uint8Array; readonly at: number }[]
  readonly extensions?: readonly Extension[]
}

/** A version 2 certificate revocation list in DER. */
export function issueCrl(o: IssueCrl): Uint8Array {
  const algorithm = signatureAlgorithm(o.by.algorithm)
  const revoked = o.revoked.map((entry) => seq(integer(entry.serial), time(entry.at)))
  const extensions = (o.extensions ?? [{ id: '2.5.29.20', value: integer(1) }]).map((e) =>
    seq(oid(e.id), ...(e.critical ? [boolean(true)] : []), octets(e.value)),
  )
  const tbs = seq(
    integer(1),
    algorithm,
    o.issuer,
    time(o.thisUpdate),
    time(o.nextUpdate),
    ...(revoked.length === 0 ? [] : [seq(...revoked)]),
    tlv(0xa0, seq(...extensions)),
  )
  return seq(tbs, algorithm, bits(signBytes(o.by, tbs)))
}

const ID_DATA = '1.2.840.113549.1.7.1'
const attribute = (type: string, ...values: readonly Uint8Array[]): Uint8Array => seq(oid(type), set(...values))

export interface SignCms {
  readonly payload: Uint8Array
  readonly issuer: Uint8Array
  readonly serial: Uint8Array
  readonly by: Signer
  readonly certificates: readonly Uint8Array[]
  readonly signingTime?: number
  /** Replaces the signed attributes; null signs the payload itself. */
  readonly signedAttributes?: readonly Uint8Array[] | null
  readonly unsignedAttributes?: readonly Uint8Array[]
  readonly digest?: Uint8Array
  readonly digestAlgorithm?: Uint8Array
  readonly signatureAlgorithm?: Uint8Array
  readonly contentType?: string
  /** Puts the payload inside, which makes the signature no longer detached. */
  readonly attached?: boolean
}

/** The parts of a SignerInfo that a signature makes, and what it covers. */
export interface SignedParts {
  readonly signerInfo: Uint8Array
  readonly covered: Uint8Array
  readonly signature: Uint8Array
}

export const defaultAttributes = (o: SignCms): readonly Uint8Array[] => [
  attribute('1.2.840.113549.1.9.3', oid(ID_DATA)),
  ...(o.signingTime === undefined ? [] : [attribute('1.2.840.113549.1.9.5', time(o.signingTime))]),
  attribute('1.2.840.113549.1.9.4', octets(o.digest ?? createHash(digestName(o)).update(o.payload).digest())),
]

const digestName = (o: SignCms): string => (o.by.algorithm === 'p384' ? 'sha384' : 'sha256')

/** Makes one SignerInfo; `unsigned` may be built from what was covered and the signature, as gitsign does. */
export function signSignerInfo(
  o: SignCms,
  unsigned?: (parts: Omit<SignedParts, 'signerInfo'>) => readonly Uint8Array[],
) {
  const attributes = o.signedAttributes === null ? null : [...(o.signedAttributes ?? defaultAttributes(o))]
  attributes?.sort((a, b) => Buffer.compare(a, b))
  const covered = attributes === null ? o.payload : set(...attributes)
  const signature = signBytes(o.by, covered)
  const extra = unsigned?.({ covered, signature }) ?? o.unsignedAttributes ?? []
  const signerInfo = seq(
    integer(1),
    seq(o.issuer, integer(o.serial)),
    o.digestAlgorithm ?? sha(o.by.algorithm === 'p384' ? 384 : 256),
    ...(attributes === null ? [] : [tlv(0xa0, ...attributes)]),
    o.signatureAlgorithm ?? signatureAlgorithm(o.by.algorithm),
    octets(signature),
    ...(extra.length === 0 ? [] : [tlv(0xa1, ...extra)]),
  )
  return { signerInfo, covered, signature }
}

/** Wraps SignerInfos and certificates as a SignedData message. */
export function wrapSignedData(o: SignCms, signerInfos: readonly Uint8Array[]): Uint8Array {
  const content = o.attached ? [tlv(0xa0, octets(o.payload))] : []
  return seq(
    oid('1.2.840.113549.1.7.2'),
    tlv(
      0xa0,
      seq(
        integer(o.contentType === undefined ? 1 : 3),
        set(o.digestAlgorithm ?? sha(o.by.algorithm === 'p384' ? 384 : 256)),
        seq(oid(o.contentType ?? ID_DATA), ...content),
        ...(o.certificates.length === 0 ? [] : [tlv(0xa0, ...o.certificates)]),
        set(...signerInfos),
      ),
    ),
  )
}

export const signCms = (o: SignCms): Uint8Array => wrapSignedData(o, [signSignerInfo(o).signerInfo])

/** PEM armour with 64-character lines. */
export function armor(der: Uint8Array, label = 'SIGNED MESSAGE'): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}
