import { ED25519_NOTE, emptyRoot, formatVerifierKey, signCheckpoint, verifyCheckpoint } from '@countersign/verify'
import { describe, expect, test } from 'vitest'
import { LOG_ORIGIN, logSigner, logVkey, witnessVkey } from '../witness-policy/witness-policy.fixtures.ts'
import {
  isRotating,
  keyringTrust,
  type LogKeyRange,
  requireKeyring,
  signingRange,
  singleKeyring,
} from './log-keyring.ts'

const range = (byte: number, from: number, until: number | null): LogKeyRange => ({
  verifierKey: logVkey(byte),
  from,
  until,
})
const THREE = { origin: LOG_ORIGIN, keys: [range(1, 0, 10), range(2, 9, 25), range(3, 25, null)] }
const noteOf = (size: number, ...bytes: readonly number[]): string =>
  signCheckpoint(
    { origin: LOG_ORIGIN, size, root: emptyRoot(), extensions: [] },
    bytes.map((byte) => logSigner(byte)),
  )

describe('a keyring', () => {
  test('of a log that never changed its key is that key, without bounds', () => {
    const single = singleKeyring(logVkey(1))
    expect(single).toEqual({ origin: LOG_ORIGIN, keys: [range(1, 0, null)] })
    expect([isRotating(single), signingRange(single).verifierKey]).toEqual([false, logVkey(1)])
    expect(verifyCheckpoint(noteOf(1_000_000, 1), keyringTrust(single)).size).toBe(1_000_000)
  })

  test.for([
    { byte: 1, sizes: [0, 10], not: [11, 1_000] },
    { byte: 2, sizes: [9, 25], not: [0, 8, 26] },
    { byte: 3, sizes: [25, 26, 1_000_000], not: [0, 24] },
  ])('trusts key $byte for the sizes $sizes, and not for $not', ({ byte, sizes, not }) => {
    const trust = keyringTrust(THREE)
    for (const size of sizes) expect(verifyCheckpoint(noteOf(size, byte), trust).size).toBe(size)
    for (const size of not) {
      expect(() => verifyCheckpoint(noteOf(size, byte), trust)).toThrow(
        expect.objectContaining({ code: 'signature_invalid' }),
      )
    }
  })

  test('refuses a checkpoint that a retired key signed beyond its size, whoever else signed it', () => {
    expect(() => verifyCheckpoint(noteOf(30, 3, 1), keyringTrust(THREE))).toThrow(
      expect.objectContaining({ code: 'signature_invalid' }),
    )
    expect(() => verifyCheckpoint(noteOf(30, 4), keyringTrust(THREE))).toThrow(
      expect.objectContaining({ code: 'no_known_signature' }),
    )
  })

  test('trusts both keys while the change is not settled', () => {
    const keys = [range(1, 0, 10), range(2, 9, null), range(3, 25, null)]
    expect(isRotating({ origin: LOG_ORIGIN, keys })).toBe(true)
    const trust = keyringTrust({ origin: LOG_ORIGIN, keys })
    for (const byte of [2, 3]) expect(verifyCheckpoint(noteOf(30, byte), trust).size).toBe(30)
  })
})

test.for([
  { name: 'no key', keys: [] },
  { name: 'a key of another log', keys: [{ ...range(1, 0, null), verifierKey: logVkey(1, 'else.example') }] },
  { name: 'a key of another kind', keys: [{ ...range(1, 0, null), verifierKey: witnessVkey(1, LOG_ORIGIN) }] },
  { name: 'a key that is none', keys: [{ ...range(1, 0, null), verifierKey: 'key' }] },
  {
    name: 'a short key',
    keys: [{ ...range(1, 0, null), verifierKey: formatVerifierKey(LOG_ORIGIN, ED25519_NOTE, Uint8Array.of(1)) }],
  },
  { name: 'a key twice', keys: [range(1, 0, 5), range(1, 5, null)] },
  { name: 'a first key that begins late', keys: [range(1, 1, null)] },
  { name: 'a gap between two keys', keys: [range(1, 0, 5), range(2, 6, null)] },
  { name: 'a key that begins before the one before it', keys: [range(1, 0, 9), range(2, 5, 8), range(3, 4, null)] },
  { name: 'a key that ends before it begins', keys: [range(1, 0, 5), range(2, 5, 4), range(3, 4, null)] },
  { name: 'a last key with an end', keys: [range(1, 0, 5), range(2, 5, 9)] },
  { name: 'two keys without an end before the last', keys: [range(1, 0, null), range(2, 5, null), range(3, 9, null)] },
  { name: 'a key without an end far from the last', keys: [range(1, 0, null), range(2, 5, 9), range(3, 9, null)] },
])('a keyring is refused with $name', ({ keys }) => {
  const refused = expect.objectContaining({ name: 'LogKeyringError', code: 'malformed_keyring' })
  expect(() => requireKeyring({ origin: LOG_ORIGIN, keys })).toThrow(refused)
  expect(() => keyringTrust({ origin: LOG_ORIGIN, keys })).toThrow(refused)
})
