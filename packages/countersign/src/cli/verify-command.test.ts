import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runCli } from './run-cli.fixtures.ts'
import { SignedRepository } from './signed-repository.fixtures.ts'

let repository: SignedRepository
let allowed: string

beforeAll(() => {
  repository = new SignedRepository()
  allowed = repository.allowedSigners(['alice', 'bob'])
  repository.write('a', '1')
  repository.commit({ message: 'one', signer: 'alice' })
  repository.write('a', '2')
  repository.commit({ message: 'two', signer: 'bob' })
  repository.tag('v1', repository.git('rev-parse', 'HEAD'), 'alice')
})
afterAll(() => repository.remove())

const verify = (...args: string[]) =>
  runCli(['verify', '--repo', repository.folder, '--data', repository.data, ...args])

describe('countersign verify', () => {
  test('prints one line an object, with exactly the published keys', async () => {
    const { code, out } = await verify('--all', '--allowed-signers', allowed, '-o', 'jsonl')
    const lines = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(code).toBe(0)
    expect(lines.map(({ type, verdict }) => `${type} ${verdict}`)).toEqual(['commit pass', 'commit pass', 'tag pass'])
    expect(Object.keys(lines[0])).toEqual(['object', 'type', 'signature', 'verdict'])
    expect(Object.keys(lines[0].signature)).toEqual(['scheme', 'status', 'git', 'key', 'principal', 'reason'])
    expect(lines[0].signature).toMatchObject({
      scheme: 'ssh',
      status: 'good',
      git: 'G',
      principal: 'bob@example.com',
      reason: 'verified',
    })
  })

  test.for([
    { name: 'a range', args: ['--rev', 'HEAD~1..HEAD'], lines: 1 },
    { name: 'two revisions', args: ['--rev', 'HEAD', '--rev', 'HEAD~1'], lines: 2 },
    { name: 'HEAD when nothing is named', args: [], lines: 2 },
  ])('verifies $name', async ({ args, lines }) => {
    const { code, out } = await verify(...args, '--allowed-signers', allowed, '-o', 'jsonl')
    expect([code, out.trim().split('\n').length]).toEqual([0, lines])
  })

  test('verifies the annotated tags that revisions name, and those that they name in turn', async () => {
    const commit = repository.git('rev-parse', 'HEAD')
    const bad = repository.tag('bad', commit, 'eve')
    const lines = async (...args: string[]) => {
      const { code, out } = await verify(...args, '--allowed-signers', allowed, '-o', 'jsonl')
      const found = out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
      return [code, ...found.map(({ type, verdict }) => `${type} ${verdict}`)]
    }
    expect(await lines('--rev', 'v1')).toEqual([0, 'commit pass', 'commit pass', 'tag pass'])
    expect(await lines('--rev', 'bad')).toEqual([1, 'commit pass', 'commit pass', 'tag fail'])
    expect(await lines('--rev', 'HEAD~1..bad')).toEqual([1, 'commit pass', 'tag fail'])
    expect(await lines('--rev', 'v1^{commit}')).toEqual([0, 'commit pass', 'commit pass'])
    repository.git('update-ref', '-d', 'refs/tags/bad', bad)
  })

  test('gives the same lines on threads as inline', async () => {
    const one = await verify('--all', '--allowed-signers', allowed, '--threads', '1', '-o', 'jsonl')
    const two = await verify('--all', '--allowed-signers', allowed, '--threads', '2', '-o', 'jsonl')
    expect(two.out).toBe(one.out)
  })

  test('fails with 1 without trust, in every format', async () => {
    for (const format of ['table', 'jsonl']) {
      const { code, err } = await verify('-o', format)
      expect([format, code]).toEqual([format, 1])
      expect(err).toContain('2 fail')
    }
  })

  test('--new shows an object once, and counts what it knew', async () => {
    const args = ['--all', '--new', '--allowed-signers', allowed, '-o', 'jsonl']
    expect((await verify(...args)).out.trim().split('\n')).toHaveLength(3)
    const again = await verify(...args)
    expect([again.code, again.out]).toEqual([0, ''])
    expect(again.err).toContain('verified before, not shown: 3 pass')
    const other = await verify('--all', '--new', '-o', 'jsonl')
    expect(other.out.trim().split('\n'), 'other keys are another memory').toHaveLength(3)
    const still = await verify('--all', '--new', '-o', 'jsonl')
    expect([still.code, still.out], 'what failed before has not passed since').toEqual([1, ''])
  })

  test('--new keeps nothing of a range, which it looks at each time', async () => {
    const data = join(repository.home, 'range-data')
    for (let turn = 0; turn < 2; turn += 1) {
      const { code, out } = await verify('--rev', 'HEAD~1..HEAD', '--new', '--data', data, '-o', 'jsonl')
      expect([code, out.trim().split('\n').length]).toEqual([1, 1])
    }
    expect(existsSync(join(data, 'verified'))).toBe(false)
  })

  test('--new remembers nothing of a shallow clone', async () => {
    const clone = join(repository.home, 'shallow')
    repository.git('clone', '-q', '--depth', '1', `file://${repository.folder}`, clone)
    const run = () => verify('--repo', clone, '--new', '--allowed-signers', allowed, '-o', 'jsonl')
    const shallow = await run()
    expect(shallow.out.trim().split('\n')).toHaveLength(1)
    expect(shallow.err).toContain('the clone is shallow; older commits were not looked at, so nothing was remembered')
    repository.git('-C', clone, 'fetch', '-q', '--unshallow')
    expect((await run()).out.trim().split('\n')).toHaveLength(2)
    expect((await run()).out).toBe('')
  })

  test('--new does not take an id that is not there for one that was verified', async () => {
    const none = '1'.repeat(40)
    const args = ['--new', '--allowed-signers', allowed, '-o', 'jsonl']
    await verify('--rev', 'HEAD', ...args)
    for (let turn = 0; turn < 2; turn += 1) {
      const { code, out, err } = await verify('--rev', none, ...args)
      expect([code, out]).toEqual([3, ''])
      expect(err).toContain(`error[objects_missing]: fatal: bad object ${none}`)
    }
  })
})

