import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { headerLines, withHeader } from '../../../bench/history/git-object.ts'
import { HEAD, TREE, TREE_SHA256 } from '../../../testdata/git/odd-objects.ts'
import { computeObjectId, type ObjectFormat } from './git/object-id.ts'
import { ANN, BOB, signature, signCommit, signTag, trustIn } from './signed-objects.fixtures.ts'
import { readTrustRoots } from './trust-roots.ts'
import { type ObjectCheck, verdictOf, verifyObject } from './verify-object.ts'

const { roots } = readTrustRoots(trustIn({ 'ann@example.com': ANN }))
const times = { now: 1_800_000_000, trusted: null }
const COMMIT = `${HEAD}\nm\n`
const TAG = `object ${TREE}\ntype tree\ntag v1\ntagger Ann <ann@example.com> 1700000000 +0000\n\nm\n`

function check(type: 'commit' | 'tag', body: Uint8Array, format: ObjectFormat = 'sha1'): ObjectCheck {
  return verifyObject(computeObjectId(type, body, format), type, body, format, roots, times)
}

const signed = signCommit(ANN, COMMIT)
const signedTag = signTag(ANN, TAG)
const edit = (text: string, by: string): Buffer => Buffer.from(signed.toString().replace(text, by))
const signedWith = (text: string, by: string): Buffer => signCommit(ANN, COMMIT.replace(text, by))

test.for([
  { name: 'a commit', object: check('commit', signed) },
  { name: 'a tag', object: check('tag', signedTag) },
  {
    name: 'a commit of a SHA-256 repository',
    object: check('commit', signCommit(ANN, COMMIT.replace(TREE, TREE_SHA256), 'gpgsig-sha256'), 'sha256'),
  },
])('$name that is signed by a trusted key passes', ({ object }) => {
  expect(object.signature).toMatchObject({ scheme: 'ssh', status: 'good', git: 'G', principal: 'ann@example.com' })
  expect(object).toMatchObject({ verdict: 'pass', mergetags: [] })
})

const commitRows = [
  { name: 'without a signature', body: Buffer.from(COMMIT), status: 'unsigned', git: 'N', reason: 'unsigned' },
  {
    name: 'with a signature of no known format',
    body: withHeader(Buffer.from(COMMIT), headerLines('gpgsig', 'PGP\nx')),
    status: 'malformed',
    git: 'E',
    reason: 'unknown_signature_format',
  },
  {
    name: 'with only the signature of the other hash',
    body: signCommit(ANN, COMMIT, 'gpgsig-sha256'),
    status: 'unsigned',
    git: 'N',
    reason: 'unsigned',
  },
  {
    name: 'with two signature headers',
    body: withHeader(signed, Buffer.from('gpgsig x\n')),
    status: 'malformed',
    git: 'N',
    reason: 'trailing_data',
  },
  {
    name: 'with an unknown signature header',
    body: edit('gpgsig', 'gpgsig-foo bar\ngpgsig'),
    status: 'malformed',
    git: 'G',
    reason: 'unknown_signature_header',
  },
  {
    name: 'that is not well-formed, though signed',
    body: signedWith('committer', 'x y\ncommitter'),
    status: 'malformed',
    git: 'G',
    reason: 'malformed_object_missing_header',
  },
  {
    name: 'with a second author, though signed',
    body: signedWith('\n\n', '\nauthor B <b@x> 1 +0000\n\n'),
    status: 'malformed',
    git: 'G',
    reason: 'malformed_object_bad_header',
  },
  {
    name: 'with a committer of no time, though signed',
    body: signedWith(' 1700000000 -0330', ''),
    status: 'malformed',
    git: 'G',
    reason: 'malformed_object_bad_ident',
  },
  {
    name: 'with too many parents, though signed',
    body: signedWith('author', `${`parent ${TREE}\n`.repeat(1_001)}author`),
    status: 'malformed',
    git: 'G',
    reason: 'malformed_object_too_large',
  },
  {
    name: 'with one letter changed',
    body: edit('\nm\n', '\nn\n'),
    status: 'bad',
    git: 'B',
    reason: 'signature_mismatch',
  },
  {
    name: 'of another tree than was signed',
    body: edit(TREE, '0'.repeat(40)),
    status: 'bad',
    git: 'B',
    reason: 'signature_mismatch',
  },
]

test.for(commitRows)('a commit $name does not pass, for the reason that it is', ({ body, status, reason }) => {
  const object = check('commit', body)
  expect(object).toMatchObject({ signature: { status }, verdict: 'fail' })
  if (reason !== 'trailing_data') expect(object.signature.reason).toBe(reason)
})

test.for(commitRows.filter(({ git }) => git === 'G'))("a commit $name keeps git's letter", ({ body }) => {
  expect(check('commit', body).signature).toMatchObject({ git: 'G', principal: 'ann@example.com' })
})

test('a commit of a key that nobody trusts fails', () => {
  const object = check('commit', signCommit(BOB, COMMIT))
  expect(object).toMatchObject({ signature: { status: 'untrusted', principal: null }, verdict: 'fail' })
})

