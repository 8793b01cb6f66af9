import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import * as x from '../../../../../testdata/x509/issue.ts'
import { acme, ann, intermediate, issue, SIGNED, YEAR } from '../../../../../testdata/x509/parties.ts'
import { toHex } from '../../bytes/encoding.ts'
import { MAX_CERTIFICATE_BYTES, parseCertificate } from './certificate.ts'
import { formatName, formatNameAsGpgsm } from './distinguished-name.ts'
import { X509Error } from './x509-error.ts'

const by = x.newSigner('p256')
const wish = { by, issuer: intermediate, serial: Uint8Array.of(0x42, 1) }
const full = [
  x.keyUsage(0, 1),
  x.basicConstraints(false),
  x.extendedKeyUsage('1.3.6.1.5.5.7.3.3', '1.3.6.1.5.5.7.3.4'),
  x.authorityKeyId(intermediate.by.spki),
  {
    id: '2.5.29.17',
    critical: true,
    value: x.seq(
      x.tlv(0x81, Buffer.from('ann@example.com')),
      x.tlv(0x81, Buffer.from('eve@example.com ann@example.org')),
      x.tlv(0x86, Buffer.from('https://example.com/ann')),
      x.tlv(0x82, Buffer.from('example.com')),
      x.tlv(0xa0, x.oid('1.3.6.1.4.1.57264.1.7'), x.tlv(0xa0, x.text('ann\n'))),
    ),
  },
  { id: '1.3.6.1.4.1.57264.1.1', value: Buffer.from('https://issuer.example') },
  { id: '1.3.6.1.4.1.57264.1.12', value: x.text('https://example.com/repository') },
  { id: '1.2.3.4', critical: true, value: x.nil },
]
const { der } = issue({ ...wish, extensions: full })

test('reads what a certificate says', () => {
  const certificate = parseCertificate(der)
  expect(certificate).toMatchObject({
    serial: '4201',
    notBefore: SIGNED - YEAR,
    notAfter: SIGNED + 25 * YEAR,
    isAuthority: false,
    pathLength: null,
    keyUsage: 0xc0,
    extendedKeyUsage: ['1.3.6.1.5.5.7.3.3', '1.3.6.1.5.5.7.3.4'],
    names: {
      emails: ['ann@example.com', 'eve@example.com\ufffdann@example.org'],
      uris: ['https://example.com/ann'],
      others: ['1.3.6.1.4.1.57264.1.7=ann\ufffd'],
    },
    subjectKeyId: toHex(x.keyId(by.spki)),
    authorityKeyId: toHex(x.keyId(intermediate.by.spki)),
    unknownCritical: ['1.2.3.4'],
    fulcio: { issuerV1: 'https://issuer.example', sourceRepositoryUri: 'https://example.com/repository' },
    signatureAlgorithm: { keyType: 'rsa', digest: 'sha256', saltLength: null },
  })
  expect(formatName(certificate.subject)).toBe('CN=Ann Example,O=Acme')
  expect(certificate.issuer.key).toBe(parseCertificate(intermediate.der).subject.key)
})

test.for([
  {
    name: 'special characters',
    parts: [
      ['O', 'A, B + C'],
      ['CN', '#1 "x" <y>; \\ '],
    ] as const,
    rfc: 'CN=\\#1 \\"x\\" \\<y\\>\\; \\\\\\ ,O=A\\, B \\+ C',
    gpgsm: '/CN=#1 "x" <y>; \\x5c /O=A, B + C',
  },
  { name: 'a slash', parts: [['CN', 'a/O=b']] as const, rfc: 'CN=a/O=b', gpgsm: '/CN=a\\x2fO=b' },
  { name: 'a control character', parts: [['CN', 'a\nb']] as const, rfc: 'CN=a\ufffdb', gpgsm: '/CN=a\\x0ab' },
  { name: 'letters beyond ASCII', parts: [['CN', 'Ü']] as const, rfc: 'CN=Ü', gpgsm: '/CN=%C3%9C' },
  {
    name: 'an unknown type',
    parts: [
      ['1.2.3.4', 'x'],
      ['CN', 'y'],
    ] as const,
    rfc: 'CN=y,1.2.3.4=x',
    gpgsm: '/CN=y/1.2.3.4=x',
  },
  { name: 'nothing', parts: [], rfc: '', gpgsm: null },
])('writes a name with $name', ({ parts, rfc, gpgsm }) => {
  const { subject } = parseCertificate(issue({ ...wish, subject: x.name(parts) }).der)
  expect(formatName(subject)).toBe(rfc)
  expect(formatNameAsGpgsm(subject)).toBe(gpgsm)
})

