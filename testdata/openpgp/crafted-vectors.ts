import { ask, one, sign } from './asking.ts'
import { armor, type CraftedKey, makeKey, primary, sub, u32, userId } from './craft.ts'
import { damagedVectors } from './damaged-vectors.ts'
import { keyVectors } from './key-vectors.ts'
import { openpgpVectors } from './openpgp-vectors.ts'
import { commitText, moments, type Question } from './vector.ts'

const UID = 'Ada <ada@example.org>'

/** One rule of OpenPGP broken, or one corner entered, at a time; made with our own writer. */
export async function craftedVectors(): Promise<readonly Question[]> {
  return [...dataSignatures(), ...issuers(), ...keyVectors(), ...damagedVectors(), ...(await openpgpVectors())]
}

interface Signers {
  readonly key: CraftedKey
  readonly rsa: CraftedKey
  readonly ring: Uint8Array
}

function dataSignatures(): readonly Question[] {
  const key = makeKey('ed25519', moments.key)
  const rsa = makeKey('rsa2048', moments.key)
  const ring = Buffer.concat([primary(key), userId(key, UID), primary(rsa), userId(rsa, 'Rosa <rosa@example.org>')])
  const signers = { key, rsa, ring }
  return [...versionsAndHashes(signers), ...typesAndTimes(signers), ...subpackets(signers), ...integers(signers)]
}

function versionsAndHashes({ key, rsa, ring }: Signers): readonly Question[] {
  return [
    one('good', ring, key),
    one('good rsa', ring, rsa),
    one('version 2 signature', ring, rsa, { version: 2 }),
    one('version 3 signature', ring, rsa, { version: 3 }),
    one('version 5 signature', ring, key, { version: 5 }),
    one('version 6 signature by a version 4 key', ring, key, { version: 6 }),
    one('md5', ring, rsa, { hash: 1 }),
    one('sha1', ring, rsa, { hash: 2 }),
    one('ripemd160', ring, rsa, { hash: 3 }),
    one('sha224 by rsa', ring, rsa, { hash: 11 }),
    one('sha224 by ed25519', ring, key, { hash: 11 }),
    one('sha3-256', ring, rsa, { hash: 12 }),
    one('sha3-512', ring, key, { hash: 14 }),
    one('unknown hash', ring, key, { hash: 99 }),
    one('unknown algorithm', ring, key, { algorithm: 99 }),
    one('algorithm of another key', ring, key, { algorithm: 1 }),
  ]
}

function typesAndTimes({ key, ring }: Signers): readonly Question[] {
  const text = commitText('text').replaceAll('\n', '\r\n')
  return [
    one('type 0x01', ring, key, { type: 1 }),
    ask(
      'type 0x01 signed with other line endings',
      ring,
      armor('SIGNATURE', sign(key, text, { type: 1 })),
      commitText('text'),
    ),
    one('type 0x02', ring, key, { type: 2 }),
    one('type 0x10', ring, key, { type: 0x10 }),
    one('type 0x13', ring, key, { type: 0x13 }),
    one('type 0x40', ring, key, { type: 0x40 }),
    one('type 0x50', ring, key, { type: 0x50 }),
    one('expired signature', ring, key, { more: [sub(3, u32(86_400))] }),
    one('signature that expires later', ring, key, { more: [sub(3, u32(200_000_000))] }),
    one('signature that expires after 2106', ring, key, { more: [sub(3, u32(3_000_000_000))] }),
    one('signature with an expiry of zero', ring, key, { more: [sub(3, u32(0))] }),
    one('signature from before the key', ring, key, { createdAt: moments.key - 1 }),
    one('signature of the key’s first second', ring, key, { createdAt: moments.key }),
    one('signature an hour ahead', ring, key, { createdAt: moments.now + 3600 }),
    one('signature two days ahead', ring, key, { createdAt: moments.now + 172_800 }),
    one('signature two days from its commit', ring, key, { createdAt: moments.signed + 172_800 }),
  ]
}

