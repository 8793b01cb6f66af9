import fc from 'fast-check'
import { expect, test } from 'vitest'
import { crc24, decodeArmorLikeGpg, readArmorBlock } from './armor.ts'
import { OpenPgpError } from './openpgp-error.ts'

const BYTES = Buffer.from('0123456789abcdef01', 'hex')
const CHECK = '=6vjO'
const good = `-----BEGIN PGP SIGNATURE-----\nVersion: x\n\nASNFZ4mr\nze8B\n${CHECK}\n-----END PGP SIGNATURE-----\n`

test.for([
  { name: 'no BEGIN line', text: good.slice(1), code: 'armor_begin' },
  { name: 'an empty text', text: '', code: 'armor_begin' },
  { name: 'text before the BEGIN line', text: `x\n${good}`, code: 'armor_begin' },
  { name: 'a label of another kind', text: good.replaceAll('SIGNATURE', 'PRIVATE KEY BLOCK'), code: 'armor_begin' },
  { name: 'a cleartext message', text: good.replaceAll('PGP SIGNATURE', 'PGP SIGNED MESSAGE'), code: 'armor_begin' },
  { name: 'a header without a colon', text: good.replace('Version: x', 'Version'), code: 'armor_header' },
  { name: 'no blank line', text: good.replace('\n\n', '\n'), code: 'armor_header' },
  { name: 'nothing after the headers', text: '-----BEGIN PGP SIGNATURE-----\nVersion: x', code: 'armor_header' },
  { name: 'no END line', text: good.replace(/-----END.*\n/, ''), code: 'armor_end' },
  {
    name: 'the END line of another label',
    text: good.replace('END PGP SIGNATURE', 'END PGP MESSAGE'),
    code: 'armor_end',
  },
  { name: 'an END line that does not start its line', text: good.replace(`${CHECK}\n`, CHECK), code: 'armor_end' },
  { name: 'a character outside base64', text: good.replace('ASNF', 'AS.F'), code: 'armor_base64' },
  { name: 'the URL alphabet', text: good.replace('ASNF', 'AS_F'), code: 'armor_base64' },
  { name: 'data after the padding', text: good.replace('ze8B', 'zQ==\nze8B'), code: 'armor_base64' },
  { name: 'no padding', text: good.replace('ze8B', 'ze8'), code: 'armor_base64' },
  { name: 'unused bits', text: good.replace('ze8B', 'zR=='), code: 'armor_base64' },
  { name: 'no data', text: good.replace('ASNFZ4mr\nze8B\n', ''), code: 'armor_base64' },
  { name: 'half a checksum', text: good.replace(CHECK, '=vo'), code: 'armor_base64' },
  { name: 'a wrong checksum', text: good.replace(CHECK, '=AAAA'), code: 'armor_checksum' },
])('refuses $name with $code', ({ text, code }) => {
  expect(() => readArmorBlock(text)).toThrow(expect.objectContaining({ name: 'OpenPgpError', code }))
})

test.for([
  { name: 'a header', text: good },
  { name: 'no header', text: good.replace('Version: x\n', '') },
  { name: 'an empty header', text: good.replace('Version: x', 'Comment:') },
  { name: 'several headers', text: good.replace('Version: x', 'Comment: a: b\nHash: SHA256\nX-Own: ü') },
  { name: 'no checksum', text: good.replace(`${CHECK}\n`, '') },
  { name: 'CRLF', text: good.replaceAll('\n', '\r\n') },
  { name: 'blanks at line ends', text: good.replaceAll('\n', ' \t\n') },
  { name: 'no final line feed', text: good.trimEnd() },
  { name: 'the label MESSAGE', text: good.replaceAll('SIGNATURE', 'MESSAGE') },
])('reads armour with $name', ({ text }) => {
  expect(Buffer.from(readArmorBlock(text).bytes)).toEqual(BYTES)
  // Without `=` gpg goes on into the END line, and finds no packet there.
  expect(Buffer.from(decodeArmorLikeGpg(text)).subarray(0, BYTES.length)).toEqual(BYTES)
})

test('computes the CRC-24 of the empty string and of the catalogue’s check string', () => {
  expect(crc24(new Uint8Array())).toBe(0xb704ce)
  expect(crc24(Buffer.from('123456789'))).toBe(0x21cf02)
})

test('any text is read or refused with a code, and in linear time', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 400 }),
    fc
      .array(fc.constantFrom('-----', 'BEGIN PGP SIGNATURE', '\n', '=', 'AAAA', ' ', ':', '\r', 'END PGP SIGNATURE'))
      .map((parts) => `-----BEGIN PGP SIGNATURE-----\n\n${parts.join('')}`),
  )
  fc.assert(
    fc.property(text, (input) => {
      decodeArmorLikeGpg(input)
      try {
        readArmorBlock(input)
      } catch (error) {
        expect(error).toBeInstanceOf(OpenPgpError)
      }
    }),
    { numRuns: 300 },
  )
})

test.for([
  { name: 'line feeds', unit: '\n' },
  { name: 'blanks', unit: ' ' },
  { name: 'carriage returns', unit: '\r' },
  { name: 'equals signs', unit: '=' },
  { name: 'lines of equals signs', unit: '\n=' },
  { name: 'lines of five dashes', unit: '\n-----' },
  { name: 'BEGIN lines', unit: '-----BEGIN PGP SIGNATURE-----\n' },
  { name: 'empty blocks', unit: '-----BEGIN PGP SIGNATURE-----\n\n=\n' },
])('a megabyte of $name takes no time', ({ unit }) => {
  const text = `-----BEGIN PGP SIGNATURE-----\n\n${unit.repeat(Math.ceil(1_000_000 / unit.length))}`
  const start = performance.now()
  expect(() => readArmorBlock(text)).toThrow(OpenPgpError)
  expect(() => readArmorBlock(`${text}*\n-----END PGP SIGNATURE-----`)).toThrow(OpenPgpError)
  decodeArmorLikeGpg(text)
  expect(performance.now() - start).toBeLessThan(2_000)
})
