import { createPublicKey, hash, type JsonWebKey, type KeyObject } from 'node:crypto'
import type { ByteReader } from '../../bytes/byte-reader.ts'
import { concatBytes, latin1 } from '../../bytes/encoding.ts'
import { isCanonicalPoint, isSmallOrder } from './ed25519-strictness.ts'
import { SshError } from './ssh-error.ts'
import { encodeMagnitude, encodeString, readCString, readMagnitude } from './ssh-wire.ts'

export type SshKeyType =
  | 'ssh-ed25519'
  | 'ssh-rsa'
  | 'ecdsa-sha2-nistp256'
  | 'ecdsa-sha2-nistp384'
  | 'ecdsa-sha2-nistp521'
  | 'sk-ssh-ed25519@openssh.com'
  | 'sk-ecdsa-sha2-nistp256@openssh.com'

/** Why a key that OpenSSH takes is not good enough for us. */
export type SshKeyWeakness = 'weak_key' | 'small_order_key' | 'non_canonical_key'

/** A public key without any certificate around it. */
export interface SshPublicKey {
  readonly type: SshKeyType
  /** The one wire encoding of this key (RFC 4253 §6.6), whatever spelling was read. */
  readonly blob: Uint8Array
  /** `blob` with one character per byte: two keys are the same key when their ids are equal. */
  readonly id: string
  /** `SHA256:` and the unpadded base64 of the blob's digest, as `ssh-keygen -l` prints. */
  readonly fingerprint: string
  /** Made at the first call and kept: making it costs as much as checking a signature. */
  readonly keyObject: () => KeyObject
  /** The 32 bytes of an Ed25519 key, or null. */
  readonly ed25519: Uint8Array | null
  /** The length of an RSA modulus and so of its signatures, or null. */
  readonly rsaBytes: number | null
  /** The application of a security key (`ssh:`), one character per byte, or null. */
  readonly application: string | null
  readonly weakness: SshKeyWeakness | null
}

/** A key type, or a certificate of that type. */
export interface SshTypeName {
  readonly type: SshKeyType
  readonly certificate: boolean
}

interface KeyMaterial {
  readonly fields: readonly Uint8Array[]
  readonly jwk: JsonWebKey
  readonly ed25519?: Uint8Array
  readonly rsaBytes?: number
  readonly weakness: SshKeyWeakness | null
}

interface Curve {
  readonly jwk: string
  readonly name: string
  readonly bytes: number
  readonly order: bigint
}

const OPENSSH_MIN_RSA_BITS = 1024
const OUR_MIN_RSA_BITS = 2048

const P256: Curve = {
  jwk: 'P-256',
  name: 'nistp256',
  bytes: 32,
  order: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
}
const P384: Curve = {
  jwk: 'P-384',
  name: 'nistp384',
  bytes: 48,
  order: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
}
const P521: Curve = {
  jwk: 'P-521',
  name: 'nistp521',
  bytes: 66,
  order:
    0x01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
}

const readers: Readonly<Record<SshKeyType, (reader: ByteReader) => KeyMaterial>> = {
  'ssh-ed25519': readEd25519,
  'ssh-rsa': readRsa,
  'ecdsa-sha2-nistp256': (reader) => readEcdsa(reader, P256),
  'ecdsa-sha2-nistp384': (reader) => readEcdsa(reader, P384),
  'ecdsa-sha2-nistp521': (reader) => readEcdsa(reader, P521),
  'sk-ssh-ed25519@openssh.com': readEd25519,
  'sk-ecdsa-sha2-nistp256@openssh.com': (reader) => readEcdsa(reader, P256),
}

const PLAIN_NAMES: readonly (readonly [string, SshKeyType])[] = [
  ['ssh-ed25519', 'ssh-ed25519'],
  ['ssh-rsa', 'ssh-rsa'],
  // Names of signature algorithms, which OpenSSH also takes for the type of a key.
  ['rsa-sha2-256', 'ssh-rsa'],
  ['rsa-sha2-512', 'ssh-rsa'],
  ['ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp256'],
  ['ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp384'],
  ['ecdsa-sha2-nistp521', 'ecdsa-sha2-nistp521'],
  ['sk-ssh-ed25519@openssh.com', 'sk-ssh-ed25519@openssh.com'],
  ['sk-ecdsa-sha2-nistp256@openssh.com', 'sk-ecdsa-sha2-nistp256@openssh.com'],
]

const TYPES: ReadonlyMap<string, SshTypeName> = new Map<string, SshTypeName>([
  ...PLAIN_NAMES.map(([name, type]) => [name, { type, certificate: false }] as const),
  ...PLAIN_NAMES.map(([name, type]) => [certificateName(name), { type, certificate: true }] as const),
  ['webauthn-sk-ecdsa-sha2-nistp256@openssh.com', { type: 'sk-ecdsa-sha2-nistp256@openssh.com', certificate: false }],
])

/** Short names that OpenSSH takes inside a blob, in any letter case. */
const SHORT_NAMES: ReadonlyMap<string, SshTypeName> = new Map<string, SshTypeName>([
  ['ed25519', { type: 'ssh-ed25519', certificate: false }],
  ['ed25519-sk', { type: 'sk-ssh-ed25519@openssh.com', certificate: false }],
  ['rsa', { type: 'ssh-rsa', certificate: false }],
])

