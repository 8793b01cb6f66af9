import {
  type ChangeInputs,
  computeObjectId,
  openChangeInputs,
  readTrustRoots,
  sealChangeInputs,
} from '@countersign/verify'
import { expect, test } from 'vitest'
import { AUTHOR, COMMITTER, HEAD, TREE } from '../../../../testdata/git/odd-objects.ts'
import { ANN, signCommit, signTag, trustIn } from '../../../verify/src/signed-objects.fixtures.ts'
import { MAX_MESSAGE } from './change.ts'
import type { InputObject } from './read-facts.ts'
import { readFacts } from './read-facts.ts'

const { roots } = readTrustRoots(trustIn({ 'ann@example.com': ANN }))
const object = (type: InputObject['type'], body: Uint8Array): InputObject => ({
  id: computeObjectId(type, body, 'sha1'),
  type,
  body,
})
const commitWith = (parents: string, message = 'm\n'): InputObject =>
  object('commit', signCommit(ANN, `tree ${TREE}\n${parents}${AUTHOR}${COMMITTER}\n${message}`))
const parent = (digit: string): string => `parent ${digit.repeat(40)}\n`

function inputs(objects: readonly InputObject[], base: string | null = '1'.repeat(40)): ChangeInputs {
  return {
    change: { kind: 'direct', repository: 'r', ref: 'refs/heads/main', object: objects[0]?.id ?? '', base },
    objectFormat: 'sha1',
    objects,
    unreadable: [],
    evaluatedAt: 1_800_000_000,
  }
}

test.for([
  { name: 'that does not parse', body: Buffer.from('nonsense'), reason: 'malformed_object_bad_header' },
  { name: 'without a tree', body: Buffer.from(`${AUTHOR}${COMMITTER}\nm`), reason: 'malformed_object_missing_header' },
  {
    name: 'with a time that is none',
    body: Buffer.from(HEAD.replace(' 1700000000 +', ' x +')),
    reason: 'malformed_object_bad_ident',
  },
])('a commit $name is told as unreadable, and the others stand', ({ body, reason }) => {
  const bad = object('commit', body)
  const facts = readFacts(inputs([commitWith(parent('1')), bad]), roots)
  expect(facts.unreadable).toEqual([{ object: bad.id, reason }])
  expect(facts.commits).toHaveLength(1)
})

test('a tag that does not parse is told as unreadable', () => {
  const bad = object('tag', Buffer.from('nonsense'))
  expect(readFacts(inputs([bad]), roots)).toMatchObject({ tag: null, unreadable: [{ object: bad.id }] })
})

test('what the caller could not read stays told', () => {
  const unreadable = [{ object: '2'.repeat(40), reason: 'gone' }]
  expect(readFacts({ ...inputs([commitWith(parent('1'))]), unreadable }, roots).unreadable).toEqual(unreadable)
})

test('a commit that names a parent which a shallow clone hides is cut short', () => {
  expect(readFacts(inputs([commitWith(parent('1'))], null), roots).unreadable).toEqual([
    { object: '1'.repeat(40), reason: 'history_cut_short' },
  ])
  expect(readFacts(inputs([commitWith('')], null), roots).unreadable).toEqual([])
  expect(readFacts(inputs([commitWith(parent('1'))]), roots).unreadable).toEqual([])
})

test.for([
  { name: 'a root', commit: commitWith(''), kind: 'initial' },
  { name: 'one parent', commit: commitWith(parent('1')), kind: 'rebase' },
  { name: 'two parents', commit: commitWith(parent('1') + parent('2')), kind: 'merge' },
  { name: 'a pull request in its subject', commit: commitWith(parent('1'), 'Fix (#1)\n'), kind: 'squash' },
])('a step gets its kind from the commit itself: $name', ({ commit, kind }) => {
  expect(readFacts(inputs([commit], null), roots).change.kind).toBe(kind)
})

test('a rewrite keeps its kind, whatever the commit', () => {
  const one = inputs([commitWith('')])
  const change = { ...one.change, kind: 'history-rewritten' as const }
  expect(readFacts({ ...one, change }, roots).change).toEqual(change)
})

test('says of each commit what it names and what its signature proves', () => {
  const forged = object('commit', Buffer.from(commitWith(parent('1')).body.with(-2, 0x6e)))
  const facts = readFacts(inputs([commitWith(parent('1')), forged, { ...forged, id: '0'.repeat(40) }]), roots)
  expect(facts.commits.map(({ signature }) => signature.status)).toEqual(['good', 'bad', 'bad'])
  expect(facts.commits[0]).toMatchObject({
    parents: ['1'.repeat(40)],
    author: { email: 'author@example.com' },
    message: 'm\n',
  })
})

test('says of a tag what it names and what its signature proves', () => {
  const body = signTag(ANN, `object ${TREE}\ntype tree\ntag v1\ntagger Ann <ann@example.com> 1 +0000\n\nm\n`)
  expect(readFacts(inputs([object('tag', body)]), roots).tag).toMatchObject({
    name: 'v1',
    target: TREE,
    tagger: { email: 'ann@example.com' },
    signature: { status: 'good' },
  })
})

test.for([
  { name: 'long', message: 'x'.repeat(MAX_MESSAGE + 5), says: 'x'.repeat(MAX_MESSAGE) },
  { name: 'with control characters', message: 'a\u001b[31m\r\nb', says: 'a\ufffd[31m\ufffd\nb' },
  {
    name: 'cut within a letter',
    message: `${'x'.repeat(MAX_MESSAGE - 1)}\u{1f600}`,
    says: `${'x'.repeat(MAX_MESSAGE - 1)}\ufffd`,
  },
])('a message that is $name becomes text that can be shown and sealed', ({ message, says }) => {
  expect(readFacts(inputs([commitWith('', message)]), roots).commits[0]?.message).toBe(says)
})

test('a message in another encoding becomes text, its bytes staying in the inputs', () => {
  const body = Buffer.concat([Buffer.from(`${HEAD}encoding ISO-8859-1\n\n`), Buffer.of(0xe9)])
  expect(readFacts(inputs([object('commit', body)]), roots).commits[0]?.message).toBe('\ufffd')
})

test('inputs that were sealed and opened again give the same facts', () => {
  const before = inputs([commitWith(parent('1'), 'm\0\u00e9\n'), commitWith('')])
  const after = openChangeInputs(sealChangeInputs(before))
  expect(readFacts(after, roots)).toEqual(readFacts(before, roots))
})
