import { hash, type KeyObject, sign } from 'node:crypto'
import { pgpMpi, pgpPacket, u16 } from './openpgp-packets.ts'
import { type NistBits, seededEcdsa, seededEd25519 } from './ssh-keys.ts'
import { u32 } from './ssh-wire.ts'

export type PgpHash = 'md5' | 'sha1' | 'sha224' | 'sha256' | 'sha384' | 'sha512'

/** A v4 OpenPGP key that can sign. */
export interface PgpKey {
  readonly algorithm: number
  /** The body of its public key packet. */
  readonly body: Buffer
  readonly created: number
  /** 20 bytes. */
  readonly fingerprint: Buffer
  /** The signature's multiprecision integers over data that is already complete with its trailer. */
  sign(algorithm: PgpHash, data: Uint8Array): Buffer
}

const OIDS = { 256: '2a8648ce3d030107', 384: '2b81040022', 521: '2b81040023' } as const

export function rsaPgpKey(key: KeyObject, created: number): PgpKey {
  const jwk = key.export({ format: 'jwk' })
  const material = [jwk.n, jwk.e].map((text) => pgpMpi(Buffer.from(String(text), 'base64url')))
  const make = (algorithm: PgpHash, data: Uint8Array) => pgpMpi(sign(algorithm, data, key))
  return pgpKey(1, Buffer.concat(material), created, make)
}

/** Algorithm 22, as GnuPG makes it: Ed25519 over the digest of the data. */
export function ed25519PgpKey(label: string, created: number): PgpKey {
  const { key, raw } = seededEd25519(label)
  const point = pgpMpi(Buffer.concat([Buffer.of(0x40), raw]))
  return pgpKey(22, Buffer.concat([oid('2b06010401da470f01'), point]), created, (algorithm, data) =>
    twoHalves(sign(null, hash(algorithm, data, 'buffer'), key)),
  )
}

export function ecdsaPgpKey(bits: NistBits, label: string, created: number): PgpKey {
  const { key, point } = seededEcdsa(bits, label)
  return pgpKey(19, Buffer.concat([oid(OIDS[bits]), pgpMpi(point)]), created, (algorithm, data) =>
    twoHalves(sign(algorithm, data, { key, dsaEncoding: 'ieee-p1363' })),
  )
}

/** The public key packet; a subkey's has another tag and the same body. */
export function publicKeyPacket(key: PgpKey, isSubkey: boolean): Buffer {
  return pgpPacket(isSubkey ? 14 : 6, key.body)
}

/** What signatures over keys hash for one key (RFC 9580 §5.2.4). */
export function hashedKey(key: PgpKey): Buffer {
  return Buffer.concat([Buffer.of(0x99), u16(key.body.length), key.body])
}

function pgpKey(algorithm: number, material: Buffer, created: number, make: PgpKey['sign']): PgpKey {
  const body = Buffer.concat([Buffer.of(4), u32(created), Buffer.of(algorithm), material])
  const fingerprint = hash('sha1', Buffer.concat([Buffer.of(0x99), u16(body.length), body]), 'buffer')
  return { algorithm, body, created, fingerprint, sign: make }
}

function oid(hex: string): Buffer {
  const bytes = Buffer.from(hex, 'hex')
  return Buffer.concat([Buffer.of(bytes.length), bytes])
}

function twoHalves(signature: Buffer): Buffer {
  const half = signature.length / 2
  return Buffer.concat([pgpMpi(signature.subarray(0, half)), pgpMpi(signature.subarray(half))])
}
