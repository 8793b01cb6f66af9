import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isolatedEnv } from '../../../../bench/history/repository.ts'
import { GitObjectError } from './git-object-error.ts'
import { computeObjectId, type ObjectFormat, objectFormatOf } from './object-id.ts'
import { parseTree } from './tree.ts'

const entry = (mode: string, name: string | Uint8Array, idBytes = 20): Buffer =>
  Buffer.concat([Buffer.from(`${mode} `), Buffer.from(name as string), Buffer.of(0), Buffer.alloc(idBytes, 0xab)])

function codeOf(body: Uint8Array, format: ObjectFormat = 'sha1'): string {
  try {
    parseTree(body, format)
    return 'none'
  } catch (error) {
    if (error instanceof GitObjectError) return error.code
    throw error
  }
}

test.for([
  { name: 'text that is no entry', entries: [Buffer.from('hello')] },
  { name: 'an entry cut short', entries: [entry('100644', 'a').subarray(0, -1)] },
  { name: 'a byte after the last entry', entries: [entry('100644', 'a'), Buffer.of(0)] },
  { name: 'an entry of the other hash', entries: [entry('100644', 'a', 32)] },
  { name: 'a mode that starts with two zeros', entries: [entry('0040000', 'a')] },
  { name: 'a mode that is not octal', entries: [entry('100648', 'a')] },
  { name: 'an empty mode', entries: [entry('', 'a')] },
  { name: 'an empty name', entries: [entry('100644', '')] },
  { name: 'a name with a slash', entries: [entry('100644', 'a/b')] },
  { name: 'the name .', entries: [entry('40000', '.')] },
  { name: 'the name ..', entries: [entry('40000', '..')] },
  { name: 'the name .git', entries: [entry('40000', '.git')] },
  { name: 'the name .GIT', entries: [entry('40000', '.GIT')] },
  { name: 'names out of order', entries: [entry('100644', 'b'), entry('100644', 'a')] },
  { name: 'a folder sorted like a file', entries: [entry('40000', 'a'), entry('100644', 'a.b')] },
  { name: 'a name twice', entries: [entry('100644', 'a'), entry('100644', 'a')] },
  {
    name: 'a file and a folder of one name',
    entries: [entry('100644', 'a'), entry('100644', 'a.b'), entry('40000', 'a')],
  },
])('refuses a tree with $name', ({ entries }) => {
  expect(codeOf(Buffer.concat(entries))).toBe('bad_tree')
})

test.for(['sha1', 'sha256'] as const)('reads a %s tree', (format) => {
  const idBytes = format === 'sha1' ? 20 : 32
  const body = Buffer.concat([
    entry('100644', 'a.b', idBytes),
    entry('40000', 'a', idBytes),
    entry('120000', 'link', idBytes),
    entry('160000', 'module', idBytes),
    entry('100755', Buffer.of(0xff, 0x20), idBytes),
  ])
  const object = 'ab'.repeat(idBytes)
  expect(parseTree(body, format)).toEqual([
    { mode: '100644', name: Buffer.from('a.b'), object },
    { mode: '40000', name: Buffer.from('a'), object },
    { mode: '120000', name: Buffer.from('link'), object },
    { mode: '160000', name: Buffer.from('module'), object },
    { mode: '100755', name: Buffer.of(0xff, 0x20), object },
  ])
})

test('the empty tree has no entries', () => {
  expect(parseTree(Buffer.alloc(0), 'sha1')).toEqual([])
})

test('either reads a tree or throws its own error, whatever the bytes', () => {
  const body = Buffer.concat([entry('100644', 'a'), entry('40000', 'b'), entry('100644', 'c')])
  fc.assert(
    fc.property(fc.nat(body.length - 1), fc.nat(255), fc.nat(body.length), (at, byte, length) => {
      const bytes = Buffer.from(body)
      bytes[at] = byte
      codeOf(bytes.subarray(0, length))
    }),
    { numRuns: 2_000 },
  )
})

test.for(['sha1', 'sha256'] as const)('objects of every type are called in %s as git calls them', (format) => {
  const folder = mkdtempSync(join(tmpdir(), 'csn-id-'))
  try {
    execFileSync('git', ['init', '-q', '--bare', `--object-format=${format}`, folder], { env: isolatedEnv() })
    for (const type of ['commit', 'tag', 'tree', 'blob'] as const) {
      for (const body of [Buffer.alloc(0), Buffer.from('a\0b\r\n\xff'), Buffer.alloc(100_000, 'x')]) {
        const args = ['-C', folder, 'hash-object', '-t', type, '--literally', '--stdin']
        const id = execFileSync('git', args, { env: isolatedEnv(), input: body }).toString().trim()
        expect(computeObjectId(type, body, format)).toBe(id)
        expect(objectFormatOf(id)).toBe(format)
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

test.for(['', 'HEAD', 'a'.repeat(39), 'a'.repeat(41), 'A'.repeat(40), `${'a'.repeat(40)}\n`, 'g'.repeat(64)])(
  '"%s" is no object id',
  (text) => {
    expect(objectFormatOf(text)).toBeNull()
  },
)
