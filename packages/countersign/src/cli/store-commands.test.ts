import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { runCli } from './run-cli.fixtures.ts'
import { SignedRepository } from './signed-repository.fixtures.ts'

let repository: SignedRepository
let home: string
let data: string

beforeAll(async () => {
  repository = new SignedRepository()
  repository.writePolicy(['alice'])
  repository.commit({ message: 'Introduce the policy', signer: 'alice' })
  await runCli(['check', '--repo', repository.folder, '--data', repository.data])
})
afterAll(() => repository.remove())
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'stores-'))
  data = join(home, 'data')
  cpSync(repository.data, data, { recursive: true })
})
afterEach(() => rm(home, { recursive: true, force: true }))

const csn = (...args: string[]) => runCli([...args, '--data', data])
const list = (folder: string) => runCli(['evidence', 'list', '-o', 'jsonl', '--data', folder])

describe('countersign log import', { timeout: 30_000 }, () => {
  test('makes the record from the tiles of the folder itself', async () => {
    const before = await list(data)
    rmSync(join(data, 'evidence.db'))
    expect(await csn('log', 'import')).toMatchObject({ code: 0, err: expect.stringContaining('1 entries') })
    expect(await list(data)).toEqual(before)
  })

  test('takes over another data folder with its keys, whose record is not looked at', async () => {
    const fresh = join(home, 'fresh')
    rmSync(join(data, 'evidence.db'))
    const imported = await runCli(['log', 'import', '--from', data, '--data', fresh])
    expect(imported.code).toBe(0)
    expect((await runCli(['log', 'fsck', '--data', fresh])).code).toBe(0)
    expect((await list(fresh)).out).toBe((await list(repository.data)).out)
    const again = await runCli(['log', 'import', '--from', data, '--data', fresh])
    expect(again).toMatchObject({ code: 2, err: expect.stringContaining('error[already_there]') })
  })

  test('takes over tiles alone where the keys are in place', async () => {
    const [fresh, tiles] = [join(home, 'fresh'), join(home, 'tiles')]
    cpSync(join(data, 'log'), tiles, { recursive: true })
    cpSync(join(data, 'blobs'), join(tiles, 'blobs'), { recursive: true })
    const without = await runCli(['log', 'import', '--from', tiles, '--data', fresh])
    expect(without).toMatchObject({ code: 2, err: expect.stringContaining('error[key_missing]') })
    mkdirSync(fresh, { recursive: true })
    cpSync(join(data, 'keys'), join(fresh, 'keys'), { recursive: true })
    expect((await runCli(['log', 'import', '--from', tiles, '--data', fresh])).code).toBe(0)
    expect((await runCli(['log', 'fsck', '--data', fresh])).code).toBe(0)
  })

  test('refuses tiles that other keys signed, and a folder without tiles, and copies nothing', async () => {
    const other = new SignedRepository()
    other.writePolicy(['alice'])
    other.commit({ message: 'Another log', signer: 'alice' })
    await runCli(['check', '--repo', other.folder, '--data', other.data])
    rmSync(join(data, 'evidence.db'))
    const refused = await csn('log', 'import', '--from', other.data)
    other.remove()
    expect(refused).toMatchObject({ code: 2, err: expect.stringMatching(/error\[(wrong_origin|wrong_key)\]/) })
    const none = await csn('log', 'import', '--from', join(home, 'none'))
    expect(none).toMatchObject({ code: 2, err: expect.stringContaining('error[data_folder_absent]') })
    expect((await csn('log', 'import')).code).toBe(0)
  })
})

describe('countersign migrate', { timeout: 30_000 }, () => {
  const setVersion = (version: number): void => {
    const db = new DatabaseSync(join(data, 'evidence.db'))
    db.exec(`PRAGMA user_version = ${version}`)
    db.close()
  }

  test('has nothing to do for a record of this version', async () => {
    expect(await csn('migrate', '--check')).toMatchObject({ code: 0, out: expect.stringContaining('nothing to do') })
    expect(await csn('migrate')).toMatchObject({ code: 0, out: expect.stringContaining('nothing to do') })
  })

  test('brings an older one up, and only says so with --check', async () => {
    // What the steps before the first one leave: a file without tables.
    rmSync(join(data, 'evidence.db'))
    new DatabaseSync(join(data, 'evidence.db')).close()
    expect(await csn('migrate', '--check')).toMatchObject({ code: 1, out: expect.stringMatching(/^schema 0: \d+ is/) })
    expect(await csn('migrate', '--check')).toMatchObject({ code: 1 })
    expect(await csn('migrate')).toMatchObject({ code: 0, out: expect.stringMatching(/^schema 0: now/) })
    expect(await csn('migrate', '--check')).toMatchObject({ code: 0 })
  })

  test('refuses a newer one and leaves it as it is', async () => {
    setVersion(99)
    for (const args of [['migrate'], ['migrate', '--check']]) {
      expect(await csn(...args)).toMatchObject({ code: 2, err: expect.stringContaining('error[schema_newer]') })
    }
  })

  test('makes no record where there is none', async () => {
    const none = await runCli(['migrate', '--data', join(home, 'none')])
    expect(none).toMatchObject({ code: 2, err: expect.stringContaining('error[data_folder_absent]') })
    expect(existsSync(join(home, 'none'))).toBe(false)
  })
})

