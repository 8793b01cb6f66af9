import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { devNull, tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type GitHttpHandle, startGitHttp } from './git-http.ts'

const run = promisify(execFile)
let folder: string
let server: GitHttpHandle | null = null
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'csn-git-http-'))
})
afterEach(async () => {
  await server?.stop()
  rmSync(folder, { recursive: true, force: true })
})

async function git(...args: readonly string[]): Promise<string> {
  const names = { GIT_AUTHOR_NAME: 'a', GIT_AUTHOR_EMAIL: 'a@b', GIT_COMMITTER_NAME: 'a', GIT_COMMITTER_EMAIL: 'a@b' }
  const quiet = { GIT_TERMINAL_PROMPT: '0', GIT_CONFIG_GLOBAL: devNull, GIT_CONFIG_NOSYSTEM: '1' }
  const { stdout } = await run('git', args, { env: { PATH: process.env['PATH'], HOME: folder, ...quiet, ...names } })
  return stdout.trim()
}

async function commitIn(work: string, size: number): Promise<string> {
  await git('init', '--quiet', '--initial-branch', 'main', work)
  const bytes = randomBytes(size)
  writeFileSync(join(work, 'bytes'), bytes)
  await git('-C', work, 'add', '.')
  await git('-C', work, 'commit', '--quiet', '--message', 'one')
  return bytes.toString('hex')
}

test('what is pushed is what is fetched, also when it is large', async () => {
  server = await startGitHttp({ folder })
  const { url } = await server.createRepository('shop')
  const bytes = await commitIn(join(folder, 'work'), 3_000_000)
  await git('-C', join(folder, 'work'), 'push', '--quiet', url, 'main')
  await git('clone', '--quiet', url, join(folder, 'clone'))
  expect(readFileSync(join(folder, 'clone', 'bytes')).toString('hex')).toBe(bytes)
  expect(server.requests.map(({ status }) => status)).not.toContain(500)
})

test('a repository that is not there is not found', async () => {
  server = await startGitHttp({ folder })
  await expect(git('ls-remote', `${server.url}/none.git`)).rejects.toThrow("none.git/' not found")
})

test('with passwords, only who knows one reads or writes, and each request names who sent it', async () => {
  server = await startGitHttp({ folder, passwords: { alice: 'pass:word' } })
  const { url } = await server.createRepository('shop')
  const as = (login: string, password: string): string =>
    url.replace('http://', `http://${login}:${encodeURIComponent(password)}@`)
  await expect(git('ls-remote', url)).rejects.toThrow('terminal prompts disabled')
  await expect(git('ls-remote', as('alice', 'wrong'))).rejects.toThrow('Authentication failed')
  await expect(git('ls-remote', as('constructor', 'wrong'))).rejects.toThrow('Authentication failed')
  await commitIn(join(folder, 'work'), 10)
  await git('-C', join(folder, 'work'), 'push', '--quiet', as('alice', 'pass:word'), 'main')
  expect(server.requests.at(-1)).toMatchObject({ login: 'alice', path: '/shop.git/git-receive-pack', status: 200 })
})
