import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const SOURCE = fileURLToPath(new URL('.', import.meta.url))
const PAGE = fileURLToPath(new URL('../../../docs/formats/signature-reasons.md', import.meta.url))

/** Words in the shape of a code that are none, with what they are. */
const OTHER_WORDS: Readonly<Record<string, string>> = {
  expired_key: 'a status',
  revoked_key: 'a status',
  expired_signature: 'a status',
  short_hash: 'an outcome of the mathematics, which weak_hash tells',
  wrong_prefix: 'an outcome of the mathematics, which digest_prefix_mismatch tells',
  log_time: 'a source of time, part of verified_at_log_time',
  trusted_time: 'a source of time, part of verified_at_trusted_time',
  not_checked: 'a detail',
}

/** Codes that the source puts together, or that are one plain word. */
const COMPOSED = [
  ...['verified', 'unsigned', 'truncated', 'subpacket', 'mpi', 'trailing'],
  ...['trusted_time', 'log_time', 'timestamp'].map((source) => `verified_at_${source}`),
]

const files = readdirSync(join(SOURCE, 'signatures'), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts') && !/\.(?:test|fixtures)\.ts$/.test(path))
  .map((path) => join(SOURCE, 'signatures', path))
  .concat(['verify-object.ts', 'git/signed-content.ts'].map((path) => join(SOURCE, path)))

const literals = (file: string): readonly string[] =>
  [...readFileSync(file, 'utf8').matchAll(/'([a-z0-9]+(?:_[a-z0-9]+)+)'/g)].map((match) => match[1] ?? '')
const objectErrors = literals(join(SOURCE, 'git/git-object-error.ts')).map((code) => `malformed_object_${code}`)
const inSource = new Set([
  ...files.flatMap(literals).filter((word) => !(word in OTHER_WORDS)),
  ...objectErrors,
  ...COMPOSED,
])
const rows = [...readFileSync(PAGE, 'utf8').matchAll(/^\| `([a-z0-9_]+)` \| (.+) \|$/gm)]
const documented = new Set(rows.map((row) => row[1] ?? ''))

test('the page describes every reason in the source', () => {
  expect([...inSource].filter((code) => !documented.has(code)).sort()).toEqual([])
})

test('the page describes no reason that is not in the source', () => {
  expect([...documented].filter((code) => !inSource.has(code)).sort()).toEqual([])
})

test('each reason has one sentence', () => {
  expect(rows.map((row) => row[2] ?? '').filter((sentence) => !/^[A-Z`].*[^.]\.$/.test(sentence))).toEqual([])
})

test('no word is passed over that the source no longer uses', () => {
  const words = new Set(files.flatMap(literals))
  expect(Object.keys(OTHER_WORDS).filter((word) => !words.has(word))).toEqual([])
})

test.for(COMPOSED.filter((code) => !code.startsWith('verified_at_')))('%s is a word of the source', (code) => {
  expect(files.some((file) => readFileSync(file, 'utf8').includes(`'${code}'`))).toBe(true)
})