test('a record that witnesses have seen longer is read, and nothing is added to it: log_rolled_back', {
  timeout: 30_000,
}, async () => {
  const witnesses = join(data, 'witnesses')
  mkdirSync(witnesses)
  writeFileSync(join(witnesses, 'policy.txt'), 'quorum none\n')
  const check = () => csn('check', '--repo', repository.folder)
  writeFileSync(join(witnesses, 'sizes.json'), '{"witness.example/w1":1}')
  expect((await check()).code).toBeLessThan(2)
  writeFileSync(join(witnesses, 'sizes.json'), '{"witness.example/w1":2}')
  expect(await check()).toMatchObject({ code: 3, err: expect.stringContaining('error[log_rolled_back]') })
  expect((await csn('log', 'fsck')).code).toBe(0)
})

describe('where the stores are', { timeout: 30_000 }, () => {
  test.for([
    {
      name: 'a database of no kind that there is',
      env: { COUNTERSIGN_STORE: 'mysql://u:a-secret@h/d' },
      code: 'store_unknown',
    },
    {
      name: 'a malformed database',
      env: { COUNTERSIGN_STORE: 'postgres://u:a-secret@h' },
      code: 'database_url_malformed',
    },
    {
      name: 'files of no kind that there is',
      env: { COUNTERSIGN_OBJECTS: 'ftp://u:a-secret@h/d' },
      code: 'store_unknown',
    },
    { name: 'a malformed bucket', env: { COUNTERSIGN_OBJECTS: 's3://u:a-secret@h' }, code: 'object_url_malformed' },
    { name: 'a relative folder', env: { COUNTERSIGN_OBJECTS: 'objects' }, code: 'store_unknown' },
  ])('$name is refused with $code, and nothing of it is shown', async ({ env, code }) => {
    for (const args of [['evidence', 'list'], ['check', '--repo', repository.folder], ['migrate']]) {
      const refused = await runCli([...args, '--data', data], { env })
      expect(refused).toMatchObject({ code: 2, out: '', err: expect.stringContaining(`error[${code}]`) })
      expect(refused.err).not.toContain('a-secret')
    }
  })

  test('a folder of its own holds tiles and blobs, and keys and record stay', async () => {
    const objects = join(home, 'objects')
    const env = { COUNTERSIGN_OBJECTS: objects }
    const fresh = join(home, 'fresh')
    const args = ['check', '--repo', repository.folder, '--data', fresh]
    expect((await runCli(args, { env })).code).toBeLessThan(2)
    for (const path of ['log/checkpoint', 'blobs']) expect(existsSync(join(objects, path)), path).toBe(true)
    for (const path of ['log', 'blobs']) expect(existsSync(join(fresh, path)), path).toBe(false)
    expect((await runCli(['log', 'fsck', '--data', fresh], { env })).code).toBe(0)
    // Without it, the record is there and its files are not: that is said.
    expect((await runCli(['log', 'fsck', '--data', fresh])).code).toBe(1)
  })

  test('a database that is away is log_unavailable, and no password is said', async () => {
    const env = { COUNTERSIGN_STORE: 'postgresql://somebody:a-secret@127.0.0.1:1/log' }
    const away = await runCli(['check', '--repo', repository.folder, '--data', join(home, 'fresh')], { env })
    expect(away).toMatchObject({ code: 3, err: expect.stringContaining('error[log_unavailable]') })
    expect(away.err).not.toContain('a-secret')
  })

  test('a plain run loads neither the driver of PostgreSQL nor the SDK of AWS', async () => {
    const loaded = await runCli(['evidence', 'list', '--data', data], { env: { NODE_DEBUG: 'esm,module' } })
    expect(loaded.code).toBe(0)
    expect(loaded.err).not.toMatch(/node_modules\/(?:pg|@aws-sdk)\//)
  })
})
