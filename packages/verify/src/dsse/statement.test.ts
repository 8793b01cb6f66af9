import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { utf8 } from '../bytes/encoding.ts'
import { encodeStatement, parseStatement, type Statement } from './statement.ts'

const COMMIT = '0f65bf4c2d0d6ab3c1bd1e8f0e2a7a6c5b4d3e2f'
const statement: Statement = {
  subject: [{ name: 'refs/heads/main', digest: { gitCommit: COMMIT } }],
  predicateType: 'https://countersign.dev/change/v1',
  predicate: { size: 3, words: ['a', 'b'] },
}
const valid = JSON.parse(Buffer.from(encodeStatement(statement)).toString())

test('a statement is written in canonical form', () => {
  expect(Buffer.from(encodeStatement(statement)).toString()).toBe(
    `{"_type":"https://in-toto.io/Statement/v1","predicate":{"size":3,"words":["a","b"]},` +
      `"predicateType":"https://countersign.dev/change/v1",` +
      `"subject":[{"digest":{"gitCommit":"${COMMIT}"},"name":"refs/heads/main"}]}`,
  )
})

describe('a statement is read', () => {
  test('without the fields that nobody knows', () => {
    const subject = { ...valid.subject[0], mediaType: 'text/plain', annotations: { a: 1 } }
    expect(parseStatement(utf8(JSON.stringify({ ...valid, more: [], subject: [subject] })))).toEqual(statement)
  })

  test('with an empty predicate when there is none', () => {
    expect(parseStatement(utf8(JSON.stringify({ ...valid, predicate: undefined }))).predicate).toEqual({})
  })

  test('with digests of names that fix no length, __proto__ among them', () => {
    const text = JSON.stringify(valid).replace(`"gitCommit":"${COMMIT}"`, '"__proto__":"ab","dirHash":"00"')
    const [subject] = parseStatement(utf8(text)).subject
    expect(Object.entries(subject?.digest ?? {})).toEqual([
      ['__proto__', 'ab'],
      ['dirHash', '00'],
    ])
  })

  test('as it was written', () => {
    const text = fc.string({ unit: 'grapheme' })
    const hex = fc.stringMatching(/^(?:[0-9a-f]{2}){1,8}$/)
    const digest = fc.dictionary(
      text.filter((name) => !/^(?:sha|git)/.test(name)),
      hex,
      { minKeys: 1, noNullPrototype: true },
    )
    const subject = fc.record({ name: text, uri: text, digest }, { requiredKeys: ['digest'], noNullPrototype: true })
    const given = fc.record({
      subject: fc.array(subject, { minLength: 1, maxLength: 3 }),
      predicateType: fc.string({ minLength: 1, unit: 'grapheme' }),
      predicate: fc.dictionary(text, fc.oneof(text, fc.maxSafeInteger()), { noNullPrototype: true }),
    })
    fc.assert(
      fc.property(given, (value) => {
        expect(parseStatement(encodeStatement(value))).toEqual(value)
      }),
    )
  })
})

describe('a statement is refused', () => {
  const digest = (value: unknown) => ({ subject: [{ digest: value }] })
  test.for([
    { name: 'another _type', change: { _type: 'https://in-toto.io/Statement/v0.1' } },
    { name: 'no _type', change: { _type: undefined } },
    { name: 'no subject', change: { subject: [] } },
    { name: 'a subject that is no list', change: { subject: {} } },
    { name: 'a subject that is text', change: { subject: ['main'] } },
    { name: 'a subject without digest', change: { subject: [{ name: 'main' }] } },
    { name: 'a second subject without digest', change: { subject: [valid.subject[0], { uri: 'main' }] } },
    { name: 'a name that is a number', change: { subject: [{ ...valid.subject[0], name: 1 }] } },
    { name: 'a uri that is null', change: { subject: [{ ...valid.subject[0], uri: null }] } },
    { name: 'an empty digest', change: digest({}) },
    { name: 'a digest that is a list', change: digest(['ab']) },
    { name: 'a digest in upper case', change: digest({ gitCommit: COMMIT.toUpperCase() }) },
    { name: 'a digest of the wrong length', change: digest({ gitCommit: COMMIT.slice(2) }) },
    { name: 'a sha256 as long as a sha1', change: digest({ sha256: COMMIT }) },
    { name: 'a digest of odd length', change: digest({ dirHash: 'abc' }) },
    { name: 'an empty value', change: digest({ dirHash: '' }) },
    { name: 'a digest that is a number', change: digest({ dirHash: 12 }) },
    { name: 'no predicateType', change: { predicateType: undefined } },
    { name: 'an empty predicateType', change: { predicateType: '' } },
    { name: 'a predicate that is a list', change: { predicate: [] } },
    { name: 'a predicate that is null', change: { predicate: null } },
  ])('with $name', ({ change }) => {
    expect(() => parseStatement(utf8(JSON.stringify({ ...valid, ...change })))).toThrow(
      expect.objectContaining({ name: 'DsseError', code: 'malformed_statement' }),
    )
  })

  test.for([
    { name: 'a list', payload: utf8('[]'), code: 'malformed_statement' },
    { name: 'no JSON', payload: utf8('{'), code: 'malformed_json' },
    { name: 'no UTF-8', payload: Uint8Array.of(0xff), code: 'malformed_json' },
    { name: 'two predicates', payload: utf8('{"predicate":{},"predicate":{}}'), code: 'duplicate_key' },
    { name: 'too large', payload: new Uint8Array(16_777_217), code: 'too_large' },
  ])('when it is $name: $code', ({ payload, code }) => {
    expect(() => parseStatement(payload)).toThrow(expect.objectContaining({ name: 'DsseError', code }))
  })

  test('before it is written', () => {
    expect(() => encodeStatement({ ...statement, subject: [{ digest: {} }] })).toThrow(
      expect.objectContaining({ code: 'malformed_statement' }),
    )
    expect(() => encodeStatement({ ...statement, predicate: { half: 0.5 } })).toThrow(TypeError)
  })

  test('or read, whatever bytes it has', () => {
    const field = fc.constantFrom('_type', 'subject', 'predicateType', 'predicate', 'digest', 'name', 'sha256')
    const value = fc.dictionary(field, fc.oneof(fc.jsonValue(), fc.constant(valid.subject), fc.constant(valid._type)))
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          value.map((given) => utf8(JSON.stringify({ ...valid, ...given }))),
        ),
        (payload) => {
          try {
            parseStatement(payload)
          } catch (error) {
            expect(error).toMatchObject({ name: 'DsseError' })
          }
        },
      ),
      { numRuns: 500 },
    )
  })
})
