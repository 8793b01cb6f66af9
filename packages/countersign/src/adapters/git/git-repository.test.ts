import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { git, isolatedEnv } from '../../../../../bench/history/repository.ts'
import type { GitRepository } from '../../workflows/ports/git-repository.ts'
import { Problem } from '../../workflows/problem.ts'
import { openGitRepository } from './git-repository.ts'
import { draw, Sandbox, setRef, writeObject } from './sandbox.fixtures.ts'

const MAIN = 'refs/heads/main'
let sandbox: Sandbox
let folder: string
let ids: Readonly<Record<string, string>>
let repository: GitRepository
beforeAll(async () => {
  sandbox = new Sandbox()
  folder = sandbox.init('ordinary')
  ids = draw(folder, [
    ['a', '', { 'policy/x.yaml': 'x: 1', 'policy/deep/y': 'y', z: 'z' }],
    ['b', 'a', { 'policy/x.yaml': 'x: 2' }],
    ['side', 'a'],
    ['m', 'b side'],
  ])
  setRef(folder, MAIN, ids['m'] ?? '')
  repository = await openGitRepository(folder)
})
afterAll(() => sandbox.remove())
afterEach(() => vi.unstubAllEnvs())

const id = (name: string): string => ids[name] ?? ''

async function all<T>(source: AsyncIterable<T>): Promise<readonly T[]> {
  const found: T[] = []
  for await (const one of source) found.push(one)
  return found
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'none'
  } catch (error) {
    if (error instanceof Problem) return error.code
    throw error
  }
}

test.for([
  { name: 'a folder that is not there', at: 'nowhere' },
  { name: 'a file', at: 'file' },
  { name: 'a folder that holds no repository', at: 'empty' },
])('refuses $name', async ({ at }) => {
  writeFileSync(join(sandbox.folder, 'file'), '')
  mkdirSync(join(sandbox.folder, 'empty'), { recursive: true })
  expect(await codeOf(openGitRepository(join(sandbox.folder, at)))).toBe('not_a_repository')
})

test('says so when git is not on PATH', async () => {
  vi.stubEnv('PATH', join(sandbox.folder, 'nowhere'))
  expect(await codeOf(openGitRepository(folder))).toBe('git_not_found')
})

test('says so when git does not trust the owner of the repository', async () => {
  const programs = join(sandbox.folder, 'programs')
  mkdirSync(programs)
  // Only another user could make git say it: a program in its place says the same.
  const said = "fatal: detected dubious ownership in repository at '/srv/app'"
  writeFileSync(join(programs, 'git'), `#!/bin/sh\necho "${said}" >&2\nexit 128\n`, { mode: 0o755 })
  vi.stubEnv('PATH', `${programs}:/bin`)
  expect(await codeOf(openGitRepository(folder))).toBe('repository_not_trusted_by_git')
})

test.for([
  { name: 'bare', options: ['--bare'], format: 'sha1' },
  { name: 'sha256', options: ['--object-format=sha256'], format: 'sha256' },
])('reads a $name repository', async ({ name, options, format }) => {
  const other = sandbox.init(name, ...options)
  const { a = '' } = draw(other, [['a', '']])
  const opened = await openGitRepository(other)
  expect(opened.objectFormat).toBe(format)
  expect(await all(opened.objects([a]))).toMatchObject([{ id: a, type: 'commit' }])
  expect(await opened.shallowBoundary()).toEqual(new Set())
})

test('opens from a folder inside, from its .git folder and from a worktree alike', async () => {
  const worktree = join(sandbox.folder, 'worktree')
  mkdirSync(join(folder, 'sub'), { recursive: true })
  git(folder, ['worktree', 'add', '-q', '--detach', worktree, id('b')])
  for (const at of [join(folder, 'sub'), join(folder, '.git'), worktree]) {
    const opened = await openGitRepository(at)
    expect(await opened.resolve('refs/heads/main')).toBe(id('m'))
    expect(await opened.entriesAt([id('a')], 'policy')).toEqual(await repository.entriesAt([id('a')], 'policy'))
  }
})

test('an empty repository has no refs, no HEAD and nothing to walk', async () => {
  const empty = await openGitRepository(sandbox.init('unborn'))
  expect(await empty.refs()).toEqual([])
  expect(await empty.resolve('HEAD')).toBeNull()
  expect(await empty.tips('all-refs')).toEqual({ include: [], exclude: [], tags: [] })
  expect(await codeOf(empty.tips(['HEAD']))).toBe('revision_not_found')
  expect(await all(empty.commitIds([], []))).toEqual([])
  expect(await empty.name()).toBe('folder:unborn')
})

test('lists refs sorted by name, and what an annotated tag leads to', async () => {
  const target = id('a')
  const tag = writeObject(folder, 'tag', `object ${target}\ntype commit\ntag v1\ntagger A <a@x> 1 +0000\n\nm\n`)
  setRef(folder, 'refs/tags/v1', tag)
  setRef(folder, 'refs/tags/light', target)
  const refs = (await repository.refs()).filter(({ name }) => !name.startsWith('refs/drawn/'))
  expect(refs).toEqual([
    { name: MAIN, object: id('m'), type: 'commit', peeled: null },
    { name: 'refs/tags/light', object: target, type: 'commit', peeled: null },
    { name: 'refs/tags/v1', object: tag, type: 'tag', peeled: target },
  ])
})

