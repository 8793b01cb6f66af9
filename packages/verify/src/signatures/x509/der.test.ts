import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { fromHex, toHex } from '../../bytes/encoding.ts'
import { DerReader, SEQUENCE } from './der.ts'
import { X509Error } from './x509-error.ts'

const read = (hex: string): DerReader => new DerReader(fromHex(hex), 'malformed_cms')
const refusal = expect.objectContaining({ name: 'X509Error', code: 'malformed_cms' })

/** Sequences within each other. */
function nestedHex(depth: number): string {
  let inside = ''
  for (let level = 0; level < depth; level += 1) inside = `30${toHex(Uint8Array.of(inside.length / 2))}${inside}`
  return inside
}

const methods = {
  any: (reader: DerReader) => reader.any(),
  sequence: (reader: DerReader) => reader.enter(SEQUENCE).end(),
  ber: (reader: DerReader) => reader.enterBer(SEQUENCE),
  oid: (reader: DerReader) => reader.oid(),
  integer: (reader: DerReader) => reader.integer(),
  small: (reader: DerReader) => reader.smallInteger(),
  boolean: (reader: DerReader) => reader.boolean(),
  bits: (reader: DerReader) => reader.bits(),
  wholeBits: (reader: DerReader) => reader.wholeBits(),
  optionalNull: (reader: DerReader) => reader.optionalNull(),
  skipNested: (reader: DerReader) => reader.skipNested(),
  time: (reader: DerReader) => reader.time(),
}

test.for([
  { name: 'no bytes', method: 'any', hex: '' },
  { name: 'a tag alone', method: 'any', hex: '30' },
  { name: 'a tag of two bytes', method: 'any', hex: '1f2000' },
  { name: 'a body that is cut short', method: 'any', hex: '040201' },
  { name: 'an indefinite length', method: 'any', hex: '30800000' },
  { name: 'an indefinite length of a primitive', method: 'ber', hex: '04800000' },
  { name: 'a long length for a short body', method: 'any', hex: `04817f${'00'.repeat(127)}` },
  { name: 'a length with a leading zero', method: 'any', hex: `04820080${'00'.repeat(128)}` },
  { name: 'a length of four bytes', method: 'any', hex: '048400000001aa' },
  { name: 'another tag than asked for', method: 'sequence', hex: '3100' },
  { name: 'an element left over', method: 'sequence', hex: '30020500' },
  { name: 'contents without an end', method: 'ber', hex: '30800500' },
  { name: 'indefinite lengths nested deep', method: 'ber', hex: '3080'.repeat(5000) },
  { name: 'an empty object identifier', method: 'oid', hex: '0600' },
  { name: 'a padded object identifier', method: 'oid', hex: '06032a8001' },
  { name: 'an object identifier that does not end', method: 'oid', hex: '06022a86' },
  { name: 'an object identifier with a huge arc', method: 'oid', hex: '060a2affffffffffffffff7f' },
  { name: 'an object identifier of 65 bytes', method: 'oid', hex: `0641${'2a'.repeat(65)}` },
  { name: 'an empty integer', method: 'integer', hex: '0200' },
  { name: 'a padded positive integer', method: 'integer', hex: '02020001' },
  { name: 'a padded negative integer', method: 'integer', hex: '0202ff80' },
  { name: 'a negative version', method: 'small', hex: '0201ff' },
  { name: 'a version of five bytes', method: 'small', hex: '02050100000000' },
  { name: 'a boolean that is neither', method: 'boolean', hex: '010101' },
  { name: 'a boolean of two bytes', method: 'boolean', hex: '0102ffff' },
  { name: 'a bit string without its count', method: 'bits', hex: '0300' },
  { name: 'a bit string with eight unused bits', method: 'bits', hex: '03020800' },
  { name: 'unused bits of nothing', method: 'bits', hex: '030101' },
  { name: 'unused bits that are set', method: 'bits', hex: '03020101' },
  { name: 'a bit string of whole bytes with an unused bit', method: 'wholeBits', hex: '03020102' },
  { name: 'a bit string of whole bytes without its count', method: 'wholeBits', hex: '0300' },
  { name: 'a NULL that holds something', method: 'optionalNull', hex: '050100' },
  { name: 'an inner element that is cut short', method: 'skipNested', hex: '3004300204ff' },
  { name: 'an inner element of two bytes of tag', method: 'skipNested', hex: '30031f2000' },
  { name: 'elements nested forty deep', method: 'skipNested', hex: nestedHex(40) },
  { name: 'a time without seconds', method: 'time', hex: `170b${toHex(Buffer.from('2311142213Z'))}` },
  { name: 'a time in another zone', method: 'time', hex: `1711${toHex(Buffer.from('231114221320+0100'))}` },
  { name: '30 February', method: 'time', hex: `170d${toHex(Buffer.from('230230000000Z'))}` },
  { name: 'hour 24', method: 'time', hex: `170d${toHex(Buffer.from('231114240000Z'))}` },
  { name: 'a fraction that ends in zero', method: 'time', hex: `1811${toHex(Buffer.from('20231114221320.0Z'))}` },
] as const)('refuses $name', ({ method, hex }) => {
  expect(() => methods[method](read(hex))).toThrow(refusal)
})

test.for([
  { name: 'an object identifier', method: 'oid', hex: '06092b0601040183bf3003', want: '1.3.6.1.4.1.57264.3' },
  { name: 'an object identifier under 2', method: 'oid', hex: '0603883703', want: '2.999.3' },
  {
    name: 'a UTCTime of this century',
    method: 'time',
    hex: `170d${toHex(Buffer.from('231114221320Z'))}`,
    want: 1_700_000_000,
  },
  { name: 'a UTCTime of the last', method: 'time', hex: `170d${toHex(Buffer.from('700101000001Z'))}`, want: 1 },
  {
    name: 'a GeneralizedTime',
    method: 'time',
    hex: `180f${toHex(Buffer.from('20231114221320Z'))}`,
    want: 1_700_000_000,
  },
  {
    name: 'a fraction of a second',
    method: 'time',
    hex: `1811${toHex(Buffer.from('20231114221320.5Z'))}`,
    want: 1_700_000_000,
  },
  { name: 'true', method: 'boolean', hex: '0101ff', want: true },
  { name: 'a small integer', method: 'small', hex: '02020100', want: 256 },
] as const)('reads $name', ({ method, hex, want }) => {
  expect(methods[method](read(hex))).toBe(want)
})

test('reads indefinite lengths, with what follows them', () => {
  const reader = read('3080300005003080040100000000000500')
  const inside = reader.enterBer(SEQUENCE)
  inside.enter(SEQUENCE).end()
  inside.any()
  expect(toHex(inside.enterBer(SEQUENCE).octets())).toBe('00')
  inside.end()
  expect(reader.next).toBe(5)
})

test('throws nothing but its own error for any bytes', () => {
  const check = (bytes: Uint8Array, method: keyof typeof methods): void => {
    try {
      methods[method](new DerReader(bytes, 'malformed_cms'))
    } catch (error) {
      expect(error).toBeInstanceOf(X509Error)
    }
  }
  const names = Object.keys(methods) as (keyof typeof methods)[]
  fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), fc.constantFrom(...names), check), { numRuns: 2000 })
})
