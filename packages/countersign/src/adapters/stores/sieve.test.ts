import { sha256Hex, utf8 } from '@countersign/verify'
import { describe, expect, test } from 'vitest'
import { Sieve } from './sieve.ts'

const KEYS_PER_PART = 1_000
const PARTS = 37

/** Keys as terms have them: the first 52 bits of hashes. */
function drawKeys(seed: number): readonly number[] {
  return Array.from({ length: KEYS_PER_PART }, (_, at) => {
    return Number.parseInt(sha256Hex(utf8(`${seed} ${at}`)).slice(0, 13), 16)
  })
}

describe('a sieve of more parts than a filter has', () => {
  const parts = Array.from({ length: PARTS }, (_, part) => drawKeys(part + 1))
  const sieve = new Sieve(KEYS_PER_PART)
  for (const keys of parts) {
    sieve.add(keys.slice(0, 400))
    sieve.add(keys.slice(300))
    sieve.finishPart()
  }

  test('suspects every key where it is', () => {
    expect(sieve.parts).toBe(PARTS)
    for (const [part, keys] of parts.entries()) {
      const there = sieve.suspects(keys, PARTS).filter(({ first, end }) => first <= part && part < end)
      expect(there.map(({ key }) => key)).toEqual(keys)
    }
  })

  test('suspects few keys where they are not: one of a thousand at most, in each filter', () => {
    const suspects = sieve.suspects(drawKeys(4_711), PARTS)
    expect(suspects.length).toBeLessThanOrEqual(3)
  })

  test('suspects nothing at or behind the end that is asked for', () => {
    const keys = parts[20] ?? []
    expect(sieve.suspects(keys, 21).filter(({ first, end }) => first <= 20 && end === 21)).toHaveLength(keys.length)
    expect(sieve.suspects(keys, 20).every(({ end }) => end <= 20)).toBe(true)
    expect(sieve.suspects(keys, 0)).toEqual([])
  })
})

test('a part that is not whole is not suspected', () => {
  const sieve = new Sieve(KEYS_PER_PART)
  const keys = drawKeys(1)
  sieve.add(keys)
  expect([sieve.parts, sieve.suspects(keys, 1)]).toEqual([0, []])
  sieve.finishPart()
  expect(sieve.suspects(keys, 1)).toEqual(keys.map((key) => ({ key, first: 0, end: 1 })))
})

test('a part without keys is whole too', () => {
  const sieve = new Sieve(KEYS_PER_PART)
  for (let part = 0; part < 16; part += 1) sieve.finishPart()
  sieve.add(drawKeys(1))
  sieve.finishPart()
  expect(sieve.parts).toBe(17)
  expect(sieve.suspects(drawKeys(1), 17).every(({ first, end }) => first === 16 && end === 17)).toBe(true)
})

test('the smallest and the largest key are keys', () => {
  const sieve = new Sieve(2)
  sieve.add([0, 2 ** 52 - 1])
  sieve.finishPart()
  expect(sieve.suspects([0, 2 ** 52 - 1], 1).map(({ key }) => key)).toEqual([0, 2 ** 52 - 1])
})
