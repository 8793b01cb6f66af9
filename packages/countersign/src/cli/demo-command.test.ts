import { createHash } from 'node:crypto'
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runCli } from './run-cli.fixtures.ts'
import { SignedRepository } from './signed-repository.fixtures.ts'

let repository: SignedRepository
let own: SignedRepository
let temporary: string

beforeAll(() => {
  temporary = mkdtempSync(join(tmpdir(), 'csn-'))
  repository = new SignedRepository()
  repository.write('a', '1')
  const first = repository.commit({ message: 'Begin, ABC-1', signer: 'alice' })
  repository.write('a', '2')
  const work = repository.commit({ message: 'Work, ABC-2', signer: 'bob' })
  repository.commit({ message: 'Merge ABC-2', signer: 'alice', parents: [first, work] })
  repository.write('a', '3')
  repository.commit({ message: 'Nobody, ABC-3' })
  repository.tag('v1', work, 'alice')
  repository.tag('v2', work)
  own = new SignedRepository()
  own.writePolicy(['alice'])
  own.commit({ message: 'Introduce the policy', signer: 'alice' })
  own.write('a', '1')
  own.commit({ message: 'Nobody, ABC-1' })
})
afterAll(() => {
  repository.remove()
  own.remove()
  rmSync(temporary, { recursive: true, force: true })
})

/** Runs the demo with a temporary folder of the test's own, so that what is left behind can be seen. */
function demo(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  return runCli(['demo', ...args], { env: { TMPDIR: temporary, ...env } })
}

/** The folders that demos have left; node keeps compiled code beside them, which is none of ours. */
function demosIn(folder: string): readonly string[] {
  return readdirSync(folder).filter((name) => name.startsWith('countersign-demo-'))
}

/** One digest over every file of a folder: path, kind, content, size, permissions and time of change. */
function stateOf(folder: string): string {
  const hash = createHash('sha256')
  for (const path of (readdirSync(folder, { recursive: true }) as string[]).sort()) {
    const file = join(folder, path)
    const { mode, size, mtimeMs, ctimeMs } = lstatSync(file)
    hash.update(`${path}\n${mode} ${size} ${mtimeMs} ${ctimeMs}\n`)
    if (lstatSync(file).isFile()) hash.update(readFileSync(file))
  }
  return hash.digest('hex')
}

