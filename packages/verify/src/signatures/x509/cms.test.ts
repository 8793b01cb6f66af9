import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import * as x from '../../../../../testdata/x509/issue.ts'
import { intermediate, issue, request, SIGNED } from '../../../../../testdata/x509/parties.ts'
import { toHex } from '../../bytes/encoding.ts'
import { readArmor } from './armor.ts'
import { MAX_CMS_BYTES, parseSignedMessage } from './cms.ts'
import { X509Error } from './x509-error.ts'

const party = issue({ issuer: intermediate, algorithm: 'p256' })
const attributes = x.defaultAttributes(request(party, [], {}))
const [BEGIN, END] = ['-----BEGIN SIGNED MESSAGE-----', '-----END SIGNED MESSAGE-----']
const attribute = (type: string, ...values: readonly Uint8Array[]): Uint8Array => x.seq(x.oid(type), x.set(...values))
const der = paddedMessage()

test('reads a message', () => {
  const { signers, certificates, content, isExact } = parseSignedMessage(der)
  expect({ content, isExact, certificates: certificates.map(toHex) }).toEqual({
    content: null,
    isExact: true,
    certificates: [toHex(party.der)],
  })
  expect(signers).toMatchObject([
    {
      id: { kind: 'serial', serial: toHex(party.serial) },
      digest: 'sha256',
      algorithm: { keyType: 'ec', digest: 'sha256', saltLength: null },
      attributes: { contentType: '1.2.840.113549.1.7.1', signingTime: SIGNED },
    },
  ])
})

test('signs over the attributes with the tag of a set', () => {
  const { covered } = x.signSignerInfo(request(party, []))
  expect(parseSignedMessage(der).signers[0]?.attributes?.covered).toEqual(Uint8Array.from(covered))
})

const malformed = 'malformed_cms'
const [contentType = x.nil, signingTime = x.nil, messageDigest = x.nil] = attributes
test.for([
  { name: 'another kind of message', bytes: x.seq(x.oid('1.2.840.113549.1.7.1')), code: malformed },
  {
    name: 'an element behind the content',
    bytes: x.seq(x.oid('1.2.840.113549.1.7.2'), x.tlv(0xa0, x.seq()), x.nil),
    code: malformed,
  },
  { name: 'no message digest', bytes: message({ signedAttributes: [contentType] }), code: malformed },
  { name: 'no content type', bytes: message({ signedAttributes: [messageDigest] }), code: malformed },
  {
    name: 'a message digest twice',
    bytes: message({ signedAttributes: [...attributes, messageDigest] }),
    code: malformed,
  },
  { name: 'a signing time twice', bytes: message({ signedAttributes: [...attributes, signingTime] }), code: malformed },
  {
    name: 'a signing time with two values',
    bytes: message({
      signedAttributes: [contentType, messageDigest, attribute('1.2.840.113549.1.9.5', x.time(1), x.time(2))],
    }),
    code: malformed,
  },
  {
    name: 'an attribute without a value',
    bytes: message({ signedAttributes: [...attributes, attribute('1.2.3.4')] }),
    code: malformed,
  },
  {
    name: 'a signing time that is none',
    bytes: message({ signedAttributes: [contentType, messageDigest, attribute('1.2.840.113549.1.9.5', x.nil)] }),
    code: malformed,
  },
  {
    name: 'seventeen certificates',
    bytes: message({ certificates: Array.from({ length: 17 }, () => party.der) }),
    code: malformed,
  },
  {
    name: 'seventeen signers',
    bytes: x.wrapSignedData(
      request(party, []),
      Array.from({ length: 17 }, () => x.seq()),
    ),
    code: malformed,
  },
  {
    name: 'a digest in MD2',
    bytes: message({ digestAlgorithm: x.seq(x.oid('1.2.840.113549.2.2'), x.nil) }),
    code: 'unsupported_algorithm',
  },
  {
    name: 'a digest with parameters',
    bytes: message({ digestAlgorithm: x.seq(x.oid('2.16.840.1.101.3.4.2.1'), x.seq()) }),
    code: malformed,
  },
  {
    name: 'a digest with a NULL that holds something',
    bytes: message({ digestAlgorithm: x.seq(x.oid('2.16.840.1.101.3.4.2.1'), x.tlv(0x05, x.nil)) }),
    code: malformed,
  },
  {
    name: 'an attribute with a part that is not whole',
    bytes: message({ signedAttributes: [...attributes, attribute('1.2.3.4', x.seq(Uint8Array.of(4, 9, 0)))] }),
    code: malformed,
  },
  {
    name: 'an attribute nested too deep',
    bytes: message({ signedAttributes: [...attributes, attribute('1.2.3.4', nested(40))] }),
    code: malformed,
  },
  {
    name: 'a signature in DSA',
    bytes: message({ signatureAlgorithm: x.seq(x.oid('1.2.840.10040.4.3')) }),
    code: 'unsupported_algorithm',
  },
  {
    name: 'a mask digest of its own',
    bytes: message({ signatureAlgorithm: pss('2.16.840.1.101.3.4.2.1', '2.16.840.1.101.3.4.2.2') }),
    code: 'unsupported_algorithm',
  },
  {
    name: 'a list of digests of something else',
    bytes: edited('310d300b06096086', '310d300b26096086'),
    code: malformed,
  },
  { name: 'too many bytes', bytes: new Uint8Array(MAX_CMS_BYTES + 1), code: 'too_long' },
])('refuses $name with $code', ({ bytes, code }) => {
  expect(() => parseSignedMessage(bytes)).toThrow(expect.objectContaining({ name: 'X509Error', code }))
})

