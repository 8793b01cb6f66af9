import { expect, test } from 'vitest'
import { keyText, makeCertificate, makeKey } from '../../../../../testdata/ssh/software-signer.ts'
import { type AllowedSigners, parseAllowedSigners } from './allowed-signers.ts'
import { parseSshTime } from './signer-options.ts'

const key = makeKey('ssh-ed25519')
const text = keyText(key.blob)
const T2024 = Date.UTC(2024, 0, 1) / 1000

test.for([
  { name: 'one word', line: 'alice', code: 'missing_key' },
  { name: 'principals and a type', line: 'alice ssh-ed25519', code: 'missing_key' },
  { name: 'options and no key', line: 'alice namespaces="git"', code: 'missing_key' },
  { name: 'an open quote in the principals', line: `"alice ${text}`, code: 'unterminated_quote' },
  { name: 'an open quote in the options', line: `alice namespaces="git ${text}`, code: 'unterminated_quote' },
  { name: 'an unknown option', line: `alice touch-required ${text}`, code: 'unknown_option' },
  { name: 'an option with a longer name', line: `alice cert-authorityx ${text}`, code: 'unknown_option' },
  { name: 'an option twice', line: `alice namespaces="a",NAMESPACES="b" ${text}`, code: 'repeated_option' },
  { name: 'a value without quotes', line: `alice namespaces=git ${text}`, code: 'bad_option' },
  { name: 'a comma at the end', line: `alice namespaces="git", ${text}`, code: 'bad_option' },
  { name: 'a time that is none', line: `alice valid-after="soon" ${text}`, code: 'bad_time' },
  {
    name: 'an empty window',
    line: `alice valid-after="20240101Z",valid-before="20240101Z" ${text}`,
    code: 'empty_validity',
  },
  { name: 'a broken key', line: 'alice ssh-ed25519 AAAA', code: 'truncated' },
  { name: 'a key that is not base64', line: 'alice ssh-ed25519 A_A=', code: 'bad_base64' },
  { name: 'an unknown key type', line: 'alice cert-authority ssh-dss AAAA', code: 'unsupported_key_type' },
  {
    name: 'another type than the blob',
    line: `alice ${text.replace('ssh-ed25519', 'ssh-rsa')}`,
    code: 'key_type_mismatch',
  },
  { name: 'a zero byte', line: `al\0ice ${text}`, code: 'embedded_nul' },
  { name: 'more than 256 KiB', line: `${'a'.repeat(256 * 1024)} ${text}`, code: 'too_large' },
])('leaves out a line with $name as $code, and keeps the rest', ({ line, code }) => {
  const parsed = parseAllowedSigners(`# first\n${line}\nbob ${text}\n`)
  expect(parsed.problems).toMatchObject([{ line: 2, code, message: expect.any(String) }])
  expect(parsed.signers).toMatchObject([{ line: 3, principals: 'bob' }])
})

test('leaves out a line that is not UTF-8', () => {
  const file = Buffer.concat([Buffer.of(0xff), Buffer.from(` ${text}\nbob ${text}`)])
  expect(parseAllowedSigners(file)).toMatchObject({ problems: [{ line: 1, code: 'not_text' }], signers: [{ line: 2 }] })
})

test('refuses a file of more than 16 MiB', () => {
  expect(() => parseAllowedSigners('\n'.repeat(16 * 1024 * 1024 + 1))).toThrow(
    expect.objectContaining({ code: 'too_large' }),
  )
})

const open = { certAuthority: false, namespaces: null, validAfter: null, validBefore: null }

test.for([
  { name: 'a plain line', line: `alice ${text}`, want: { principals: 'alice', ...open } },
  { name: 'a comment after the key', line: `alice ${text} her laptop`, want: { principals: 'alice', ...open } },
  { name: 'blanks everywhere', line: ` \talice\t ${text}\r`, want: { principals: 'alice', ...open } },
  { name: 'quoted principals', line: `"alice smith,bob" ${text}`, want: { principals: 'alice smith,bob', ...open } },
  { name: 'a quote inside the word', line: `al"ice x"${text}`, want: { principals: 'alice x', ...open } },
  { name: 'a certificate authority', line: `* CERT-Authority ${text}`, want: { ...open, certAuthority: true } },
  { name: 'namespaces', line: `a namespaces="git,file" ${text}`, want: { ...open, namespaces: 'git,file' } },
  { name: 'an escaped quote', line: `a namespaces="a\\"b" ${text}`, want: { ...open, namespaces: 'a"b' } },
  {
    name: 'a window',
    line: `a valid-after="20240101Z",valid-before="20240101000001Z" ${text}`,
    want: { ...open, validAfter: T2024, validBefore: T2024 + 1 },
  },
  {
    name: 'stray commas',
    line: `a ,cert-authority,,namespaces="x" ${text}`,
    want: { ...open, certAuthority: true, namespaces: 'x' },
  },
])('reads $name', ({ line, want }) => {
  const { signers, problems } = parseAllowedSigners(line)
  expect(problems).toEqual([])
  expect(signers).toMatchObject([want])
})

test('finds lines by key, by certificate and by certificate authority', () => {
  const certificate = makeCertificate(key, makeKey('ssh-ed25519'))
  const file = `a ${text}\nb cert-authority ${text}\nc ${keyText(certificate)}\nd ${text}\n`
  const { byKey, byAuthority } = parseAllowedSigners(file)
  const lines = (map: AllowedSigners['byKey'], blob: Buffer): unknown =>
    map.get(blob.toString('latin1'))?.map((s) => s.principals)
  expect(lines(byKey, key.blob)).toEqual(['a', 'd'])
  expect(lines(byKey, certificate)).toEqual(['c'])
  expect(lines(byAuthority, key.blob)).toEqual(['b'])
})

test.for([
  { name: 'a day', time: '20240101Z', offset: 120, seconds: T2024 },
  { name: 'a day in local time', time: '20240101', offset: 120, seconds: T2024 - 7200 },
  { name: 'a day west of Greenwich', time: '20240101', offset: -300, seconds: T2024 + 18000 },
  { name: 'minutes', time: '202401010001utc', offset: 0, seconds: T2024 + 60 },
  { name: 'seconds', time: '20240101000001z', offset: 0, seconds: T2024 + 1 },
  { name: 'a leap second', time: '20231231235960Z', offset: 0, seconds: T2024 },
  { name: 'a day that February does not have', time: '20240230Z', offset: 0, seconds: Date.UTC(2024, 2, 1) / 1000 },
])('reads the time $name', ({ time, offset, seconds }) => {
  expect(parseSshTime(time, offset)).toBe(seconds)
})

test.for([
  '',
  'Z',
  '2024',
  '20241301Z',
  '20240001Z',
  '20240132Z',
  '20240100Z',
  '202401012400Z',
  '202401010060Z',
  '20240101000062Z',
  '19700101Z',
  '20240101 Z',
  '2024010100Z',
  '00000101Z',
  '+0240101Z',
])('refuses the time "%s"', (time) => {
  expect(() => parseSshTime(time, 0)).toThrow(expect.objectContaining({ code: 'bad_time' }))
})

test('reads 1 MB of hostile options and quotes in linear time', () => {
  const worst = ['\\"'.repeat(120_000), '"'.repeat(240_000), `namespaces="${'\\'.repeat(240_000)}`, ','.repeat(240_000)]
  const started = performance.now()
  const { problems } = parseAllowedSigners(worst.map((options) => `a ${options} ${text}`).join('\n'))
  expect(problems.length).toBeGreaterThanOrEqual(3)
  expect(performance.now() - started).toBeLessThan(2000)
})