test.for(['nothing-of-this-name', '--all', '-h', 'main^{tree}x', '', 'main\nmain', 'a'.repeat(40).concat('^{commit}')])(
  'no object is called "%s"',
  async (revision) => {
    expect(await repository.resolve(revision)).toBeNull()
  },
)

test('resolves branches, ids and expressions', async () => {
  expect(await repository.resolve('main')).toBe(id('m'))
  expect(await repository.resolve('main^2')).toBe(id('side'))
  expect(await repository.resolve(id('a').slice(0, 10))).toBe(id('a'))
})

test('walks every commit before its parents, with the parents that it has', async () => {
  const nodes = await all(repository.commits([id('m')], [id('a')]))
  expect(nodes[0]).toEqual({ id: id('m'), parents: [id('b'), id('side')] })
  expect(nodes.map((node) => node.id).sort()).toEqual([id('m'), id('b'), id('side')].sort())
})

test('selects by revision, by range, by exclusion and by all refs', async () => {
  const select = async (revisions: readonly string[] | 'all-refs', known: readonly string[] = []) => {
    const { include, exclude } = await repository.tips(revisions)
    return (await all(repository.commitIds(include, [...exclude, ...known]))).flat().sort()
  }
  expect(await select(['main'])).toEqual([id('a'), id('b'), id('m'), id('side')].sort())
  expect(await select(['main~1..main'])).toEqual([id('m'), id('side')].sort())
  expect(await select('all-refs', [id('m')])).toEqual([])
  expect(await select(['main'], ['1'.repeat(40), id('b')])).toEqual([id('m'), id('side')].sort())
  expect(await codeOf(select(['no-such-branch']))).toBe('revision_not_found')
})

test('reads objects in the order asked for, and nothing for nothing', async () => {
  expect((await all(repository.objects([id('b'), id('a'), id('b')]))).map((object) => object.id)).toEqual([
    id('b'),
    id('a'),
    id('b'),
  ])
  expect(await all(repository.objects([]))).toEqual([])
  expect(await codeOf(all(repository.objects([id('a'), '1'.repeat(40)])))).toBe('objects_missing')
})

test('finds the folder at a path in each commit, in order', async () => {
  const [inA, absent, inB] = await repository.entriesAt([id('a'), id('side'), id('b')], 'policy')
  expect([inA, inB].map((entry) => entry?.length)).toEqual([40, 40])
  expect(inA).not.toBe(inB)
  expect(absent).toBe(inA)
  expect(inA).toBe(await repository.resolve(`${id('a')}:policy`))
  const deep = await repository.resolve(`${id('a')}:policy/deep`)
  expect(await repository.entriesAt([id('a')], 'policy/deep')).toEqual([deep])
  for (const path of ['nowhere', 'policy/nowhere', 'z/below-a-file', 'nowhere/deep']) {
    expect(await repository.entriesAt([id('a')], path)).toEqual([null])
  }
  expect(await repository.entriesAt([], 'policy')).toEqual([])
})

test.for([
  { name: 'a file', mode: '100644' },
  { name: 'a symbolic link', mode: '120000' },
  { name: 'a submodule', mode: '160000' },
])('refuses $name where a folder is wanted, and names the commit', async ({ mode }) => {
  const target = mode === '160000' ? id('a') : writeObject(folder, 'blob', 'elsewhere')
  const entry = Buffer.concat([Buffer.from(`${mode} .countersign\0`), Buffer.from(target, 'hex')])
  const tree = writeObject(folder, 'tree', entry)
  const commit = writeObject(folder, 'commit', `tree ${tree}\nauthor A <a@x> 1 +0000\ncommitter A <a@x> 1 +0000\n\nm\n`)
  await expect(repository.entriesAt([id('a'), commit], '.countersign')).rejects.toMatchObject({
    code: 'policy_malformed',
    message: `${commit}:.countersign is not a folder`,
  })
})

test('an included id that is not there is an error, whatever is excluded', async () => {
  const none = '1'.repeat(40)
  expect(await codeOf(all(repository.commitIds([none], [])))).toBe('objects_missing')
  expect(await codeOf(all(repository.commitIds([none], [id('a')])))).toBe('objects_missing')
  expect(await codeOf(all(repository.commitIds([id('m'), none], ['2'.repeat(40)])))).toBe('objects_missing')
})

test('reads the files below a tree by path, and refuses one that is too large', async () => {
  const tree = (await repository.resolve('main:policy')) ?? ''
  const files = await repository.filesBelow(tree, 100)
  expect([...files].map(([path, bytes]) => [path, Buffer.from(bytes).toString()])).toEqual([
    ['deep/y', 'y'],
    ['x.yaml', 'x: 2'],
  ])
  expect(await codeOf(repository.filesBelow(tree, 3))).toBe('policy_malformed')
  expect(await codeOf(repository.filesBelow('1'.repeat(40), 100))).toMatch(
    /^(objects_missing|revision_not_found|git_failed)$/,
  )
})