describe('countersign verify refuses', () => {
  test('a repository with a ref that git cannot read, and check does too: part of it would go unseen', async () => {
    const broken = join(repository.folder, '.git', 'refs', 'heads', 'other')
    writeFileSync(broken, 'deadbeef\n')
    for (const command of ['verify', 'check']) {
      const all = command === 'verify' ? ['--all'] : []
      const { code, out, err } = await runCli([command, '--repo', repository.folder, '--data', repository.data, ...all])
      expect([command, code, out]).toEqual([command, 3, ''])
      expect(err).toContain('error[git_failed]: the ref refs/heads/other is broken: git cannot read it')
    }
    rmSync(broken)
  })

  test.for([
    { name: 'a folder that is no repository', args: ['--repo', '/'], code: 2, error: 'not_a_repository' },
    { name: 'a folder that is not there', args: ['--repo', '/nonexistent'], code: 2, error: 'not_a_repository' },
    { name: 'an unknown revision', args: ['--rev', 'nonsense'], code: 2, error: 'revision_not_found' },
    { name: 'a revision that looks like an option', args: ['--rev', '--all'], code: 2, error: null },
    { name: 'a trust file that is not there', args: ['--keyring', '/nonexistent'], code: 2, error: 'file_unreadable' },
    { name: '--all with --rev', args: ['--all', '--rev', 'HEAD'], code: 2, error: 'usage' },
    { name: '--at with --new', args: ['--at', '2026-01-01T00:00:00Z', '--new'], code: 2, error: 'usage' },
    { name: 'an endless trust file', args: ['--allowed-signers', '/dev/zero'], code: 2, error: 'file_unreadable' },
    { name: 'an output that it does not have', args: ['-o', 'markdown'], code: 2, error: null },
    { name: 'an empty value', args: ['--rev', ''], code: 2, error: null },
    { name: 'a time that is none', args: ['--at', 'yesterday'], code: 2, error: null },
    { name: 'an option that is none', args: ['--alll'], code: 2, error: null },
  ])('$name', async ({ args, code, error }) => {
    const run = await verify(...args)
    expect(run.out).toBe('')
    expect(run.code).toBe(code)
    if (error !== null) expect(run.err).toMatch(new RegExp(`^error\\[${error}\\]: .+\\n  remedy: .+\\n$`, 's'))
    expect(run.err).not.toMatch(/\n {4}at /)
  })
})
