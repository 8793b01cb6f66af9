import { ecdsaPgpKey, ed25519PgpKey, type PgpHash, type PgpKey, rsaPgpKey } from '../signers/openpgp-keys.ts'
import { type ArmorOptions, pgpArmor, pgpPacket, subpacket } from '../signers/openpgp-packets.ts'
import {
  type PgpCertificate,
  type PgpSignatureOptions,
  pgpCertificate,
  pgpSignature,
  pgpSignatureBody,
} from '../signers/openpgp-signer.ts'
import { u32 } from '../signers/ssh-wire.ts'
import type { Draft, Signer } from './draft.ts'
import { namedRsaKey } from './rsa-keys.ts'

/** Everybody who signs with OpenPGP, and the keyring that holds those who are known. */
export interface PgpPeople {
  readonly good: readonly Signer[]
  /** Keys and subkeys that have expired, were revoked, are missing, or may not sign. */
  readonly odd: readonly Signer[]
  /** Signatures that are unusual or wrong in themselves. */
  readonly forged: readonly Signer[]
  readonly keyring: Buffer
}

const KEY_TIME = 1_600_000_000
const YEAR = 31_536_000
type Options = Partial<PgpSignatureOptions>

export function pgpPeople(): PgpPeople {
  const certificates: Buffer[] = []
  const know = (certificate: Omit<PgpCertificate, 'userIds'>, ...userIds: string[]) => {
    const names = userIds.length === 0 ? [`Key ${certificates.length} <k${certificates.length}@example.com>`] : userIds
    certificates.push(pgpCertificate({ ...certificate, userIds: names }))
  }
  const good = goodKeys().map(([name, key]) => {
    know({ primary: key })
    return pgpSigner(`pgp-${name}`, key)
  })
  const odd = [...agedKeys(know), ...subkeys(know), ...names(know), pgpSigner('pgp-missing-key', ed25519('missing'))]
  const forgerKey = ed25519('forger')
  const forgerRsa = rsaPgpKey(namedRsaKey('pgp-forger', 2048), KEY_TIME)
  know({ primary: forgerKey })
  know({ primary: forgerRsa })
  const forged = [
    ...digests(forgerKey, forgerRsa),
    ...oddSignatures(forgerKey),
    ...oddArmor(forgerKey),
    ...severalPackets(forgerKey, forgerRsa),
  ]
  return { good, odd, forged, keyring: Buffer.concat(certificates) }
}

type Know = (certificate: Omit<PgpCertificate, 'userIds'>, ...userIds: string[]) => void

function pgpSigner(name: string, key: PgpKey, options: Options = {}, armor: ArmorOptions = {}): Signer {
  return {
    name,
    sign: (payload, draft) => pgpArmor(pgpSignature(key, payload, { created: draft.time, ...options }), armor),
  }
}

/** A signature over the text with CRLF line ends, which is what type 1 means. */
function textSigner(name: string, key: PgpKey): Signer {
  return {
    name,
    sign: (payload, draft) => {
      const text = Buffer.from(payload.toString('latin1').replaceAll(/\r?\n/g, '\r\n'), 'latin1')
      return pgpArmor(pgpSignature(key, text, { type: 1, created: draft.time }))
    },
  }
}

const ed25519 = (label: string, created = KEY_TIME): PgpKey => ed25519PgpKey(`pgp ${label}`, created)

function goodKeys(): [name: string, key: PgpKey][] {
  return [
    ['ed25519', ed25519('good')],
    ['rsa2048', rsaPgpKey(namedRsaKey('pgp', 2048), KEY_TIME)],
    ['rsa4096', rsaPgpKey(namedRsaKey('pgp', 4096), KEY_TIME)],
    ['ecdsa256', ecdsaPgpKey(256, 'pgp', KEY_TIME)],
    ['ecdsa384', ecdsaPgpKey(384, 'pgp', KEY_TIME)],
    ['ecdsa521', ecdsaPgpKey(521, 'pgp', KEY_TIME)],
  ]
}

