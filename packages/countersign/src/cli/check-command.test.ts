import { readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CHANGE_FORMATS } from './output/formats.ts'
import { runCli } from './run-cli.fixtures.ts'
import { SignedRepository } from './signed-repository.fixtures.ts'

let repository: SignedRepository
const ids: Record<string, string> = {}

beforeAll(() => {
  repository = new SignedRepository()
  repository.writePolicy(['alice', 'bob'])
  ids['policy'] = repository.commit({ message: 'Introduce the policy', signer: 'alice' })
  repository.write('a', '1')
  ids['work'] = repository.commit({ message: 'Add a, ABC-1', signer: 'bob' })
  ids['merge'] = repository.commit({ message: 'Merge ABC-1', signer: 'alice', parents: [ids['policy'], ids['work']] })
  repository.write('b', '1')
  ids['alone'] = repository.commit({ message: 'Add b, ABC-2', signer: 'alice' })
  ids['unsigned'] = repository.commit({ message: 'Nobody, ABC-3' })
  ids['stolen'] = repository.commit({ message: 'In the name of bob, ABC-4', signer: 'alice', as: 'bob' })
  ids['tag'] = repository.tag('v1', ids['merge'], 'alice')
})
afterAll(() => repository.remove())

const csn = (...args: string[]) => runCli([...args, '--data', repository.data])
const rowsOf = (out: string) =>
  out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
const failing = (row: { decision: { rules: { verdict: string; rule: string; explanation: { reason: string } }[] } }) =>
  row.decision.rules.filter(({ verdict }) => verdict === 'fail').map(({ rule }) => rule)

describe('a history is judged, recorded, and proved', () => {
  test('check judges every first-parent step and tag once, by the policy of its base', async () => {
    const { code, out, err } = await csn('check', '--repo', repository.folder, '-o', 'jsonl')
    const rows = rowsOf(out)
    expect(rows.map(({ decision }) => [decision.change.object, decision.change.kind, decision.verdict])).toEqual([
      [ids['policy'], 'initial', 'not_applicable'],
      [ids['merge'], 'merge', 'pass'],
      [ids['alone'], 'direct', 'fail'],
      [ids['unsigned'], 'direct', 'fail'],
      [ids['stolen'], 'direct', 'fail'],
      [ids['tag'], 'tag-created', 'pass'],
    ])
    expect(rows.map(failing)).toEqual([
      [],
      [],
      ['separation-of-duties'],
      ['commits-signed'],
      ['signer-is-committer', 'separation-of-duties'],
      [],
    ])
    expect(rows[0].decision.basis).toBe('no_policy_in_force')
    expect([code, err]).toEqual([1, 'changes: 1 not_applicable, 2 pass, 3 fail\n'])
  })

  test('a second check finds nothing new', async () => {
    const { code, out } = await csn('check', '--repo', repository.folder, '-o', 'jsonl')
    expect([code, out]).toEqual([0, ''])
  })

  test('--no-record judges without leaving anything', async () => {
    const before = statSync(join(repository.data, 'log', 'checkpoint')).mtimeMs
    const fresh = join(repository.home, 'fresh')
    const { out } = await runCli(['check', '--repo', repository.folder, '--no-record', '--data', fresh, '-o', 'json'])
    expect(JSON.parse(out)).toMatchObject({ apiVersion: 'countersign.dev/v1', kind: 'List' })
    expect(JSON.parse(out).items.every((item: { evidence: unknown }) => item.evidence === null)).toBe(true)
    expect(statSync(join(repository.data, 'log', 'checkpoint')).mtimeMs).toBe(before)
    expect((await runCli(['evidence', 'list', '--data', fresh])).err).toBe('0 of 0\n')
  })

  test('the exit code is the same in every format', async () => {
    for (const format of CHANGE_FORMATS) {
      const args = [
        'check',
        '--repo',
        repository.folder,
        '--no-record',
        '--data',
        join(repository.home, 'none'),
        '-o',
        format,
      ]
      expect([format, (await runCli(args)).code]).toEqual([format, 1])
    }
  })

  test('replay gives every recorded answer again, word for word', async () => {
    const { code, err } = await csn('replay')
    expect([code, err]).toEqual([0, 'replayed 6: 6 the same, 0 different\n'])
  })

  test('evidence verify and log fsck find nothing wrong', async () => {
    expect((await csn('evidence', 'verify')).code).toBe(0)
    expect(await csn('log', 'fsck')).toEqual({ code: 0, out: '', err: 'log fsck: nothing wrong\n' })
  })

  test('explain says who can do what about it', async () => {
    const { out } = await csn('explain', ids['unsigned'] as string)
    expect(out).toContain('no signature')
    expect(out).toContain('git commit --amend -S')
  })

  test('evidence list answers for a control', async () => {
    const { out } = await csn('evidence', 'list', '--control', 'AC-5', '-o', 'jsonl')
    expect(rowsOf(out).map(({ change }) => change.object)).toEqual([
      ids['merge'],
      ids['alone'],
      ids['unsigned'],
      ids['stolen'],
    ])
  })

  test('keys are private, and the verifier key names this log', async () => {
    for (const key of ['log.pem', 'evidence.pem']) {
      expect(statSync(join(repository.data, 'keys', key)).mode & 0o777).toBe(0o600)
    }
    const { out } = await csn('log', 'key')
    expect(out).toMatch(/^countersign\.local\/[0-9a-f]{16}\+[0-9a-f]{8}\+[A-Za-z0-9+/=]+\n$/)
    expect((await csn('log', 'checkpoint')).out).toContain(`${out.split('+')[0]}\n6\n`)
  })
})

