import { expect, test } from 'vitest'
import { KEY_TYPES } from '../../../../../testdata/ssh/matrix.ts'
import recorded from '../../../../../testdata/ssh/recorded/ssh-keygen.json' with { type: 'json' }
import { keyText, makeCertificate, makeKey, mpint, str } from '../../../../../testdata/ssh/software-signer.ts'
import { parseSshKey, parseSshKeyText } from './ssh-key.ts'

const ed25519 = makeKey('ssh-ed25519')
const rsa = makeKey('ssh-rsa')
const p256 = makeKey('ecdsa-sha2-nistp256')
const sk = makeKey('sk-ssh-ed25519@openssh.com')
const certificate = makeCertificate(ed25519, p256)
const join2 = (...parts: readonly Uint8Array[]): Buffer => Buffer.concat(parts)
const point = p256.fields.subarray(16)

test.for([
  { name: 'no bytes', blob: Buffer.alloc(0), code: 'truncated' },
  { name: 'more than 256 KiB', blob: Buffer.alloc(256 * 1024 + 1), code: 'too_large' },
  { name: 'a string that runs past the end', blob: ed25519.blob.subarray(0, -1), code: 'truncated' },
  { name: 'a byte too many', blob: join2(ed25519.blob, Buffer.of(0)), code: 'trailing_data' },
  {
    name: 'an unknown type',
    blob: join2(str('ssh-mldsa44-ed25519@openssh.com'), str('x')),
    code: 'unsupported_key_type',
  },
  { name: 'DSA', blob: join2(str('ssh-dss'), str('x')), code: 'unsupported_key_type' },
  { name: 'a short name for a certificate', blob: join2(str('ED25519-CERT'), str('x')), code: 'unsupported_key_type' },
  { name: 'a zero byte in the type', blob: join2(str('ssh\0ed25519'), str('x')), code: 'embedded_nul' },
  { name: 'an Ed25519 key of 33 bytes', blob: join2(str('ssh-ed25519'), str(Buffer.alloc(33))), code: 'bad_key' },
  {
    name: 'RSA of 1,023 bits',
    blob: join2(str('ssh-rsa'), mpint(Buffer.of(1, 0, 1)), mpint(Buffer.alloc(128, 0x7f))),
    code: 'short_rsa_key',
  },
  {
    name: 'RSA without a modulus',
    blob: join2(str('ssh-rsa'), mpint(Buffer.of(1, 0, 1)), str('')),
    code: 'short_rsa_key',
  },
  {
    name: 'a negative RSA modulus',
    blob: join2(str('ssh-rsa'), mpint(Buffer.of(3)), str(Buffer.alloc(256, 0xff))),
    code: 'bad_number',
  },
  {
    name: 'an RSA modulus of 16,385 bits',
    blob: join2(str('ssh-rsa'), mpint(Buffer.of(3)), mpint(Buffer.concat([Buffer.of(1), Buffer.alloc(2048)]))),
    code: 'bad_number',
  },
  { name: 'another curve', blob: join2(str('ecdsa-sha2-nistp384'), p256.fields), code: 'key_type_mismatch' },
  {
    name: 'a compressed point',
    blob: join2(str(p256.type), str('nistp256'), str(point.subarray(4, 37).with(0, 2))),
    code: 'bad_key',
  },
  {
    name: 'a point off the curve',
    blob: join2(p256.blob.subarray(0, -1), Buffer.of((p256.blob.at(-1) ?? 0) ^ 1)),
    code: 'bad_key',
  },
  {
    name: 'a point with a short coordinate',
    blob: join2(str(p256.type), str('nistp256'), str(join2(Buffer.of(4), Buffer.alloc(63), Buffer.of(5)))),
    code: 'bad_key',
  },
  {
    name: 'a security key without an application',
    blob: join2(str(sk.type), sk.fields.subarray(0, 36)),
    code: 'truncated',
  },
  { name: 'a certificate of no kind', blob: makeCertificate(ed25519, p256, { kind: 3 }), code: 'bad_certificate' },
  {
    name: 'a certificate with 257 principals',
    blob: makeCertificate(ed25519, p256, { principals: Array(257).fill('a') }),
    code: 'bad_certificate',
  },
  {
    name: 'a certificate signed by a certificate',
    blob: makeCertificate(ed25519, { ...p256, blob: certificate }),
    code: 'bad_certificate_authority',
  },
  {
    name: 'a certificate that its authority did not sign',
    blob: makeCertificate(ed25519, { ...p256, blob: makeKey('ecdsa-sha2-nistp256').blob }),
    code: 'certificate_signature_mismatch',
  },
  {
    name: 'a certificate with a zero byte in a principal',
    blob: makeCertificate(ed25519, p256, { principals: ['a\0b'] }),
    code: 'embedded_nul',
  },
  { name: 'a certificate cut short', blob: certificate.subarray(0, -1), code: 'truncated' },
  { name: 'a certificate with a byte too many', blob: join2(certificate, Buffer.of(0)), code: 'trailing_data' },
  {
    name: 'a certificate signed with another type',
    blob: makeCertificate(ed25519, p256, { sign: { format: 'ssh-ed25519' } }),
    code: 'unsupported_signature_type',
  },
])('refuses $name with $code', ({ blob, code }) => {
  expect(() => parseSshKey(blob)).toThrow(expect.objectContaining({ name: 'SshError', code }))
})

