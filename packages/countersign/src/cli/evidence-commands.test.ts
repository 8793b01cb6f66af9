import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openData } from '../wire.ts'
import { runHere } from './run-in-process.fixtures.ts'
import { SignedRepository } from './signed-repository.fixtures.ts'

let repository: SignedRepository
let data: string
let change: string
const SOURCE = 'github-audit-log:acme'
const csn = (...args: string[]) => runHere([...args, '--data', data])

beforeAll(async () => {
  repository = new SignedRepository()
  data = repository.data
  repository.writePolicy(['alice', 'bob'])
  repository.commit({ message: 'Introduce the policy', signer: 'alice' })
  repository.write('a', '1')
  change = repository.commit({ message: 'Add a, ABC-1', signer: 'bob' })
  await csn('check', '--repo', repository.folder)
  const watch = ['--observer', 'o', '--since', '2025-01-01T00:00:00Z']
  await csn('source', 'heartbeat', SOURCE, ...watch, '--at', '2025-01-01T00:00:00Z')
  await csn('source', 'heartbeat', SOURCE, ...watch, '--at', '2025-01-01T00:10:00Z')
})
afterAll(() => repository.remove())

async function listed(...args: string[]): Promise<readonly number[]> {
  const { code, out } = await csn('evidence', 'list', ...args, '-o', 'jsonl')
  expect(code).toBe(0)
  return out
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line).index)
}

describe('evidence list answers', () => {
  test.for<{ args: () => string[]; indexes: number[] }>([
    { args: () => [], indexes: [0, 1, 2, 3] },
    { args: () => ['--type', 'change-decision'], indexes: [0, 1] },
    { args: () => ['--type', 'https://countersign.dev/attestation/source-heartbeat/v1'], indexes: [2, 3] },
    { args: () => ['--subject', change], indexes: [1] },
    { args: () => ['--subject', 'ref:refs/heads/main'], indexes: [0, 1] },
    { args: () => ['--subject', `source:${SOURCE}`, '--after', '2'], indexes: [3] },
    { args: () => ['--source', SOURCE], indexes: [2, 3] },
    { args: () => ['--ref', 'main', '--verdict', 'not_applicable'], indexes: [0] },
    { args: () => ['--verdict', 'not_applicable', '--limit', '1'], indexes: [0] },
    { args: () => ['--control', 'CC8.1'], indexes: [1] },
    { args: () => ['--control', 'nist-800-53@r5:AU-12'], indexes: [2, 3] },
    { args: () => ['--since', '2025-01-01T00:00:00Z'], indexes: [0, 1, 2, 3] },
    { args: () => ['--until', '2025-01-01T00:00:00Z'], indexes: [] },
    { args: () => ['--after', '0', '--limit', '2'], indexes: [1, 2] },
    { args: () => ['--digest', '0'.repeat(64)], indexes: [] },
  ])('$indexes', async ({ args, indexes }) => {
    expect(await listed(...args())).toEqual(indexes)
  })

  test('a digest with the piece that has it, and the cursor with where to go on', async () => {
    const { out, err } = await csn('evidence', 'list', '--limit', '1', '-o', 'json')
    const { items, next } = JSON.parse(out)
    expect([items.length, next]).toEqual([1, 0])
    expect(err).toContain('1 of 4; more with --after 0')
    expect(await listed('--digest', items[0].digest)).toEqual([0])
    expect(JSON.parse((await csn('evidence', 'list', '-o', 'json')).out).next).toBeNull()
  })

  test.for([
    ['--subject', 'abcd'],
    ['--digest', 'abcd'],
    ['--limit', 'x'],
    ['--limit', '0'],
    ['--since', 'yesterday'],
  ])('%s %s with 2', async (args) => {
    expect((await csn('evidence', 'list', ...args)).code).toBe(2)
  })
})

describe('evidence of every type', () => {
  test('is shown, verified, and held whole by fsck', async () => {
    expect(JSON.parse((await csn('evidence', 'show', '2')).out).predicate.source).toBe(SOURCE)
    expect((await csn('evidence', 'verify')).out).toContain('4 of 4')
    expect(await csn('log', 'fsck')).toMatchObject({ code: 0 })
  })

  test('is judged by commands that are about decisions as if it were not there', async () => {
    expect((await csn('change', 'list', '-o', 'jsonl')).out.trimEnd().split('\n')).toHaveLength(2)
    expect((await csn('replay')).code).toBe(0)
    expect((await csn('explain', '2')).code).toBe(2)
  })
})

