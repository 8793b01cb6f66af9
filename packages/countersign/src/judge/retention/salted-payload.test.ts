import { EvidenceError, sha256Hex, utf8 } from '@countersign/verify'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { openSaltedPayload, SALT_BYTES, sealSaltedPayload } from './salted-payload.ts'

const salt = Uint8Array.from({ length: SALT_BYTES }, (_, at) => at)
const content = utf8('{"login":"ann"}')
const sealed = sealSaltedPayload({ salt, mediaType: 'application/json', content })
const text = Buffer.from(sealed).toString()

describe('a salted payload', () => {
  test('is read as it was written', () => {
    const payload = fc.record({
      salt: fc.uint8Array({ minLength: SALT_BYTES, maxLength: SALT_BYTES }).filter((bytes) => new Set(bytes).size > 1),
      mediaType: fc.constantFrom('text/plain', 'application/json'),
      content: fc.uint8Array({ maxLength: 60 }),
    })
    fc.assert(
      fc.property(payload, (one) => {
        const { salt, mediaType, content } = openSaltedPayload(sealSaltedPayload(one))
        expect({ salt: Uint8Array.from(salt), mediaType, content: Uint8Array.from(content) }).toEqual(one)
      }),
    )
  })

  test('has another digest for another salt, so that content cannot be guessed by it', () => {
    const other = sealSaltedPayload({ salt: salt.toReversed(), mediaType: 'application/json', content })
    expect(sha256Hex(other)).not.toBe(sha256Hex(sealed))
  })

  test.for([
    { name: 'a short salt', salt: salt.subarray(1) },
    { name: 'a long salt', salt: new Uint8Array([...salt, 1]) },
    { name: 'no salt at all', salt: new Uint8Array() },
    { name: 'a salt of zeros', salt: new Uint8Array(SALT_BYTES) },
    { name: 'a salt of one byte repeated', salt: new Uint8Array(SALT_BYTES).fill(7) },
  ])('is not made with $name', ({ salt: bad }) => {
    expect(() => sealSaltedPayload({ salt: bad, mediaType: 'a/b', content })).toThrow(RangeError)
  })

  test.for([
    { name: 'nothing', document: '', code: 'malformed_document' },
    { name: 'no JSON', document: '{', code: 'malformed_document' },
    { name: 'another format', document: text.replace('salted', 'sealed'), code: 'malformed_document' },
    { name: 'a field too many', document: text.replace('{', '{"a":1,'), code: 'malformed_document' },
    { name: 'a salt that is cut', document: text.replace(/"salt":"..../, '"salt":"'), code: 'malformed_document' },
    { name: 'a salt that is no base64', document: text.replace(/"salt":"./, '"salt":"!'), code: 'malformed_document' },
    { name: 'white space', document: `${text}\n`, code: 'not_canonical' },
    { name: 'a key twice', document: text.replace('"format"', '"format":"x","format"'), code: 'not_canonical' },
  ])('is refused with $name', ({ document, code }) => {
    expect(() => openSaltedPayload(utf8(document))).toThrow(expect.objectContaining({ name: 'EvidenceError', code }))
  })

  test('throws nothing but its own error for bytes of any kind', () => {
    const near = fc
      .tuple(fc.nat(sealed.length - 1), fc.nat(255))
      .map(([at, value]) => sealed.map((byte, place) => (place === at ? value : byte)))
    fc.assert(
      fc.property(fc.oneof(near, fc.uint8Array({ maxLength: 80 })), (bytes) => {
        try {
          expect(sealSaltedPayload(openSaltedPayload(bytes))).toEqual(bytes)
        } catch (error) {
          expect(error instanceof EvidenceError || error instanceof RangeError).toBe(true)
        }
      }),
      { numRuns: 500 },
    )
  })
})
