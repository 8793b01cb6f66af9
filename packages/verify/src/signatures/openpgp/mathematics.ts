import { hash, verify } from 'node:crypto'
import { hashAlgorithm, type SigningAlgorithm, signingAlgorithm } from './algorithms.ts'
import type { KeyPacket, Verifier } from './key-packet.ts'
import { leftPad } from './mpi.ts'
import type { SignaturePacket } from './signature-packet.ts'
import { derIntegers } from './spki.ts'

/**
 * - `match`: the key made the signature over these bytes
 * - `mismatch`: it did not
 * - `wrong_prefix`: it did, but the digest does not start as the signature says
 * - `unreduced`: it did once the scalar of an Edwards signature is reduced, which RFC 8032 §5.1.7 forbids and gpg does
 * - `short_hash`: the digest is shorter than the curve or subgroup demands
 * - `unsupported`: an algorithm, hash or curve that cannot be checked here
 */
export type Proof = 'match' | 'mismatch' | 'wrong_prefix' | 'unreduced' | 'short_hash' | 'unsupported'

/** Checks the mathematics of a signature, and nothing else, over `parts` laid end to end. */
export function prove(key: KeyPacket, signature: SignaturePacket, ...parts: readonly Uint8Array[]): Proof {
  const digest = hashAlgorithm(signature.hash)
  const scheme = signingAlgorithm(key.algorithm)
  const verifier = key.verifier()
  if (digest === null || scheme === null || verifier === null || signature.algorithm !== key.algorithm) {
    return 'unsupported'
  }
  if (digest.bytes < leastDigestBytes(scheme, verifier)) return 'short_hash'
  const value = octets(scheme, verifier, signature.values)
  if (value === null) return 'mismatch'
  const message = Buffer.concat([signature.salt, ...parts, signature.trailer])
  const hashed = digestOf(digest.name, message)
  if (hashed === null) return 'unsupported'
  if (!holds(scheme, verifier, digest.name, message, hashed, value)) {
    const reduced = scheme.name === 'eddsa' ? withReducedScalar(value) : null
    return reduced !== null && holds(scheme, verifier, digest.name, message, hashed, reduced) ? 'unreduced' : 'mismatch'
  }
  return startsWith(hashed, signature.digestPrefix) ? 'match' : 'wrong_prefix'
}

/** Whether the digest over `parts` starts as the signature says: a cheap test for which of many things it was made over. */
export function fitsDigestPrefix(signature: SignaturePacket, ...parts: readonly Uint8Array[]): boolean {
  const digest = hashAlgorithm(signature.hash)
  if (digest === null) return false
  const message = Buffer.concat([signature.salt, ...parts, signature.trailer])
  const hashed = digestOf(digest.name, message)
  return hashed !== null && startsWith(hashed, signature.digestPrefix)
}

/** Null where this build of OpenSSL leaves the hash out, as some do with MD5 and RIPEMD-160. */
function digestOf(name: string, message: Uint8Array): Uint8Array | null {
  try {
    // Several times faster than asking for a buffer, which costs an allocation outside the heap.
    return Buffer.from(hash(name, message, 'binary'), 'latin1')
  } catch {
    return null
  }
}

function startsWith(digest: Uint8Array, [first, second]: Uint8Array): boolean {
  return digest[0] === first && digest[1] === second
}

const ED25519_ORDER = (1n << 252n) + 27_742_317_777_372_353_535_851_937_790_883_648_493n

/** The signature with its little-endian scalar brought below the group order; null when it is there already. */
function withReducedScalar(value: Uint8Array): Uint8Array | null {
  const scalar = BigInt(`0x${Buffer.from(value.subarray(32)).reverse().toString('hex')}`)
  if (scalar < ED25519_ORDER) return null
  const reduced = Buffer.from((scalar % ED25519_ORDER).toString(16).padStart(64, '0'), 'hex').reverse()
  return Buffer.concat([value.subarray(0, 32), reduced])
}

function holds(
  scheme: SigningAlgorithm,
  verifier: Verifier,
  digestName: string,
  message: Uint8Array,
  hashed: Uint8Array,
  value: Uint8Array,
): boolean {
  try {
    // The bare KeyObject: a key with options beside it costs node:crypto half an RSA check more.
    switch (scheme.name) {
      case 'rsa':
      case 'dsa':
      case 'ecdsa':
        return verify(digestName, message, verifier.keyObject, value)
      case 'eddsa':
      case 'ed25519':
      case 'ed448':
        // OpenPGP signs the digest with the Edwards scheme, not the message (RFC 9580 §5.2.3.3).
        return verify(null, hashed, verifier.keyObject, value)
    }
  } catch {
    // OpenSSL throws instead of answering no for some hostile keys.
    return false
  }
}

/** The signature as OpenSSL takes it: padded to the full length, or two integers in DER; null when it is too long. */
function octets(scheme: SigningAlgorithm, verifier: Verifier, values: readonly Uint8Array[]): Uint8Array | null {
  const [first, second] = values
  if (first === undefined) return null
  if (scheme.integers === 0) return first.length === verifier.unitBytes ? first : null
  const left = leftPad(first, verifier.unitBytes)
  if (second === undefined || left === null) return left
  const right = leftPad(second, verifier.unitBytes)
  if (right === null) return null
  return scheme.name === 'eddsa' ? Buffer.concat([left, right]) : derIntegers(first, second)
}

// RFC 9580 §5.2.3.2 and gpg agree for DSA and ECDSA; §5.2.3.4 and §5.2.3.5 set it for the native Edwards algorithms.
function leastDigestBytes(scheme: SigningAlgorithm, verifier: Verifier): number {
  switch (scheme.name) {
    case 'rsa':
    case 'eddsa':
      return 0
    case 'dsa':
      return verifier.unitBytes
    case 'ecdsa':
      return Math.min(verifier.unitBytes, 64)
    case 'ed25519':
      return 32
    case 'ed448':
      return 64
  }
}