/** Primary keys outside their time. The corpus is signed in late 2023. */
function agedKeys(know: Know): Signer[] {
  const rows: readonly [name: string, change: Partial<PgpCertificate>, created?: number][] = [
    ['key-expired-before-signing', { expiresAfter: YEAR }],
    ['key-expired-after-signing', { expiresAfter: 4 * YEAR }],
    ['key-expires-in-2045', { expiresAfter: 25 * YEAR }],
    ['key-expiry-past-32-bits', { expiresAfter: 100 * YEAR }],
    ['key-expiry-zero', { expiresAfter: 0 }],
    ['key-revoked-no-reason', { revoked: { at: 1_650_000_000, reason: 0 } }],
    ['key-revoked-superseded', { revoked: { at: 1_720_000_000, reason: 1 } }],
    ['key-revoked-compromised', { revoked: { at: 1_720_000_000, reason: 2 } }],
    ['key-revoked-retired', { revoked: { at: 1_720_000_000, reason: 3 } }],
    ['key-revoked-and-expired', { revoked: { at: 1_610_000_000, reason: 0 }, expiresAfter: YEAR }],
    ['key-younger-than-signature', {}, 1_750_000_000],
    ['key-may-only-certify', { flags: 1 }],
    ['key-may-only-encrypt', { flags: 12 }],
    ['key-may-do-nothing', { flags: 0 }],
  ]
  return rows.map(([name, change, created]) => {
    const primary = ed25519(name, created)
    know({ ...change, primary })
    return pgpSigner(`pgp-${name}`, primary)
  })
}

function subkeys(know: Know): Signer[] {
  const rows: readonly [name: string, change: Partial<Omit<PgpCertificate, 'subkeys'>>, subkey: object][] = [
    ['subkey', {}, {}],
    ['subkey-expired', {}, { expiresAfter: YEAR }],
    ['subkey-expired-after-signing', {}, { expiresAfter: 4 * YEAR }],
    ['subkey-revoked-before', {}, { revokedAt: 1_650_000_000 }],
    ['subkey-revoked-after', {}, { revokedAt: 1_720_000_000 }],
    ['subkey-not-cross-signed', {}, { crossSigned: false }],
    ['subkey-may-only-encrypt', {}, { flags: 12 }],
    ['subkey-of-expired-primary', { expiresAfter: YEAR }, {}],
    ['subkey-of-revoked-primary', { revoked: { at: 1_650_000_000, reason: 0 } }, {}],
    ['subkey-expired-of-expired-primary', { expiresAfter: YEAR }, { expiresAfter: YEAR }],
    ['subkey-revoked-of-expired-primary', { expiresAfter: YEAR }, { revokedAt: 1_650_000_000 }],
    ['subkey-of-certify-only-primary', { flags: 1 }, {}],
  ]
  const made = rows.map(([name, change, more]) => {
    const key = ed25519(`${name} sub`)
    know({ ...change, primary: ed25519(name), subkeys: [{ key, crossSigned: true, ...more }] })
    return pgpSigner(`pgp-${name}`, key)
  })
  const rsa = rsaPgpKey(namedRsaKey('pgp-subkey', 2048), KEY_TIME)
  know({ primary: ed25519('of an rsa subkey'), subkeys: [{ key: rsa, crossSigned: true }] })
  const young = ed25519('young subkey', 1_750_000_000)
  know({ primary: ed25519('of a young subkey'), subkeys: [{ key: young, crossSigned: true }] })
  return [...made, pgpSigner('pgp-subkey-rsa', rsa), pgpSigner('pgp-subkey-younger-than-signature', young)]
}

function names(know: Know): Signer[] {
  const rows: readonly [name: string, userIds: readonly string[]][] = [
    ['two-names', ['First <first@example.com>', 'Second <second@example.com>']],
    ['name-not-ascii', ['Jörg Müller <jm@example.com>']],
    ['name-without-mail', ['Release Robot']],
    ['name-with-comment', ['Robot (of (all) things) <r@example.com>']],
    ['name-with-percent-and-colon', ['100%: "x" <p@example.com>']],
  ]
  return rows.map(([name, userIds]) => {
    const primary = ed25519(name)
    know({ primary }, ...userIds)
    return pgpSigner(`pgp-${name}`, primary)
  })
}

