import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  armor,
  makeKey,
  overKey,
  overUserId,
  packet,
  primary,
  signature,
  subkey,
  userId,
} from '../../../../../testdata/openpgp/craft.ts'
import { readRecording } from '../../../../../testdata/openpgp/recording.ts'
import { moments } from '../../../../../testdata/openpgp/vector.ts'
import { certify } from './certify.ts'
import { readKeyring } from './keyring.ts'
import { OpenPgpError } from './openpgp-error.ts'

const ada = makeKey('ed25519', moments.key)
const adaSub = makeKey('ed25519', moments.key)
const bo = makeKey('ed25519', moments.key)
const adaBytes = Buffer.concat([primary(ada), userId(ada, 'Ada'), subkey(ada, adaSub)])
const boBytes = Buffer.concat([primary(bo), userId(bo, 'Bo')])
const hexOf = (bytes: Buffer): string => bytes.toString('hex').toUpperCase()
const truncated = primary(ada).subarray(0, 20)
const broken = (body: string): Buffer => packet(6, Buffer.from(body, 'hex'))

test.for([
  { name: 'a secret key', bad: packet(5, ada.body), code: 'secret_key' },
  { name: 'a secret subkey', bad: packet(7, ada.body), code: 'secret_key' },
  { name: 'a key of version 5', bad: broken('05000000001600000000'), code: 'key_packet' },
  { name: 'a key cut short', bad: packet(6, ada.body.subarray(0, 20)), code: 'key_packet' },
  { name: 'a version 6 key whose length is wrong', bad: broken('06000000001b0000002100'), code: 'key_packet' },
  { name: 'a key with bytes after it', bad: packet(6, Buffer.concat([ada.body, ada.body])), code: 'key_packet' },
  { name: 'an integer that misstates its length', bad: broken('040000000001000f010f000203'), code: 'mpi' },
  { name: 'an integer of 16,385 bits', bad: broken('0400000000014001'), code: 'mpi' },
  { name: 'a key packet of 10,001 bytes', bad: packet(6, Buffer.alloc(10_001, 4)), code: 'too_long' },
  { name: 'a message packet', bad: packet(11, Buffer.from('b')), code: 'unexpected_packet' },
])('leaves out $name with $code and keeps the other keys', ({ bad, code }) => {
  const { certificates, broken } = readKeyring(Buffer.concat([adaBytes, bad, boBytes]))
  expect(certificates.map(({ primary }) => primary.fingerprint)).toEqual([ada, bo].map((k) => hexOf(k.fingerprint)))
  expect(broken).toMatchObject([{ code, line: null }])
})

test.for([
  { name: 'a byte that starts no packet', bad: Buffer.from([0]), code: 'packet_header' },
  { name: 'packet type 0', bad: Buffer.from([0xc0, 0]), code: 'packet_header' },
  { name: 'a packet cut short', bad: truncated, code: 'packet_truncated' },
  { name: 'a header cut short', bad: Buffer.from([0xc6]), code: 'packet_truncated' },
  { name: 'a partial length', bad: Buffer.from([0xc6, 0xe0, 0]), code: 'partial_length' },
  { name: 'an indeterminate length', bad: Buffer.from([0x9b, 0]), code: 'partial_length' },
])('stops at $name with $code, and keeps the keys before it', ({ bad, code }) => {
  const { certificates, broken } = readKeyring(Buffer.concat([adaBytes, bad, boBytes].slice(0, 2)))
  expect(certificates).toHaveLength(1)
  expect(broken).toMatchObject([{ code, offset: adaBytes.length }])
})

test.for([
  { name: 'a signature of version 9', bad: packet(2, Buffer.alloc(40, 9)), code: 'signature_version' },
  { name: 'a signature cut short', bad: packet(2, Buffer.from([4, 0x13, 22])), code: 'signature_packet' },
  {
    name: 'a signature with an area of 10,001 bytes',
    bad: packet(2, Buffer.from('0413160827110000', 'hex')),
    code: 'signature_packet',
  },
  {
    name: 'an integer of 16,385 bits',
    bad: packet(2, Buffer.from('0413010800000000000040010000', 'hex')),
    code: 'mpi',
  },
])('reports $name with $code and keeps its key', ({ bad, code }) => {
  const { certificates, broken } = readKeyring(Buffer.concat([adaBytes, bad]))
  expect(certificates).toHaveLength(1)
  expect(broken).toMatchObject([{ code, fingerprint: hexOf(ada.fingerprint) }])
})

const text = (bytes: Buffer): string => armor('PUBLIC KEY BLOCK', bytes)

