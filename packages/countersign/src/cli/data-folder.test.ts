import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openLedger } from '../wire.ts'
import { runCli } from './run-cli.fixtures.ts'
import { SignedRepository } from './signed-repository.fixtures.ts'

let repository: SignedRepository
let data: string
let unsigned: string

beforeAll(async () => {
  repository = new SignedRepository()
  repository.writePolicy(['alice', 'bob'])
  repository.commit({ message: 'Introduce the policy', signer: 'alice' })
  unsigned = repository.commit({ message: 'Nobody, ABC-3' })
  await runCli(['check', '--repo', repository.folder, '--data', repository.data])
})
afterAll(() => repository.remove())
beforeEach(() => {
  data = join(repository.home, 'copy')
  cpSync(repository.data, data, { recursive: true })
})
afterEach(() => rmSync(data, { recursive: true, force: true }))

const csn = (...args: string[]) => runCli([...args, '--data', data])
const index = (): string => join(data, 'index.jsonl')
const readers = [
  ['change', 'list'],
  ['evidence', 'list'],
  ['evidence', 'show', '0'],
  ['evidence', 'verify'],
  ['replay'],
  ['explain'],
  ['log', 'fsck'],
  ['log', 'checkpoint'],
  ['log', 'key'],
  ['packet', 'export', 'none.zip'],
]

describe('an index that somebody changed', () => {
  test.for([
    { name: 'a forged verdict', forge: (text: string) => text.replaceAll('"verdict":"fail"', '"verdict":"pass"') },
    { name: 'a forged change', forge: (text: string) => text.replaceAll('refs/heads/main', 'refs/heads/free') },
    { name: 'a line that is no entry', forge: () => '{"index":0}\n' },
    { name: 'a ref that is a number', forge: (text: string) => text.replaceAll('"refs/heads/main"', '5') },
    { name: 'one line too many', forge: (text: string) => `${text}{}\n` },
  ])('$name is not believed, and log fsck names it', async ({ forge }) => {
    const before = (await csn('change', 'list', '-o', 'jsonl')).out
    const text = readFileSync(index(), 'utf8')
    writeFileSync(index(), forge(text))
    expect(await csn('change', 'list', '-o', 'jsonl')).toMatchObject({ code: 0, out: before })
    const { code, out } = await csn('log', 'fsck')
    expect([code, out]).toEqual([1, expect.stringMatching(/^index_differs index\.jsonl: line \d/)])
    expect((await csn('check', '--repo', repository.folder)).err).toBe('changes: none since the last look\n')
    expect(readFileSync(index(), 'utf8')).toBe(text)
  })
})

describe('a key that is lost', () => {
  test.for([
    { key: 'log.pem', left: 'the log and the index', without: [] },
    { key: 'evidence.pem', left: 'the log and the index', without: [] },
    { key: 'log.pem', left: 'the log', without: ['index.jsonl'] },
    { key: 'log.pem', left: 'the index', without: ['log'] },
  ])('is not made again while $left is there: $key', async ({ key, without }) => {
    for (const file of [join('keys', key), ...without]) rmSync(join(data, file), { recursive: true })
    for (const args of [
      ['check', '--repo', repository.folder],
      ['change', 'list'],
      ['log', 'key'],
    ]) {
      const { code, err } = await csn(...args)
      expect([code, err]).toEqual([2, expect.stringMatching(/^error\[key_missing\].*\n {2}remedy: restore keys\//)])
    }
    expect(existsSync(join(data, 'keys', key))).toBe(false)
  })
})

describe('a command that only reads', () => {
  test.for(readers.map((args) => ({ name: args.join(' '), args })))(
    '$name makes nothing where there is no log: data_folder_absent',
    async ({ args }) => {
      const absent = join(repository.home, 'absent')
      const { code, err } = await runCli([...args, '--data', absent])
      expect([code, err]).toEqual([2, expect.stringContaining('error[data_folder_absent]')])
      expect(existsSync(absent)).toBe(false)
    },
  )

  test('doctor warns where there is no log, and makes none', async () => {
    const absent = join(repository.home, 'absent')
    const { out } = await runCli(['doctor', '--repo', repository.folder, '--data', absent])
    expect(out).toMatch(/warn +keys .*countersign check first/)
    expect(existsSync(absent)).toBe(false)
  })

  test('reads a log that another holds for writing, and changes nothing', async () => {
    rmSync(index())
    const writer = await openLedger(data)
    const before = snapshot()
    try {
      for (const args of readers.slice(0, -1)) {
        const { code, err } = await csn(...args)
        expect([args, code, err]).toEqual([args, 0, err])
      }
    } finally {
      expect(snapshot()).toEqual(before)
      await writer.close()
    }
  })

  test('keeps an index that is gone in memory', async () => {
    const before = (await csn('change', 'list')).out
    rmSync(index())
    expect(await csn('change', 'list')).toMatchObject({ code: 0, out: before })
    expect(existsSync(index())).toBe(false)
  })
})

test('what a full disk left beyond the checkpoint is noted, and nothing is wrong', async () => {
  mkdirSync(join(data, 'log', 'tile', '0', '000.p'), { recursive: true })
  writeFileSync(join(data, 'log', 'tile', '0', '000.p', '7'), Buffer.alloc(224))
  const { code, out, err } = await csn('log', 'fsck')
  expect([code, err]).toEqual([0, 'log fsck: nothing wrong; leftovers that the next check removes: 1\n'])
  expect(out).toMatch(/^beyond_checkpoint log\/tile\/0\/000\.p\/7: /)
})

test('replay names an entry whose inputs are gone, makes the others again, and ends with 3', async () => {
  const rows = (await csn('evidence', 'list', '-o', 'jsonl')).out.trim().split('\n')
  const { inputs } = JSON.parse(rows[0] as string)
  rmSync(join(data, 'blobs', inputs.slice(0, 2), inputs.slice(2, 4), inputs))
  const { code, out, err } = await csn('replay', '-o', 'jsonl')
  const answers = out
    .trim()
    .split('\n')
    .map((row) => JSON.parse(row))
  expect(answers).toMatchObject([
    { index: 0, again: null, same: false, fault: { code: 'evidence_damaged' } },
    { index: 1, again: 'fail', same: true, change: { object: unsigned } },
  ])
  expect([code, err]).toEqual([3, 'replayed 2: 1 the same, 0 different, 1 not replayable\n'])
  expect((await csn('replay')).out).toContain('not replayable: evidence_damaged')
})

function snapshot(): readonly string[] {
  return readdirSync(data, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((file) => `${file} ${statSync(join(data, file)).mtimeMs}`)
}
