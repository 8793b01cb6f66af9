import fc from 'fast-check'
import { createMessage, readKeys, readSignature, verify } from 'openpgp'
import { expect, test } from 'vitest'
import { armor } from '../../../../../testdata/openpgp/craft.ts'
import { readRecording } from '../../../../../testdata/openpgp/recording.ts'
import { moments, type Vector } from '../../../../../testdata/openpgp/vector.ts'
import type { SignatureCheck } from '../signature.ts'
import { checkOpenPgpSignature } from './check-openpgp-signature.ts'
import { readKeyring } from './keyring.ts'

const { keyrings, vectors } = readRecording()
const rings = keyrings.map((keyring) => readKeyring(Buffer.from(keyring, 'base64')))

function check(vector: Vector, payload: Uint8Array | string = vector.payload, armored = vector.armor): SignatureCheck {
  const keyring = rings[vector.keyring]
  if (keyring === undefined) throw new Error('no keyring')
  const times = { claimed: moments.signed, now: vector.now, trusted: null }
  return checkOpenPgpSignature(Buffer.from(payload), Buffer.from(armored), keyring, times)
}

const good = vectors.filter(
  (vector) => check(vector).reason === 'verified' && /^gpg |^good|version 6$/.test(vector.name),
)

function bytesOf({ armor: armored }: Vector): Buffer {
  const text = armored.split('\n\n')[1]?.split('\n=')[0] ?? ''
  return Buffer.from(text, 'base64')
}

test('no change to a payload verifies', () => {
  const edit = fc.record({ vector: fc.constantFrom(...good), at: fc.nat(400), bit: fc.nat(7) })
  fc.assert(
    fc.property(edit, ({ vector, at, bit }) => {
      const payload = Buffer.from(vector.payload)
      const where = at % payload.length
      payload[where] = (payload[where] ?? 0) ^ (1 << bit)
      expect(check(vector, payload)).toMatchObject({ status: 'bad', reason: 'signature_mismatch', git: 'B' })
    }),
    { numRuns: 150 },
  )
})

test('no change to a signature verifies, unless only its unsigned hints differ and the answer stays the same', () => {
  const edit = fc.record({ vector: fc.constantFrom(...good), at: fc.nat(700), bit: fc.nat(7) })
  fc.assert(
    fc.property(edit, ({ vector, at, bit }) => {
      const bytes = bytesOf(vector)
      const where = at % bytes.length
      bytes[where] = (bytes[where] ?? 0) ^ (1 << bit)
      const changed = check(vector, vector.payload, armor('SIGNATURE', bytes))
      if (changed.status !== 'good') return
      const { fingerprint, signedAt, details } = check(vector)
      expect(changed).toMatchObject({ fingerprint, signedAt, details })
      expect(isUnsigned(bytesOf(vector), where)).toBe(true)
    }),
    { numRuns: 300 },
  )
})

test('an Edwards integer of over 32 bytes leaves gpg without an answer', () => {
  const vector = good.find(({ name }) => name === 'gpg ed25519')
  if (vector === undefined) throw new Error('no recording of an Ed25519 signature')
  const bytes = bytesOf(vector)
  const first = integersOf(bytes)
  // The first integer takes a byte of the second one's bit count with it, and what is left of that is a small count.
  bytes.writeUInt16BE(0x0108, first)
  bytes.writeUInt16BE(0x0100, first + 2 + 32)
  expect(check(vector, vector.payload, armor('SIGNATURE', bytes))).toMatchObject({ status: 'malformed', git: 'E' })
})

test.for([
  { name: 'of the old format', byte: 0xaf },
  { name: 'in parts', byte: [0xcb, 0xe1] },
])('a literal packet $name behind a signature makes it a message, and git says nothing of it', ({ byte }) => {
  for (const vector of good) {
    const bytes = Buffer.concat([bytesOf(vector), Buffer.from([byte].flat())])
    const changed = check(vector, vector.payload, armor('SIGNATURE', bytes))
    expect(changed).toMatchObject({ status: 'malformed', reason: 'partial_length', git: 'N' })
  }
})

/** Where the integers of a version 4 signature begin. */
function integersOf(bytes: Buffer): number {
  const start = [2, 3, 5][(bytes[0] ?? 0) & 3] ?? 0
  const hashedEnd = start + 6 + bytes.readUInt16BE(start + 4)
  return hashedEnd + 2 + bytes.readUInt16BE(hashedEnd) + 2
}

/**
 * Whether nobody signed the byte: the packet's framing, the subpackets outside the hashed area, the digest prefix after
 * them, and the bit counts of the integers.
 */
function isUnsigned(bytes: Buffer, at: number): boolean {
  const start = bytes[0] === 0xc2 ? 6 : [2, 3, 5][(bytes[0] ?? 0) & 3]
  if (start === undefined) return false
  const size = bytes[start] === 6 ? 4 : 2
  const hashedEnd = start + 4 + size + bytes.readUIntBE(start + 4, size)
  const prefixEnd = hashedEnd + size + bytes.readUIntBE(hashedEnd, size) + 2
  if (at < start || (at >= hashedEnd && at < prefixEnd)) return true
  for (let count = prefixEnd; size === 2 && count < bytes.length; count += 2 + ((bytes.readUInt16BE(count) + 7) >> 3)) {
    if (at === count || at === count + 1) return true
  }
  return false
}

