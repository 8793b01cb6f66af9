import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { AUTHOR, COMMITTER, HEAD, TREE, TREE_SHA256 } from '../../../../testdata/git/odd-objects.ts'
import { parseCommit } from './commit.ts'
import { GitObjectError } from './git-object-error.ts'
import { parseTag } from './tag.ts'

const PARENT = `parent ${'1'.repeat(40)}\n`

function codeOf(body: string | Uint8Array): string {
  try {
    parseCommit(Buffer.from(body as string))
    return 'none'
  } catch (error) {
    if (error instanceof GitObjectError) return error.code
    throw error
  }
}

const BODY = `${HEAD}\nm\n`
const without = (text: string): string => BODY.replace(text, '')

test.for([
  { name: 'nothing at all', body: '', code: 'missing_header' },
  { name: 'a message alone', body: '\nm\n', code: 'missing_header' },
  { name: 'no tree', body: without(`tree ${TREE}\n`), code: 'missing_header' },
  { name: 'no author', body: without(AUTHOR), code: 'missing_header' },
  { name: 'no committer', body: without(COMMITTER), code: 'missing_header' },
  { name: 'the headers of a tag', body: `object ${TREE}\ntype tree\ntag t\n\n`, code: 'missing_header' },
  {
    name: 'author and committer in the wrong order',
    body: `tree ${TREE}\n${COMMITTER}${AUTHOR}\n`,
    code: 'missing_header',
  },
  { name: 'a parent before the tree', body: PARENT + BODY, code: 'missing_header' },
  { name: 'a header before the author', body: BODY.replace('author', 'x y\nauthor'), code: 'missing_header' },
  { name: 'a tree id that is too short', body: BODY.replace(TREE, TREE.slice(1)), code: 'bad_header' },
  { name: 'a tree id in upper case', body: BODY.replace(TREE, TREE.toUpperCase()), code: 'bad_header' },
  { name: 'a tree id with a space after it', body: BODY.replace(TREE, `${TREE} `), code: 'bad_header' },
  {
    name: 'a tree id and a parent id of two hashes',
    body: BODY.replace('author', `parent ${TREE_SHA256}\nauthor`),
    code: 'bad_header',
  },
  { name: 'a second tree', body: BODY.replace('\n\n', `\ntree ${TREE}\n\n`), code: 'bad_header' },
  { name: 'a parent after the committer', body: BODY.replace('\n\n', `\n${PARENT}\n`), code: 'bad_header' },
  { name: 'a second author', body: BODY.replace('\n\n', `\n${AUTHOR}\n`), code: 'bad_header' },
  { name: 'a second committer', body: BODY.replace('\n\n', `\n${COMMITTER}\n`), code: 'bad_header' },
  { name: 'a tree in two lines', body: BODY.replace(TREE, `${TREE}\n x`), code: 'bad_header' },
  { name: 'an author in two lines', body: BODY.replace(AUTHOR, `${AUTHOR} B <b@x> 2 +0000\n`), code: 'bad_header' },
  { name: 'a header without a value', body: BODY.replace('\n\n', '\nx\n\n'), code: 'bad_header' },
  { name: 'a continuation before any header', body: ` ${BODY}`, code: 'bad_header' },
  { name: 'a NUL in a header', body: BODY.replace('A U', 'A\0U'), code: 'bad_header' },
  { name: 'a last header that does not end', body: HEAD.slice(0, -1), code: 'bad_header' },
  { name: 'an author without an e-mail', body: BODY.replace('<author@example.com>', ''), code: 'bad_ident' },
  { name: 'a committer without a time', body: BODY.replace(' 1700000000 -0330', ''), code: 'bad_ident' },
  { name: '1,001 parents', body: BODY.replace('author', `${PARENT.repeat(1_001)}author`), code: 'too_large' },
  { name: '10,001 headers', body: BODY.replace('\n\n', `\n${'x y\n'.repeat(9_998)}\n`), code: 'too_large' },
])('refuses a commit with $name as $code', ({ body, code }) => {
  expect(codeOf(body)).toBe(code)
})

test('refuses nothing in the commit that all of those differ from', () => {
  expect(codeOf(BODY)).toBe('none')
})

