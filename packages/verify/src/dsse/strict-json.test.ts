import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MAX_JSON_LENGTH, parseStrictJson } from './strict-json.ts'

test.for([
  { name: 'nothing', text: '', code: 'malformed_json' },
  { name: 'half an object', text: '{"a":1', code: 'malformed_json' },
  { name: 'a comment', text: '{"a":1}//', code: 'malformed_json' },
  { name: 'a second value', text: '{} {}', code: 'malformed_json' },
  { name: 'a byte order mark', text: '\ufeff{}', code: 'malformed_json' },
  { name: 'closing brackets alone', text: ']]]}', code: 'malformed_json' },
  { name: 'a key outside an object', text: '"a":1', code: 'malformed_json' },
  { name: 'a lone surrogate', text: '"\ud800"', code: 'malformed_json' },
  { name: 'a lone surrogate, escaped, as key', text: '{"\\ud800":1}', code: 'malformed_json' },
  { name: 'a broken escape in a key', text: '{"\\x":1}', code: 'malformed_json' },
  { name: 'an open string at the end', text: '{"a', code: 'malformed_json' },
  { name: '65 levels', text: '['.repeat(65) + ']'.repeat(65), code: 'malformed_json' },
  { name: 'a million levels', text: '['.repeat(1_000_000), code: 'malformed_json' },
  { name: 'a key twice', text: '{"a":1,"a":1}', code: 'duplicate_key' },
  { name: 'a key twice, once escaped', text: '{"a":1,"\\u0061":2}', code: 'duplicate_key' },
  { name: 'a key twice, spaced apart', text: '{"a" :1, "b":[{}], "a"\n:2}', code: 'duplicate_key' },
  { name: 'a key twice, deep inside', text: '[{"a":{"b":1,"b":2}}]', code: 'duplicate_key' },
  { name: '__proto__ twice', text: '{"__proto__":1,"__proto__":2}', code: 'duplicate_key' },
  { name: 'too many characters', text: `"${'x'.repeat(MAX_JSON_LENGTH)}"`, code: 'too_large' },
])('is refused with $name: $code', ({ text, code }) => {
  expect(() => parseStrictJson(text)).toThrow(expect.objectContaining({ name: 'DsseError', code }))
})

test.for([
  { name: 'the same key in two objects', text: '[{"a":1},{"a":1},{"b":{"a":2}}]' },
  { name: 'text that looks like a repeated key', text: '{"a":"\\"a\\":1","b":"\\"a\\":"}' },
  { name: '64 levels', text: '['.repeat(64) + ']'.repeat(64) },
])('is read with $name', ({ text }) => {
  expect(parseStrictJson(text)).toEqual(JSON.parse(text))
})

test('whatever has one meaning is read as the engine reads it', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 6 }), fc.nat(4), (text, indent) => {
      const spaced = JSON.stringify(JSON.parse(text), null, indent)
      expect(parseStrictJson(spaced)).toEqual(JSON.parse(text))
    }),
    { numRuns: 300 },
  )
})

test('arbitrary text is read or refused with a code', () => {
  const piece = fc.constantFrom('{', '}', '[', ']', '"', '\\', ':', ',', 'a', '1', ' ', '\ud800', '"a":')
  const text = fc.array(piece, { maxLength: 30 }).map((parts) => parts.join(''))
  fc.assert(
    fc.property(text, (given) => {
      try {
        expect(parseStrictJson(given)).toEqual(JSON.parse(given))
      } catch (error) {
        expect(error).toMatchObject({ name: 'DsseError' })
      }
    }),
    { numRuns: 1_000 },
  )
})
