import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BytesError } from './byte-reader.ts'
import { sha256, sha256Hex } from './digest.ts'
import { concatBytes, equalBytes, fromBase64, fromHex, fromUtf8, printable, toBase64, toHex, utf8 } from './encoding.ts'

function codeOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof BytesError) return error.code
    throw error
  }
  return 'none'
}

test.for([
  { name: 'an odd number of digits', text: 'abc' },
  { name: 'upper case', text: 'AB' },
  { name: 'a letter that is no digit', text: 'ag' },
  { name: 'a space', text: 'ab cd' },
  { name: 'a line break at the end', text: 'ab\n' },
])('refuses hex with $name', ({ text }) => {
  expect(codeOf(() => fromHex(text))).toBe('bad_encoding')
})

test.for([
  { name: 'padding that is missing', text: 'YQ' },
  { name: 'padding in excess', text: 'YWI==' },
  { name: 'padding alone', text: '====' },
  { name: 'unused bits that are set', text: 'YR==' },
  { name: 'the URL alphabet', text: '-_-_' },
  { name: 'a line break', text: 'YWJj\nYWJj' },
  { name: 'a line break at the end', text: 'YWJj\n' },
  { name: 'two values, one after the other', text: 'YQ==YQ==' },
  { name: 'letters outside ASCII', text: 'YWJ\u0142' },
])('refuses base64 with $name', ({ text }) => {
  expect(codeOf(() => fromBase64(text))).toBe('bad_encoding')
})

test.for([
  { name: 'a lone continuation byte', bytes: [0x80] },
  { name: 'a sequence cut short', bytes: [0xc3] },
  { name: 'an overlong slash', bytes: [0xc0, 0xaf] },
  { name: 'a surrogate', bytes: [0xed, 0xa0, 0x80] },
  { name: 'a code point past the last', bytes: [0xf4, 0x90, 0x80, 0x80] },
])('refuses text with $name', ({ bytes }) => {
  expect(codeOf(() => fromUtf8(Uint8Array.from(bytes)))).toBe('not_text')
})

test('keeps a byte order mark, because it is part of what was signed', () => {
  expect(fromUtf8(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61))).toBe('\ufeffa')
})

test('reads thirty megabytes, which a regular expression could not', () => {
  const bytes = new Uint8Array(30_000_000)
  expect(equalBytes(fromBase64(toBase64(bytes)), bytes)).toBe(true)
  expect(equalBytes(fromHex(toHex(bytes)), bytes)).toBe(true)
})

test('what is written in hex, base64 or UTF-8 is read back, and has one spelling', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect(equalBytes(fromHex(toHex(bytes)), bytes)).toBe(true)
      expect(equalBytes(fromBase64(toBase64(bytes)), bytes)).toBe(true)
    }),
  )
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(fromUtf8(utf8(text))).toBe(text)
    }),
  )
})

test('no other text reads as the same bytes', () => {
  fc.assert(
    fc.property(fc.base64String(), fc.nat(), fc.constantFrom(...'+/=Aa0 -_\n'), (text, at, letter) => {
      const other = text.slice(0, at % (text.length + 1)) + letter + text.slice((at % (text.length + 1)) + 1)
      if (codeOf(() => fromBase64(other)) === 'none') expect(toBase64(fromBase64(other))).toBe(other)
    }),
  )
})

test.for([
  { name: 'a line break', text: 'a\nb', says: 'a\ufffdb' },
  { name: 'an escape sequence', text: '\u001b[31m', says: '\ufffd[31m' },
  { name: 'delete', text: '\u007f', says: '\ufffd' },
  { name: 'a C1 control', text: '\u009b', says: '\ufffd' },
  { name: 'a line separator', text: '\u2028', says: '\ufffd' },
  { name: 'an override of direction', text: 'a\u202eb', says: 'a\ufffdb' },
  { name: 'an isolate', text: '\u2066', says: '\ufffd' },
])('$name is not printed', ({ text, says }) => {
  expect(printable(text)).toBe(says)
})

test('ordinary text in any script is printed as it is', () => {
  expect(printable('Ann Ænglisc 安 "x" <a@b>')).toBe('Ann Ænglisc 安 "x" <a@b>')
})

test('joins and compares bytes', () => {
  expect(toHex(concatBytes(Uint8Array.of(1), Uint8Array.of(), Uint8Array.of(2, 3)))).toBe('010203')
  expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 3))).toBe(false)
  expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1))).toBe(false)
  expect(equalBytes(Uint8Array.of(9, 1, 2).subarray(1), Uint8Array.of(1, 2))).toBe(true)
})

// FIPS 180-2, appendix B.1.
test('SHA-256 of "abc"', () => {
  const wanted = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
  expect(sha256Hex(utf8('abc'))).toBe(wanted)
  expect(toHex(sha256(utf8('abc')))).toBe(wanted)
})
