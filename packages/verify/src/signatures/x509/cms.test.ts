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
const attribute = (type: string, ...values: readonly Uint8Array[]): Uint8Array => x.seq(x.oid(type), x.set(...values))
const der = message({})

test('reads a message', () => {
  const { signers, certificates, content, hasTrailingBytes } = parseSignedMessage(der)
  expect({ content, hasTrailingBytes, certificates: certificates.map(toHex) }).toEqual({
    content: null,
    hasTrailingBytes: false,
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
  { name: 'a signer info of version 3 by serial number', bytes: wrongVersion(), code: malformed },
  {
    name: 'a digest in MD5',
    bytes: message({ digestAlgorithm: x.seq(x.oid('1.2.840.113549.2.5'), x.nil) }),
    code: 'unsupported_algorithm',
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
  { name: 'too many bytes', bytes: new Uint8Array(MAX_CMS_BYTES + 1), code: 'too_long' },
])('refuses $name with $code', ({ bytes, code }) => {
  expect(() => parseSignedMessage(bytes)).toThrow(expect.objectContaining({ name: 'X509Error', code }))
})

test.for([
  { name: 'another label', armor: '-----BEGIN CMS-----\nAAAA\n-----END CMS-----\n', code: 'malformed_armor' },
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
  { name: 'a longer line', armor: (text: string) => text.replace(/(.{64})\n(.{64})\n/, '$1$2\n') },
  { name: 'a space', armor: (text: string) => text.replace('\nMI', '\nM I') },
  { name: 'a carriage return', armor: (text: string) => text.replace('\n-----END', '\r\n-----END') },
  { name: 'an empty line', armor: (text: string) => text.replace('\n-----END', '\n\n-----END') },
  { name: 'text after the end', armor: (text: string) => `${text}\n` },
])('reads an armour with $name, but says that it is not exact', ({ armor }) => {
  const exact = x.armor(der)
  expect(readArmor(Buffer.from(exact))).toEqual({ der: Buffer.from(der), isExact: true })
  expect(readArmor(Buffer.from(armor(exact))).isExact).toBe(false)
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

function wrongVersion(): Uint8Array {
  const { signerInfo } = x.signSignerInfo(request(party, []))
  const hex = toHex(signerInfo)
  return x.wrapSignedData(request(party, []), [Buffer.from(hex.replace('020101', '020103'), 'hex')])
}

function pss(digest: string, mask: string): Uint8Array {
  const mgf = x.seq(x.oid('1.2.840.113549.1.1.8'), x.seq(x.oid(mask)))
  return x.seq(x.oid('1.2.840.113549.1.1.10'), x.seq(x.tlv(0xa0, x.seq(x.oid(digest))), x.tlv(0xa1, mgf)))
}