function digests(key: PgpKey, rsa: PgpKey): Signer[] {
  const hashes: readonly PgpHash[] = ['md5', 'sha1', 'sha224', 'sha256', 'sha384']
  return [
    ...hashes.map((hash) => pgpSigner(`pgp-digest-${hash}`, key, { hash })),
    ...hashes.map((hash) => pgpSigner(`pgp-rsa-digest-${hash}`, rsa, { hash })),
    pgpSigner('pgp-digest-lie', key, { hashId: 8 }),
    pgpSigner('pgp-digest-unknown', key, { hashId: 99 }),
  ]
}

const notation = (name: string): Buffer =>
  Buffer.concat([u32(0x80000000), Buffer.of(0, name.length, 0, 1), Buffer.from(`${name}x`)])

function oddSignatures(key: PgpKey): Signer[] {
  const issuer = (hex: string) => [subpacket(16, Buffer.from(hex, 'hex'))]
  return [
    pgpSigner('pgp-signature-expired', key, { expiresAfter: 86_400 }),
    pgpSigner('pgp-signature-expires-in-2055', key, { expiresAfter: 1_000_000_000 }),
    pgpSigner('pgp-signature-expiry-past-32-bits', key, { expiresAfter: 3_000_000_000 }),
    pgpSigner('pgp-signature-expiry-zero', key, { expiresAfter: 0 }),
    pgpSigner('pgp-signature-from-the-future', key, { created: 2_500_000_000 }),
    pgpSigner('pgp-signature-older-than-key', key, { created: 1_500_000_000 }),
    pgpSigner('pgp-signature-time-zero', key, { created: 0 }),
    pgpSigner('pgp-text-signature-over-raw-bytes', key, { type: 1 }),
    textSigner('pgp-text-signature', key),
    pgpSigner('pgp-standalone-signature', key, { type: 2 }),
    pgpSigner('pgp-certification-signature', key, { type: 0x10 }),
    pgpSigner('pgp-timestamp-signature', key, { type: 0x40 }),
    pgpSigner('pgp-no-issuer', key, { anonymous: true }),
    pgpSigner('pgp-issuer-unknown', key, { anonymous: true, unhashed: issuer('0123456789abcdef') }),
    pgpSigner('pgp-issuer-key-id-only', key, {
      anonymous: true,
      unhashed: [subpacket(16, key.fingerprint.subarray(12))],
    }),
    pgpSigner('pgp-issuer-fingerprint-unhashed', key, {
      anonymous: true,
      unhashed: [subpacket(33, Buffer.concat([Buffer.of(4), key.fingerprint]))],
    }),
    pgpSigner('pgp-notation', key, { hashed: [subpacket(20, notation('note@example.com'))] }),
    pgpSigner('pgp-critical-notation', key, { hashed: [subpacket(20, notation('note@example.com'), true)] }),
    pgpSigner('pgp-critical-unknown-subpacket', key, { hashed: [subpacket(101, Buffer.of(1), true)] }),
    pgpSigner('pgp-critical-unknown-subpacket-unhashed', key, { unhashed: [subpacket(101, Buffer.of(1), true)] }),
    pgpSigner('pgp-unknown-subpacket', key, { hashed: [subpacket(101, Buffer.of(1))] }),
    pgpSigner('pgp-signer-user-id', key, { hashed: [subpacket(28, Buffer.from('k@example.com'))] }),
    pgpSigner('pgp-policy-uri', key, { hashed: [subpacket(26, Buffer.from('https://example.com/policy'))] }),
    pgpSigner('pgp-second-creation-time', key, { hashed: [subpacket(2, u32(1_500_000_000))] }),
    pgpSigner('pgp-long-subpacket', key, { hashed: [subpacket(20, notation('n'.repeat(250)))] }),
    ...[2, 3, 5, 6, 255].map((version) => pgpSigner(`pgp-version-${version}`, key, { version })),
  ]
}

