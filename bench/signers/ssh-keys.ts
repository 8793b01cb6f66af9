import { createECDH, createPrivateKey, hash, type KeyObject, sign } from 'node:crypto'
import { seededBytes } from './dice.ts'
import { sshMpint, sshString, u32 } from './ssh-wire.ts'

/** A key that makes SSH signature blobs (the inner `string signature` of an SSHSIG). */
export interface SshKey {
  /** The key type as it stands first in the public key blob. */
  readonly type: string
  /** The public key blob, as in an authorized_keys line before base64. */
  readonly blob: Buffer
  sign(toBeSigned: Uint8Array): Buffer
}

export type NistBits = 256 | 384 | 521

const CURVES = {
  256: { name: 'nistp256', openssl: 'prime256v1', jwk: 'P-256', hash: 'sha256', size: 32 },
  384: { name: 'nistp384', openssl: 'secp384r1', jwk: 'P-384', hash: 'sha384', size: 48 },
  521: { name: 'nistp521', openssl: 'secp521r1', jwk: 'P-521', hash: 'sha512', size: 66 },
} as const

/** The Ed25519 private key and its 32 public bytes that a label stands for. */
export function seededEd25519(label: string): { readonly key: KeyObject; readonly raw: Buffer } {
  const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seededBytes(label, 32)])
  const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
  return { key, raw: Buffer.from(String(key.export({ format: 'jwk' }).x), 'base64url') }
}

/** The ECDSA private key and its uncompressed point that a label stands for. */
export function seededEcdsa(bits: NistBits, label: string): { readonly key: KeyObject; readonly point: Buffer } {
  const curve = CURVES[bits]
  const secret = seededBytes(label, curve.size)
  secret[0] = 0
  secret[1] = 1
  const ecdh = createECDH(curve.openssl)
  ecdh.setPrivateKey(secret)
  const point = ecdh.getPublicKey()
  const text = (bytes: Buffer) => bytes.toString('base64url')
  const x = text(point.subarray(1, 1 + curve.size))
  const y = text(point.subarray(1 + curve.size))
  const jwk = { kty: 'EC', crv: curve.jwk, d: text(secret), x, y }
  return { key: createPrivateKey({ key: jwk, format: 'jwk' }), point }
}

export function ed25519SshKey(label: string): SshKey {
  const { key, raw } = seededEd25519(label)
  const type = 'ssh-ed25519'
  return {
    type,
    blob: Buffer.concat([sshString(type), sshString(raw)]),
    sign: (bytes) => Buffer.concat([sshString(type), sshString(sign(null, bytes, key))]),
  }
}

export function ecdsaSshKey(bits: NistBits, label: string): SshKey {
  const { key, point } = seededEcdsa(bits, label)
  const { name, hash: digest } = CURVES[bits]
  const type = `ecdsa-sha2-${name}`
  return {
    type,
    blob: Buffer.concat([sshString(type), sshString(name), sshString(point)]),
    sign: (bytes) => Buffer.concat([sshString(type), sshString(ecdsaPair(digest, bytes, key))]),
  }
}

/** RSA keys take no seed: OpenSSL draws them. `format` is the signature's own algorithm name; `ssh-rsa` is SHA-1. */
export function rsaSshKey(key: KeyObject, format: 'rsa-sha2-256' | 'rsa-sha2-512' | 'ssh-rsa'): SshKey {
  const jwk = key.export({ format: 'jwk' })
  const number = (text: string | undefined) => sshMpint(Buffer.from(String(text), 'base64url'))
  const digest = { 'rsa-sha2-256': 'sha256', 'rsa-sha2-512': 'sha512', 'ssh-rsa': 'sha1' }[format]
  return {
    type: 'ssh-rsa',
    blob: Buffer.concat([sshString('ssh-rsa'), number(jwk.e), number(jwk.n)]),
    sign: (bytes) => Buffer.concat([sshString(format), sshString(sign(digest, bytes, key))]),
  }
}

/** What a security key adds to each signature. Flags: 1 user present, 4 user verified. */
export interface SecurityKeyState {
  readonly application: string
  readonly flags: number
  readonly counter: number
}

/** A security key in software: what its token would sign is built here, with a key that we know. */
export function skEd25519SshKey(label: string, state: SecurityKeyState): SshKey {
  const { key, raw } = seededEd25519(label)
  const type = 'sk-ssh-ed25519@openssh.com'
  return {
    type,
    blob: Buffer.concat([sshString(type), sshString(raw), sshString(state.application)]),
    sign: (bytes) => {
      const signature = sign(null, tokenInput(bytes, state), key)
      return Buffer.concat([sshString(type), sshString(signature), Buffer.of(state.flags), u32(state.counter)])
    },
  }
}

export function skEcdsaSshKey(label: string, state: SecurityKeyState): SshKey {
  const { key, point } = seededEcdsa(256, label)
  const type = 'sk-ecdsa-sha2-nistp256@openssh.com'
  return {
    type,
    blob: skEcdsaBlob(type, point, state.application),
    sign: (bytes) => {
      const pair = ecdsaPair('sha256', tokenInput(bytes, state), key)
      return Buffer.concat([sshString(type), sshString(pair), Buffer.of(state.flags), u32(state.counter)])
    },
  }
}

/** The same key used through a browser: the token signs a client-data JSON whose challenge is the whole signed blob. */
export function webauthnSshKey(label: string, state: SecurityKeyState, origin: string): SshKey {
  const { key, point } = seededEcdsa(256, label)
  return {
    type: 'sk-ecdsa-sha2-nistp256@openssh.com',
    blob: skEcdsaBlob('sk-ecdsa-sha2-nistp256@openssh.com', point, state.application),
    sign: (bytes) => {
      const challenge = Buffer.from(bytes).toString('base64url')
      const client = `{"type":"webauthn.get","challenge":"${challenge}","origin":"${origin}","crossOrigin":false}`
      const pair = ecdsaPair('sha256', tokenInput(Buffer.from(client), state), key)
      const name = sshString('webauthn-sk-ecdsa-sha2-nistp256@openssh.com')
      const tail = [sshString(origin), sshString(client), sshString('')]
      return Buffer.concat([name, sshString(pair), Buffer.of(state.flags), u32(state.counter), ...tail])
    },
  }
}

function skEcdsaBlob(type: string, point: Buffer, application: string): Buffer {
  return Buffer.concat([sshString(type), sshString('nistp256'), sshString(point), sshString(application)])
}

function tokenInput(bytes: Uint8Array, { application, flags, counter }: SecurityKeyState): Buffer {
  const digest = (value: Uint8Array | string) => hash('sha256', value, 'buffer')
  return Buffer.concat([digest(application), Buffer.of(flags), u32(counter), digest(bytes)])
}

function ecdsaPair(digest: string, bytes: Uint8Array, key: KeyObject): Buffer {
  const pair = sign(digest, bytes, { key, dsaEncoding: 'ieee-p1363' })
  const half = pair.length / 2
  return Buffer.concat([sshMpint(pair.subarray(0, half)), sshMpint(pair.subarray(half))])
}