const twice = [ann, ann]
const small = issue({ ...wish, extensions: [ann] }).der
const cases = [
  { name: 'bytes that follow', bytes: Buffer.concat([small, x.nil]), code: 'malformed_certificate' },
  { name: 'a cut', bytes: small.subarray(0, -1), code: 'malformed_certificate' },
  { name: 'two signature algorithms', bytes: inner(), code: 'malformed_certificate' },
  { name: 'version 1', bytes: replaced(small, 'a003020102', 'a003020100'), code: 'malformed_certificate' },
  { name: 'too many bytes', bytes: new Uint8Array(MAX_CERTIFICATE_BYTES + 1), code: 'too_long' },
  {
    name: 'a key that is no bit string',
    bytes: replaced(small, '03420004', '04420004'),
    code: 'malformed_certificate',
  },
  {
    name: 'parts of a name that are not whole',
    bytes: replaced(small, '060355040a0c04', '060355040a2c04'),
    code: 'malformed_certificate',
  },
]

test.for(cases)('refuses $name', ({ bytes, code }) => {
  expect(() => parseCertificate(bytes)).toThrow(expect.objectContaining({ name: 'X509Error', code }))
})

test.for([
  { name: 'an extension twice', bytes: issue({ ...wish, extensions: twice }).der },
  { name: 'a key usage that is no bit string', bytes: withValue('2.5.29.15', x.nil) },
  { name: 'basic constraints with more', bytes: withValue('2.5.29.19', x.seq(x.nil)) },
  { name: 'purposes that are none', bytes: withValue('2.5.29.37', x.seq(x.nil)) },
  { name: 'a Fulcio statement without its type', bytes: withValue('1.3.6.1.4.1.57264.1.8', x.nil) },
  { name: 'a date that is none', bytes: replaced(small, '3232313332305a', '323231333200ff') },
])('reads $name, and says that it is malformed', ({ bytes }) => {
  expect(parseCertificate(small).isMalformed).toBe(false)
  expect(parseCertificate(bytes).isMalformed).toBe(true)
})

test('keeps a key and an algorithm that cannot be used as null', () => {
  const odd = replaced(
    small,
    Buffer.from(by.spki).toString('hex').slice(0, 46),
    `3059301306072a8648ce3d020106082a8648ce3d0301ff`,
  )
  expect(parseCertificate(odd).key).toBeNull()
  const strange = replaced(small, '2a864886f70d01010b', '2a864886f70d01017f')
  expect(parseCertificate(strange).signatureAlgorithm).toBeNull()
})

test('throws nothing but its own error for any change of up to three bytes', () => {
  const change = fc.record({ at: fc.nat(der.length - 1), value: fc.nat(255) })
  const check = (changes: readonly { at: number; value: number }[]): void => {
    const bytes = Uint8Array.from(der)
    for (const { at, value } of changes) bytes[at] = value
    try {
      parseCertificate(bytes)
    } catch (error) {
      expect(error).toBeInstanceOf(X509Error)
    }
  }
  fc.assert(fc.property(fc.array(change, { maxLength: 3 }), check), { numRuns: 2000 })
})

function withValue(id: string, value: Uint8Array): Uint8Array {
  return issue({ ...wish, extensions: [{ id, value }] }).der
}

function inner(): Uint8Array {
  return x.issueCertificate({
    subject: acme('Ann'),
    issuer: acme('Ann'),
    spki: by.spki,
    by,
    notBefore: SIGNED,
    notAfter: SIGNED,
    innerAlgorithm: x.signatureAlgorithm('p384'),
  })
}

function replaced(bytes: Uint8Array, from: string, to: string): Uint8Array {
  return Buffer.from(Buffer.from(bytes).toString('hex').replaceAll(from, to), 'hex')
}
