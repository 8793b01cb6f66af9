import { hash } from 'node:crypto'
import { hashedKey, type PgpHash, type PgpKey, publicKeyPacket } from './openpgp-keys.ts'
import { pgpPacket, subpacket, u16 } from './openpgp-packets.ts'
import { u32 } from './ssh-wire.ts'

/** Where a v4 signature departs from what `gpg -bsa` makes. Times are Unix seconds. */
export interface PgpSignatureOptions {
  readonly type?: number
  readonly hash?: PgpHash
  readonly created: number
  /** Seconds after creation at which the signature expires. */
  readonly expiresAfter?: number
  readonly hashed?: readonly Buffer[]
  readonly unhashed?: readonly Buffer[]
  /** Leaves out the subpackets that name the signing key. */
  readonly anonymous?: boolean
  /** The hash algorithm's number to claim, when that is a lie. */
  readonly hashId?: number
  readonly version?: number
}

/** A subkey under its primary key. */
export interface PgpSubkey {
  readonly key: PgpKey
  readonly expiresAfter?: number
  readonly revokedAt?: number
  /** Without it the subkey has not agreed to its primary key, and gpg refuses its signatures. */
  readonly crossSigned: boolean
  /** 2 sign, 12 encrypt. */
  readonly flags?: number
}

/** What an importable public key says. */
export interface PgpCertificate {
  readonly primary: PgpKey
  readonly userIds: readonly string[]
  readonly expiresAfter?: number
  /** Reason 0 none, 1 superseded, 2 compromised, 3 retired. */
  readonly revoked?: { readonly at: number; readonly reason: number }
  readonly subkeys?: readonly PgpSubkey[]
  readonly flags?: number
}

const HASH_IDS: Readonly<Record<PgpHash, number>> = { md5: 1, sha1: 2, sha256: 8, sha384: 9, sha512: 10, sha224: 11 }

/** A signature packet over the data (type 0, a binary document, unless the options say otherwise). */
export function pgpSignature(key: PgpKey, data: Uint8Array, options: PgpSignatureOptions): Buffer {
  return pgpPacket(2, pgpSignatureBody(key, data, options))
}

export function pgpSignatureBody(key: PgpKey, data: Uint8Array, options: PgpSignatureOptions): Buffer {
  const { type = 0, hash: algorithm = 'sha512', anonymous = false, version = 4 } = options
  const fingerprint = anonymous ? [] : [subpacket(33, Buffer.concat([Buffer.of(4), key.fingerprint]))]
  const expiry = options.expiresAfter === undefined ? [] : [subpacket(3, u32(options.expiresAfter))]
  const hashed = Buffer.concat([
    ...fingerprint,
    subpacket(2, u32(options.created)),
    ...expiry,
    ...(options.hashed ?? []),
  ])
  const issuer = anonymous ? [] : [subpacket(16, key.fingerprint.subarray(12))]
  const unhashed = Buffer.concat([...issuer, ...(options.unhashed ?? [])])
  const hashId = options.hashId ?? HASH_IDS[algorithm]
  const head = Buffer.concat([Buffer.of(version, type, key.algorithm, hashId), u16(hashed.length), hashed])
  const signed = Buffer.concat([data, head, Buffer.of(version, 0xff), u32(head.length)])
  const left = hash(algorithm, signed, 'buffer').subarray(0, 2)
  return Buffer.concat([head, u16(unhashed.length), unhashed, left, key.sign(algorithm, signed)])
}

/** A transferable public key that gpg imports: key, revocation, user ids, subkeys, each with its signatures. */
export function pgpCertificate(certificate: PgpCertificate): Buffer {
  const { primary, userIds, revoked, subkeys = [] } = certificate
  const parts = [publicKeyPacket(primary, false)]
  if (revoked !== undefined) {
    const why = subpacket(29, Buffer.from([revoked.reason]))
    parts.push(pgpSignature(primary, hashedKey(primary), { type: 0x20, created: revoked.at, hashed: [why] }))
  }
  for (const userId of userIds) parts.push(...userIdPackets(certificate, userId))
  for (const subkey of subkeys) parts.push(...subkeyPackets(primary, subkey))
  return Buffer.concat(parts)
}

function userIdPackets({ primary, expiresAfter, flags = 3 }: PgpCertificate, userId: string): Buffer[] {
  const name = Buffer.from(userId)
  const data = Buffer.concat([hashedKey(primary), Buffer.of(0xb4), u32(name.length), name])
  const expiry = expiresAfter === undefined ? [] : [subpacket(9, u32(expiresAfter))]
  const hashed = [subpacket(27, Buffer.of(flags)), subpacket(21, Buffer.of(10, 9, 8)), ...expiry]
  return [pgpPacket(13, name), pgpSignature(primary, data, { type: 0x13, created: primary.created, hashed })]
}

function subkeyPackets(primary: PgpKey, subkey: PgpSubkey): Buffer[] {
  const { key, expiresAfter, revokedAt, crossSigned, flags = 2 } = subkey
  const data = Buffer.concat([hashedKey(primary), hashedKey(key)])
  const cross = crossSigned ? [subpacket(32, pgpSignatureBody(key, data, { type: 0x19, created: key.created }))] : []
  const expiry = expiresAfter === undefined ? [] : [subpacket(9, u32(expiresAfter))]
  const hashed = [subpacket(27, Buffer.of(flags)), ...expiry]
  const binding = pgpSignature(primary, data, { type: 0x18, created: key.created, hashed, unhashed: cross })
  const packets = [publicKeyPacket(key, true), binding]
  if (revokedAt === undefined) return packets
  const why = subpacket(29, Buffer.from([0]))
  return [...packets, pgpSignature(primary, data, { type: 0x28, created: revokedAt, hashed: [why] })]
}