test('two signature headers that together are one good signature do not pass', () => {
  const [first = '', ...rest] = signature(ANN, Buffer.from(COMMIT)).split('\n')
  const headers = Buffer.concat([headerLines('gpgsig', first), headerLines('gpgsig', rest.join('\n'))])
  expect(check('commit', withHeader(Buffer.from(COMMIT), headers)).signature).toMatchObject({
    status: 'malformed',
    git: 'G',
    reason: 'duplicate_signature_header',
  })
})

test('bytes that are not the object that the id names do not pass', () => {
  const other = verifyObject('0'.repeat(40), 'commit', signed, 'sha1', roots, times)
  expect(other).toMatchObject({ object: '0'.repeat(40), verdict: 'fail' })
  expect(other.signature).toMatchObject({ status: 'malformed', git: 'G', reason: 'object_id_mismatch' })
})

test('a commit is not the tag of the same bytes', () => {
  const id = computeObjectId('tag', signed, 'sha1')
  expect(verifyObject(id, 'commit', signed, 'sha1', roots, times).signature.reason).toBe('object_id_mismatch')
})

test('a signed commit that names a tree of the other hash does not pass', () => {
  expect(check('commit', signedWith(TREE, TREE_SHA256)).signature.reason).toBe('malformed_object_bad_header')
})

test('what a signature lacks is a better reason than what the object lacks', () => {
  const object = verifyObject('0'.repeat(40), 'commit', edit('\nm\n', '\nn\n'), 'sha1', roots, times)
  expect(object.signature).toMatchObject({ status: 'bad', reason: 'signature_mismatch' })
})

const merge = (...tags: readonly Uint8Array[]): Buffer =>
  signCommit(
    ANN,
    tags.reduce<Buffer>((body, tag) => withHeader(body, mergetag(tag)), Buffer.from(COMMIT)),
  )
const mergetag = (tag: Uint8Array): Buffer => Buffer.from(`${headerLines('mergetag', tag).toString().slice(0, -2)}`)

test('each signed tag inside a merge has a check of its own', () => {
  const forged = Buffer.from(signedTag.toString().replace('tag v1', 'tag v2'))
  const object = check('commit', merge(signedTag, forged, Buffer.from(TAG)))
  expect(object.verdict).toBe('pass')
  expect(object.mergetags.map(({ status }) => status)).toEqual(['good', 'bad', 'unsigned'])
})

test("git's published objects are read, and without their key cannot be checked", () => {
  const published = (name: string): Buffer =>
    readFileSync(join(import.meta.dirname, '../../../testdata/openpgp/git', name))
  expect(check('commit', published('commit.txt'))).toMatchObject({ verdict: 'indeterminate', signature: { git: 'E' } })
  expect(check('tag', published('tag.txt'))).toMatchObject({ verdict: 'indeterminate', signature: { git: 'E' } })
  const merged = check('commit', published('mergetag.txt'))
  expect(merged).toMatchObject({ verdict: 'fail', signature: { reason: 'unsigned' }, mergetags: [{ git: 'E' }] })
})

test('no change of one byte in a signed commit or tag verifies, but for the line end after a tag’s armour', () => {
  for (const [type, body] of [
    ['commit', signed],
    ['tag', signedTag],
  ] as const) {
    fc.assert(
      fc.property(fc.nat(body.length - 1), fc.integer({ min: 1, max: 255 }), (at, by) => {
        const changed = Buffer.from(body)
        changed[at] = (changed[at] ?? 0) ^ by
        // White space after the armour carries nothing: ssh-keygen and git take a CR there for the LF.
        fc.pre(at !== body.length - 1 || changed[at] !== 0x0d)
        expect(check(type, changed).verdict).not.toBe('pass')
      }),
      { numRuns: 700 },
    )
  }
})

test('no line put in, taken out or moved in a signed commit verifies', () => {
  const lines = signed.toString().split('\n')
  fc.assert(
    fc.property(fc.nat(lines.length - 1), fc.nat(lines.length - 1), fc.boolean(), (from, to, isCopy) => {
      const changed = [...lines]
      const [line = ''] = changed.splice(from, isCopy ? 0 : 1, ...[])
      changed.splice(to, 0, isCopy ? (lines[from] ?? '') : line)
      const body = Buffer.from(changed.join('\n'))
      fc.pre(!body.equals(signed))
      expect(check('commit', body).verdict).not.toBe('pass')
    }),
    { numRuns: 400 },
  )
})

test('never throws, whatever the bytes', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), (body) => check('commit', body).verdict !== 'pass'))
  fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), (body) => check('tag', body).verdict !== 'pass'))
})

test.for([
  ['good', 'pass'],
  ['unverifiable', 'indeterminate'],
  ['untrusted', 'fail'],
  ['expired_key', 'fail'],
  ['revoked_key', 'fail'],
  ['expired_signature', 'fail'],
  ['bad', 'fail'],
  ['malformed', 'fail'],
  ['unsigned', 'fail'],
] as const)('a signature that is %s amounts to %s', ([status, verdict]) => {
  expect(verdictOf(status)).toBe(verdict)
})
