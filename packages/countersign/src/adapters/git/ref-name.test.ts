import fc from 'fast-check'
import { expect, test } from 'vitest'
import { refNameOf } from './ref-name.ts'

/** The bytes that a name was made from: the way back, as the escape promises it. */
function bytesOf(name: string): Buffer {
  const parts = name.split(/\\x([0-9a-f]{2})/)
  return Buffer.concat(parts.map((part, index) => Buffer.from(part, index % 2 === 1 ? 'hex' : 'utf8')))
}

test.for([
  { name: 'a byte that begins nothing', bytes: [0x61, 0xff], text: 'a\\xff' },
  { name: 'another byte that begins nothing', bytes: [0x61, 0xfe], text: 'a\\xfe' },
  { name: 'a sequence cut short', bytes: [0xe2, 0x82], text: '\\xe2\\x82' },
  { name: 'a sequence cut short by a letter', bytes: [0xe2, 0x82, 0x61], text: '\\xe2\\x82a' },
  { name: 'an overlong slash', bytes: [0xc0, 0xaf], text: '\\xc0\\xaf' },
  { name: 'half a surrogate pair', bytes: [0xed, 0xa0, 0x80], text: '\\xed\\xa0\\x80' },
  { name: 'valid text beside an invalid byte', bytes: [0xc3, 0xa9, 0x80], text: 'é\\x80' },
  { name: 'a replacement character that was written as one', bytes: [0xef, 0xbf, 0xbd], text: '\ufffd' },
  { name: 'a byte order mark', bytes: [0xef, 0xbb, 0xbf, 0x61], text: '\ufeffa' },
  { name: 'plain text', bytes: [0x61, 0x2f, 0x62], text: 'a/b' },
])('names $name', ({ bytes, text }) => {
  expect(refNameOf(Uint8Array.from(bytes))).toBe(text)
})

test('every name leads back to its own bytes', () => {
  const notBackslash = fc.integer({ min: 0x21, max: 0xff }).filter((byte) => byte !== 0x5c)
  const multibyte = fc.constantFrom('é', '€', '😀').map((text) => [...Buffer.from(text)])
  const part = fc.oneof(
    notBackslash.map((byte) => [byte]),
    multibyte,
  )
  fc.assert(
    fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
      const bytes = Buffer.from(parts.flat())
      expect(bytesOf(refNameOf(bytes))).toEqual(bytes)
    }),
  )
})
