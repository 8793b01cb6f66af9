import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { git, isolatedEnv } from '../../../../../bench/history/repository.ts'
import type { GitRepository } from '../../workflows/ports/git-repository.ts'
import { Problem } from '../../workflows/problem.ts'
import { openGitRepository } from './git-repository.ts'
import { draw, Sandbox, setRef, writeObject } from './sandbox.fixtures.ts'

let sandbox: Sandbox
beforeAll(() => {
  sandbox = new Sandbox()
})
afterAll(() => sandbox.remove())
afterEach(() => vi.unstubAllEnvs())

function repositoryOf(name: string): { folder: string; ids: Readonly<Record<string, string>> } {
  const folder = sandbox.init(name)
  const ids = draw(folder, [
    ['a', '', { 'policy/x': 'x' }],
    ['b', 'a'],
    ['c', 'b', { y: 'y' }],
  ])
  setRef(folder, 'refs/heads/main', ids['c'] ?? '')
  return { folder, ids }
}

/** Everything that is read of a repository in a run. */
async function readAll(repository: GitRepository): Promise<readonly string[]> {
  const found: string[] = []
  await repository.refs()
  await repository.name()
  for await (const ids of repository.commitIds(['main'], [])) found.push(...ids)
  for await (const { id } of repository.objects(found)) found.push(id)
  const [tree] = await repository.entriesAt(found.slice(0, 1), 'policy')
  if (tree) await repository.filesBelow(tree, 1_000)
  return found.slice(0, found.length / 2)
}

async function codeOf(work: () => Promise<unknown>): Promise<string> {
  try {
    await work()
    return 'none'
  } catch (error) {
    if (error instanceof Problem) return error.code
    throw error
  }
}

const looseFile = (folder: string, id: string): string => join(folder, '.git/objects', id.slice(0, 2), id.slice(2))

/** Unpacks everything, so that single objects can be damaged. */
function loosen(folder: string): void {
  const packs = join(folder, '.git/objects/pack')
  for (const pack of readdirSync(packs).filter((name) => name.endsWith('.pack'))) {
    const bytes = readFileSync(join(packs, pack))
    for (const name of readdirSync(packs)) rmSync(join(packs, name))
    execFileSync('git', ['-C', folder, 'unpack-objects', '-q'], { env: isolatedEnv(), input: bytes })
  }
}

test('a commit that is missing from the history is told, not left out', async () => {
  const { folder, ids } = repositoryOf('missing')
  loosen(folder)
  rmSync(looseFile(folder, ids['b'] ?? ''))
  const repository = await openGitRepository(folder)
  expect(await codeOf(() => readAll(repository))).toBe('objects_missing')
})

test.for([
  { name: 'bytes that are not compressed', damage: (): Buffer => Buffer.from('nonsense') },
  { name: 'nothing', damage: (): Buffer => Buffer.alloc(0) },
  { name: 'an object cut short', damage: (bytes: Buffer): Buffer => bytes.subarray(0, bytes.length - 6) },
])('a loose commit of $name is told', async ({ name, damage }) => {
  const { folder, ids } = repositoryOf(name.replaceAll(' ', '-'))
  loosen(folder)
  const file = looseFile(folder, ids['b'] ?? '')
  const bytes = readFileSync(file)
  rmSync(file)
  writeFileSync(file, damage(bytes))
  const repository = await openGitRepository(folder)
  expect(await codeOf(() => readAll(repository))).toMatch(/^(objects_missing|git_failed)$/)
})

test.for([
  { name: 'commit', revision: 'main', damage: null },
  { name: 'root tree', revision: 'main^{tree}', damage: null },
  { name: 'root tree cut short', revision: 'main^{tree}', damage: (bytes: Buffer) => bytes.subarray(0, 12) },
  { name: 'root tree of other content', revision: 'main^{tree}', damage: 'main~1^{tree}' },
  { name: 'folder on the way', revision: 'main:policy', damage: null },
])('what lies at a path is not guessed behind a lost $name', async ({ name, revision, damage }) => {
  const { folder, ids } = repositoryOf(`lost-${name.replaceAll(' ', '-')}`)
  loosen(folder)
  const file = looseFile(folder, git(folder, ['rev-parse', revision]).trim())
  const bytes = readFileSync(
    typeof damage === 'string' ? looseFile(folder, git(folder, ['rev-parse', damage]).trim()) : file,
  )
  const repository = await openGitRepository(folder)
  rmSync(file)
  if (damage !== null) writeFileSync(file, typeof damage === 'string' ? bytes : damage(bytes))
  expect(await codeOf(() => repository.entriesAt([ids['c'] ?? ''], 'policy/nowhere'))).toMatch(
    name === 'root tree cut short' ? /^(objects_missing|git_failed)$/ : /^objects_missing$/,
  )
})

test('nothing is said of what lies at a path of a commit that is not there', async () => {
  const { folder, ids } = repositoryOf('no-such-commit')
  const repository = await openGitRepository(folder)
  expect(await codeOf(() => repository.entriesAt([ids['c'] ?? '', '1'.repeat(40)], 'policy'))).toBe('objects_missing')
})

test('a tree that hides an entry behind another is not read', async () => {
  const { folder } = repositoryOf('double')
  const tree = git(folder, ['rev-parse', 'main:policy']).trim()
  const entry = Buffer.concat([Buffer.from('40000 policy\0'), Buffer.from(tree, 'hex')])
  const twice = writeObject(folder, 'tree', Buffer.concat([entry, entry]))
  const body = `tree ${twice}\nauthor A <a@x> 1 +0000\ncommitter A <a@x> 1 +0000\n\nm\n`
  const repository = await openGitRepository(folder)
  expect(await codeOf(() => repository.entriesAt([writeObject(folder, 'commit', body)], 'policy'))).toBe(
    'objects_missing',
  )
})

