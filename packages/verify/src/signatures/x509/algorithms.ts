import { constants, createPublicKey, hash, type KeyObject, verify } from 'node:crypto'
import { constructed, type DerReader, SEQUENCE } from './der.ts'
import { X509Error } from './x509-error.ts'

/** Digest algorithms, by the names that `node:crypto` gives them. MD5 and SHA-1 are read only to say that they were used. */
export type Digest = 'md5' | 'sha1' | 'sha256' | 'sha384' | 'sha512'

/** How a signature was made. `digest` is null for Ed25519, which hashes by itself. */
export interface SignatureAlgorithm {
  readonly keyType: 'rsa' | 'ec' | 'ed25519'
  readonly digest: Digest | null
  /** The salt length in bytes for RSASSA-PSS; null for every other algorithm. */
  readonly saltLength: number | null
}

const DIGESTS: Readonly<Record<string, Digest>> = {
  '1.2.840.113549.2.5': 'md5',
  '1.3.14.3.2.26': 'sha1',
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
}
const SIGNATURES: Readonly<Record<string, Omit<SignatureAlgorithm, 'saltLength'>>> = {
  '1.2.840.113549.1.1.4': { keyType: 'rsa', digest: 'md5' },
  '1.2.840.113549.1.1.5': { keyType: 'rsa', digest: 'sha1' },
  '1.2.840.113549.1.1.11': { keyType: 'rsa', digest: 'sha256' },
  '1.2.840.113549.1.1.12': { keyType: 'rsa', digest: 'sha384' },
  '1.2.840.113549.1.1.13': { keyType: 'rsa', digest: 'sha512' },
  '1.2.840.10045.4.1': { keyType: 'ec', digest: 'sha1' },
  '1.2.840.10045.4.3.2': { keyType: 'ec', digest: 'sha256' },
  '1.2.840.10045.4.3.3': { keyType: 'ec', digest: 'sha384' },
  '1.2.840.10045.4.3.4': { keyType: 'ec', digest: 'sha512' },
  '1.3.101.112': { keyType: 'ed25519', digest: null },
}
const RSA_ENCRYPTION = '1.2.840.113549.1.1.1'
const RSASSA_PSS = '1.2.840.113549.1.1.10'
const MGF1 = '1.2.840.113549.1.1.8'
/** Named curves of 256 bits and more; a key that brings a curve of its own has no name here and is refused. */
const CURVES: readonly (string | undefined)[] = [
  'prime256v1',
  'secp384r1',
  'secp521r1',
  'secp256k1',
  'brainpoolP256r1',
  'brainpoolP384r1',
  'brainpoolP512r1',
]
const MIN_RSA_BITS = 2048

/** Reads the AlgorithmIdentifier of a digest. Throws {@link X509Error} `unsupported_algorithm` for one not in the list above. */
export function readDigestAlgorithm(reader: DerReader): Digest {
  const inside = reader.enter(SEQUENCE)
  const oid = inside.oid()
  inside.optionalNull()
  inside.end()
  return DIGESTS[oid] ?? unsupported(`digest ${oid}`)
}

/**
 * Reads the AlgorithmIdentifier of a signature; `messageDigest` completes those that do not name their digest themselves.
 * Throws {@link X509Error} `unsupported_algorithm`.
 */
export function readSignatureAlgorithm(reader: DerReader, messageDigest: Digest | null): SignatureAlgorithm {
  const inside = reader.enter(SEQUENCE)
  const oid = inside.oid()
  if (oid === RSASSA_PSS) return readPss(inside)
  inside.optionalNull()
  inside.end()
  if (oid === RSA_ENCRYPTION && messageDigest !== null) {
    return { keyType: 'rsa', digest: messageDigest, saltLength: null }
  }
  return { ...(SIGNATURES[oid] ?? unsupported(`signature algorithm ${oid}`)), saltLength: null }
}

/** RSASSA-PSS-params (RFC 4055 §3.1), as far as everybody uses them: one digest for both purposes, trailer 0xbc. */
function readPss(reader: DerReader): SignatureAlgorithm {
  const inside = reader.enter(SEQUENCE)
  reader.end()
  const digest = onlyIn(inside.enter(constructed(0)), readDigestAlgorithm)
  const [mask, maskDigest] = onlyIn(inside.enter(constructed(1)), (explicit) =>
    onlyIn(explicit.enter(SEQUENCE), (function_) => [function_.oid(), readDigestAlgorithm(function_)] as const),
  )
  if (mask !== MGF1 || maskDigest !== digest) unsupported('an RSASSA-PSS mask of its own')
  const number = (tag: number, otherwise: number): number =>
    inside.next === tag ? onlyIn(inside.enter(tag), (explicit) => explicit.smallInteger()) : otherwise
  const saltLength = number(constructed(2), 20)
  if (number(constructed(3), 1) !== 1) unsupported('an RSASSA-PSS trailer of its own')
  inside.end()
  return { keyType: 'rsa', digest, saltLength }
}

/** What `read` takes from the reader, which must then be at its end. */
function onlyIn<T>(reader: DerReader, read: (reader: DerReader) => T): T {
  const value = read(reader)
  reader.end()
  return value
}

/** The key of a SubjectPublicKeyInfo: RSA, Ed25519 or ECDSA on one of the curves above. Throws {@link X509Error} `unsupported_key`. */
export function publicKeyOf(spki: Uint8Array): KeyObject {
  let key: KeyObject
  try {
    key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
  } catch (cause) {
    throw Object.assign(new X509Error('unsupported_key', 'not a public key that can be used'), { cause })
  }
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key
  const isKnown = type === 'rsa' || type === 'ed25519' || (type === 'ec' && CURVES.includes(details?.namedCurve))
  if (!isKnown) throw new X509Error('unsupported_key', `a key of type ${type} ${details?.namedCurve ?? ''}`)
  return key
}

/** Whether the key made the signature over these bytes. Never throws; a key of another kind has made nothing. */
export function isSignedBy(
  key: KeyObject,
  algorithm: SignatureAlgorithm,
  bytes: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (key.asymmetricKeyType !== algorithm.keyType) return false
  const { saltLength } = algorithm
  // A bare key is verified faster than one in an object.
  const verifier = saltLength === null ? key : { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }
  try {
    return verify(algorithm.digest, bytes, verifier, signature)
  } catch {
    return false
  }
}

/** The digest of these bytes. Throws {@link X509Error} `unsupported_algorithm` where `node:crypto` has been told not to make it. */
export function digestOf(digest: Digest, bytes: Uint8Array): Uint8Array {
  try {
    return hash(digest, bytes, 'buffer')
  } catch (cause) {
    throw Object.assign(new X509Error('unsupported_algorithm', `digest ${digest} is switched off`), { cause })
  }
}

/** Whether somebody may find two texts with one digest: MD5 and SHA-1. */
export function isWeakDigest(digest: Digest | null): boolean {
  return digest === 'md5' || digest === 'sha1'
}

/** Whether an attacker of today may be able to forge what this key and digest sign: a weak digest, or RSA below 2048 bits. */
export function isWeak(key: KeyObject | null, algorithm: SignatureAlgorithm): boolean {
  return isWeakDigest(algorithm.digest) || (key?.asymmetricKeyDetails?.modulusLength ?? MIN_RSA_BITS) < MIN_RSA_BITS
}

function unsupported(what: string): never {
  throw new X509Error('unsupported_algorithm', what)
}