test.for([
  { name: 'another label', armor: '-----BEGIN CMS-----\nAAAA\n-----END CMS-----\n', code: 'malformed_armor' },
  { name: 'one line only', armor: x.armor(der).replaceAll('\n', ''), code: 'malformed_armor' },
  { name: 'a long first line', armor: x.armor(der).replace('\n', `${'x'.repeat(1024)}\n`), code: 'malformed_armor' },
  { name: 'text before it', armor: ` ${x.armor(der)}`, code: 'malformed_armor' },
  {
    name: 'half a megabyte and more',
    armor: `-----BEGIN SIGNED MESSAGE-----\n${'A'.repeat(2 * MAX_CMS_BYTES)}`,
    code: 'too_long',
  },
])('refuses an armour with $name', ({ armor, code }) => {
  expect(() => readArmor(Buffer.from(armor))).toThrow(expect.objectContaining({ name: 'X509Error', code }))
})

test.for([
  { name: 'carriage returns', armor: (text: string) => text.replaceAll('\n', '\r\n') },
  { name: 'spaces at the ends of lines', armor: (text: string) => text.replaceAll('\n', ' \n') },
  { name: 'something after the beginning', armor: (text: string) => text.replace('-----\n', '-----x\n') },
  { name: 'another label at the end', armor: (text: string) => text.replace('END SIGNED', 'END') },
  { name: 'no end', armor: (text: string) => text.replace(/-----END.*\n/, '') },
  { name: 'letters outside the alphabet', armor: (text: string) => text.replace('\nMI', '\nM*I-_') },
  { name: 'padding that is missing', armor: (text: string) => text.replace(/=+\n/, '\n') },
  { name: 'padding in excess', armor: (text: string) => text.replace(/=\n/, '==\n') },
  { name: 'a longer line', armor: (text: string) => text.replace(/(.{64})\n(.{64})\n/, '$1$2\n') },
  { name: 'a space', armor: (text: string) => text.replace('\nMI', '\nM I') },
  { name: 'a carriage return', armor: (text: string) => text.replace('\n-----END', '\r\n-----END') },
  { name: 'an empty line', armor: (text: string) => text.replace('\n-----END', '\n\n-----END') },
  { name: 'text after the end', armor: (text: string) => `${text}\n` },
])('reads an armour with $name, but says that it is not exact', ({ armor }) => {
  const exact = x.armor(der)
  expect(readArmor(Buffer.from(exact))).toEqual({ der: Buffer.from(der), isExact: true })
  const { der: read, isExact } = readArmor(Buffer.from(armor(exact)))
  expect({ isExact, starts: toHex(read).startsWith(toHex(der)) }).toEqual({ isExact: false, starts: true })
})

test('takes no letter of the URL alphabet for one of its own', () => {
  const [sextets, url] = [Buffer.from('fbefbe', 'hex').toString('base64'), '--__']
  expect(sextets).toBe('++++')
  const armored = (body: string): Uint8Array => readArmor(Buffer.from(`${BEGIN}\n${body}\n${END}\n`)).der
  expect(toHex(armored(`AAAA${url}`))).toBe('000000')
})

