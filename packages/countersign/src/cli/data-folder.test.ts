import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { importLog } from '../wire/import-log.ts'
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
const record = (): string => join(data, 'evidence.db')

/** Does to the database what somebody could who can write the file and has no key. */
function forge(sql: string): void {
  const db = new DatabaseSync(record())
  db.exec(sql)
  db.close()
}
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

describe('a record that somebody changed', () => {
  test.for([
    { name: 'a forged verdict', sql: `UPDATE bundle SET terms = replace(terms, '"fail"', '"pass"')` },
    {
      name: 'a forged change',
      sql: "UPDATE bundle SET terms = replace(terms, 'refs/heads/main', 'refs/heads/free')",
    },
    { name: 'terms that are none', sql: "UPDATE bundle SET terms = '[]'" },
    { name: 'a forged digest', sql: `UPDATE bundle SET terms = replace(terms, '"digest":"', '"digest":"ab')` },
    { name: 'a forged time', sql: `UPDATE bundle SET terms = replace(terms, '"recordedAt":"20', '"recordedAt":"19')` },
  ])('$name is refused, and log fsck names it', async ({ sql }) => {
    forge(sql)
    for (const args of [
      ['change', 'list'],
      ['check', '--repo', repository.folder],
    ]) {
      const { code, err } = await csn(...args)
      expect([code, err.split(':')[0]]).toEqual([3, 'error[log_corrupt]'])
    }
    const { code, out } = await csn('log', 'fsck')
    expect([code, out]).toEqual([1, expect.stringMatching(/^index_differs evidence \d: /)])
  })

  test.for([
    {
      name: 'a changed entry',
      sql: 'UPDATE bundle SET entries = zeroblob(length(entries))',
      said: 'differs evidence.db: entry 0',
    },
    {
      name: 'an entry that is gone',
      sql: 'DELETE FROM bundle WHERE first = 0',
      said: 'missing evidence.db: the leaf hash',
    },
    {
      name: 'a changed leaf hash',
      sql: 'UPDATE bundle SET leaf_hashes = zeroblob(length(leaf_hashes))',
      said: 'differs evidence.db: entry 0',
    },
    {
      name: 'a changed root',
      sql: 'UPDATE head SET root = zeroblob(32)',
      said: 'differs evidence.db: the record does not',
    },
    {
      name: 'a changed edge',
      sql: 'UPDATE head SET edge = zeroblob(32)',
      said: 'differs evidence.db: the record does not',
    },
    {
      name: 'a head that was put back',
      sql: 'UPDATE head SET size = 1',
      said: 'differs evidence.db: the record does not',
    },
    {
      name: 'a head that is gone',
      sql: 'DELETE FROM head',
      said: 'missing evidence.db: the record of this log is gone',
    },
  ])('$name is named by log fsck', async ({ sql, said }) => {
    forge(sql)
    const { code, out } = await csn('log', 'fsck')
    expect([code, out]).toEqual([1, expect.stringContaining(said)])
  })

  test('a database of a newer version is refused with schema_newer, and left as it is', async () => {
    forge('PRAGMA user_version = 99')
    for (const args of [
      ['change', 'list'],
      ['check', '--repo', repository.folder],
    ]) {
      const { code, err } = await csn(...args)
      expect([code, err.split(':')[0]]).toEqual([2, 'error[schema_newer]'])
    }
    expect((await csn('log', 'fsck')).out).toContain('schema_newer evidence.db')
  })

  test('a file that is no database is refused with log_corrupt', async () => {
    writeFileSync(record(), 'no database at all, and long enough that SQLite looks for its header in it')
    const { code, err } = await csn('check', '--repo', repository.folder)
    expect([code, err.split(':')[0]]).toEqual([3, 'error[log_corrupt]'])
    expect((await csn('log', 'fsck')).out).toContain('store_corrupt evidence.db')
  })
})

describe('tiles of a log without a database', () => {
  test('are refused with record_missing, whose remedy makes the database again', async () => {
    const before = (await csn('change', 'list', '-o', 'jsonl')).out
    rmSync(record())
    // As a Countersign left it that kept its index in a file.
    writeFileSync(join(data, 'index.jsonl'), '')
    for (const args of [...readers.slice(0, 3), ['check', '--repo', repository.folder], ['log', 'fsck']]) {
      const { code, err } = await csn(...args)
      expect([code, err]).toEqual([2, expect.stringMatching(/^error\[record_missing\].*\n {2}remedy: .*log import/)])
    }
    expect(await importLog(data)).toBe(2)
    expect(await csn('change', 'list', '-o', 'jsonl')).toMatchObject({ code: 0, out: before })
    expect((await csn('log', 'fsck')).code).toBe(0)
    await expect(importLog(data)).rejects.toMatchObject({ code: 'already_there' })
  })

  test('make no database when a tile was changed', async () => {
    rmSync(record())
    const file = join(data, 'log', 'tile', 'entries', '000.p', '2')
    const bytes = readFileSync(file)
    writeFileSync(file, bytes.toString('latin1').replace('payloadType', 'payloadtype'), 'latin1')
    await expect(importLog(data)).rejects.toMatchObject({ code: 'evidence_damaged' })
    expect(existsSync(record())).toBe(false)
  })
})

describe('a key that is lost', () => {
  test.for([
    { key: 'log.pem', left: 'the log and the record', without: [] },
    { key: 'evidence.pem', left: 'the log and the record', without: [] },
    { key: 'log.pem', left: 'the record', without: ['log'] },
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
})

test('what a full disk left beyond the checkpoint is noted, and nothing is wrong', async () => {
  mkdirSync(join(data, 'log', 'tile', '0', '000.p'), { recursive: true })
  writeFileSync(join(data, 'log', 'tile', '0', '000.p', '7'), Buffer.alloc(224))
  const { code, out, err } = await csn('log', 'fsck')
  expect([code, err]).toEqual([0, 'log fsck: nothing wrong; left for the next check to publish: 1\n'])
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
  // Whoever reads takes its turn in SQLite's file of locks.
  return readdirSync(data, { recursive: true, encoding: 'utf8' })
    .filter((file) => !file.endsWith('-shm'))
    .sort()
    .map((file) => `${file} ${statSync(join(data, file)).mtimeMs}`)
}