describe('once there was a policy, there is never none', () => {
  let other: SignedRepository
  const judged = async () =>
    rowsOf((await runCli(['check', '--repo', other.folder, '--data', other.data, '-o', 'jsonl'])).out)
  const told = (rows: readonly { decision: { change: { kind: string }; verdict: string; basis: string | null } }[]) =>
    rows.map(({ decision }) => [decision.change.kind, decision.verdict, decision.basis])

  beforeAll(async () => {
    other = new SignedRepository()
    other.writePolicy(['alice', 'bob'])
    other.commit({ message: 'Introduce the policy', signer: 'alice' })
    await judged()
  })
  afterAll(() => other.remove())

  test('a change that takes the policy away, and what comes after it, is judged by the last that was known', async () => {
    other.git('rm', '-rq', '.countersign')
    other.commit({ message: 'No more rules, ABC-1', signer: 'alice' })
    other.commit({ message: 'Nobody, ABC-2' })
    expect(told(await judged())).toEqual([
      ['direct', 'fail', null],
      ['direct', 'fail', 'policy_refused_at_base'],
    ])
  })

  test('a policy that cannot be read never lets anything pass, is named, and stops nothing that comes later', async () => {
    other.write('.countersign/policy.yaml', 'apiVersion: nonsense\n')
    other.commit({ message: 'Break it, ABC-3', signer: 'alice' })
    other.writePolicy(['alice', 'bob'])
    const mended = other.commit({ message: 'Mend it, ABC-4', signer: 'alice' })
    const work = other.commit({ message: 'Work, ABC-5', signer: 'bob', parents: [mended] })
    other.commit({ message: 'Merge, ABC-5', signer: 'alice', parents: [mended, work] })
    expect(told(await judged())).toEqual([
      ['direct', 'fail', 'policy_refused_at_base'],
      ['direct', 'fail', 'policy_malformed_at_base'],
      ['merge', 'pass', null],
    ])
  })

  test('an orphan under a controlled name is judged all the same', async () => {
    const tip = other.git('rev-parse', 'HEAD')
    other.commit({ message: 'From nowhere, ABC-6', parents: [] })
    expect(told(await judged())).toEqual([
      ['history-rewritten', 'fail', null],
      ['initial', 'fail', null],
    ])
    other.git('update-ref', 'HEAD', tip)
  })

  test('a ref that goes back and forth leaves evidence each time', async () => {
    const tip = other.git('rev-parse', 'HEAD')
    const before = other.git('rev-parse', 'HEAD~1')
    expect(told(await judged())[0]).toEqual(['history-rewritten', 'fail', null])
    for (const [target, kind] of [
      [before, 'history-rewritten'],
      [tip, 'merge'],
      [before, 'history-rewritten'],
      [tip, 'merge'],
    ] as const) {
      other.git('update-ref', 'HEAD', target)
      expect(told(await judged()).map(([what]) => what)).toEqual([kind])
    }
  })
})

describe('a shallow clone', () => {
  test('is refused with 3, and nothing is recorded about what it hides', async () => {
    const clone = join(repository.home, 'shallow')
    repository.git('clone', '-q', '--depth', '1', `file://${repository.folder}`, clone)
    const data = join(repository.home, 'shallow-data')
    const { code, out, err } = await runCli(['check', '--repo', clone, '--data', data])
    expect([code, out]).toEqual([3, ''])
    expect(err).toMatch(/^error\[objects_missing\]: the clone is shallow.*\n {2}remedy: .*--unshallow/)
    expect((await runCli(['evidence', 'list', '--data', data])).err).toBe('0 of 0\n')
  })
})

describe('what happens to refs afterwards', () => {
  test('a moved tag, a deleted tag and a rewritten branch are changes that fail', async () => {
    repository.git('update-ref', 'refs/tags/v1', ids['alone'] as string)
    repository.git('update-ref', 'refs/heads/main', ids['merge'] as string)
    const moved = rowsOf((await csn('check', '--repo', repository.folder, '-o', 'jsonl')).out)
    expect(moved.map(({ decision }) => [decision.change.kind, decision.verdict, failing({ decision })])).toEqual([
      ['history-rewritten', 'fail', ['history-kept']],
      ['tag-moved', 'fail', ['tags-signed', 'tags-immutable']],
    ])
    repository.git('update-ref', '-d', 'refs/tags/v1')
    const deleted = rowsOf((await csn('check', '--repo', repository.folder, '-o', 'jsonl')).out)
    expect(deleted.map(({ decision }) => [decision.change.kind, decision.verdict])).toEqual([['tag-deleted', 'fail']])
    expect((await csn('check', '--repo', repository.folder)).out).toBe('')
  })

  test('tiles that were lost, while record and keys are still there, are made again and are the same', async () => {
    const moved = join(repository.home, 'log-away')
    renameSync(join(repository.data, 'log'), moved)
    const { code } = await csn('check', '--repo', repository.folder)
    expect(code).toBe(0)
    expect(readFileSync(join(repository.data, 'log', 'checkpoint'))).toEqual(readFileSync(join(moved, 'checkpoint')))
    expect(await csn('log', 'fsck')).toMatchObject({ code: 0 })
  })

  test('a blob that is gone or changed is named', async () => {
    const [{ inputs }] = rowsOf((await csn('evidence', 'list', '-o', 'jsonl')).out)
    const file = join(repository.data, 'blobs', inputs.slice(0, 2), inputs.slice(2, 4), inputs)
    const bytes = readFileSync(file)
    writeFileSync(file, bytes.toString('utf8').replace('"', "'"))
    const { code, out } = await csn('log', 'fsck')
    writeFileSync(file, bytes)
    expect(code).toBe(1)
    expect(out).toContain('blob_corrupt')
  })
})