const sha256 = x.seq(x.oid('2.16.840.1.101.3.4.2.1'))
test.for([
  { name: 'bytes after it', bytes: Buffer.concat([der, x.nil]) },
  { name: 'the version of another kind', bytes: edited('020101310d300b', '020103310d300b') },
  {
    name: 'a list of another digest',
    bytes: edited('310d300b0609608648016503040201', '310d300b0609608648016503040202'),
  },
  { name: 'an empty list of digests', bytes: rewrapped({ digests: [] }) },
  { name: 'a digest listed twice', bytes: rewrapped({ digests: [sha256, sha256] }) },
  { name: 'a revocation list', bytes: rewrapped({ lists: [x.tlv(0xa1, x.seq())] }) },
  { name: 'a signer info of version 3 by serial number', bytes: edited('0201013037302b', '0201033037302b') },
  {
    name: 'an unsigned attribute of unknown type',
    bytes: message({ unsignedAttributes: [attribute('1.2.3.4', x.nil)] }),
  },
])('reads a message with $name, but says that it is not exact', ({ bytes }) => {
  expect(parseSignedMessage(bytes).isExact).toBe(false)
})

test('throws nothing but its own error for any change of up to three bytes', () => {
  const change = fc.record({ at: fc.nat(der.length - 1), value: fc.nat(255) })
  const check = (changes: readonly { at: number; value: number }[]): void => {
    const bytes = Uint8Array.from(der)
    for (const { at, value } of changes) bytes[at] = value
    try {
      parseSignedMessage(bytes)
    } catch (error) {
      expect(error).toBeInstanceOf(X509Error)
    }
  }
  fc.assert(fc.property(fc.array(change, { maxLength: 3 }), check), { numRuns: 2000 })
})

test.for([
  { name: 'nested sequences', bytes: Buffer.alloc(200_000, Buffer.from('3080', 'hex')) },
  { name: 'many ends of contents', bytes: Buffer.concat([Buffer.from('3080', 'hex'), Buffer.alloc(200_000)]) },
  {
    name: 'many small attributes',
    bytes: message({ signedAttributes: Array.from({ length: 8000 }, (_, n) => attribute(`1.2.${n}`, x.nil)) }),
  },
])('is quick with $name', ({ bytes }) => {
  const start = performance.now()
  expect(() => parseSignedMessage(bytes)).toThrow(X509Error)
  expect(performance.now() - start).toBeLessThan(1000)
})

function message(changes: Partial<x.SignCms>): Uint8Array {
  return x.signCms(request(party, [party], changes))
}

/** A message whose base64 ends in one padding letter; ECDSA signatures differ in length from one to the next. */
function paddedMessage(): Uint8Array {
  const bytes = message({})
  return bytes.length % 3 === 2 ? bytes : paddedMessage()
}

/** The good message with the only place that reads so changed. */
function edited(from: string, to: string): Uint8Array {
  const parts = toHex(der).split(from)
  expect(parts).toHaveLength(2)
  return Buffer.from(parts.join(to), 'hex')
}

function rewrapped(changes: { readonly digests?: readonly Uint8Array[]; readonly lists?: readonly Uint8Array[] }) {
  const { signerInfo } = x.signSignerInfo(request(party, []))
  const content = x.seq(x.oid('1.2.840.113549.1.7.1'))
  const parts = [x.integer(1), x.set(...(changes.digests ?? [sha256])), content, ...(changes.lists ?? [])]
  return x.seq(x.oid('1.2.840.113549.1.7.2'), x.tlv(0xa0, x.seq(...parts, x.set(signerInfo))))
}

function nested(depth: number): Uint8Array {
  return depth === 0 ? x.nil : x.seq(nested(depth - 1))
}

function pss(digest: string, mask: string): Uint8Array {
  const mgf = x.seq(x.oid('1.2.840.113549.1.1.8'), x.seq(x.oid(mask)))
  return x.seq(x.oid('1.2.840.113549.1.1.10'), x.seq(x.tlv(0xa0, x.seq(x.oid(digest))), x.tlv(0xa1, mgf)))
}
