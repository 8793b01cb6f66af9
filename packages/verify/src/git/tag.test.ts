import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { TREE, TREE_SHA256 } from '../../../../testdata/git/odd-objects.ts'
import { GitObjectError } from './git-object-error.ts'
import { parseTag } from './tag.ts'

const TAGGER = 'tagger C O Mitter <committer@example.com> 1700000000 +0000\n'
const BODY = `object ${TREE}\ntype tree\ntag v1\n${TAGGER}\nm\n`

function codeOf(body: string | Uint8Array): string {
  try {
    parseTag(Buffer.from(body as string))
    return 'none'
  } catch (error) {
    if (error instanceof GitObjectError) return error.code
    throw error
  }
}

test.for([
  { name: 'nothing at all', body: '', code: 'missing_header' },
  { name: 'no object', body: BODY.replace(/^object.*\n/, ''), code: 'missing_header' },
  { name: 'no type', body: BODY.replace('type tree\n', ''), code: 'missing_header' },
  { name: 'no name', body: BODY.replace('tag v1\n', ''), code: 'missing_header' },
  {
    name: 'type and name in the wrong order',
    body: BODY.replace('type tree\ntag v1', 'tag v1\ntype tree'),
    code: 'missing_header',
  },
  { name: 'an object that is no id', body: BODY.replace(TREE, 'HEAD'), code: 'bad_header' },
  { name: 'a type that Git does not have', body: BODY.replace('type tree', 'type note'), code: 'bad_header' },
  { name: 'a type in two lines', body: BODY.replace('type tree', 'type tree\n commit'), code: 'bad_header' },
  { name: 'a name in two lines', body: BODY.replace('tag v1', 'tag v1\n v2'), code: 'bad_header' },
  { name: 'a name that is not UTF-8', body: Buffer.from(BODY.replace('v1', 'v\xff'), 'latin1'), code: 'bad_header' },
  { name: 'a NUL in its name', body: BODY.replace('v1', 'v1\0v2'), code: 'bad_header' },
  { name: 'a tagger in two lines', body: BODY.replace(TAGGER, `${TAGGER} B <b@x> 2 +0000\n`), code: 'bad_header' },
  { name: 'a second tagger', body: BODY.replace(TAGGER, TAGGER + TAGGER), code: 'bad_header' },
  { name: 'a second object', body: BODY.replace(TAGGER, `${TAGGER}object ${TREE}\n`), code: 'bad_header' },
  { name: 'a header line without a space', body: BODY.replace('\n\n', '\nx\n\n'), code: 'bad_header' },
  { name: 'a tagger without a time', body: BODY.replace(' 1700000000 +0000', ''), code: 'bad_ident' },
  { name: '10,001 headers', body: BODY.replace('\n\n', `\n${'x y\n'.repeat(9_998)}\n`), code: 'too_large' },
])('refuses a tag with $name as $code', ({ body, code }) => {
  expect(codeOf(body)).toBe(code)
})

test('reads a tag as its bytes say it', () => {
  expect(parseTag(Buffer.from(BODY))).toEqual({
    object: TREE,
    type: 'tree',
    name: 'v1',
    tagger: { name: 'C O Mitter', email: 'committer@example.com', time: 1_700_000_000, zone: '+0000' },
    message: Buffer.from('m\n'),
  })
})

test('reads a tag of a SHA-256 repository', () => {
  expect(parseTag(Buffer.from(BODY.replace(TREE, TREE_SHA256))).object).toBe(TREE_SHA256)
})

test('reads a tag from before taggers were written', () => {
  expect(parseTag(Buffer.from(BODY.replace(TAGGER, ''))).tagger).toBeNull()
})

test('reads a tag name that is not ASCII', () => {
  expect(parseTag(Buffer.from(BODY.replace('v1', 'wersja-\u0142'))).name).toBe('wersja-\u0142')
})

test("reads git's published tag, its signature being part of the message", () => {
  const tag = parseTag(readFileSync(join(import.meta.dirname, '../../../../testdata/openpgp/git/tag.txt')))
  expect(tag).toMatchObject({ object: '04b871796dc0420f8e7561a895b52484b701d51a', type: 'commit', name: 'signedtag' })
  expect(Buffer.from(tag.message).toString()).toMatch(
    /^signed tag\n\nsigned tag message body\n-----BEGIN PGP SIGNATURE-----\n/,
  )
})

test('either reads a tag or throws its own error, whatever the bytes', () => {
  const body = Buffer.from(BODY)
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
})