test('any bytes for armour give an answer that is not good', () => {
  const keyring = rings[0] ?? readKeyring(new Uint8Array())
  const times = { claimed: 0, now: moments.now, trusted: null }
  const packets = fc.uint8Array({ maxLength: 200 }).map((bytes) => armor('SIGNATURE', Buffer.from([0xc2, ...bytes])))
  fc.assert(
    fc.property(fc.oneof(packets, fc.string({ unit: 'binary' })), (armored) => {
      const { status } = checkOpenPgpSignature(Buffer.from('x'), Buffer.from(armored), keyring, times)
      expect(status).not.toBe('good')
    }),
    { numRuns: 300 },
  )
})

test('armour over 256 KiB is malformed, too_long', () => {
  const [vector] = good
  if (vector === undefined) throw new Error('no vector')
  const long = vector.armor.replace('\n\n', `\nComment: ${'x'.repeat(256 * 1024)}\n\n`)
  expect(check(vector, vector.payload, long)).toMatchObject({ status: 'malformed', reason: 'too_long' })
})

test('armour that does not start with a BEGIN line is malformed, armor_begin', () => {
  const [vector] = good
  if (vector === undefined) throw new Error('no vector')
  const answer = check(vector, vector.payload, `text\n${vector.armor}`)
  expect(answer).toMatchObject({ status: 'malformed', reason: 'armor_begin' })
})

test('over 64 packets are malformed, too_many_packets', () => {
  const [vector] = good
  if (vector === undefined) throw new Error('no vector')
  const markers = Buffer.alloc(128, Buffer.from([0xca, 0]))
  const armored = armor('SIGNATURE', Buffer.concat([markers, bytesOf(vector)]))
  expect(check(vector, vector.payload, armored)).toMatchObject({ status: 'malformed', reason: 'too_many_packets' })
})

// openpgp.js judges a key at the time that the signature states, follows other rules for repeated and unknown parts, and
// skips what it does not know; each reason below is one where we are stricter on purpose.
const STRICTER = new Set([
  'armor_base64',
  'armor_checksum',
  'armor_end',
  'armor_header',
  'duplicate_subpacket',
  'issuer_mismatch',
  'key_expired',
  'key_not_bound',
  'key_not_for_signing',
  'key_retired',
  'key_revoked',
  'key_superseded',
  'mpi',
  'partial_length',
  'revoker_not_found',
  'several_signatures',
  'signature_expired',
  'subpacket',
  'unexpected_packet',
  'unknown_critical_subpacket',
  'unsupported_signature_type',
  'unsupported_signature_version',
  'weak_hash',
])

// Good here and not there: DSA, secp256k1 and (for want of an optional module) brainpool; SHA-1 self-signatures and keys
// without flags, which gpg takes; a clock an hour ahead; keys whose user ids it needs; the old label MESSAGE; what
// nobody signed, the digest prefix and the bit counts.
const MORE_LENIENT = new Set([
  'gpg dsa2048',
  'gpg brainpoolP256r1',
  'gpg brainpoolP384r1',
  'gpg brainpoolP512r1',
  'secp256k1',
  'signature an hour ahead',
  'wrong digest prefix',
  'integer with a leading zero byte',
  'subkey without key flags',
  'primary key without key flags',
  'subkey claimed by a stranger first',
  'every user id revoked, with a direct-key signature',
  'user id revoked and renewed',
  'no user id, direct-key signature',
  'user id with a sha1 self-signature',
  'BEGIN PGP MESSAGE',
])

test.for(vectors)('openpgp.js agrees about $name, or the reason says why not', async (vector) => {
  const { status, reason } = check(vector)
  const theirs = await isGoodToLibrary(vector)
  if (status === 'good') expect(theirs).toBe(!MORE_LENIENT.has(vector.name))
  else if (theirs) expect(STRICTER).toContain(reason)
})

async function isGoodToLibrary({ keyring, armor: armoredSignature, payload, now }: Vector): Promise<boolean> {
  const bytes = Buffer.from(keyrings[keyring] ?? '', 'base64')
  try {
    const isBinary = ((bytes[0] ?? 0) & 0x80) !== 0
    const verificationKeys = await (isBinary
      ? readKeys({ binaryKeys: bytes })
      : readKeys({ armoredKeys: bytes.toString() }))
    const message = await createMessage({ binary: Buffer.from(payload) })
    const signature = await readSignature({ armoredSignature })
    const date = new Date(now * 1000)
    const { signatures } = await verify({ message, signature, verificationKeys, date })
    await Promise.all(signatures.map(({ verified }) => verified))
    return signatures.length > 0
  } catch {
    return false
  }
}