/** What a type name in a key's text form stands for, or null when we do not support it. */
export function sshTypeInText(name: string): SshTypeName | null {
  return TYPES.get(name) ?? null
}

/** What a type name in a key blob stands for. Throws {@link SshError} `unsupported_key_type`. */
export function sshTypeInBlob(name: string): SshTypeName {
  const type = TYPES.get(name) ?? SHORT_NAMES.get(name.toLowerCase())
  if (type === undefined)
    throw new SshError('unsupported_key_type', `keys of type ${JSON.stringify(name.slice(0, 64))}`)
  return type
}

/**
 * Reads the fields of a public key that follow its type name (and, in a certificate, the nonce).
 *
 * Throws {@link SshError} where OpenSSH refuses: `bad_key`, `short_rsa_key` (under 1,024 bits), `bad_number`, `key_type_mismatch`
 * (wrong curve), `embedded_nul`; and `BytesError` where the bytes end.
 */
export function readPublicKey(reader: ByteReader, type: SshKeyType): SshPublicKey {
  const { fields, jwk, ed25519 = null, rsaBytes = null, weakness } = readers[type](reader)
  const application = type.startsWith('sk-') ? readCString(reader) : null
  const blob = concatBytes(encodeString(type), ...fields, ...(application === null ? [] : [encodeString(application)]))
  const keyObject = once(() => createPublicKey({ key: jwk, format: 'jwk' }))
  if (jwk.kty === 'EC') refuseBadPoint(keyObject)
  const fingerprint = `SHA256:${hash('sha256', blob, 'base64').replace('=', '')}`
  return { type, blob, id: latin1(blob), fingerprint, keyObject, ed25519, rsaBytes, application, weakness }
}

function readEd25519(reader: ByteReader): KeyMaterial {
  const key = reader.sshString()
  if (key.length !== 32) throw new SshError('bad_key', `an Ed25519 key of ${key.length} bytes`)
  const weakness = isSmallOrder(key) ? 'small_order_key' : isCanonicalPoint(key) ? null : 'non_canonical_key'
  const ed25519 = Buffer.from(key)
  return { fields: [encodeString(key)], jwk: { kty: 'OKP', crv: 'Ed25519', x: base64url(key) }, ed25519, weakness }
}

function readRsa(reader: ByteReader): KeyMaterial {
  const e = readMagnitude(reader)
  const n = readMagnitude(reader)
  const bits = n.length === 0 ? 0 : n.length * 8 - Math.clz32(n[0] as number) + 24
  if (bits < OPENSSH_MIN_RSA_BITS) throw new SshError('short_rsa_key', `an RSA key of ${bits} bits`)
  const exponentIsOne = e.length < 2 && (e[0] ?? 0) < 3
  const isEven = ((e.at(-1) ?? 0) & 1) === 0 || ((n.at(-1) ?? 0) & 1) === 0
  const weakness = bits < OUR_MIN_RSA_BITS || exponentIsOne || isEven ? 'weak_key' : null
  const jwk = { kty: 'RSA', n: base64url(n), e: base64url(e) }
  return { fields: [encodeMagnitude(e), encodeMagnitude(n)], jwk, rsaBytes: n.length, weakness }
}

function readEcdsa(reader: ByteReader, curve: Curve): KeyMaterial {
  const name = readCString(reader)
  if (name !== curve.name) throw new SshError('key_type_mismatch', `a curve that is not ${curve.name}`)
  const point = reader.sshString()
  if (point[0] !== 4 || point.length !== 1 + 2 * curve.bytes) {
    throw new SshError('bad_key', `not an uncompressed point on ${curve.name}`)
  }
  const x = point.subarray(1, 1 + curve.bytes)
  const y = point.subarray(1 + curve.bytes)
  if (!isPlausible(x, curve) || !isPlausible(y, curve)) throw new SshError('bad_key', 'a point that OpenSSH refuses')
  const jwk = { kty: 'EC', crv: curve.jwk, x: base64url(x), y: base64url(y) }
  return { fields: [encodeString(name), encodeString(point)], jwk, weakness: null }
}

/** OpenSSH wants both coordinates longer than half the order's bits, and below the order less one. */
function isPlausible(coordinate: Uint8Array, { order }: Curve): boolean {
  const value = BigInt(`0x${Buffer.from(coordinate).toString('hex')}`)
  const halfBits = BigInt(order.toString(2).length >> 1)
  return value >> halfBits > 0n && value < order - 1n
}

function refuseBadPoint(keyObject: () => KeyObject): void {
  try {
    keyObject()
  } catch (cause) {
    throw new SshError('bad_key', 'the point is not on its curve', { cause })
  }
}

function once<T>(make: () => T): () => T {
  let made: T | undefined
  return () => {
    made ??= make()
    return made
  }
}

const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')

function certificateName(name: string): string {
  return `${name.replace('@openssh.com', '')}-cert-v01@openssh.com`
}
