import { expect, test } from 'vitest'
import { armor, makeKey, makeSshsig, makeSshsigBlob, signedData } from '../../../../../testdata/ssh/software-signer.ts'
import { parseSshSignature, sshSignedData } from './sshsig.ts'

const key = makeKey('ssh-ed25519')
const payload = Buffer.from('payload')
const blob = makeSshsigBlob(key, payload)
const text = armor(blob)

test.for([
  { name: 'nothing', bytes: '', code: 'missing_header' },
  { name: 'text before the header', bytes: `x${text}`, code: 'missing_header' },
  { name: 'a header without a line end', bytes: text.replace('\n', ''), code: 'missing_header' },
  { name: 'no footer', bytes: text.slice(0, -30), code: 'missing_footer' },
  {
    name: 'a footer that does not begin a line',
    bytes: text.replace('\n-----END', '-----END'),
    code: 'missing_footer',
  },
  { name: 'a character that is not base64', bytes: text.replace('U1NI', 'U1N!'), code: 'bad_base64' },
  { name: 'more than 256 KiB', bytes: text + '\n'.repeat(256 * 1024), code: 'too_large' },
  { name: 'another magic', bytes: armor(Buffer.concat([Buffer.from('SSHSIX'), blob.subarray(6)])), code: 'bad_magic' },
  { name: 'version 2', bytes: makeSshsig(key, payload, { version: 2 }), code: 'unsupported_version' },
  { name: 'another hash', bytes: makeSshsig(key, payload, { hash: 'sha384' }), code: 'unsupported_hash' },
  {
    name: 'a zero byte in the namespace',
    bytes: makeSshsig(key, payload, { namespace: 'g\0t' }),
    code: 'embedded_nul',
  },
  { name: 'a blob that ends early', bytes: armor(blob.subarray(0, -1)), code: 'truncated' },
  { name: 'a blob that goes on', bytes: armor(Buffer.concat([blob, Buffer.of(0)])), code: 'trailing_data' },
])('refuses $name with $code', ({ bytes, code }) => {
  expect(() => parseSshSignature(Buffer.from(bytes))).toThrow(expect.objectContaining({ name: 'SshError', code }))
})

test.for([
  { name: 'as ssh-keygen writes it', bytes: text, oddity: null },
  { name: 'without a last line end', bytes: text.trimEnd(), oddity: null },
  { name: 'with empty lines at the end', bytes: `${text}\n\r\n`, oddity: null },
  { name: 'with CRLF in the body', bytes: text.replaceAll('\n', '\r\n').replace('\r\n', '\n'), oddity: null },
  { name: 'with text after the footer', bytes: `${text}x`, oddity: 'text_after_footer' },
  { name: 'with text on the footer line', bytes: `${text.trimEnd()}x`, oddity: 'text_after_footer' },
  { name: 'with a blank in the body', bytes: text.replace('U1NI', 'U1 NI'), oddity: 'armor_white_space' },
  { name: 'with a bare CR in the body', bytes: text.replace('U1NI', 'U1\rNI'), oddity: 'armor_white_space' },
  { name: 'of version 0', bytes: makeSshsig(key, payload, { version: 0 }), oddity: 'old_version' },
  { name: 'with reserved bytes', bytes: makeSshsig(key, payload, { reserved: 'x' }), oddity: 'reserved_not_empty' },
  {
    name: 'with a zero byte after the namespace',
    bytes: makeSshsig(key, payload, { namespace: 'git\0' }),
    oddity: 'trailing_nul',
  },
  {
    name: 'with a zero byte after the hash name',
    bytes: makeSshsig(key, payload, { hash: 'sha256\0' }),
    oddity: 'trailing_nul',
  },
])('notes what OpenSSH overlooks in a signature $name', ({ bytes, oddity }) => {
  expect(parseSshSignature(Buffer.from(bytes))).toMatchObject({ oddity, namespace: 'git', crlfHeader: false })
})

test('reads a header line that ends in CRLF, and says so', () => {
  expect(parseSshSignature(Buffer.from(text.replaceAll('\n', '\r\n')))).toMatchObject({
    crlfHeader: true,
    oddity: null,
  })
})

test.for(['sha256', 'sha512'] as const)('builds the bytes that the key signs, with %s', (hash) => {
  expect(Buffer.from(sshSignedData('git', hash, payload))).toEqual(signedData(payload, 'git', hash))
})
