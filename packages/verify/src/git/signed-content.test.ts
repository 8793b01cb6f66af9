import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { isolatedEnv } from '../../../../bench/history/repository.ts'
import {
  HEAD,
  ODD_COMMITS,
  ODD_TAGS,
  TREE,
  TREE_SHA256,
  UNREADABLE_COMMIT,
  UNREADABLE_TAG,
} from '../../../../testdata/git/odd-objects.ts'
import type { ObjectFormat } from './object-id.ts'
import { schemeOf, splitCommit, splitTag } from './signed-content.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'csn-split-'))
  for (const format of ['sha1', 'sha256']) {
    execFileSync('git', ['init', '-q', '--bare', `--object-format=${format}`, join(folder, format)], {
      env: isolatedEnv(),
    })
  }
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** What git takes for the signed bytes; it prints them before it looks for a key. */
function payloadByGit(format: ObjectFormat, type: 'commit' | 'tag', body: Uint8Array): Buffer {
  const run = (args: readonly string[], input: Uint8Array): Buffer =>
    spawnSync('git', ['-C', join(folder, format), ...args], { env: isolatedEnv(), input, maxBuffer: 1 << 26 }).stdout
  const id = run(['hash-object', '-t', type, '-w', '--literally', '--stdin'], body).toString().trim()
  return run([`verify-${type}`, '-v', id], Buffer.alloc(0))
}

const text = (bytes: Uint8Array | null): string | null =>
  bytes === null ? null : Buffer.from(bytes).toString('latin1')
const published = (name: string): Buffer =>
  readFileSync(join(import.meta.dirname, '../../../../testdata/openpgp/git', name))

test.for(ODD_COMMITS)('signs the same bytes of a commit as git: $name', ({ body }) => {
  expect(text(splitCommit(body, 'sha1').payload)).toBe(text(payloadByGit('sha1', 'commit', body)))
})

test.for(ODD_COMMITS)('signs the same bytes of a commit in a SHA-256 repository as git: $name', ({ body }) => {
  const swapped = body
    .toString('latin1')
    .replaceAll(TREE, TREE_SHA256)
    .replaceAll(/^gpgsig(-sha256)? /gm, (_, other) => (other ? 'gpgsig ' : 'gpgsig-sha256 '))
  const commit = Buffer.from(swapped, 'latin1')
  expect(text(splitCommit(commit, 'sha256').payload)).toBe(text(payloadByGit('sha256', 'commit', commit)))
})

test.for(ODD_TAGS)('signs the same bytes of a tag as git: $name', ({ body }) => {
  expect(text(splitTag(body).payload)).toBe(text(payloadByGit('sha1', 'tag', body)))
})

test.for([
  { name: 'commit.txt', type: 'commit' as const },
  { name: 'tag.txt', type: 'tag' as const },
])("splits git's published $type", ({ name, type }) => {
  const body = published(name)
  const { payload, signature, oddity } = type === 'commit' ? splitCommit(body, 'sha1') : splitTag(body)
  expect(oddity).toBeNull()
  expect(text(signature)).toMatch(/^-----BEGIN PGP SIGNATURE-----\n[\s\S]*\n-----END PGP SIGNATURE-----\n$/)
  expect(text(payload)).not.toContain('SIGNATURE')
  expect(payload.length + (signature?.length ?? 0)).toBeLessThanOrEqual(body.length)
})

test("finds no signature of its own in git's published merge of a signed tag", () => {
  const body = published('mergetag.txt')
  expect(splitCommit(body, 'sha1')).toEqual({ payload: body, signature: null, oddity: null })
})

test.for([
  { name: 'nothing odd', oddity: null },
  { name: 'two signature headers, one after the other', oddity: 'duplicate_signature_header' },
  { name: 'two signature headers with a header between them', oddity: 'duplicate_signature_header' },
  { name: 'an unknown signature header before', oddity: 'unknown_signature_header' },
  { name: 'an unknown signature header after', oddity: 'unknown_signature_header' },
  { name: 'a header that only begins like a signature', oddity: 'unknown_signature_header' },
  { name: 'the signature of the other hash before', oddity: null },
  { name: 'a signature header in the message', oddity: null },
])('names the liberty that a commit takes: $name', ({ name, oddity }) => {
  const commit = ODD_COMMITS.find((object) => object.name === name)
  expect(splitCommit(commit?.body ?? Buffer.alloc(0), 'sha1').oddity).toBe(oddity)
})