function subpackets({ key, ring }: Signers): readonly Question[] {
  const created = sub(2, u32(moments.signed))
  const fingerprint = sub(33, Buffer.concat([Buffer.from([4]), key.fingerprint]))
  const notation = Buffer.concat([Buffer.from('80000000', 'hex'), Buffer.from([0, 8, 0, 1]), Buffer.from('a@b.testx')])
  return [
    one('no creation time', ring, key, { hashed: [fingerprint] }),
    one('two creation times', ring, key, { hashed: [created, sub(2, u32(moments.later)), fingerprint] }),
    one('unhashed creation time only', ring, key, { hashed: [fingerprint], unhashed: [created, sub(16, key.keyId)] }),
    one('unknown subpacket', ring, key, { more: [sub(99, Buffer.from('x'))] }),
    one('unknown critical subpacket', ring, key, { more: [sub(99, Buffer.from('x'), true)] }),
    one('unknown critical subpacket, unhashed', ring, key, {
      unhashed: [sub(16, key.keyId), sub(99, Buffer.from('x'), true)],
    }),
    one('critical signer’s user id', ring, key, { more: [sub(28, Buffer.from('ada@example.org'), true)] }),
    one('signer’s user id', ring, key, { more: [sub(28, Buffer.from('ada@example.org'))] }),
    one('notation', ring, key, { more: [sub(20, notation)] }),
    one('critical notation', ring, key, { more: [sub(20, notation, true)] }),
    one('critical issuer fingerprint', ring, key, {
      hashed: [created, sub(33, Buffer.concat([Buffer.from([4]), key.fingerprint]), true)],
    }),
    one('subpacket cut short', ring, key, { more: [Buffer.from([20, 20, 1])] }),
    one('subpacket of length zero', ring, key, { more: [Buffer.from([0])] }),
  ]
}

function integers({ key, rsa, ring }: Signers): readonly Question[] {
  return [
    one('wrong digest prefix', ring, key, { prefix: Buffer.from([1, 2]) }),
    one('integer with a leading zero byte', ring, rsa, {
      values: (values) => Buffer.concat([Buffer.from([8, 8, 0]), values.subarray(2)]),
    }),
    one('integer that states the length of its key', ring, rsa, {
      values: (values) => Buffer.concat([Buffer.from([8, 0]), values.subarray(2)]),
    }),
    one('integer with a wrong bit count', ring, rsa, {
      values: (values) => Buffer.concat([Buffer.from([7, 249]), values.subarray(2)]),
    }),
    one('bytes after the integers', ring, rsa, { values: (values) => Buffer.concat([values, Buffer.from('more')]) }),
    one('integers cut short', ring, rsa, { values: (values) => values.subarray(0, 100) }),
    one('integer of zero, rsa', ring, rsa, { values: () => Buffer.alloc(2) }),
    one('integer of zero', ring, key, { values: () => Buffer.alloc(4) }),
    one('s plus the group order', ring, key, { values: addOrder }),
  ]
}

function addOrder(values: Buffer): Buffer {
  const r = (values.readUInt16BE(0) + 7) >> 3
  const s = Buffer.alloc(32)
  const given = values.subarray(4 + r)
  given.copy(s, 32 - given.length)
  const order = (1n << 252n) + 27742317777372353535851937790883648493n
  const sum = BigInt(`0x${Buffer.from(s).reverse().toString('hex')}`) + order
  const moved = Buffer.from(sum.toString(16).padStart(64, '0'), 'hex').reverse()
  const bits = moved.findIndex((byte) => byte !== 0)
  const value = moved.subarray(bits)
  const length = value.length * 8 - Math.clz32(value[0] ?? 0) + 24
  return Buffer.concat([values.subarray(0, 2 + r), Buffer.from([length >> 8, length & 255]), value])
}

function issuers(): readonly Question[] {
  const key = makeKey('ed25519', moments.key)
  const other = makeKey('ed25519', moments.key)
  const stranger = makeKey('ed25519', moments.key)
  const ring = Buffer.concat([primary(key), userId(key, UID), primary(other), userId(other, 'Bo <bo@example.org>')])
  const created = sub(2, u32(moments.signed))
  const byFingerprint = (k: CraftedKey): Buffer => sub(33, Buffer.concat([Buffer.from([4]), k.fingerprint]))
  const byId = (k: CraftedKey): Buffer => sub(16, k.keyId)
  return [
    one('key not in the keyring', ring, stranger),
    one('no issuer at all', ring, key, { hashed: [created], unhashed: [] }),
    one('key id only, unhashed', ring, key, { hashed: [created] }),
    one('key id only, hashed', ring, key, { hashed: [created, byId(key)], unhashed: [] }),
    one('fingerprint only', ring, key, { unhashed: [] }),
    one('unhashed fingerprint only', ring, key, { hashed: [created], unhashed: [byFingerprint(key)] }),
    one('fingerprint of the signer, key id of another', ring, key, { unhashed: [byId(other)] }),
    one('fingerprint of another, key id of the signer', ring, key, { hashed: [created, byFingerprint(other)] }),
    one('fingerprint of a stranger, key id of the signer', ring, key, { hashed: [created, byFingerprint(stranger)] }),
    one('two fingerprints', ring, key, { unhashed: [byFingerprint(other)] }),
    one('two key ids', ring, key, { unhashed: [byId(key), byId(other)] }),
    one('fingerprint of the wrong length', ring, key, { hashed: [created, sub(33, Buffer.from([4, 1, 2]))] }),
  ]
}
