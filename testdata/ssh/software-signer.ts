import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
} from 'node:crypto'

/** Makes SSH keys, certificates and signatures of every kind in software, good ones and ones that no tool would make. */

export type SoftwareKeyType =
  | 'ssh-ed25519'
  | 'ssh-rsa'
  | 'ecdsa-sha2-nistp256'
  | 'ecdsa-sha2-nistp384'
  | 'ecdsa-sha2-nistp521'
  | 'sk-ssh-ed25519@openssh.com'
  | 'sk-ecdsa-sha2-nistp256@openssh.com'

export interface SoftwareKey {
  readonly type: SoftwareKeyType
  readonly privateKey: KeyObject
  /** The fields after the type name. */
  readonly fields: Buffer
  readonly blob: Buffer
}

export interface SignOptions {
  /** The signature's type name; the usual one of the key when not given. */
  readonly format?: string
  /** Flags of a security key; 1 when not given. */
  readonly flags?: number
  readonly counter?: number
}

export interface CertificateOptions {
  readonly serial?: bigint
  readonly kind?: number
  readonly keyId?: string
  readonly principals?: readonly string[]
  readonly validAfter?: bigint
  readonly validBefore?: bigint
  readonly criticalOptions?: readonly (readonly [string, string])[]
  readonly sign?: SignOptions
}

export interface SshsigOptions extends SignOptions {
  readonly namespace?: string
  readonly hash?: string
  readonly version?: number
  readonly reserved?: string
  /** What stands in the blob as the key; the signing key when not given. */
  readonly keyBlob?: Uint8Array
  /** Changes the raw signature blob before it is put in. */
  readonly change?: (signature: Buffer) => Uint8Array
}

const CURVES = {
  'ecdsa-sha2-nistp256': ['nistp256', 'P-256', 32, 'sha256'],
  'ecdsa-sha2-nistp384': ['nistp384', 'P-384', 48, 'sha384'],
  'ecdsa-sha2-nistp521': ['nistp521', 'P-521', 66, 'sha512'],
  'sk-ecdsa-sha2-nistp256@openssh.com': ['nistp256', 'P-256', 32, 'sha256'],
} as const

export function str(value: Uint8Array | string): Buffer {
  const bytes = Buffer.from(value)
  return Buffer.concat([u32(bytes.length), bytes])
}

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

export function u64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(value)
  return bytes
}

export function mpint(bytes: Uint8Array): Buffer {
  let start = 0
  while (bytes[start] === 0) start++
  const magnitude = Buffer.from(bytes.subarray(start))
  return str((magnitude[0] ?? 0) & 0x80 ? Buffer.concat([Buffer.of(0), magnitude]) : magnitude)
}

export function makeKey(type: SoftwareKeyType, bits = 2048): SoftwareKey {
  const isSk = type.startsWith('sk-')
  const application = isSk ? str('ssh:') : Buffer.alloc(0)
  const privateKey = newPrivateKey(type, bits)
  const jwk = createPublicKey(privateKey).export({ format: 'jwk' })
  const field = (name: 'x' | 'y' | 'n' | 'e'): Buffer => Buffer.from(jwk[name] ?? '', 'base64url')
  const fields =
    type in CURVES
      ? [str(CURVES[type as keyof typeof CURVES][0]), str(Buffer.concat([Buffer.of(4), field('x'), field('y')]))]
      : type === 'ssh-rsa'
        ? [mpint(field('e')), mpint(field('n'))]
        : [str(field('x'))]
  const joined = Buffer.concat([...fields, application])
  return { type, privateKey, fields: joined, blob: Buffer.concat([str(type), joined]) }
}

function newPrivateKey(type: SoftwareKeyType, bits: number): KeyObject {
  if (type in CURVES) {
    return generateKeyPairSync('ec', { namedCurve: CURVES[type as keyof typeof CURVES][1] }).privateKey
  }
  return type === 'ssh-rsa'
    ? generateKeyPairSync('rsa', { modulusLength: bits }).privateKey
    : generateKeyPairSync('ed25519').privateKey
}

/** An Ed25519 key whose private half is these 32 bytes. */
export function ed25519KeyOf(seed: Uint8Array): SoftwareKey {
  const privateKey = createPrivateKey({
    key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]),
    format: 'der',
    type: 'pkcs8',
  })
  const x = Buffer.from(createPublicKey(privateKey).export({ format: 'jwk' }).x ?? '', 'base64url')
  return {
    type: 'ssh-ed25519',
    privateKey,
    fields: str(x),
    blob: Buffer.concat([str('ssh-ed25519'), str(x)]),
  }
}

const NEUTRAL = Buffer.alloc(32).with(0, 1)
const GROUP_ORDER = (1n << 252n) + 27742317777372353535851937790883648493n

