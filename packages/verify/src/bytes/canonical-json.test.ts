import fc from 'fast-check'
import { expect, test } from 'vitest'
import { canonicalJson, type Json } from './canonical-json.ts'

// What a cast can smuggle in: the type alone does not keep it out.
test.for<{ name: string; value: unknown }>([
  { name: 'a fraction', value: 1.5 },
  { name: 'a number past the safe ones', value: 2 ** 53 },
  { name: 'not a number', value: Number.NaN },
  { name: 'infinity', value: Number.POSITIVE_INFINITY },
  { name: 'minus zero', value: -0 },
  { name: 'undefined', value: undefined },
  { name: 'an undefined member', value: { a: undefined } },
  { name: 'a hole in an array', value: new Array(1) },
  { name: 'a big integer', value: 1n },
  { name: 'a function', value: () => 1 },
  { name: 'a symbol', value: Symbol('a') },
  { name: 'a date', value: new Date(0) },
  { name: 'a map', value: new Map([['a', 1]]) },
  { name: 'bytes', value: Uint8Array.of(1) },
  { name: 'a lone surrogate', value: '\ud800' },
  { name: 'a lone surrogate in a key', value: { '\udc00': 1 } },
])('refuses $name', ({ value }) => {
  expect(() => canonicalJson(value as Json)).toThrow(TypeError)
})

test.for<{ name: string; value: Json; text: string }>([
  { name: 'null', value: null, text: 'null' },
  { name: 'true', value: true, text: 'true' },
  { name: 'a whole number', value: -12, text: '-12' },
  { name: 'the largest number', value: Number.MAX_SAFE_INTEGER, text: '9007199254740991' },
  { name: 'an empty array', value: [], text: '[]' },
  { name: 'an empty object', value: {}, text: '{}' },
  {
    name: 'escapes as ECMAScript writes them',
    value: '\u0000\b\t\n"\\\u007f/',
    text: '"\\u0000\\b\\t\\n\\"\\\\\u007f/"',
  },
  {
    name: 'keys in order, at every depth',
    value: { b: [{ z: 1, y: 2 }], a: null },
    text: '{"a":null,"b":[{"y":2,"z":1}]}',
  },
  // RFC 8785 §3.2.3: by UTF-16 code unit, so an astral letter comes before U+FB33.
  {
    name: 'keys by UTF-16 code unit',
    value: { '\ufb33': 1, '\u{1f600}': 2, '\u00f6': 3, '1': 4, '\r': 5 },
    text: '{"\\r":5,"1":4,"\u00f6":3,"\u{1f600}":2,"\ufb33":1}',
  },
  { name: 'an object without a prototype', value: Object.assign(Object.create(null), { a: 1 }), text: '{"a":1}' },
  { name: 'a member called __proto__', value: JSON.parse('{"__proto__":1}') as Json, text: '{"__proto__":1}' },
])('writes $name', ({ value, text }) => {
  expect(canonicalJson(value)).toBe(text)
})

const json: fc.Arbitrary<Json> = fc.letrec<{ json: Json }>((tie) => ({
  json: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom(null, true, false),
    fc.maxSafeInteger().map((number) => number + 0 || 0),
    fc.string({ unit: 'grapheme' }),
    fc.array(tie('json'), { maxLength: 4 }),
    fc.dictionary(fc.string(), tie('json'), { maxKeys: 4 }),
  ),
})).json

test('what is written reads back as the same value, whatever order its keys came in', () => {
  fc.assert(
    fc.property(json, (value) => {
      const text = canonicalJson(value)
      expect(canonicalJson(JSON.parse(text) as Json)).toBe(text)
      expect(canonicalJson(reversed(value))).toBe(text)
    }),
  )
})

function reversed(value: Json): Json {
  if (Array.isArray(value)) return value.map(reversed)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, member]) => [key, reversed(member as Json)] as const)
      .reverse(),
  )
}