test('reads a commit as its bytes say it', () => {
  const commit = parseCommit(Buffer.from(BODY.replace('author', `${PARENT}${PARENT.replaceAll('1', '2')}author`)))
  expect(commit).toEqual({
    tree: TREE,
    parents: ['1'.repeat(40), '2'.repeat(40)],
    author: { name: 'A U Thor', email: 'author@example.com', time: 1_700_000_000, zone: '+0000' },
    committer: { name: 'C O Mitter', email: 'committer@example.com', time: 1_700_000_000, zone: '-0330' },
    encoding: null,
    mergetags: [],
    message: Buffer.from('m\n'),
  })
})

test('reads a commit of a SHA-256 repository', () => {
  expect(parseCommit(Buffer.from(BODY.replace(TREE, TREE_SHA256))).tree).toBe(TREE_SHA256)
})

test.for([
  { name: 'no message', tail: '\n', message: '' },
  { name: 'no blank line', tail: '', message: '' },
  { name: 'carriage returns', tail: '\nm\r\n', message: 'm\r\n' },
  { name: 'a NUL', tail: '\na\0b\n', message: 'a\0b\n' },
  { name: 'no LF at its end', tail: '\nm', message: 'm' },
  { name: 'blank lines first', tail: '\n\n\nm', message: '\n\nm' },
  { name: 'header-like lines', tail: `\n${AUTHOR}`, message: AUTHOR },
])('keeps a message byte for byte: $name', ({ tail, message }) => {
  expect(Buffer.from(parseCommit(Buffer.from(HEAD + tail)).message).toString()).toBe(message)
})

test('keeps the message of a commit in another encoding as it is, and says which', () => {
  const body = Buffer.concat([Buffer.from(`${HEAD}encoding ISO-8859-1\n\n`), Buffer.of(0xe9)])
  expect(parseCommit(body)).toMatchObject({ encoding: 'ISO-8859-1', message: Buffer.of(0xe9) })
})

const published = (name: string): Buffer =>
  readFileSync(join(import.meta.dirname, '../../../../testdata/openpgp/git', name))

test("gives back the tag in git's published mergetag, byte for byte", () => {
  const { mergetags, parents } = parseCommit(published('mergetag.txt'))
  expect(mergetags.map((tag) => Buffer.from(tag).toString())).toEqual([published('tag.txt').toString()])
  expect(parseTag(mergetags[0] ?? Buffer.alloc(0))).toMatchObject({ object: parents[1], name: 'signedtag' })
})

test('gives back several mergetags in order', () => {
  const body = BODY.replace('\n\n', '\nmergetag object 1\n a\n \n b\nx y\nmergetag object 2\n\n')
  expect(parseCommit(Buffer.from(body)).mergetags.map((tag) => Buffer.from(tag).toString())).toEqual([
    'object 1\na\n\nb\n',
    'object 2\n',
  ])
})

test('either reads a commit or throws its own error, whatever the bytes', () => {
  const body = Buffer.from(`${HEAD}mergetag a\n b\ngpgsig c\n d\n\nm\n`)
  const edits = fc.array(fc.tuple(fc.nat(body.length - 1), fc.constantFrom(0, 10, 32, 60, 62, 48, 0xff)), {
    maxLength: 4,
  })
  fc.assert(
    fc.property(edits, (changes) => {
      const bytes = Buffer.from(body)
      for (const [at, byte] of changes) bytes[at] = byte
      codeOf(bytes)
    }),
    { numRuns: 2_000 },
  )
  fc.assert(fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => void codeOf(bytes)))
})

test.for([
  { name: 'one header of one megabyte', body: BODY.replace('\n\n', `\nx ${'y'.repeat(1_000_000)}\n\n`) },
  { name: 'one header of 300,000 lines', body: BODY.replace('\n\n', `\nmergetag x\n${' y\n'.repeat(300_000)}\n`) },
  { name: 'a megabyte of headers', body: BODY.replace('\n\n', `\n${`x ${'y'.repeat(100)}\n`.repeat(9_900)}\n`) },
  { name: 'a megabyte without a space', body: 'x'.repeat(1_000_000) },
])('$name is read in linear time', ({ body }) => {
  const bytes = Buffer.from(body)
  const startedAt = performance.now()
  codeOf(bytes)
  expect(performance.now() - startedAt).toBeLessThan(1_000)
})