const littleEndian = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`)

/** A signature whose R is the neutral element: S = k·a satisfies the equation, and only the owner of the seed can make it. */
export function signWithNeutralCommitment(seed: Uint8Array, data: Uint8Array): Buffer {
  const scalar = createHash('sha512').update(seed).digest().subarray(0, 32)
  scalar[0] = (scalar[0] as number) & 0xf8
  scalar[31] = ((scalar[31] as number) & 0x7f) | 0x40
  const point = ed25519KeyOf(seed).fields.subarray(4)
  const k = createHash('sha512').update(NEUTRAL).update(point).update(data).digest()
  const s = (littleEndian(k) * littleEndian(scalar)) % GROUP_ORDER
  const bytes = Buffer.from(s.toString(16).padStart(64, '0'), 'hex').reverse()
  return Buffer.concat([str('ssh-ed25519'), str(Buffer.concat([NEUTRAL, bytes]))])
}

/** R neutral and S = 0, which a key of small order accepts for one message in eight, or more. */
export const NEUTRAL_SIGNATURE: Uint8Array = Buffer.concat([
  str('ssh-ed25519'),
  str(Buffer.concat([NEUTRAL, Buffer.alloc(32)])),
])

/** The signature blob of a key over bytes. */
export function rawSign(key: SoftwareKey, data: Uint8Array, options: SignOptions = {}): Buffer {
  const isSk = key.type.startsWith('sk-')
  const use = Buffer.concat([Buffer.of(options.flags ?? 1), u32(options.counter ?? 7)])
  const sha256 = (bytes: Uint8Array | string): Buffer => createHash('sha256').update(bytes).digest()
  const message = isSk ? Buffer.concat([sha256('ssh:'), use, sha256(data)]) : Buffer.from(data)
  const tail = isSk ? use : Buffer.alloc(0)
  if (key.type === 'ssh-rsa') {
    const format = options.format ?? 'rsa-sha2-512'
    const hashName = format.endsWith('512') ? 'sha512' : format.endsWith('256') ? 'sha256' : 'sha1'
    return Buffer.concat([str(format), str(sign(hashName, message, key.privateKey))])
  }
  if (key.type in CURVES) {
    const [, , bytes, hashName] = CURVES[key.type as keyof typeof CURVES]
    const pair = sign(hashName, message, { key: key.privateKey, dsaEncoding: 'ieee-p1363' })
    const numbers = Buffer.concat([mpint(pair.subarray(0, bytes)), mpint(pair.subarray(bytes))])
    return Buffer.concat([str(options.format ?? key.type), str(numbers), tail])
  }
  return Buffer.concat([str(options.format ?? key.type), str(sign(null, message, key.privateKey)), tail])
}

export interface WebauthnOptions {
  readonly flags?: number
  readonly origin?: string
  readonly extensions?: string
  /** Changes the client data before it is signed. */
  readonly change?: (clientData: string) => string
}

/** The signature blob that a browser makes with a P-256 security key over bytes. */
export function webauthnSign(key: SoftwareKey, data: Uint8Array, options: WebauthnOptions = {}): Buffer {
  const { flags = 1, origin = 'https://sign.example.com', extensions = '', change = (text: string) => text } = options
  const challenge = Buffer.from(data).toString('base64url')
  const clientData = change(JSON.stringify({ type: 'webauthn.get', challenge, origin, crossOrigin: false }))
  const use = Buffer.concat([Buffer.of(flags), u32(9)])
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  const message = Buffer.concat([digest('ssh:'), use, Buffer.from(extensions), digest(clientData)])
  const pair = sign('sha256', message, { key: key.privateKey, dsaEncoding: 'ieee-p1363' })
  const numbers = Buffer.concat([mpint(pair.subarray(0, 32)), mpint(pair.subarray(32))])
  const tail = Buffer.concat([str(origin), str(clientData), str(extensions)])
  return Buffer.concat([str('webauthn-sk-ecdsa-sha2-nistp256@openssh.com'), str(numbers), use, tail])
}

/** A certificate for `key` by `authority`. */
export function makeCertificate(key: SoftwareKey, authority: SoftwareKey, options: CertificateOptions = {}): Buffer {
  const body = Buffer.concat([
    str(`${key.type.replace('@openssh.com', '')}-cert-v01@openssh.com`),
    str(randomBytes(32)),
    key.fields,
    u64(options.serial ?? 5n),
    u32(options.kind ?? 1),
    str(options.keyId ?? 'id-5'),
    str(Buffer.concat((options.principals ?? ['alice@example.com']).map((name) => str(name)))),
    u64(options.validAfter ?? 0n),
    u64(options.validBefore ?? (1n << 64n) - 1n),
    str(Buffer.concat((options.criticalOptions ?? []).flatMap(([name, value]) => [str(name), str(str(value))]))),
    str(''),
    str(''),
    str(authority.blob),
  ])
  return Buffer.concat([body, str(rawSign(authority, body, options.sign))])
}

/** The bytes that an SSH signature signs. */
export function signedData(payload: Uint8Array, namespace = 'git', hashName = 'sha512'): Buffer {
  const digest = createHash(hashName).update(payload).digest()
  return Buffer.concat([Buffer.from('SSHSIG'), str(namespace), str(''), str(hashName), str(digest)])
}

/** The unarmoured signature. */
export function makeSshsigBlob(key: SoftwareKey, payload: Uint8Array, options: SshsigOptions = {}): Buffer {
  const namespace = options.namespace ?? 'git'
  const hashName = options.hash ?? 'sha512'
  const data = signedData(payload, namespace.replace(/\0$/, ''), hashName.replace(/\0$/, ''))
  const signature = rawSign(key, data, options)
  return Buffer.concat([
    Buffer.from('SSHSIG'),
    u32(options.version ?? 1),
    str(options.keyBlob ?? key.blob),
    str(namespace),
    str(options.reserved ?? ''),
    str(hashName),
    str(options.change?.(signature) ?? signature),
  ])
}

export function armor(blob: Uint8Array): string {
  const lines =
    Buffer.from(blob)
      .toString('base64')
      .match(/.{1,70}/g) ?? []
  return ['-----BEGIN SSH SIGNATURE-----', ...lines, '-----END SSH SIGNATURE-----', ''].join('\n')
}

export function makeSshsig(key: SoftwareKey, payload: Uint8Array, options: SshsigOptions = {}): string {
  return armor(makeSshsigBlob(key, payload, options))
}

/** `type base64`, as in `.pub` files. */
export function keyText(blob: Uint8Array): string {
  const length = Buffer.from(blob).readUInt32BE(0)
  return `${Buffer.from(blob.subarray(4, 4 + length)).toString('latin1')} ${Buffer.from(blob).toString('base64')}`
}
