import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hmacSha256 } from './hmac-sha256.ts'

test('is the HMAC that node computes, for every key and text', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), fc.string({ unit: 'binary' }), (key, text) => {
      expect(hmacSha256(key)(text)).toBe(createHmac('sha256', key).update(text).digest('hex'))
    }),
  )
})

test('refuses a key that would have to be hashed first', () => {
  expect(() => hmacSha256(new Uint8Array(65))).toThrow(RangeError)
})