test.for([
  { name: 'one word', text: 'ssh-ed25519', code: 'missing_key' },
  { name: 'an unknown type name', text: `ED25519 ${ed25519.blob.toString('base64')}`, code: 'unsupported_key_type' },
  {
    name: 'a type that the blob is not',
    text: keyText(ed25519.blob).replace('ssh-ed25519', 'ssh-rsa'),
    code: 'key_type_mismatch',
  },
  {
    name: 'a certificate under a plain name',
    text: `ssh-ed25519 ${certificate.toString('base64')}`,
    code: 'key_type_mismatch',
  },
  {
    name: 'base64 with a foreign character',
    text: `ssh-ed25519 ${ed25519.blob.toString('base64').replace('A', '_')}`,
    code: 'bad_base64',
  },
  {
    name: 'base64 without its padding',
    text: `ssh-rsa ${str('abc').toString('base64').replaceAll('=', '')}`,
    code: 'bad_base64',
  },
  { name: 'base64 with an unused bit set', text: 'ssh-rsa AAAAAR==', code: 'bad_base64' },
  { name: 'base64 that ends in half a byte', text: 'ssh-rsa AAAAA===', code: 'bad_base64' },
])('refuses the text form with $name with $code', ({ text, code }) => {
  expect(() => parseSshKeyText(text)).toThrow(expect.objectContaining({ name: 'SshError', code }))
})

test.for([...recorded.keys, ...recorded.certificates.map((c) => ({ ...c, public: c.certificate }))])(
  'gives $public the fingerprint that ssh-keygen gives',
  (key) => {
    expect(parseSshKeyText(key.public).key.plain.fingerprint).toBe(key.fingerprint)
  },
)

test.for(KEY_TYPES)('reads a key and a certificate of type %s', (type) => {
  const made = makeKey(type)
  const plain = parseSshKey(made.blob)
  expect(plain).toMatchObject({ canonical: true, certificate: null, plain: { type, weakness: null } })
  expect(Buffer.from(plain.plain.blob)).toEqual(made.blob)
  const options = {
    serial: 2n ** 64n - 1n,
    principals: ['a', 'b'],
    validBefore: 9n,
    criticalOptions: [['x@y', 'z']],
  } as const
  const { certificate: read } = parseSshKey(makeCertificate(made, ed25519, options))
  expect(read).toMatchObject({
    serial: 2n ** 64n - 1n,
    kind: 'user',
    keyId: 'id-5',
    principals: ['a', 'b'],
    validAfter: 0,
    validBefore: 9,
    criticalOptions: ['x@y'],
    refusal: 'unknown_critical_option',
  })
})

test.for([
  {
    name: 'RSA of 2,047 bits',
    blob: join2(str('ssh-rsa'), mpint(Buffer.of(1, 0, 1)), mpint(Buffer.alloc(256, 0x7f))),
    weakness: 'weak_key',
  },
  {
    name: 'RSA with exponent 1',
    blob: join2(str('ssh-rsa'), mpint(Buffer.of(1)), rsa.fields.subarray(7)),
    weakness: 'weak_key',
  },
  {
    name: 'RSA with an even exponent',
    blob: join2(str('ssh-rsa'), mpint(Buffer.of(4)), rsa.fields.subarray(7)),
    weakness: 'weak_key',
  },
  {
    name: 'RSA with an even modulus',
    blob: join2(str('ssh-rsa'), mpint(Buffer.of(3)), mpint(Buffer.alloc(256, 0x7e).with(0, 0xff))),
    weakness: 'weak_key',
  },
  {
    name: 'Ed25519, the point of order 1',
    blob: join2(str('ssh-ed25519'), str(Buffer.alloc(32).with(0, 1))),
    weakness: 'small_order_key',
  },
  {
    name: 'Ed25519, order 1 with the sign bit',
    blob: join2(str('ssh-ed25519'), str(Buffer.alloc(32).with(0, 1).with(31, 0x80))),
    weakness: 'small_order_key',
  },
  { name: 'Ed25519, order 4', blob: join2(str('ssh-ed25519'), str(Buffer.alloc(32))), weakness: 'small_order_key' },
  {
    name: 'Ed25519, order 8',
    blob: join2(
      str('ssh-ed25519'),
      str(Buffer.from('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85', 'hex')),
    ),
    weakness: 'small_order_key',
  },
  {
    name: 'Ed25519, y not reduced',
    blob: join2(str('ssh-ed25519'), str(Buffer.alloc(32, 0xff).with(0, 0xf0))),
    weakness: 'non_canonical_key',
  },
])('calls $name $weakness', ({ blob, weakness }) => {
  expect(parseSshKey(blob).plain.weakness).toBe(weakness)
})