test('a replacement that makes history a circle is ignored', async () => {
  const { folder, ids } = repositoryOf('replaced')
  const body = git(folder, ['cat-file', 'commit', ids['a'] ?? '']).replace('\nauthor', `\nparent ${ids['c']}\nauthor`)
  const circle = git(folder, ['hash-object', '-t', 'commit', '-w', '--stdin'], body).trim()
  setRef(folder, `refs/replace/${ids['a']}`, circle)
  const found = await readAll(await openGitRepository(folder))
  expect(found).toEqual([ids['c'], ids['b'], ids['a']])
})

test('a graft that hides history is ignored', async () => {
  const { folder, ids } = repositoryOf('grafted')
  writeFileSync(join(folder, '.git/info/grafts'), `${ids['c']}\n${ids['a']} ${ids['c']}\n`)
  expect(await readAll(await openGitRepository(folder))).toHaveLength(3)
})

test('a commit-graph that bends the walk is ignored', async () => {
  const { folder } = repositoryOf('graph')
  git(folder, ['commit-graph', 'write', '--reachable'])
  const file = join(folder, '.git/objects/info/commit-graph')
  const bytes = readFileSync(file)
  // Commit data and checksum become nonsense, which git does not look at when it is told not to.
  rmSync(file)
  writeFileSync(file, Buffer.from(bytes.map((byte, at) => (at > bytes.length - 60 ? 0x70 : byte))))
  expect(() => git(folder, ['rev-list', 'main'])).toThrow()
  expect(await readAll(await openGitRepository(folder))).toHaveLength(3)
})

test('variables of the environment send git nowhere else', async () => {
  const { folder } = repositoryOf('here')
  const other = sandbox.init('elsewhere')
  vi.stubEnv('GIT_DIR', join(other, '.git'))
  vi.stubEnv('GIT_WORK_TREE', other)
  vi.stubEnv('GIT_OBJECT_DIRECTORY', join(other, '.git/objects'))
  vi.stubEnv('GIT_NAMESPACE', 'x')
  vi.stubEnv('GIT_CONFIG_COUNT', '1')
  vi.stubEnv('GIT_CONFIG_KEY_0', 'core.bare')
  vi.stubEnv('GIT_CONFIG_VALUE_0', 'nonsense')
  expect(await readAll(await openGitRepository(folder))).toHaveLength(3)
})

test('no program that the repository names is run', async () => {
  const { folder } = repositoryOf('programs')
  const trap = join(sandbox.folder, 'trap')
  const program = `touch ${trap};`
  for (const [key, value] of [
    ['core.fsmonitor', program],
    ['core.sshCommand', program],
    ['core.pager', program],
    ['core.editor', program],
    ['core.askPass', program],
    ['core.gitProxy', program],
    ['core.alternateRefsCommand', program],
    ['core.hooksPath', sandbox.folder],
    ['credential.helper', `!${program}`],
    ['gpg.program', program],
    ['gpg.ssh.program', program],
    ['log.showSignature', 'true'],
    ['diff.external', program],
    ['filter.x.smudge', program],
    ['alias.rev-list', `!${program}`],
    ['protocol.ext.allow', 'always'],
    ['remote.origin.url', `ext::sh -c "${program}"`],
    ['remote.origin.promisor', 'true'],
    ['extensions.partialClone', 'origin'],
    ['core.repositoryFormatVersion', '1'],
  ] as const) {
    git(folder, ['config', key, value])
  }
  writeFileSync(join(folder, '.git/objects/info/alternates'), `${sandbox.folder}/nowhere\n`)
  const repository = await openGitRepository(folder)
  await readAll(repository)
  expect(await repository.resolve(`${'1'.repeat(40)}^{commit}`)).toBeNull()
  expect(
    await codeOf(async () => {
      for await (const _ of repository.objects(['1'.repeat(40)])) throw new Error('read what is not there')
    }),
  ).toBe('objects_missing')
  expect(existsSync(trap)).toBe(false)
})

test.for(['blob:none', 'tree:0'])('a partial clone (%s) is read without fetching anything', async (filter) => {
  const { folder } = repositoryOf(`origin-${filter.replace(':', '-')}`)
  git(folder, ['config', 'uploadpack.allowFilter', 'true'])
  const clone = join(sandbox.folder, `partial-${filter.replace(':', '-')}`)
  const args = ['clone', '-q', '--no-checkout', `--filter=${filter}`, `file://${folder}`, clone]
  execFileSync('git', args, { env: isolatedEnv(), stdio: 'pipe' })
  const stored = (): readonly string[] => readdirSync(join(clone, '.git/objects/pack')).sort()
  const before = stored()
  const repository = await openGitRepository(clone)
  const commits: string[] = []
  for await (const ids of repository.commitIds(['origin/main'], [])) commits.push(...ids)
  expect(commits).toHaveLength(3)
  const tree = git(folder, ['rev-parse', 'main:policy']).trim()
  const code = await codeOf(() => repository.filesBelow(tree, 1_000))
  expect(code).toMatch(/^(objects_missing|git_failed|revision_not_found)$/)
  expect(stored()).toEqual(before)
  expect(statSync(join(clone, '.git/objects')).isDirectory()).toBe(true)
})