function oddArmor(key: PgpKey): Signer[] {
  return [
    pgpSigner('pgp-armor-headers', key, {}, { headers: ['Version: GnuPG v2', 'Comment: https://example.com'] }),
    pgpSigner('pgp-armor-header-without-colon', key, {}, { headers: ['Version GnuPG'] }),
    pgpSigner('pgp-armor-header-empty', key, {}, { headers: ['Comment: '] }),
    pgpSigner('pgp-armor-hash-header', key, {}, { headers: ['Hash: SHA512'] }),
    pgpSigner('pgp-armor-unknown-header', key, {}, { headers: ['X-Thing: 1'] }),
    pgpSigner('pgp-armor-no-checksum', key, {}, { checksum: false }),
    pgpSigner('pgp-armor-wrong-checksum', key, {}, { checksum: 'AAAA' }),
    pgpSigner('pgp-armor-short-checksum', key, {}, { checksum: 'AA' }),
    pgpSigner('pgp-armor-76-columns', key, {}, { columns: 76 }),
    pgpSigner('pgp-armor-message', key, {}, { label: 'PGP MESSAGE' }),
    pgpSigner('pgp-armor-public-key-block', key, {}, { label: 'PGP PUBLIC KEY BLOCK' }),
  ]
}

/** Packet sequences other than one signature. */
function severalPackets(key: PgpKey, rsa: PgpKey): Signer[] {
  type Packets = (signature: Buffer, payload: Buffer, draft: Draft) => readonly Buffer[]
  const rows: readonly [name: string, packets: Packets][] = [
    ['same-signature-twice', (signature) => [signature, signature]],
    ['two-signers', (signature, payload, { time }) => [signature, pgpSignature(rsa, payload, { created: time })]],
    ['good-then-bad', (signature, payload, { time }) => [signature, wrong(payload, time)]],
    ['bad-then-good', (signature, payload, { time }) => [wrong(payload, time), signature]],
    [
      'known-then-unknown',
      (signature, payload, { time }) => [signature, pgpSignature(ed25519('missing'), payload, { created: time })],
    ],
    [
      'unknown-then-known',
      (signature, payload, { time }) => [pgpSignature(ed25519('missing'), payload, { created: time }), signature],
    ],
    ['marker-first', (signature) => [pgpPacket(10, Buffer.from('PGP')), signature]],
    ['literal-after', (signature) => [signature, pgpPacket(11, Buffer.from('b\0\0\0\0\0text', 'latin1'))]],
    ['literal-first', (signature) => [pgpPacket(11, Buffer.from('b\0\0\0\0\0text', 'latin1')), signature]],
    ['user-id-after', (signature) => [signature, pgpPacket(13, Buffer.from('x'))]],
    ['padding-packet-after', (signature) => [signature, pgpPacket(21, Buffer.alloc(8), 'new')]],
    ['private-packet-first', (signature) => [pgpPacket(60, Buffer.alloc(8), 'new'), signature]],
    [
      'new-format-packet',
      (_signature, payload, { time }) => [pgpPacket(2, pgpSignatureBody(key, payload, { created: time }), 'new')],
    ],
    ['indeterminate-length', (signature) => [Buffer.concat([Buffer.of(0x8b), signature.subarray(5)])]],
    ['inline-message', (signature, payload, draft) => inlineMessage(key, signature, payload, draft)],
    ['nothing-known', () => [pgpPacket(13, Buffer.from('x'))]],
  ]
  const wrong = (payload: Buffer, created: number) =>
    pgpSignature(key, Buffer.concat([payload, Buffer.of(0)]), { created })
  return rows.map(([name, packets]) => ({
    name: `pgp-${name}`,
    sign: (payload, draft) => {
      const signature = pgpSignature(key, payload, { created: draft.time })
      const label = name === 'inline-message' ? 'PGP MESSAGE' : 'PGP SIGNATURE'
      return pgpArmor(Buffer.concat(packets(signature, payload, draft)), { label })
    },
  }))
}

/** A signed message that carries its own text, which is not the object's. */
function inlineMessage(key: PgpKey, _detached: Buffer, _payload: Buffer, draft: Draft): readonly Buffer[] {
  const text = Buffer.from('other text\n')
  const onePass = Buffer.concat([Buffer.of(3, 0, 10, key.algorithm), key.fingerprint.subarray(12), Buffer.of(1)])
  const literal = Buffer.concat([Buffer.from('b\0', 'latin1'), u32(draft.time), text])
  return [pgpPacket(4, onePass), pgpPacket(11, literal), pgpSignature(key, text, { created: draft.time })]
}
