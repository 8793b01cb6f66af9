import { expect, test } from 'vitest'
import { krlCertificates, makeKrl } from '../../../../../testdata/ssh/make-krl.ts'
import recorded from '../../../../../testdata/ssh/recorded/ssh-keygen.json' with { type: 'json' }
import { keyText, makeCertificate, makeKey, mpint, str, u64 } from '../../../../../testdata/ssh/software-signer.ts'
import { parseKrl } from './krl.ts'
import { parseRevocationList, revocationOf } from './revocation-list.ts'
import { parseSshKey, parseSshKeyText } from './ssh-key.ts'

const authority = makeKey('ssh-ed25519')
const key = makeKey('ecdsa-sha2-nistp256')
const any = Buffer.alloc(0)
const serials = (...parts: Parameters<typeof krlCertificates>[1][]): Buffer => makeKrl(krlCertificates(any, ...parts))
const both = (first: bigint, last: bigint): Buffer => Buffer.concat([u64(first), u64(last)])
const extension = (critical: number): Buffer => Buffer.concat([str('x@example.com'), Buffer.of(critical), str('')])
const good = makeKrl([2, str(key.blob)])

test.for([
  { name: 'another magic', file: Buffer.from('SSHKRL\n\x01', 'latin1'), code: 'bad_magic' },
  { name: 'format version 2', file: good.with(11, 2), code: 'unsupported_version' },
  { name: 'a header cut short', file: good.subarray(0, 20), code: 'truncated' },
  { name: 'a section cut short', file: good.subarray(0, -1), code: 'truncated' },
  { name: 'an unknown section', file: makeKrl([9, any]), code: 'unknown_krl_section' },
  { name: 'a signature', file: makeKrl([4, authority.blob]), code: 'signed_krl' },
  { name: 'a critical extension', file: makeKrl([255, extension(1)]), code: 'unknown_critical_extension' },
  {
    name: 'an extension with bytes after it',
    file: makeKrl([255, Buffer.concat([extension(0), Buffer.of(0)])]),
    code: 'trailing_data',
  },
  { name: 'a SHA-1 of 19 bytes', file: makeKrl([3, str(Buffer.alloc(19))]), code: 'trailing_data' },
  { name: 'a SHA-256 of 31 bytes', file: makeKrl([5, str(Buffer.alloc(31))]), code: 'trailing_data' },
  { name: 'an unknown certificate section', file: serials([0x24, any]), code: 'unknown_krl_section' },
  { name: 'a critical certificate extension', file: serials([0x39, extension(1)]), code: 'unknown_critical_extension' },
  { name: 'serial zero', file: serials([0x20, u64(0n)]), code: 'bad_serial' },
  { name: 'half a serial', file: serials([0x20, Buffer.alloc(7)]), code: 'truncated' },
  { name: 'a range that runs backwards', file: serials([0x21, both(9n, 8n)]), code: 'bad_serial' },
  {
    name: 'a range with a third number',
    file: serials([0x21, Buffer.concat([both(1n, 2n), u64(3n)])]),
    code: 'trailing_data',
  },
  {
    name: 'a bitmap past 64 bits',
    file: serials([0x22, Buffer.concat([u64(2n ** 64n - 1n), mpint(Buffer.of(2))])]),
    code: 'bad_serial',
  },
  {
    name: 'a bitmap that is negative',
    file: serials([0x22, Buffer.concat([u64(1n), str(Buffer.of(0x80))])]),
    code: 'bad_number',
  },
  { name: 'a zero byte in a key id', file: serials([0x23, str('a\0b')]), code: 'embedded_nul' },
  { name: 'an authority that is no key', file: makeKrl(krlCertificates(Buffer.from('x'))), code: 'truncated' },
])('refuses $name with $code', ({ file, code }) => {
  expect(() => parseKrl(file)).toThrow(expect.objectContaining({ name: 'SshError', code }))
})

test.for([
  { name: 'a line that is not a key', file: 'serial: 5\n', code: 'unsupported_key_type' },
  { name: 'a fingerprint', file: 'SHA256:AAAA\n', code: 'missing_key' },
  { name: 'options before a key', file: `cert-authority ${keyText(key.blob)}\n`, code: 'unsupported_key_type' },
  { name: 'a CRLF empty line', file: `\r\n${keyText(key.blob)}\n`, code: 'missing_key' },
])('refuses a text file with $name with $code', ({ file, code }) => {
  expect(() => parseRevocationList(Buffer.from(file))).toThrow(expect.objectContaining({ name: 'SshError', code }))
})

test('refuses a file of more than 16 MiB', () => {
  const file = Buffer.alloc(16 * 1024 * 1024 + 1)
  expect(() => parseRevocationList(file)).toThrow(expect.objectContaining({ code: 'too_large' }))
})

test.for(recorded.krls)('finds revoked what ssh-keygen -Q finds revoked: $name', ({ krl, revoked }) => {
  const list = parseRevocationList(Buffer.from(krl, 'base64'))
  const subjects = [
    ...recorded.keys.map((item) => ({ name: item.name, text: item.public })),
    ...recorded.certificates.map((item) => ({ name: `${item.name}-cert`, text: item.certificate })),
  ]
  const found = subjects.filter(({ text }) => revocationOf(list, parseSshKeyText(text).key) !== null)
  expect(found.map(({ name }) => name).sort()).toEqual([...revoked].sort())
})

const certificate = (serial: bigint): Buffer => makeCertificate(key, authority, { serial })

test.for([
  { name: 'a key', file: good, blob: key.blob, found: 'key_revoked' },
  { name: 'the key inside a certificate', file: good, blob: certificate(5n), found: 'key_revoked' },
  {
    name: 'the authority',
    file: makeKrl([2, str(authority.blob)]),
    blob: certificate(5n),
    found: 'certificate_authority_revoked',
  },
  { name: 'a serial', file: serials([0x20, u64(5n)]), blob: certificate(5n), found: 'certificate_serial_revoked' },
  { name: 'a key id', file: serials([0x23, str('id-5')]), blob: certificate(6n), found: 'certificate_key_id_revoked' },
  {
    name: 'the first serial of a bitmap',
    file: serials([0x22, Buffer.concat([u64(5n), mpint(Buffer.of(1))])]),
    blob: certificate(5n),
    found: 'certificate_serial_revoked',
  },
  {
    name: 'the ninth serial of a bitmap',
    file: serials([0x22, Buffer.concat([u64(5n), mpint(Buffer.of(1, 0))])]),
    blob: certificate(13n),
    found: 'certificate_serial_revoked',
  },
  {
    name: 'the sixth serial of a bitmap',
    file: serials([0x22, Buffer.concat([u64(5n), mpint(Buffer.of(0x20))])]),
    blob: certificate(10n),
    found: 'certificate_serial_revoked',
  },
  {
    name: 'the last serial there is',
    file: serials([0x21, both(2n ** 64n - 1n, 2n ** 64n - 1n)]),
    blob: certificate(2n ** 64n - 1n),
    found: 'certificate_serial_revoked',
  },
  { name: 'no serial zero', file: serials([0x21, both(1n, 2n ** 64n - 1n)]), blob: certificate(0n), found: null },
  {
    name: 'nothing past an extension that may be ignored',
    file: makeKrl([255, extension(0)], krlCertificates(any, [0x39, extension(0)])),
    blob: key.blob,
    found: null,
  },
])('finds $name', ({ file, blob, found }) => {
  expect(revocationOf(parseRevocationList(file), parseSshKey(blob))).toBe(found)
})
