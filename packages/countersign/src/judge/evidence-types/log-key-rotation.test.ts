import { EvidenceError, type Json } from '@countersign/verify'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { knownKey, LOG_ORIGIN, logVkey } from '../witness-policy/witness-policy.fixtures.ts'
import { holdsPossession, type LogKeyRotation, parseLogKeyRotation, provePossession } from './log-key-rotation.ts'

const step = { origin: LOG_ORIGIN, retires: logVkey(1), begins: logVkey(2) }
const SOUND: LogKeyRotation = {
  ...step,
  state: 'announced',
  possession: provePossession(step, knownKey(2).sign),
  at: '2026-03-01T00:00:00Z',
  controls: [],
  mapping: '1',
  recordedAt: '2026-03-01T00:00:01Z',
}

function agreed(about: typeof step): Partial<LogKeyRotation> {
  return { ...about, possession: provePossession(about, knownKey(2).sign) }
}

describe('a change of key', () => {
  test('is read back, and shows that the new key agreed', () => {
    expect(parseLogKeyRotation({ ...SOUND, more: 1 } as Json)).toEqual(SOUND)
    expect(holdsPossession(SOUND)).toBe(true)
  })

  test.for([
    { field: 'origin', value: 'two\nlines' },
    { field: 'state', value: 'planned' },
    { field: 'begins', value: SOUND.retires },
    { field: 'possession', value: 'AAAA' },
    { field: 'possession', value: SOUND.possession.replace('==', 'A=') },
    { field: 'at', value: '2026-03-01' },
  ])('is refused with $field $value', ({ field, value }) => {
    expect(() => parseLogKeyRotation({ ...SOUND, [field]: value } as Json)).toThrow(
      expect.objectContaining({
        code: 'malformed_document',
        message: expect.stringContaining(`log-key-rotation.${field}`),
      }),
    )
  })

  test('is refused without any of its fields, and by nothing but a coded error', () => {
    for (const field of Object.keys(SOUND)) {
      const { [field]: _without, ...rest } = SOUND as unknown as Record<string, Json>
      expect(() => parseLogKeyRotation(rest), field).toThrow(EvidenceError)
    }
  })

  test.for([
    { name: 'a signature of the old key', change: { possession: provePossession(step, knownKey(1).sign) } },
    { name: 'a signature for another old key', change: { retires: logVkey(3) } },
    { name: 'a signature for another new key', change: { begins: logVkey(3) } },
    { name: 'keys of another log', change: { origin: 'else.example' } },
    { name: 'a new key that is none', change: { begins: 'key' } },
    { name: 'an old key that is none', change: { retires: 'key' } },
    {
      name: 'an agreement about another log than that of the keys',
      change: agreed({ ...step, origin: 'else.example' }),
    },
    {
      name: 'an agreement with a key of another log',
      change: agreed({ ...step, retires: logVkey(1, 'else.example') }),
    },
  ])('shows nothing with $name', ({ change }) => {
    expect(holdsPossession({ ...SOUND, ...change })).toBe(false)
  })

  test('shows nothing when any character of its signature was changed', () => {
    fc.assert(
      fc.property(fc.nat(85), fc.constantFrom('A', 'b', '+', '/', '7'), (at, put) => {
        const possession = SOUND.possession.slice(0, at) + put + SOUND.possession.slice(at + 1)
        expect(holdsPossession({ ...SOUND, possession })).toBe(possession === SOUND.possession)
      }),
    )
  })
})