describe('countersign demo --repo', () => {
  test('judges any repository by the keys that are named, and writes nothing to it', async () => {
    const before = stateOf(repository.folder)
    const keys = repository.allowedSigners(['alice', 'bob'])
    const { code, out, err } = await demo(['--repo', repository.folder, '--allowed-signers', keys, '--clean'])
    expect([code, err]).toEqual([0, ''])
    expect(stateOf(repository.folder)).toBe(before)
    expect(out).toContain('2 people imported')
    expect(out).toContain('refs/heads/main and 2 tags')
    expect(out).toContain('2. 5 changes judged\n✗ fail                 3\n✔ pass                 2\n')
    expect(out).toMatch(/✗ fail +1 {2}commits-signed: unsigned\n/)
    expect(out).toMatch(/✗ fail +1 {2}separation-of-duties: one person alone\n/)
    expect(out).toMatch(/✗ fail +1 {2}tags-signed: unsigned\n/)
    expect(out).toContain('5 decisions are signed and in the log:')
    expect(demosIn(temporary)).toEqual([])
  })

  test('judges a repository with a policy of its own by that', async () => {
    const { code, out } = await demo(['--repo', own.folder, '--clean'])
    expect(code).toBe(0)
    expect(out).toContain('judged by the policy of its base commit')
    expect(out).toContain('2. 2 changes judged')
    expect(out).toMatch(/not_applicable +main +\w+ initial +evidence 0 \(no policy in force\)/)
  })

  test('shows as many of the newest as --last says, the newest first', async () => {
    const { out } = await demo(['--repo', repository.folder, '--last', '2', '--clean'])
    const shown = out.slice(out.indexOf('3. The newest 2 of 5'), out.indexOf('4. The evidence'))
    expect(shown.match(/^\S+ fail +v[12] /gm)?.map((row) => row.trim().slice(-2))).toEqual(['v2', 'v1'])
  })

  test('--ref looks at another branch', async () => {
    repository.git('update-ref', 'refs/heads/side', 'HEAD~1')
    const { out } = await demo(['--repo', repository.folder, '--ref', 'side', '--clean'])
    repository.git('update-ref', '-d', 'refs/heads/side')
    expect(out).toContain('refs/heads/side and 2 tags')
    expect(out).toContain('2. 4 changes judged')
  })

  test('keeps its folder to look at, and --data elsewhere', async () => {
    const data = join(repository.home, 'kept')
    const { code, out } = await demo(['--repo', repository.folder, '--data', data])
    const folder = /^DEMO=(.*)$/m.exec(out)?.[1] ?? ''
    expect(code).toBe(0)
    expect(readdirSync(folder)).toEqual(['policy'])
    const shown = readdirSync(data).filter((name) => !name.startsWith('.'))
    expect(shown.sort()).toEqual(['blobs', 'evidence.db', 'keys', 'log'])
    expect(out).toContain(`rm -rf ${folder}`)
    expect((await runCli(['log', 'fsck', '--data', data])).code).toBe(0)
    rmSync(folder, { recursive: true })
  })

  test.for([
    { name: 'with glyphs', args: [], env: {} },
    { name: 'in ASCII', args: ['--ascii'], env: {} },
    { name: 'in colour', args: [], env: { NO_COLOR: '', FORCE_COLOR: '1' } },
  ])('stays within 100 columns $name', async ({ args, env }) => {
    const { out } = await demo(['--repo', repository.folder, '--clean', ...args], env)
    const isAscii: boolean = /^[\x00-\x7f]*$/.test(out)
    expect(isAscii).toBe(args.length > 0)
    expect(out.includes('\u001b[')).toBe('FORCE_COLOR' in env)
    const wide = out.split('\n').filter((line) => line.replaceAll(/\u001b\[\d+m/g, '').length > 100)
    expect(wide).toEqual([])
  })

  test('ends quietly when its reader has gone, and leaves nothing behind', async () => {
    const { code, err } = await runCli(['demo', '--repo', repository.folder], {
      env: { TMPDIR: temporary },
      closeAfter: 1,
    })
    expect([0, 141]).toContain(code)
    expect(err).toBe('')
    expect(demosIn(temporary)).toEqual([])
  })

  test.for([
    { name: 'a folder that is no repository', args: () => ['--repo', tmpdir()], code: 'not_a_repository' },
    {
      name: 'a branch that is not there',
      args: () => ['--repo', own.folder, '--ref', 'gone'],
      code: 'revision_not_found',
    },
    {
      name: 'a key file that is not there',
      args: () => ['--repo', repository.folder, '--keyring', 'gone'],
      code: 'file_unreadable',
    },
    { name: 'keys without a repository', args: () => ['--allowed-signers', 'any'], code: 'usage' },
  ])('refuses $name with $code and leaves nothing behind', async ({ args, code }) => {
    const run = await demo(args())
    expect([run.code, run.err.split(':')[0]]).toEqual([2, `error[${code}]`])
    expect(demosIn(temporary)).toEqual([])
  })
})

test('a temporary folder that is no folder is refused with write_failed', async () => {
  const { code, err } = await demo(['--repo', repository.folder], { TMPDIR: join(repository.folder, 'a') })
  expect([code, err.split(':')[0]]).toEqual([3, 'error[write_failed]'])
})

test('a long temporary folder gives way to a short one, where an agent can have its socket', async () => {
  const long = join(temporary, 'x'.repeat(80))
  mkdirSync(long)
  const { out } = await demo(['--repo', repository.folder, '--clean'], { TMPDIR: long })
  expect(out).toMatch(/^DEMO=\/tmp\/countersign-demo-\w+$/m)
})

describe('countersign demo without a program that it needs', () => {
  test.for([
    { name: 'git', there: [] },
    { name: 'ssh-keygen', there: ['git'] },
    { name: 'gpg', there: ['git', 'ssh-keygen'] },
    { name: 'gpgconf', there: ['git', 'ssh-keygen', 'gpg'] },
  ])('names $name before anything is made', async ({ name, there }) => {
    const programs = join(repository.home, `programs-${there.length}`)
    mkdirSync(programs)
    // Any program will do: what is looked for is that it is there.
    for (const program of there) symlinkSync(process.execPath, join(programs, program))
    const { code, out, err } = await demo([], { PATH: programs })
    expect([code, out]).toEqual([2, ''])
    expect(err).toContain(`error[program_missing]: ${name} is not on PATH`)
    expect(demosIn(temporary)).toEqual([])
  })
})