test.for([
  { name: 'nothing odd', oddity: null },
  { name: 'the signature of the other hash in a header', oddity: null },
  { name: 'an unknown signature header', oddity: 'unknown_signature_header' },
  { name: 'an unknown signature header after a known one', oddity: 'unknown_signature_header' },
  { name: 'two signature headers of one hash', oddity: 'duplicate_signature_header' },
  { name: 'signature headers of both hashes', oddity: 'duplicate_signature_header' },
  { name: 'a signature header in the message', oddity: null },
])('names the liberty that a tag takes: $name', ({ name, oddity }) => {
  const tag = ODD_TAGS.find((object) => object.name === name)
  expect(splitTag(tag?.body ?? Buffer.alloc(0)).oddity).toBe(oddity)
})

test('splits what git itself cannot read, and says what is wrong with it', () => {
  expect(splitCommit(UNREADABLE_COMMIT.body, 'sha1').payload).toEqual(Buffer.from(`${HEAD}\nm\n`))
  expect(splitTag(UNREADABLE_TAG.body).oddity).toBe('duplicate_signature_header')
})

test('takes the last signature of a tag, with all that follows it', () => {
  const tag = ODD_TAGS.find((object) => object.name === 'two signatures of two schemes')
  const { payload, signature } = splitTag(tag?.body ?? Buffer.alloc(0))
  expect(text(payload)).toContain('PGP SIGNATURE')
  expect(schemeOf(signature ?? Buffer.alloc(0))).toBe('ssh')
})

test.for([
  { begin: '-----BEGIN PGP SIGNATURE-----', scheme: 'openpgp' },
  { begin: '-----BEGIN PGP MESSAGE-----', scheme: 'openpgp' },
  { begin: '-----BEGIN SIGNED MESSAGE-----', scheme: 'x509' },
  { begin: '-----BEGIN SSH SIGNATURE-----', scheme: 'ssh' },
  { begin: ' -----BEGIN SSH SIGNATURE-----', scheme: null },
  { begin: '-----BEGIN SSH SIGNATURE----', scheme: null },
  { begin: '-----BEGIN PGP PUBLIC KEY BLOCK-----', scheme: null },
  { begin: '', scheme: null },
])('tells the scheme of "$begin"', ({ begin, scheme }) => {
  expect(schemeOf(Buffer.from(begin))).toBe(scheme)
})

const BEGIN = '-----BEGIN SSH SIGNATURE-----'
const line = fc.constantFrom(
  'gpgsig a',
  'gpgsig-sha256 b',
  'gpgsig-foo c',
  ' d',
  ' ',
  '',
  'x y',
  'gpgsig',
  'é\0\r',
  BEGIN,
)
const lines = fc.array(line, { maxLength: 12 }).map((parts) => Buffer.from(parts.join('\n')))

test('splits any bytes without throwing, and what is left of a commit carries no signature', () => {
  fc.assert(
    fc.property(
      fc.oneof(lines, fc.uint8Array({ maxLength: 200 })),
      fc.constantFrom('sha1', 'sha256'),
      (body, format) => {
        const { payload } = splitCommit(body, format)
        const again = splitCommit(payload, format)
        expect(again).toEqual({ payload, signature: null, oddity: null })
        const tag = splitTag(body)
        expect(tag.payload.length + (tag.signature?.length ?? 0)).toBeLessThanOrEqual(body.length)
      },
    ),
    { numRuns: 2_000 },
  )
})

test('splits what git would, for any mixture of header lines', () => {
  for (const parts of fc.sample(fc.array(line, { maxLength: 6 }), { numRuns: 25, seed: 3 })) {
    const body = Buffer.from(`${HEAD}gpgsig ${BEGIN}\n${parts.filter((part) => part !== '').join('\n')}\n\nm\n`)
    expect(text(splitCommit(body, 'sha1').payload)).toBe(text(payloadByGit('sha1', 'commit', body)))
  }
})

test.for([
  { name: 'a megabyte of signature headers', body: 'gpgsig a\n b\n'.repeat(90_000) },
  { name: 'a megabyte of unknown signature headers', body: 'gpgsig-foo a\n'.repeat(80_000) },
  { name: 'a header of one megabyte', body: `x ${'y'.repeat(1_000_000)}\n\n` },
  { name: 'a megabyte of markers', body: `${BEGIN}\n`.repeat(35_000) },
])('$name is split in linear time', ({ body }) => {
  const startedAt = performance.now()
  splitCommit(Buffer.from(body), 'sha1')
  splitTag(Buffer.from(body))
  expect(performance.now() - startedAt).toBeLessThan(1_000)
})
