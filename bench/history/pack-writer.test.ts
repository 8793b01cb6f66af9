import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type ObjectFormat, treeBytes } from './git-object.ts'
import { PackWriter } from './pack-writer.ts'
import { git, repositoryFromPack } from './repository.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'csb-pack-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

test('refuses to finish when fewer objects came than were promised', () => {
  const pack = new PackWriter(join(folder, 'p'), 'sha1', 2)
  pack.add('blob', Buffer.from('one'))
  expect(() => pack.finish()).toThrow('promised 2 objects, added 1')
})

test.for(['sha1', 'sha256'] as const)('git reads back what was written in a %s repository', (format: ObjectFormat) => {
  const packFile = join(folder, 'p')
  const pack = new PackWriter(packFile, format, 4)
  const large = Buffer.alloc(100_000, 'x')
  const blob = pack.add('blob', large)
  const tree = pack.add('tree', treeBytes([{ mode: '100644', name: 'a', id: blob }])).toString('hex')
  const who = 'A <a@example.com> 1700000000 +0000'
  const commit = pack.add('commit', Buffer.from(`tree ${tree}\nauthor ${who}\ncommitter ${who}\n\nm\n`)).toString('hex')
  const tag = pack
    .add('tag', Buffer.from(`object ${commit}\ntype commit\ntag v1\ntagger ${who}\n\nm\n`))
    .toString('hex')
  pack.finish()
  const repository = join(folder, 'repo.git')
  const refs = new Map([
    ['refs/tags/v1', tag],
    ['refs/heads/main', commit],
  ])
  repositoryFromPack(repository, format, packFile, refs)
  expect(git(repository, ['fsck', '--strict', '--full'])).toBe('')
  expect(git(repository, ['cat-file', 'blob', 'main:a'])).toBe(large.toString())
  expect(git(repository, ['rev-parse', 'v1^{commit}']).trim()).toBe(commit)
})
