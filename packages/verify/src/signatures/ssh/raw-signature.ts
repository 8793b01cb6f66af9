import { verify } from 'node:crypto'
import { ByteReader } from '../../bytes/byte-reader.ts'
import { sha256 } from '../../bytes/digest.ts'
import { concatBytes, latin1 } from '../../bytes/encoding.ts'
import { verifyLikeOpenSsh } from './ed25519-like-openssh.ts'
import { isCanonicalScalar, isSmallOrder, reduceScalar } from './ed25519-strictness.ts'
import { SshError, withSshErrors } from './ssh-error.ts'
import type { SshKeyType, SshPublicKey } from './ssh-public-key.ts'
import { encodeMagnitude, readCString, readMagnitude } from './ssh-wire.ts'

/** Checks Ed25519 by some library's rules; with it, a caller replaces `node:crypto` on the hot path. */
export type Ed25519Verify = (message: Uint8Array, signature64: Uint8Array, publicKey32: Uint8Array) => boolean

/** What a security key says about the moment of signing (PROTOCOL.u2f). */
export interface SecurityKeyUse {
  readonly userPresent: boolean
  readonly userVerified: boolean
  readonly counter: number
  /** The web origin of a WebAuthn signature, one character per byte, or null. */
  readonly origin: string | null
}

export interface RawSignatureCheck {
  /** Whether OpenSSH's key code accepts the signature. */
  readonly valid: boolean
  /** The signature algorithm that the signature names. */
  readonly format: string
  /** Why we refuse a signature that OpenSSH accepts: it has a second spelling, or other libraries refuse it. */
  readonly refusal: 'non_canonical_signature' | 'small_order_signature' | null
  readonly securityKey: SecurityKeyUse | null
}

const ED25519_PREFIX = Buffer.from('\0\0\0\x0bssh-ed25519\0\0\0\x40', 'latin1')

/**
 * Checks an SSH signature blob (RFC 4253 §6.6, PROTOCOL.u2f) over a message, for every key type that we support.
 *
 * RSA takes SHA-256, SHA-512 and SHA-1 as OpenSSH's key code does: where SHA-1 is not allowed, look at `format`.
 * Throws {@link SshError} when the blob does not have the shape that the key's type demands.
 */
export function checkRawSignature(
  key: SshPublicKey,
  signature: Uint8Array,
  message: Uint8Array,
  ed25519Verify?: Ed25519Verify,
): RawSignatureCheck {
  if (key.type === 'ssh-ed25519' && signature.length === 83 && ED25519_PREFIX.compare(signature, 0, 19) === 0) {
    return checkEd25519(key, signature.subarray(19), message, 'ssh-ed25519', null, ed25519Verify)
  }
  return withSshErrors(() => {
    const reader = new ByteReader(signature)
    const format = readCString(reader)
    const canonicalFormat = signature.length >= 4 + format.length && signature[3] === format.length
    const check = schemes[key.type](key, reader, message, format, ed25519Verify)
    return canonicalFormat ? check : { ...check, refusal: 'non_canonical_signature' }
  })
}

type Scheme = (
  key: SshPublicKey,
  reader: ByteReader,
  message: Uint8Array,
  format: string,
  ed25519Verify: Ed25519Verify | undefined,
) => RawSignatureCheck

const schemes: Readonly<Record<SshKeyType, Scheme>> = {
  'ssh-ed25519': checkPlainEd25519,
  'ssh-rsa': checkRsa,
  'ecdsa-sha2-nistp256': checkPlainEcdsa,
  'ecdsa-sha2-nistp384': checkPlainEcdsa,
  'ecdsa-sha2-nistp521': checkPlainEcdsa,
  'sk-ssh-ed25519@openssh.com': checkSkEd25519,
  'sk-ecdsa-sha2-nistp256@openssh.com': checkSkEcdsa,
}

function checkPlainEd25519(...[key, reader, message, format, ed25519Verify]: Parameters<Scheme>): RawSignatureCheck {
  demandFormat(format, key.type)
  const signature = reader.sshString()
  reader.end()
  return checkEd25519(key, signature, message, format, null, ed25519Verify)
}