test('refuses files whose names read alike', async () => {
  const blob = Buffer.from(writeObject(folder, 'blob', 'x'), 'hex')
  const entry = (byte: number): Buffer => Buffer.concat([Buffer.from('100644 '), Buffer.of(byte), Buffer.of(0), blob])
  const tree = writeObject(folder, 'tree', Buffer.concat([entry(0xfe), entry(0xff)]))
  expect(await codeOf(repository.filesBelow(tree, 100))).toBe('policy_malformed')
})

test.for([
  { url: 'https://example.com/org/app.git', name: 'https://example.com/org/app.git' },
  { url: 'https://ann:s3cret@example.com/org/app.git', name: 'https://example.com/org/app.git' },
  { url: 'https://ann:p@ss@example.com/app', name: 'https://example.com/app' },
  { url: 'https://example.com/app?token=s3cret#x', name: 'https://example.com/app' },
  { url: 'https://example.com?u=a@b/app', name: 'https://example.com' },
  { url: 'git@example.com:org/app.git', name: 'git@example.com:org/app.git' },
  { url: '/srv/c#/app', name: '/srv/c#/app' },
])('is called by the address of its origin without secrets: $url', async ({ url, name }) => {
  git(folder, ['config', 'remote.origin.url', url])
  expect(await repository.name()).toBe(name)
  git(folder, ['config', '--unset', 'remote.origin.url'])
})

test('is called by its first commit where it has no origin', async () => {
  expect(await repository.name()).toBe(`first-commit:${id('a')}`)
})

test('says that a shallow clone is shallow, and walks what is there', async () => {
  const clone = join(sandbox.folder, 'shallow')
  execFileSync('git', ['clone', '-q', '--depth=1', `file://${folder}`, clone], { env: isolatedEnv(), stdio: 'pipe' })
  const opened = await openGitRepository(clone)
  expect(await opened.shallowBoundary()).toEqual(new Set([id('m')]))
  expect(await all(opened.commits([id('m')], []))).toEqual([{ id: id('m'), parents: [] }])
})

test('a line break in the path of a shallow clone changes nothing', async () => {
  const clone = join(sandbox.folder, 'two\nlines\n')
  execFileSync('git', ['clone', '-q', '--depth=1', `file://${folder}`, clone], { env: isolatedEnv(), stdio: 'pipe' })
  const opened = await openGitRepository(clone)
  expect(await opened.shallowBoundary()).toEqual(new Set([id('m')]))
  expect(await opened.tips(['HEAD'])).toEqual({ include: [id('m')], exclude: [], tags: [] })
})

test('what git advises stands in no message', async () => {
  await expect(all(repository.commits(['1'.repeat(40)], []))).rejects.toMatchObject({
    code: 'objects_missing',
    message: expect.stringMatching(/^fatal: bad object 1{40}$/) as string,
  })
  const programs = join(sandbox.folder, 'advising')
  mkdirSync(programs)
  const said = 'hint: is missing\nfatal: \u001b[2Jbroken\nhint: try again'
  writeFileSync(join(programs, 'git'), `#!/bin/sh\nprintf '%s\\n' '${said}' >&2\nexit 128\n`, { mode: 0o755 })
  vi.stubEnv('PATH', `${programs}:/bin`)
  await expect(openGitRepository(folder)).rejects.toMatchObject({
    code: 'git_failed',
    message: 'git rev-parse ended with 128: fatal: \ufffd[2Jbroken',
  })
})

test('refs whose names are not UTF-8 stay apart', async () => {
  const other = sandbox.init('bytes', '--bare')
  const { a = '', b = '' } = draw(other, [
    ['a', ''],
    ['b', 'a'],
  ])
  const line = (object: string, byte: number): Buffer =>
    Buffer.concat([Buffer.from(`${object} refs/heads/x`), Buffer.of(byte), Buffer.from('\n')])
  // Not every file system takes such a name for a file of its own.
  writeFileSync(join(other, 'packed-refs'), Buffer.concat([line(a, 0xfe), line(b, 0xff)]))
  const refs = (await (await openGitRepository(other)).refs()).filter(({ name }) => name.startsWith('refs/heads/x'))
  expect(refs.map(({ name, object }) => [name, object])).toEqual([
    ['refs/heads/x\\xfe', a],
    ['refs/heads/x\\xff', b],
  ])
})

test('a ref that moves while it is read gives the objects that were asked for', async () => {
  const { include, exclude } = await repository.tips(['main'])
  setRef(folder, MAIN, id('a'))
  const walk = repository.commitIds(include, exclude)[Symbol.asyncIterator]()
  setRef(folder, MAIN, id('m'))
  const first = await walk.next()
  expect(first.value).toHaveLength(4)
  rmSync(join(folder, '.git', 'refs', 'drawn'), { recursive: true })
  expect(await all(repository.objects(first.value ?? []))).toHaveLength(4)
})
