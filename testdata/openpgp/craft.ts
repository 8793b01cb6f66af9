import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'

/*
 * Writes OpenPGP keys and signatures byte by byte, so that vectors can break one rule at a time. For recording only:
 * the private keys live for one run.
 */

/** An armoured block, with a CRC-24 when `crc` is given. */
export function armor(label: string, bytes: Uint8Array, headers = ''): string {
  const lines =
    Buffer.from(bytes)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN PGP ${label}-----\n${headers}\n${lines.join('\n')}\n=${crc(bytes)}\n-----END PGP ${label}-----\n`
}

function crc(bytes: Uint8Array): string {
  let value = 0xb704ce
  for (const byte of bytes) {
    value ^= byte << 16
    for (let bit = 0; bit < 8; bit++) value = (value << 1) ^ (value & 0x800000 ? 0x1864cfb : 0)
    value &= 0xffffff
  }
  return Buffer.from([value >> 16, (value >> 8) & 255, value & 255]).toString('base64')
}

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

const u16 = (value: number): Buffer => Buffer.from([value >> 8, value & 255])

/** A new-format packet. */
export function packet(tag: number, body: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([0xc0 | tag, 0xff]), u32(body.length), body])
}

export function mpi(bytes: Uint8Array): Buffer {
  const start = bytes.findIndex((byte) => byte !== 0)
  const value = start === -1 ? Buffer.alloc(0) : bytes.subarray(start)
  const bits = value.length === 0 ? 0 : value.length * 8 - Math.clz32(value[0] ?? 0) + 24
  return Buffer.concat([u16(bits), value])
}

/** A signature subpacket; `critical` sets the top bit of its type. */
export function sub(type: number, data: Uint8Array, critical = false): Buffer {
  const length = data.length + 1
  const head = length < 192 ? Buffer.from([length]) : Buffer.concat([Buffer.from([255]), u32(length)])
  return Buffer.concat([head, Buffer.from([type | (critical ? 0x80 : 0)]), data])
}

export type Algorithm =
  | 'rsa1024'
  | 'rsa2048'
  | 'ed25519'
  | 'native25519'
  | 'native448'
  | 'P-256'
  | 'P-384'
  | 'secp256k1'

export interface CraftedKey {
  readonly version: 4 | 6
  readonly id: number
  readonly body: Buffer
  readonly framed: Buffer
  readonly fingerprint: Buffer
  readonly keyId: Buffer
  readonly createdAt: number
  readonly private: KeyObject
}

export function makeKey(algorithm: Algorithm, createdAt: number, version: 4 | 6 = 4): CraftedKey {
  const { id, material, privateKey } = makeMaterial(algorithm)
  const body = Buffer.concat([
    Buffer.from([version]),
    u32(createdAt),
    Buffer.from([id]),
    ...(version === 6 ? [u32(material.length)] : []),
    material,
  ])
  const framed = Buffer.concat([
    version === 4 ? Buffer.from([0x99]) : Buffer.from([0x9b]),
    version === 4 ? u16(body.length) : u32(body.length),
    body,
  ])
  const fingerprint = createHash(version === 4 ? 'sha1' : 'sha256')
    .update(framed)
    .digest()
  const keyId = version === 4 ? fingerprint.subarray(12) : fingerprint.subarray(0, 8)
  return { version, id, body, framed, fingerprint, keyId, createdAt, private: privateKey }
}

function makeMaterial(algorithm: Algorithm): { id: number; material: Buffer; privateKey: KeyObject } {
  switch (algorithm) {
    case 'rsa1024':
    case 'rsa2048': {
      const pair = generateKeyPairSync('rsa', { modulusLength: Number(algorithm.slice(3)) })
      const { n, e } = pair.publicKey.export({ format: 'jwk' })
      return { id: 1, material: Buffer.concat([mpi(b64(n)), mpi(b64(e))]), privateKey: pair.privateKey }
    }
    case 'ed25519':
    case 'native25519': {
      const pair = generateKeyPairSync('ed25519')
      const x = b64(pair.publicKey.export({ format: 'jwk' }).x)
      const oid = Buffer.from('092b06010401da470f01', 'hex')
      const legacy = Buffer.concat([oid, mpi(Buffer.concat([Buffer.from([0x40]), x]))])
      const isLegacy = algorithm === 'ed25519'
      return { id: isLegacy ? 22 : 27, material: isLegacy ? legacy : x, privateKey: pair.privateKey }
    }
    case 'native448': {
      const pair = generateKeyPairSync('ed448')
      return { id: 28, material: b64(pair.publicKey.export({ format: 'jwk' }).x), privateKey: pair.privateKey }
    }
    default:
      return makeEcdsa(algorithm)
  }
}

function makeEcdsa(curve: 'P-256' | 'P-384' | 'secp256k1'): { id: number; material: Buffer; privateKey: KeyObject } {
  const oids = { 'P-256': '082a8648ce3d030107', 'P-384': '052b81040022', secp256k1: '052b8104000a' }
  const pair = generateKeyPairSync('ec', { namedCurve: curve })
  const { x, y } = pair.publicKey.export({ format: 'jwk' })
  const point = Buffer.concat([Buffer.from([4]), b64(x), b64(y)])
  return { id: 19, material: Buffer.concat([Buffer.from(oids[curve], 'hex'), mpi(point)]), privateKey: pair.privateKey }
}

const b64 = (text: string | undefined): Buffer => Buffer.from(text ?? '', 'base64url')

const hashNames: Readonly<Record<number, string>> = {
  1: 'md5',
  2: 'sha1',
  3: 'ripemd160',
  8: 'sha256',
  9: 'sha384',
  10: 'sha512',
  11: 'sha224',
  12: 'sha3-256',
  14: 'sha3-512',
}
const saltLengths: Readonly<Record<number, number>> = { 8: 16, 9: 24, 10: 32, 11: 16, 12: 16, 14: 32 }

export interface SignatureShape {
  readonly key: CraftedKey
  readonly type: number
  readonly createdAt: number
  readonly over: readonly Uint8Array[]
  readonly hash?: number
  /** Subpackets in place of, and after, the usual creation time and issuer fingerprint. */
  readonly hashed?: readonly Uint8Array[]
  readonly more?: readonly Uint8Array[]
  readonly unhashed?: readonly Uint8Array[]
  readonly version?: 2 | 3 | 4 | 5 | 6
  /** Changes the octets of the finished packet body's integers. */
  readonly values?: (values: Buffer) => Buffer
  readonly prefix?: Uint8Array
  readonly algorithm?: number
  readonly saltLength?: number
}

/** The body of a signature packet. */
export function signatureBody(shape: SignatureShape): Buffer {
  const { key, type, createdAt, over, hash = 8 } = shape
  const version = shape.version ?? key.version
  if (version < 4) return oldBody(shape, version)
  const fingerprint = sub(33, Buffer.concat([Buffer.from([key.version]), key.fingerprint]))
  const hashed = Buffer.concat([...(shape.hashed ?? [sub(2, u32(createdAt)), fingerprint]), ...(shape.more ?? [])])
  const unhashed = Buffer.concat([...(shape.unhashed ?? (key.version === 4 ? [sub(16, key.keyId)] : []))])
  const size = version === 6 ? u32 : u16
  const head = Buffer.concat([
    Buffer.from([version, type, shape.algorithm ?? key.id, hash]),
    size(hashed.length),
    hashed,
  ])
  const salt = version === 6 ? Buffer.alloc(shape.saltLength ?? saltLengths[hash] ?? 16, 0x5a) : Buffer.alloc(0)
  const trailer = Buffer.concat([head, Buffer.from([version, 0xff]), u32(head.length)])
  const message = Buffer.concat([salt, ...over, trailer])
  const digest = createHash(hashNames[hash] ?? 'sha256')
    .update(message)
    .digest()
  const values = signValues(key, hash, message, digest)
  return Buffer.concat([
    head,
    size(unhashed.length),
    unhashed,
    shape.prefix ?? digest.subarray(0, 2),
    ...(version === 6 ? [Buffer.from([salt.length]), salt] : []),
    shape.values?.(values) ?? values,
  ])
}

function oldBody({ key, type, createdAt, over, hash = 8 }: SignatureShape, version: number): Buffer {
  const signed = Buffer.concat([Buffer.from([type]), u32(createdAt)])
  const message = Buffer.concat([...over, signed])
  const digest = createHash(hashNames[hash] ?? 'sha256')
    .update(message)
    .digest()
  const head = Buffer.concat([Buffer.from([version, 5]), signed, key.keyId, Buffer.from([key.id, hash])])
  return Buffer.concat([head, digest.subarray(0, 2), signValues(key, hash, message, digest)])
}

function signValues(key: CraftedKey, hash: number, message: Buffer, digest: Buffer): Buffer {
  const name = hashNames[hash] ?? 'sha256'
  if (key.id === 1) return mpi(sign(name, message, key.private))
  if (key.id === 27 || key.id === 28) return sign(null, digest, key.private)
  const raw =
    key.id === 22
      ? sign(null, digest, key.private)
      : sign(name, message, { key: key.private, dsaEncoding: 'ieee-p1363' })
  return Buffer.concat([mpi(raw.subarray(0, raw.length / 2)), mpi(raw.subarray(raw.length / 2))])
}

export const signature = (shape: SignatureShape): Buffer => packet(2, signatureBody(shape))

const userIdFrame = (text: string): Buffer =>
  Buffer.concat([Buffer.from([0xb4]), u32(Buffer.byteLength(text)), Buffer.from(text)])

type Extra = Partial<SignatureShape>

/** A user id packet followed by its self-signature, which flags the key for certifying and signing. */
export function userId(key: CraftedKey, text: string, extra: Extra = {}): Buffer {
  const over = [key.framed, userIdFrame(text)]
  const flags = extra.more ?? [sub(27, Buffer.from([0x03]))]
  const shape = { key, type: 0x13, createdAt: key.createdAt, over, ...extra, more: flags }
  return Buffer.concat([packet(13, Buffer.from(text)), signature(shape)])
}

/** A further self-signature on a user id: type 0x30 revokes it. */
export function overUserId(key: CraftedKey, text: string, extra: Extra): Buffer {
  return signature({ key, type: 0x13, createdAt: key.createdAt, over: [key.framed, userIdFrame(text)], ...extra })
}

/** A direct-key signature (0x1f) or a key revocation (0x20). */
export function overKey(key: CraftedKey, extra: Extra & { readonly type: number }, target = key): Buffer {
  return signature({ key, createdAt: key.createdAt, over: [target.framed], ...extra })
}

/** A subkey packet with its binding; `back` is the embedded signature, made by the subkey unless told otherwise. */
export function subkey(primary: CraftedKey, key: CraftedKey, extra: Extra & { back?: Buffer | null } = {}): Buffer {
  const { back, ...shape } = extra
  const over = [primary.framed, key.framed]
  const embedded = back === undefined ? signatureBody({ key, type: 0x19, createdAt: key.createdAt, over }) : back
  const usual = [sub(27, Buffer.from([0x02])), ...(embedded === null ? [] : [sub(32, embedded)])]
  const binding = signature({
    key: primary,
    type: 0x18,
    createdAt: key.createdAt,
    over,
    ...shape,
    more: shape.more === undefined ? usual : [...shape.more, ...(embedded === null ? [] : [sub(32, embedded)])],
  })
  return Buffer.concat([packet(14, key.body), binding])
}

/** A revocation of a subkey (0x28), to stand after its binding. */
export function overSubkey(primary: CraftedKey, key: CraftedKey, extra: Extra): Buffer {
  return signature({ key: primary, type: 0x28, createdAt: key.createdAt, over: [primary.framed, key.framed], ...extra })
}

export const primary = (key: CraftedKey): Buffer => packet(6, key.body)