function checkSkEd25519(...[key, reader, message, format, ed25519Verify]: Parameters<Scheme>): RawSignatureCheck {
  demandFormat(format, key.type)
  const signature = reader.sshString()
  const { flags, use } = readSecurityKeyUse(reader)
  reader.end()
  return checkEd25519(key, signature, authenticatorData(key, flags, sha256(message)), format, use, ed25519Verify)
}

function checkEd25519(
  key: SshPublicKey,
  signature: Uint8Array,
  message: Uint8Array,
  format: string,
  securityKey: SecurityKeyUse | null,
  ed25519Verify: Ed25519Verify | undefined,
): RawSignatureCheck {
  if (signature.length !== 64 || key.ed25519 === null) {
    throw new SshError('bad_signature', `an Ed25519 signature of ${signature.length} bytes`)
  }
  const isCanonical = isCanonicalScalar(signature)
  const reduced = isCanonical ? signature : reduceScalar(signature)
  const hasSmallOrder = isSmallOrder(signature)
  // OpenSSL refuses points of small order, and OpenSSH does not.
  const verifier = hasSmallOrder || key.weakness === 'small_order_key' ? verifyLikeOpenSsh : ed25519Verify
  const valid =
    reduced !== null && (verifier?.(message, reduced, key.ed25519) ?? verify(null, message, key.keyObject(), reduced))
  const refusal = isCanonical ? (hasSmallOrder ? 'small_order_signature' : null) : 'non_canonical_signature'
  return { valid, format, refusal, securityKey }
}

const RSA_HASHES: Readonly<Record<string, string>> = {
  'rsa-sha2-512': 'sha512',
  'rsa-sha2-256': 'sha256',
  'ssh-rsa': 'sha1',
}

function checkRsa(...[key, reader, message, format]: Parameters<Scheme>): RawSignatureCheck {
  const hashName = Object.hasOwn(RSA_HASHES, format) ? RSA_HASHES[format] : undefined
  if (hashName === undefined) throw unsupportedFormat(format)
  const signature = reader.sshString()
  reader.end()
  const size = key.rsaBytes ?? 0
  if (signature.length === 0 || signature.length > size) {
    throw new SshError('bad_signature', `an RSA signature of ${signature.length} bytes for a modulus of ${size}`)
  }
  const padded = Buffer.alloc(size)
  padded.set(signature, size - signature.length)
  const refusal = signature.length === size ? null : 'non_canonical_signature'
  return { valid: verifyOrFalse(hashName, message, key, padded), format, refusal, securityKey: null }
}

const CURVE_HASHES: Readonly<Record<string, readonly [hash: string, bytes: number]>> = {
  'ecdsa-sha2-nistp256': ['sha256', 32],
  'ecdsa-sha2-nistp384': ['sha384', 48],
  'ecdsa-sha2-nistp521': ['sha512', 66],
  'sk-ecdsa-sha2-nistp256@openssh.com': ['sha256', 32],
}

function checkPlainEcdsa(...[key, reader, message, format]: Parameters<Scheme>): RawSignatureCheck {
  demandFormat(format, key.type)
  const pair = reader.sshString()
  reader.end()
  return checkEcdsa(key, pair, message, format, null)
}

function checkEcdsa(
  key: SshPublicKey,
  pair: Uint8Array,
  message: Uint8Array,
  format: string,
  securityKey: SecurityKeyUse | null,
): RawSignatureCheck {
  const [hashName, bytes] = CURVE_HASHES[key.type] as readonly [string, number]
  const numbers = new ByteReader(pair)
  const r = readMagnitude(numbers)
  const s = readMagnitude(numbers)
  numbers.end()
  // Each number's shortest spelling: four bytes of length, the magnitude, one zero byte before a set top bit.
  const shortest = [r, s].reduce((sum, n) => sum + 4 + n.length + ((n[0] ?? 0) >> 7), 0)
  const refusal = pair.length === shortest ? null : 'non_canonical_signature'
  if (r.length > bytes || s.length > bytes) return { valid: false, format, refusal, securityKey }
  const valid = r.length > 0 && s.length > 0 && verifyOrFalse(hashName, message, key, derPair(r, s))
  return { valid, format, refusal, securityKey }
}

