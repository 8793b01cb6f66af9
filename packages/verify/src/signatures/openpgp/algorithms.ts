/** A hash algorithm of RFC 9580 §9.5 under the name that node:crypto knows it by. */
export interface HashAlgorithm {
  readonly name: string
  readonly bytes: number
  /** The salt length that a version 6 signature must have with it; -1 where version 6 forbids the hash. */
  readonly saltBytes: number
  /** Whether collisions are practical or near (MD5, SHA-1, RIPEMD-160), so that it may not sign data. */
  readonly weak: boolean
  /** What gpg 2.2 does with it: checks it, or refuses (MD5 as weak, SHA-3 as unknown). */
  readonly gpgChecks: boolean
}

const hashes: Readonly<Record<number, HashAlgorithm>> = {
  1: { name: 'md5', bytes: 16, saltBytes: -1, weak: true, gpgChecks: false },
  2: { name: 'sha1', bytes: 20, saltBytes: -1, weak: true, gpgChecks: true },
  3: { name: 'ripemd160', bytes: 20, saltBytes: -1, weak: true, gpgChecks: true },
  8: { name: 'sha256', bytes: 32, saltBytes: 16, weak: false, gpgChecks: true },
  9: { name: 'sha384', bytes: 48, saltBytes: 24, weak: false, gpgChecks: true },
  10: { name: 'sha512', bytes: 64, saltBytes: 32, weak: false, gpgChecks: true },
  11: { name: 'sha224', bytes: 28, saltBytes: 16, weak: false, gpgChecks: true },
  12: { name: 'sha3-256', bytes: 32, saltBytes: 16, weak: false, gpgChecks: false },
  14: { name: 'sha3-512', bytes: 64, saltBytes: 32, weak: false, gpgChecks: false },
}

/** The hash algorithm with this OpenPGP number, or null. */
export function hashAlgorithm(id: number): HashAlgorithm | null {
  return hashes[id] ?? null
}

/** A public-key algorithm of RFC 9580 §9.1 that can sign. */
export interface SigningAlgorithm {
  readonly name: 'rsa' | 'dsa' | 'ecdsa' | 'eddsa' | 'ed25519' | 'ed448'
  /** How many integers its signature has; 0 for one native octet string. */
  readonly integers: number
  readonly gpgKnows: boolean
}

const rsa: SigningAlgorithm = { name: 'rsa', integers: 1, gpgKnows: true }
const signing: Readonly<Record<number, SigningAlgorithm>> = {
  1: rsa,
  3: rsa,
  17: { name: 'dsa', integers: 2, gpgKnows: true },
  19: { name: 'ecdsa', integers: 2, gpgKnows: true },
  22: { name: 'eddsa', integers: 2, gpgKnows: true },
  27: { name: 'ed25519', integers: 0, gpgKnows: false },
  28: { name: 'ed448', integers: 0, gpgKnows: false },
}

/** The signing algorithm with this OpenPGP number, or null for encryption-only and unknown ones. */
export function signingAlgorithm(id: number): SigningAlgorithm | null {
  return signing[id] ?? null
}

/** How many integers follow in a signature packet; 0 where the rest of the packet is opaque. */
export function signatureIntegers(id: number): number {
  return signing[id]?.integers ?? 0
}

/** An elliptic curve by the DER bytes of its object identifier, in hex (RFC 9580 §9.2). */
export interface Curve {
  readonly name: string
  readonly bytes: number
}

const ecdsaCurves: Readonly<Record<string, Curve>> = {
  '2a8648ce3d030107': { name: 'P-256', bytes: 32 },
  '2b81040022': { name: 'P-384', bytes: 48 },
  '2b81040023': { name: 'P-521', bytes: 66 },
  '2b2403030208010107': { name: 'brainpoolP256r1', bytes: 32 },
  '2b240303020801010b': { name: 'brainpoolP384r1', bytes: 48 },
  '2b240303020801010d': { name: 'brainpoolP512r1', bytes: 64 },
  '2b8104000a': { name: 'secp256k1', bytes: 32 },
}

/** The ECDSA curve with this object identifier, or null. */
export function ecdsaCurve(oidHex: string): Curve | null {
  return ecdsaCurves[oidHex] ?? null
}

/** The identifier that "EdDSALegacy" keys carry for Ed25519. */
export const ED25519_LEGACY_OID = '2b06010401da470f01'
