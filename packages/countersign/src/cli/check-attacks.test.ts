import { mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { runCli } from './run-cli.fixtures.ts'
import { SignedRepository } from './signed-repository.fixtures.ts'

const RULES = ['commits-signed', 'history-kept', 'merges-add-nothing', 'merges-signed', 'separation-of-duties'].concat([
  'services-in-their-place',
  'signer-is-committer',
  'tags-immutable',
  'tags-signed',
  'ticket-referenced',
])
const OFF = `apiVersion: countersign.dev/v1\nkind: Policy\nrules: { ${RULES.map((rule) => `${rule}: { mode: "off" }`).join(', ')} }\n`

let repo: SignedRepository
let [before, policy] = ['', '']

/** What came before any policy, the policy, and one change by two people. */
beforeEach(() => {
  repo = new SignedRepository()
  repo.write('a', '0')
  before = repo.commit({ message: 'Before any policy', signer: 'alice' })
  repo.writePolicy(['alice', 'bob'])
  policy = repo.commit({ message: 'Introduce the policy', signer: 'alice' })
  mergeByTwo('a', '1')
})
afterEach(() => repo.remove())

function mergeByTwo(path: string, content: string): string {
  const base = repo.git('rev-parse', 'HEAD')
  repo.write(path, content)
  const work = repo.commit({ message: `Work on ${path}, ABC-1`, signer: 'bob' })
  return repo.commit({ message: `Merge ${path}, ABC-1`, signer: 'alice', parents: [base, work] })
}

type Row = { readonly decision: { change: { kind: string; ref: string }; verdict: string; basis: string | null } }

async function check(...args: readonly string[]): Promise<readonly (string | null)[][]> {
  const { out, err } = await runCli(['check', '--repo', repo.folder, '--data', repo.data, '-o', 'jsonl', ...args])
  if (/^error/m.test(err)) throw new Error(err)
  const rows = out.split('\n').filter((line) => line !== '')
  return rows.map((line) => {
    const { change, verdict, basis } = (JSON.parse(line) as Row).decision
    return [change.ref.replace(/^refs\/(heads|tags)\//, ''), change.kind, verdict, basis]
  })
}

/** As in a clone that never had what was left behind. */
function forgetWhatIsLeftBehind(): void {
  repo.git('reflog', 'expire', '--expire=now', '--all')
  repo.git('gc', '-q', '--prune=now')
}

async function expectReplayed(): Promise<void> {
  expect((await runCli(['replay', '--data', repo.data])).code).toBe(0)
}

describe('going back to before there was a policy', () => {
  test('fails for a branch, also in a clone that never had what was left behind', async () => {
    await check()
    repo.git('reset', '-q', '--hard', before)
    forgetWhatIsLeftBehind()
    expect(await check()).toEqual([
      ['main', 'history-rewritten', 'fail', null],
      ['main', 'initial', 'fail', null],
    ])
    repo.write('b', '1')
    repo.commit({ message: 'Nobody' })
    expect(await check()).toEqual([['main', 'direct', 'fail', 'policy_refused_at_base']])
    await expectReplayed()
  })

  test('fails for a tag that is moved there', async () => {
    repo.tag('v1', repo.git('rev-parse', 'HEAD'), 'alice')
    await check()
    repo.git('update-ref', 'refs/tags/v1', before)
    expect(await check()).toEqual([['v1', 'tag-moved', 'fail', null]])
  })
})

describe('a policy that a refused change brought', () => {
  test('does not take force until a change that is not refused brings one', async () => {
    await check()
    repo.write('.countersign/policy.yaml', OFF)
    repo.commit({ message: 'No rules' })
    repo.write('b', '1')
    repo.commit({ message: 'Nobody' })
    expect(await check()).toEqual([
      ['main', 'direct', 'fail', null],
      ['main', 'direct', 'fail', 'policy_refused_at_base'],
    ])
    mergeByTwo('c', '1')
    expect(await check()).toEqual([['main', 'merge', 'pass', 'policy_refused_at_base']])
    repo.write('d', '1')
    repo.commit({ message: 'Nobody again' })
    expect(await check()).toEqual([['main', 'direct', 'fail', 'policy_refused_at_base']])
    mergeByTwo('.countersign/policy.yaml', `${OFF}# by two\n`)
    expect(await check()).toEqual([['main', 'merge', 'pass', 'policy_refused_at_base']])
    repo.write('e', '1')
    repo.commit({ message: 'Nobody, as two have decided' })
    expect(await check()).toEqual([['main', 'direct', 'not_applicable', null]])
    await expectReplayed()
  })

  test('judges no tag, neither in the same look nor in a later one', async () => {
    await check()
    repo.writePolicy(['alice', 'bob', 'eve'])
    repo.commit({ message: 'Let eve in' })
    repo.tag('v1', policy, 'eve')
    expect(await check()).toEqual([
      ['main', 'direct', 'fail', null],
      ['v1', 'tag-created', 'fail', 'policy_refused_at_base'],
    ])
    repo.tag('v2', policy, 'eve')
    expect(await check()).toEqual([['v2', 'tag-created', 'fail', 'policy_refused_at_base']])
    await expectReplayed()
  })

  test('is not the last that was known of another branch', async () => {
    const named = ['--name', 'acme/app']
    await check(...named)
    const main = repo.git('rev-parse', 'HEAD')
    repo.write('.countersign/policy.yaml', OFF)
    const root = repo.commit({ message: 'An orphan without rules', parents: [] })
    const second = repo.commit({ message: 'And one more', parents: [root] })
    repo.git('update-ref', 'refs/heads/release/aaa', second)
    repo.git('update-ref', 'refs/heads/main', main)
    expect(await check(...named, '--ref', 'refs/heads/release/aaa')).toEqual([
      ['release/aaa', 'initial', 'fail', null],
      ['release/aaa', 'direct', 'fail', 'policy_refused_at_base'],
    ])
    rmSync(`${repo.folder}/.countersign`, { recursive: true })
    repo.commit({ message: 'Main begins anew', parents: [] })
    repo.git('update-ref', '-d', 'refs/heads/release/aaa')
    forgetWhatIsLeftBehind()
    expect((await check(...named)).filter(([ref]) => ref === 'main')).toEqual([
      ['main', 'history-rewritten', 'fail', null],
      ['main', 'initial', 'fail', null],
    ])
  })

  test('is held on a branch that begins there', async () => {
    await check()
    repo.write('.countersign/policy.yaml', OFF)
    const refused = repo.commit({ message: 'No rules' })
    await check()
    repo.write('b', '1')
    const next = repo.commit({ message: 'Nobody' })
    repo.git('update-ref', 'refs/heads/release/1', next)
    repo.git('update-ref', 'refs/heads/main', refused)
    const found = await check('--ref', 'refs/heads/release/1')
    expect(found.at(-1)).toEqual(['release/1', 'direct', 'fail', 'policy_refused_at_base'])
  })

  test('is judged past by a policy that is given, and held again afterwards', async () => {
    await check()
    repo.write('.countersign/policy.yaml', OFF)
    repo.commit({ message: 'No rules' })
    await check()
    const given = `${repo.home}/given`
    repo.git('worktree', 'add', '-q', '--detach', given, policy)
    repo.write('b', '1')
    repo.commit({ message: 'Nobody' })
    expect(await check('--policy', `${given}/.countersign`)).toEqual([['main', 'direct', 'fail', 'policy_given']])
    repo.write('b', '2')
    repo.commit({ message: 'Nobody again' })
    expect(await check()).toEqual([['main', 'direct', 'fail', 'policy_refused_at_base']])
    await expectReplayed()
  })
})

test('a revocation that is a link makes the policy one that cannot be read: it would revoke nothing', async () => {
  await check()
  mkdirSync(`${repo.folder}/.countersign/keys`)
  symlinkSync('../elsewhere', `${repo.folder}/.countersign/keys/revoked_keys`)
  const base = repo.git('rev-parse', 'HEAD')
  const work = repo.commit({ message: 'Revoke, ABC-1', signer: 'bob' })
  repo.commit({ message: 'Merge the revocation, ABC-1', signer: 'alice', parents: [base, work] })
  mergeByTwo('b', '1')
  expect(await check()).toEqual([
    ['main', 'merge', 'pass', null],
    ['main', 'merge', 'indeterminate', 'policy_malformed_at_base'],
  ])
})

describe('what is checked out', () => {
  test('a proposal does not judge its own tag', async () => {
    await check()
    const main = repo.git('rev-parse', 'HEAD')
    repo.git('checkout', '-q', '-b', 'proposal')
    repo.writePolicy(['alice', 'bob', 'eve'])
    repo.commit({ message: 'Let me in', signer: 'eve' })
    repo.tag('v1', main, 'eve')
    expect(await check()).toEqual([['v1', 'tag-created', 'fail', null]])
  })

  test('a proposal takes no ref out of control', async () => {
    await check()
    repo.git('checkout', '-q', '-b', 'proposal')
    repo.write('.countersign/policy.yaml', `${OFF}controlledRefs: { branches: [], tags: [] }\n`)
    repo.commit({ message: 'Look away', signer: 'eve' })
    repo.git('update-ref', 'refs/tags/v1', policy)
    expect(await check()).toEqual([['v1', 'tag-created', 'fail', null]])
  })
})

describe('what was seen before is not new', () => {
  test('a tag that is deleted and made again elsewhere has moved', async () => {
    repo.tag('v1', policy, 'alice')
    await check()
    repo.git('update-ref', '-d', 'refs/tags/v1')
    expect(await check()).toEqual([['v1', 'tag-deleted', 'fail', null]])
    repo.tag('v1', before, 'alice')
    expect(await check()).toEqual([['v1', 'tag-moved', 'fail', null]])
  })

  test('another spelling of the address is the same repository', async () => {
    repo.git('remote', 'add', 'origin', 'https://forge.test/acme/app.git')
    await check()
    repo.git('reset', '-q', '--hard', policy)
    for (const url of [
      'https://forge.test/acme/app',
      'git@Forge.test:acme/app.git',
      'ssh://git@forge.test:2222/acme/app/',
    ]) {
      repo.git('remote', 'set-url', 'origin', url)
      const [first] = await check('--no-record')
      expect([url, first]).toEqual([url, ['main', 'history-rewritten', 'fail', null]])
    }
    repo.git('remote', 'set-url', 'origin', 'https://forge.test/acme/other')
    expect((await check('--no-record'))[0]?.[1]).toBe('initial')
  })
})
