import { hash, type KeyObject } from 'node:crypto'
import { ByteReader, BytesError } from '../../bytes/byte-reader.ts'
import { toHex } from '../../bytes/encoding.ts'
import { type Curve, ED25519_LEGACY_OID, ecdsaCurve, signingAlgorithm } from './algorithms.ts'
import { bitLength, readMpi } from './mpi.ts'
import { OpenPgpError } from './openpgp-error.ts'
import { dsaKey, ecKey, edwardsKey, rsaKey } from './spki.ts'
import { upperHex } from './subpackets.ts'

// gpg's limit on a user id; a key of 16,384 bits needs about 4 KiB.
const MAX_KEY_BYTES = 10_000
const MIN_BITS = 2048

/** A public primary key or subkey of version 4 or 6 (RFC 9580 §5.5). */
export interface KeyPacket {
  readonly version: 4 | 6
  readonly createdAt: number
  readonly algorithm: number
  /** Upper-case hex: 40 digits in version 4, 64 in version 6. */
  readonly fingerprint: string
  /** 16 upper-case hex digits. */
  readonly keyId: string
  /** The key as every signature over it hashes it (§5.2.4). */
  readonly framed: Uint8Array
  /** What checks signatures with this key; null for encryption-only, unknown or unusable ones. */
  readonly verifier: () => Verifier | null
}

/** A key ready for checking signatures. */
export interface Verifier {
  readonly keyObject: KeyObject
  /** RSA modulus, DSA p, or curve size. */
  readonly bits: number
  /** The length of each of `r` and `s`, of the whole RSA signature, or of the native octet string. */
  readonly unitBytes: number
  /** RSA or DSA under 2,048 bits. */
  readonly weak: boolean
}

/** Reads the body of a public-key packet. Throws {@link OpenPgpError} `key_packet`, `mpi` or `too_long`. */
export function readKeyPacket(body: Uint8Array): KeyPacket {
  if (body.length > MAX_KEY_BYTES) throw new OpenPgpError('too_long', `a key packet of ${body.length} bytes`)
  try {
    const reader = new ByteReader(body)
    const version = reader.u8()
    if (version !== 4 && version !== 6) throw new OpenPgpError('key_packet', `key version ${version} is not known`)
    const createdAt = reader.u32()
    const algorithm = reader.u8()
    if (version === 6 && reader.u32() !== reader.remaining) {
      throw new OpenPgpError('key_packet', 'the key material does not fill its packet')
    }
    const verifier = readMaterial(reader, algorithm)
    const framed = frame(body, version)
    const fingerprint = upperHex(hash(version === 4 ? 'sha1' : 'sha256', framed, 'buffer'))
    const keyId = version === 4 ? fingerprint.slice(-16) : fingerprint.slice(0, 16)
    return { version, createdAt, algorithm, fingerprint, keyId, framed, verifier: once(verifier) }
  } catch (cause) {
    if (!(cause instanceof BytesError)) throw cause
    throw new OpenPgpError('key_packet', 'the key packet is cut short or too long', { cause })
  }
}

function frame(body: Uint8Array, version: 4 | 6): Uint8Array {
  const head = version === 4 ? 3 : 5
  const framed = Buffer.allocUnsafe(head + body.length)
  framed[0] = version === 4 ? 0x99 : 0x9b
  framed.writeUIntBE(body.length, 1, head - 1)
  framed.set(body, head)
  return framed
}

function readMaterial(reader: ByteReader, algorithm: number): () => Verifier | null {
  const name = signingAlgorithm(algorithm)?.name
  switch (name) {
    case 'rsa':
      return readRsa(reader)
    case 'dsa':
      return readDsa(reader)
    case 'ecdsa':
      return readEcdsa(reader)
    case 'eddsa':
      return readEddsaLegacy(reader)
    case 'ed25519':
    case 'ed448':
      return readNative(reader, name)
    case undefined:
      return () => null
  }
}

function readRsa(reader: ByteReader): () => Verifier | null {
  const [modulus, exponent] = readIntegers(reader, 2) as [Uint8Array, Uint8Array]
  const bits = bitLength(modulus)
  // OpenSSL's own bound, kept here so that no slow exponent reaches it.
  if (bitLength(exponent) > 64) return () => null
  return () => ({ keyObject: rsaKey(modulus, exponent), bits, unitBytes: modulus.length, weak: bits < MIN_BITS })
}

function readDsa(reader: ByteReader): () => Verifier | null {
  const [p, q, g, y] = readIntegers(reader, 4) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array]
  const bits = bitLength(p)
  return () => ({ keyObject: dsaKey(p, q, g, y), bits, unitBytes: q.length, weak: bits < MIN_BITS })
}

function readEcdsa(reader: ByteReader): () => Verifier | null {
  const oid = reader.bytes(reader.u8())
  const [point] = readIntegers(reader, 1) as [Uint8Array]
  const curve: Curve | null = ecdsaCurve(toHex(oid))
  if (curve === null || point[0] !== 4 || point.length !== 1 + 2 * curve.bytes) return () => null
  const bits = curve.name === 'P-521' ? 521 : curve.bytes * 8
  return () => ({ keyObject: ecKey(oid, point), bits, unitBytes: curve.bytes, weak: false })
}

function readEddsaLegacy(reader: ByteReader): () => Verifier | null {
  const oid = reader.bytes(reader.u8())
  const [point] = readIntegers(reader, 1) as [Uint8Array]
  if (toHex(oid) !== ED25519_LEGACY_OID || point[0] !== 0x40 || point.length !== 33) return () => null
  return () => ({ keyObject: edwardsKey('ed25519', point.subarray(1)), bits: 256, unitBytes: 32, weak: false })
}

function readNative(reader: ByteReader, curve: 'ed25519' | 'ed448'): () => Verifier | null {
  const [size, signatureBytes] = curve === 'ed25519' ? [32, 64] : [57, 114]
  const point = reader.bytes(size)
  reader.end()
  return () => ({ keyObject: edwardsKey(curve, point), bits: size * 8, unitBytes: signatureBytes, weak: false })
}

function readIntegers(reader: ByteReader, count: number): readonly Uint8Array[] {
  const integers = Array.from({ length: count }, () => readMpi(reader))
  reader.end()
  if (!integers.every(({ canonical }) => canonical)) {
    throw new OpenPgpError('mpi', 'an integer of the key does not have the bit length it states')
  }
  return integers.map(({ bytes }) => bytes)
}

function once(make: () => Verifier | null): () => Verifier | null {
  let made: Verifier | null | undefined
  return () => {
    if (made === undefined) {
      try {
        made = make()
      } catch {
        // A point that is not on its curve, or numbers that OpenSSL refuses: a key that can check nothing.
        made = null
      }
    }
    return made
  }
}