test.for([
  { name: 'a block with a wrong checksum', bad: text(boBytes).replace(/=.{4}\n-/, '=AAAA\n-'), code: 'armor_checksum' },
  { name: 'a block that is not closed', bad: text(boBytes).replace(/-----END.*\n/, ''), code: 'armor_end' },
  { name: 'a signature block', bad: text(boBytes).replaceAll('PUBLIC KEY BLOCK', 'SIGNATURE'), code: 'armor_begin' },
  { name: 'a private key block', bad: text(boBytes).replaceAll('PUBLIC', 'PRIVATE'), code: 'armor_begin' },
  { name: 'a misspelt BEGIN line', bad: text(boBytes).replace('-----BEGIN', '----BEGIN'), code: 'armor_begin' },
  { name: 'a header without a blank line', bad: text(boBytes).replace('\n\n', '\n'), code: 'armor_header' },
  { name: 'a character outside base64', bad: text(boBytes).replace('\n\n', '\n\n*'), code: 'armor_base64' },
])('reports $name at its line with $code and reads the next block', ({ bad, code }) => {
  const { certificates, broken } = readKeyring(Buffer.from(`# keys\n\n${bad}${text(adaBytes)}`))
  expect(certificates.map(({ primary }) => primary.fingerprint)).toEqual([hexOf(ada.fingerprint)])
  expect(broken).toMatchObject([{ code, line: 3 }])
})

test('refuses over 64 MiB with too_long', () => {
  expect(() => readKeyring(Buffer.alloc(64 * 1024 * 1024 + 1))).toThrow(expect.objectContaining({ code: 'too_long' }))
})

test('refuses over 500,000 packets with too_many_packets', () => {
  const bytes = Buffer.alloc(1_000_002, Buffer.from([0xca, 0]))
  expect(() => readKeyring(bytes)).toThrow(expect.objectContaining({ code: 'too_many_packets' }))
})

test('drops a key with over 500 claimed self-signatures with too_many_signatures', () => {
  const claimed = overUserId(ada, 'Ada', {})
  const many = Buffer.concat([adaBytes, ...Array.from({ length: 500 }, () => claimed), boBytes])
  const { certificates, broken } = readKeyring(many)
  expect(certificates).toHaveLength(1)
  expect(broken).toMatchObject([{ code: 'too_many_signatures', fingerprint: hexOf(ada.fingerprint) }])
})

test('merges copies of a key, drops third-party certifications, and applies a revocation that comes alone', () => {
  const stranger = signature({ key: bo, type: 0x10, createdAt: moments.later, over: [ada.framed] })
  const revocation = overKey(ada, { type: 0x20, createdAt: moments.later })
  const blocks = [revocation, Buffer.concat([primary(ada), userId(ada, 'Ada'), stranger]), adaBytes, boBytes]
  const keyring = readKeyring(Buffer.from(blocks.map(text).join('\n# next\n')))
  const [first] = keyring.certificates
  expect(keyring.broken).toEqual([])
  expect(keyring.certificates).toHaveLength(2)
  expect(first?.userIds).toHaveLength(1)
  expect(first?.userIds[0]?.signatures).toHaveLength(2)
  expect(first?.subkeys).toHaveLength(1)
  if (first === undefined) throw new Error('no certificate')
  expect(certify(first, keyring, moments.now).primary.revocations).toEqual([{ revokedAt: moments.later, reason: null }])
})

test('names the validity of each key, and checks self-signatures only once', () => {
  const keyring = readKeyring(adaBytes)
  const [certificate] = keyring.certificates
  if (certificate === undefined) throw new Error('no certificate')
  const certified = certify(certificate, keyring, moments.now)
  expect(certified.primary).toMatchObject({ createdAt: moments.key, expiresAt: null, canSign: true, isBound: true })
  expect(certified.subkeys.get(hexOf(adaSub.fingerprint))).toMatchObject({ canSign: true, backSignature: 'good' })
  expect(certify(certificate, keyring, moments.now)).toBe(certified)
})

test('any damage to a keyring is read or refused with a code', () => {
  const { keyrings } = readRecording()
  const damaged = fc
    .record({
      ring: fc.constantFrom(...keyrings),
      edits: fc.array(fc.tuple(fc.nat(3000), fc.nat(255)), { minLength: 1, maxLength: 4 }),
      end: fc.nat(3000),
    })
    .map(({ ring, edits, end }) => {
      const bytes = Buffer.from(ring, 'base64')
      for (const [at, value] of edits) bytes[at % bytes.length] = value
      return end < bytes.length ? bytes.subarray(0, end) : bytes
    })
  fc.assert(
    fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 300 })), (bytes) => {
      try {
        const keyring = readKeyring(bytes)
        for (const certificate of keyring.certificates) certify(certificate, keyring, moments.now)
      } catch (error) {
        expect(error).toBeInstanceOf(OpenPgpError)
      }
    }),
    { numRuns: 300 },
  )
})
