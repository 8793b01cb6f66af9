import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concatBytes, utf8 } from '../bytes/encoding.ts'
import { EvidenceError } from './evidence-error.ts'
import { decodePacketZip, encodePacketZip } from './packet-zip.ts'

const FILES = new Map([
  ['b/two.json', utf8('{}')],
  ['a', utf8('')],
])
const zip = encodePacketZip(FILES)

describe('the zip of two files', () => {
  test('has the bytes that the format says', () => {
    const header = '504b03040a0000000000000021000000000000000000000000000100000061'
    expect(Buffer.from(zip).toString('hex').slice(0, header.length)).toBe(header)
    expect(zip.length).toBe(2 * (30 + 46) + 2 * 11 + 2 + 22)
  })

  test('is the same whatever order they came in', () => {
    expect(encodePacketZip(new Map([...FILES].reverse()))).toEqual(zip)
  })

  test('gives them back in order', () => {
    expect([...decodePacketZip(zip)].map(([path, data]) => [path, Buffer.from(data).toString()])).toEqual([
      ['a', ''],
      ['b/two.json', '{}'],
    ])
  })
})

test.for([
  { name: 'a part that leads out', path: 'a/../b' },
  { name: 'a part that is the folder itself', path: './a' },
  { name: 'an absolute path', path: '/a' },
  { name: 'a backslash', path: 'a\\b' },
  { name: 'a drive', path: 'c:a' },
  { name: 'an empty part', path: 'a//b' },
  { name: 'a folder', path: 'a/' },
  { name: 'no name', path: '' },
  { name: 'a hidden file', path: '.a' },
  { name: 'a letter outside ASCII', path: 'é' },
  { name: 'a control character', path: 'a\n' },
  { name: 'over 200 characters', path: 'a'.repeat(201) },
])('refuses to write $name with bad_path', ({ path }) => {
  expect(() => encodePacketZip(new Map([[path, utf8('')]]))).toThrow(
    expect.objectContaining({ code: 'bad_path', file: path }),
  )
})

test('refuses two names that are one file where case does not count, with bad_path', () => {
  const files = new Map(['A', 'a'].map((path) => [path, utf8('')]))
  expect(() => encodePacketZip(files)).toThrow(expect.objectContaining({ code: 'bad_path', file: 'a' }))
})

test('refuses to write more than 65,535 files with too_large', () => {
  const files = new Map(Array.from({ length: 65_536 }, (_, at) => [`f${at}`, new Uint8Array()] as const))
  expect(() => encodePacketZip(files)).toThrow(expect.objectContaining({ code: 'too_large' }))
})

test('refuses to read over 4 GiB with too_large, by the length alone', () => {
  expect(() => decodePacketZip({ length: 0x1_0000_0000 } as Uint8Array)).toThrow(
    expect.objectContaining({ code: 'too_large' }),
  )
})

const [first, second] = ['a', 'b/two.json'] as const
const part = (path: string): Uint8Array => encodePacketZip(new Map([[path, FILES.get(path) as Uint8Array]]))

describe('refuses to read', () => {
  test.for([
    { name: 'nothing', bytes: new Uint8Array(), file: null },
    { name: 'a byte in front', bytes: concatBytes(Uint8Array.of(0), zip), file: null },
    { name: 'a byte behind', bytes: concatBytes(zip, Uint8Array.of(0)), file: null },
    { name: 'a comment', bytes: concatBytes(patched(zip, zip.length - 2, 1), Uint8Array.of(0)), file: null },
    { name: 'a count that is too small', bytes: recounted(1), file: null },
    { name: 'a count that is too large', bytes: recounted(3), file: '' },
    { name: 'another date', bytes: patched(zip, 12, 0x22), file: first },
    { name: 'a compression method', bytes: patched(zip, 8, 8), file: first },
    { name: 'a flag', bytes: patched(zip, 7, 8), file: first },
    { name: 'an extra field', bytes: patched(zip, 28, 1), file: first },
    { name: 'a name that only the header has', bytes: patched(zip, 30, 0x63), file: 'a (or c)' },
    { name: 'a size that is too large', bytes: patched(zip, 18, 255), file: first },
    { name: 'data that was changed', bytes: patched(zip, zip.indexOf(0x7b), 0x5b), file: second },
  ])('$name with malformed_zip', ({ bytes, file }) => {
    expect(() => decodePacketZip(bytes)).toThrow(expect.objectContaining({ code: 'malformed_zip', file }))
  })

  test('files out of order with bad_path', () => {
    const [one, two] = [part(first), part(second)]
    const [oneEnd, twoEnd] = [30 + first.length, 30 + second.length + 2]
    const entry = Buffer.from(one.subarray(oneEnd, oneEnd + 46 + first.length))
    entry.writeUInt32LE(twoEnd, 42)
    const end = Buffer.from(zip.subarray(-22))
    const directory = concatBytes(two.subarray(twoEnd, twoEnd + 46 + second.length), entry)
    const bytes = concatBytes(two.subarray(0, twoEnd), one.subarray(0, oneEnd), directory, end)
    expect(() => decodePacketZip(bytes)).toThrow(expect.objectContaining({ code: 'bad_path', file: first }))
  })

  test('any changed bit', () => {
    for (let bit = 0; bit < zip.length * 8; bit++) {
      const at = bit >> 3
      const bytes = patched(zip, at, (zip[at] as number) ^ (1 << (bit & 7)))
      expect(() => decodePacketZip(bytes), `bit ${bit}`).toThrow(EvidenceError)
    }
  })
})

test('gives back whatever files it was given, and is then the only zip that does', () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9.]{0,8}(\/[a-z][a-z0-9]{0,5}){0,2}$/)
  fc.assert(
    fc.property(fc.dictionary(name, fc.uint8Array({ maxLength: 60 })), (record) => {
      const files = new Map(Object.entries(record))
      const bytes = encodePacketZip(files)
      const decoded = decodePacketZip(bytes)
      expect(encodePacketZip(decoded)).toEqual(bytes)
      expect(new Map([...decoded].map(([path, data]) => [path, [...data]]))).toEqual(
        new Map([...files].sort(([a], [b]) => (a < b ? -1 : 1)).map(([path, data]) => [path, [...data]])),
      )
    }),
    { numRuns: 100 },
  )
})

test('throws nothing but its own error for bytes of any kind', () => {
  const near = fc
    .tuple(fc.nat(zip.length - 1), fc.nat(zip.length), fc.uint8Array({ maxLength: 8 }))
    .map(([from, to, middle]) => concatBytes(zip.subarray(0, from), middle, zip.subarray(to)))
  fc.assert(
    fc.property(fc.oneof(near, fc.uint8Array({ maxLength: 200 })), (bytes) => {
      try {
        expect(encodePacketZip(decodePacketZip(bytes))).toEqual(Buffer.from(bytes))
      } catch (error) {
        expect(error).toBeInstanceOf(EvidenceError)
      }
    }),
    { numRuns: 500 },
  )
})

function patched(bytes: Uint8Array, at: number, value: number): Uint8Array {
  const copy = Uint8Array.from(bytes)
  copy[at] = value
  return copy
}

function recounted(count: number): Uint8Array {
  return patched(patched(zip, zip.length - 14, count), zip.length - 12, count)
}