/** Two numbers as OpenSSL takes them (RFC 3279 §2.2.3); node:crypto can convert, but takes a third of a check for it. */
function derPair(...numbers: readonly [r: Uint8Array, s: Uint8Array]): Uint8Array {
  const integers = numbers.map((number) => {
    const content = encodeMagnitude(number).subarray(4)
    return concatBytes(Uint8Array.of(0x02, content.length), content)
  })
  const length = integers.reduce((sum, integer) => sum + integer.length, 0)
  return concatBytes(Uint8Array.of(0x30, ...(length < 0x80 ? [length] : [0x81, length])), ...integers)
}

const WEBAUTHN_FORMAT = 'webauthn-sk-ecdsa-sha2-nistp256@openssh.com'

function checkSkEcdsa(...[key, reader, message, format]: Parameters<Scheme>): RawSignatureCheck {
  if (format !== WEBAUTHN_FORMAT) demandFormat(format, key.type)
  const pair = reader.sshString()
  const { flags, use } = readSecurityKeyUse(reader)
  if (format !== WEBAUTHN_FORMAT) {
    reader.end()
    return checkEcdsa(key, pair, authenticatorData(key, flags, sha256(message)), format, use)
  }
  const atOrigin = reader.remaining
  const origin = readCString(reader)
  const spelling = atOrigin - reader.remaining === 4 + origin.length ? null : 'non_canonical_signature'
  const clientData = reader.sshString()
  const extensions = reader.sshString()
  reader.end()
  refuseBadClientData(message, origin, clientData, flags[0] as number, extensions)
  const signed = authenticatorData(key, concatBytes(flags, extensions), sha256(clientData))
  const check = checkEcdsa(key, pair, signed, format, { ...use, origin })
  return { ...check, refusal: check.refusal ?? spelling }
}

const ATTESTED_DATA = 0x40
const EXTENSION_DATA = 0x80

/** Browsers write clientData in one fixed order, so OpenSSH compares its start instead of parsing JSON; so do we. */
function refuseBadClientData(
  message: Uint8Array,
  origin: string,
  clientData: Uint8Array,
  flags: number,
  extensions: Uint8Array,
): void {
  const challenge = Buffer.from(message).toString('base64url')
  const start = `{"type":"webauthn.get","challenge":"${challenge}","origin":"${origin}"`
  const flagsFit = (flags & ATTESTED_DATA) === 0 && ((flags & EXTENSION_DATA) === 0) === (extensions.length === 0)
  if (!flagsFit || origin.includes('"') || latin1(clientData.subarray(0, start.length)) !== start) {
    throw new SshError('bad_signature', 'WebAuthn client data that is not about this message')
  }
}

function readSecurityKeyUse(reader: ByteReader): { readonly flags: Uint8Array; readonly use: SecurityKeyUse } {
  const flags = reader.bytes(5)
  const [bits, counter] = [flags[0] as number, Buffer.from(flags).readUInt32BE(1)]
  return { flags, use: { userPresent: (bits & 1) !== 0, userVerified: (bits & 4) !== 0, counter, origin: null } }
}

function authenticatorData(key: SshPublicKey, flags: Uint8Array, messageDigest: Uint8Array): Uint8Array {
  return concatBytes(sha256(Buffer.from(key.application ?? '', 'latin1')), flags, messageDigest)
}

function verifyOrFalse(hashName: string, message: Uint8Array, key: SshPublicKey, signature: Uint8Array): boolean {
  try {
    return verify(hashName, message, key.keyObject(), signature)
  } catch {
    // OpenSSL throws for keys that it cannot work with, such as an RSA exponent above its limit.
    return false
  }
}

function demandFormat(format: string, wanted: string): void {
  if (format !== wanted) throw unsupportedFormat(format)
}

const unsupportedFormat = (format: string): SshError =>
  new SshError('unsupported_signature_type', `a signature of type ${JSON.stringify(format.slice(0, 64))}`)
