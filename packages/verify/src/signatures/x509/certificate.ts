import { hash, type KeyObject } from 'node:crypto'
import { sha256Hex } from '../../bytes/digest.ts'
import { toHex } from '../../bytes/encoding.ts'
import type { SignatureCheck } from '../signature.ts'
import { publicKeyOf, readSignatureAlgorithm, type SignatureAlgorithm } from './algorithms.ts'
import { type CertificateExtensions, readExtensions } from './certificate-extensions.ts'
import { BIT_STRING, constructed, DerReader, primitive, SEQUENCE } from './der.ts'
import { describeCertificate } from './describe-certificate.ts'
import { type DistinguishedName, formatNameAsGpgsm, readName } from './distinguished-name.ts'
import { X509Error } from './x509-error.ts'

/** A certificate of more bytes than this is refused. */
export const MAX_CERTIFICATE_BYTES = 16_384

/** A version 3 certificate (RFC 5280 §4.1), nothing in it verified yet. */
export interface Certificate extends CertificateExtensions {
  readonly der: Uint8Array
  /** SHA-256 of the certificate in lower-case hex. */
  readonly fingerprint: string
  /** SHA-1 of the certificate in upper-case hex: how gpgsm and git's `%GK` name it. */
  readonly gpgsmKeyId: string
  /** What the issuer signed. */
  readonly signed: Uint8Array
  /** Lower-case hex of the serial number's encoding. */
  readonly serial: string
  readonly issuer: DistinguishedName
  readonly subject: DistinguishedName
  /** First and last second of validity, Unix time; infinite, and never valid, where they cannot be read. */
  readonly notBefore: number
  readonly notAfter: number
  readonly spki: Uint8Array
  /** Whether something in it cannot be read that gpgsm reads past; such a certificate makes no signature good. */
  readonly isMalformed: boolean
  /** Null when the key is of a kind that cannot be used. */
  readonly key: KeyObject | null
  /** Null when the algorithm is not supported. */
  readonly signatureAlgorithm: SignatureAlgorithm | null
  readonly signature: Uint8Array
  /** The subject as git's `%GS` shows it; null when it is empty. */
  readonly principal: string | null
  /** What is worth keeping as evidence; made once, because certificates are cached. */
  readonly description: SignatureCheck['details']
}

/** Parses one certificate in DER. Throws {@link X509Error} `too_long` or `malformed_certificate`. */
export function parseCertificate(bytes: Uint8Array): Certificate {
  if (bytes.length > MAX_CERTIFICATE_BYTES) throw new X509Error('too_long', `a certificate of ${bytes.length} bytes`)
  // A copy, because certificates outlive the message that they came in.
  const der = Uint8Array.from(bytes)
  new DerReader(der, 'malformed_certificate').skipNested()
  const outer = new DerReader(der, 'malformed_certificate')
  const inside = outer.enter(SEQUENCE)
  outer.end()
  const signed = inside.element(SEQUENCE)
  const algorithm = inside.element(SEQUENCE)
  const signature = inside.wholeBits()
  inside.end()
  const contents = readSigned(inside.inside(signed), algorithm.whole)
  return {
    der,
    fingerprint: sha256Hex(der),
    gpgsmKeyId: hash('sha1', der, 'hex').toUpperCase(),
    signed: signed.whole,
    signatureAlgorithm: orNull(() =>
      readSignatureAlgorithm(new DerReader(algorithm.whole, 'malformed_certificate'), null),
    ),
    signature,
    ...contents,
    principal: formatNameAsGpgsm(contents.subject),
    description: describeCertificate(contents),
  }
}

/**
 * Reads what the issuer signed. Elements must be where they belong; what stands in the validity and the extensions may be
 * nonsense, because gpgsm finds a signer by such a certificate all the same.
 */
function readSigned(tbs: DerReader, outerAlgorithm: Uint8Array) {
  if (tbs.next !== constructed(0) || tbs.enter(constructed(0)).smallInteger() !== 2) tbs.fail('not version 3')
  const serial = toHex(tbs.integer())
  if (!Buffer.from(tbs.element(SEQUENCE).whole).equals(outerAlgorithm)) tbs.fail('two signature algorithms')
  const issuer = readName(tbs)
  const validity = tbs.element(SEQUENCE)
  const subject = readName(tbs)
  const spki = readKey(tbs)
  tbs.optional(primitive(1))
  tbs.optional(primitive(2))
  const explicit = tbs.next === null ? null : tbs.enter(constructed(3))
  const extensions = explicit?.element(SEQUENCE) ?? null
  explicit?.end()
  tbs.end()
  const times = orMalformed(() => readValidity(tbs.inside(validity)))
  const said = orMalformed(() => readExtensions(extensions === null ? null : tbs.inside(extensions)))
  return {
    serial,
    issuer,
    subject,
    spki,
    key: orNull(() => publicKeyOf(spki)),
    isMalformed: times === null || said === null,
    ...(times ?? NEVER),
    ...(said ?? readExtensions(null)),
  }
}

const NEVER = { notBefore: Number.POSITIVE_INFINITY, notAfter: Number.NEGATIVE_INFINITY }

function readValidity(validity: DerReader) {
  const notBefore = validity.time()
  const notAfter = validity.time()
  validity.end()
  return { notBefore, notAfter }
}

/** The SubjectPublicKeyInfo: an algorithm and a bit string, whatever they hold. */
function readKey(tbs: DerReader): Uint8Array {
  const spki = tbs.element(SEQUENCE)
  const inside = tbs.inside(spki)
  inside.element(SEQUENCE)
  inside.element(BIT_STRING)
  inside.end()
  return spki.whole
}

function orMalformed<T>(read: () => T): T | null {
  try {
    return read()
  } catch (error) {
    if (error instanceof X509Error && error.code === 'malformed_certificate') return null
    throw error
  }
}

/** Null for what a later step must refuse by name, because the certificate may be one that nobody asks about. */
function orNull<T>(read: () => T): T | null {
  try {
    return read()
  } catch (error) {
    if (error instanceof X509Error && error.code.startsWith('unsupported_')) return null
    throw error
  }
}