describe('source', () => {
  test.for([
    { name: 'a source whose memory nobody knows', source: 'own:one', more: [], code: 'usage' },
    { name: 'the future', source: SOURCE, more: ['--at', '2999-01-01T00:00:00Z'], code: 'clock_ahead' },
    { name: 'a promise over days', source: SOURCE, more: ['--within', '90000'], code: 'statement_malformed' },
  ])('heartbeat refuses $name: $code', async ({ source, more, code }) => {
    const watch = ['--observer', 'o', '--since', '2025-01-01T00:00:00Z']
    expect((await csn('source', 'heartbeat', source, ...watch, ...more)).err).toContain(`error[${code}]`)
  })

  test('gaps: 1 where nobody looked, 0 where somebody did, 5 where it will be forgotten, 3 where nobody ever looked', async () => {
    const home = mkdtempSync(join(tmpdir(), 'gaps-'))
    const own = (...args: string[]) => runHere([...args, '--data', join(home, 'data')])
    try {
      expect((await own('source', 'gaps')).code).toBe(2)
      const now = Math.floor(Date.now() / 1_000)
      const time = (ago: number): string => new Date((now - ago) * 1_000).toISOString().replace(/\.\d+/, '')
      const beat = (source: string, ago: number, ...more: string[]) =>
        own('source', 'heartbeat', source, '--observer', 'o', '--since', time(3_000), '--at', time(ago), ...more)
      const reach = ['--memory', '30d', '--within', '600']
      for (const ago of [900, 450, 0]) expect((await beat('a:good', ago, ...reach)).code).toBe(0)
      expect((await own('source', 'gaps')).code).toBe(0)
      for (const ago of [500, 1]) await beat('b:rare', ago, '--memory', '10m', '--within', '3600')
      expect((await own('source', 'gaps', 'b:rare')).code).toBe(0)
      const warned = await own('source', 'gaps', 'b:rare', '--fail-on', 'warn', '-o', 'json')
      expect([warned.code, JSON.parse(warned.out).items[0].warnings[0].code]).toEqual([5, 'schedule_exceeds_memory'])
      await beat('c:silent', 2_900, ...reach)
      const silent = await own('source', 'gaps', '-o', 'jsonl')
      const rows = silent.out
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line))
      expect([silent.code, rows.map(({ verdict }) => verdict)]).toEqual([1, ['pass', 'warn', 'fail']])
      expect((await own('source', 'gaps', 'd:never')).code).toBe(3)
      await own(
        'source',
        'backfill',
        'c:silent',
        '--observer',
        'o',
        '--from',
        time(2_900),
        '--to',
        time(0),
        '--found',
        '0',
        '--memory',
        '30d',
      )
      expect((await own('source', 'gaps', 'c:silent')).out).toContain('c:silent')
    } finally {
      rmSync(home, { recursive: true, force: true })
    }
  })
})

describe('retention', () => {
  test('a payload whose time is over goes once nothing holds it, and its tombstone stays', async () => {
    const parts = await openData(data, 'read')
    const all = await Array.fromAsync(parts.objects.list('blobs'))
    await parts.log.close()
    expect((await csn('evidence', 'prune', '--by', 'ops')).err).toContain('nothing is due')
    const policy =
      'apiVersion: countersign.dev/v1\nkind: Retention\nclasses: {decision: {records: 1, payloads: 0, erasable: true}}\n'
    writeFileSync(join(data, 'retention.yaml'), policy)
    expect((await csn('evidence', 'hold', 'case-1', '--why', 'w', '--by', 'b')).code).toBe(0)
    const held = await csn('evidence', 'prune', '--by', 'ops', '-o', 'jsonl')
    expect([held.code, held.out.match(/"held"/g)?.length]).toEqual([0, all.length])
    expect((await csn('evidence', 'release', 'case-1')).code).toBe(0)
    const rehearsal = await csn('evidence', 'prune', '--by', 'ops', '--dry-run', '-o', 'json')
    expect(JSON.parse(rehearsal.out).items).toHaveLength(all.length)
    const digest = JSON.parse(rehearsal.out).items[0].payload
    expect((await csn('evidence', 'prune', '--by', 'ops', '--erase', digest)).code).toBe(2)
    const erased = await csn('evidence', 'prune', '--by', 'ops', '--erase', digest, '--request', 'r-1')
    expect([erased.code, erased.out]).toEqual([0, expect.stringContaining(`${digest} pruned`)])
    expect(await listed('--type', 'payload-pruned')).toEqual([4])
    expect((await csn('evidence', 'prune', '--by', 'ops', '--erase', digest, '--request', 'r-1')).code).toBe(1)
  })
})
