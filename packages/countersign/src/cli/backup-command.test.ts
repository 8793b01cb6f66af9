import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { runCli } from './run-cli.fixtures.ts'
import { SignedRepository } from './signed-repository.fixtures.ts'

const WRITER = fileURLToPath(new URL('./append-heartbeats.fixtures.ts', import.meta.url))
const PRIVATE_KEYS = ['evidence.pem', 'log.pem']
let repository: SignedRepository
let home: string
let data: string
let target: string

beforeAll(async () => {
  repository = new SignedRepository()
  repository.writePolicy(['alice'])
  // Alice works alone here, and her changes pass.
  repository.write(
    '.countersign/policy.yaml',
    'apiVersion: countersign.dev/v1\nkind: Policy\nrules: { separation-of-duties: { mode: "off" } }\n',
  )
  repository.commit({ message: 'Introduce the policy', signer: 'alice' })
  repository.commit({ message: 'Go on, ABC-1', signer: 'alice' })
  await runCli(['check', '--repo', repository.folder, '--data', repository.data])
})
afterAll(() => repository.remove())
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'backup-'))
  data = join(home, 'data')
  target = join(home, 'backup')
  cpSync(repository.data, data, { recursive: true })
})
afterEach(() => rm(home, { recursive: true, force: true }))

const backup = (...args: string[]) => runCli(['backup', target, '--data', data, ...args])
const restored = (): string => join(home, 'restored')
const restore = (...args: string[]) => runCli(['restore', target, '--data', restored(), ...args])
const mode = (path: string): number => statSync(path).mode & 0o777

interface Writer {
  readonly child: ChildProcessWithoutNullStreams
  readonly acknowledged: number[]
  stop(): Promise<void>
}

/** Another process that appends; resolves when it has appended something. */
async function startWriter(): Promise<Writer> {
  const child = spawn(process.execPath, [WRITER, data], { stdio: ['pipe', 'pipe', 'pipe'] })
  let complained = ''
  child.stderr.on('data', (text) => {
    complained += text
  })
  const acknowledged: number[] = []
  const lines = createInterface({ input: child.stdout })
  lines.on('line', (line) => acknowledged.push(JSON.parse(line).index))
  const exited = once(child, 'close')
  await Promise.race([once(lines, 'line'), exited])
  if (acknowledged.length === 0) throw new Error(`the writer did not write: ${complained}`)
  return {
    child,
    acknowledged,
    stop: async () => {
      child.stdin.end()
      await exited
      expect([child.exitCode, complained]).toEqual([0, ''])
    },
  }
}

describe('countersign backup', { timeout: 60_000 }, () => {
  test('copies a log that another process writes: what was acknowledged before is there, and all of it is sound', async () => {
    const writer = await startWriter()
    const before = [...writer.acknowledged]
    const made = await backup('--with-keys')
    const during = writer.acknowledged.length - before.length
    await writer.stop()
    expect(made).toMatchObject({ code: 0, err: '' })
    const { size, hasKeys } = JSON.parse(made.out)
    expect(hasKeys).toBe(true)
    expect(during).toBeGreaterThan(0)
    expect(size).toBeGreaterThan(Math.max(...before))
    for (const name of PRIVATE_KEYS) expect(mode(join(target, 'keys', name))).toBe(0o600)
    expect([mode(join(target, 'keys')), mode(target), mode(join(target, 'evidence.db'))]).toEqual([0o700, 0o700, 0o600])

    const back = await restore()
    expect(back).toMatchObject({ code: 0 })
    expect(back.err).toContain(`restore: ${size} entries`)
    expect(back.err).toContain('two logs under one name')
    expect(await runCli(['log', 'fsck', '--data', restored()])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^(?:not_published .*\n)?$/),
    })
    const listed = await runCli(['evidence', 'list', '-o', 'jsonl', '--data', restored()])
    expect(listed.out.trimEnd().split('\n')).toHaveLength(size)
    expect((await runCli(['evidence', 'verify', '0', String(Math.max(...before)), '--data', restored()])).code).toBe(0)
    expect((await runCli(['check', '--repo', repository.folder, '--data', restored()])).code).toBe(0)
  })

  test('leaves private keys where they are unless it is asked, and restoring then needs them in place', async () => {
    const made = await backup()
    expect([made.code, made.err]).toEqual([0, expect.stringContaining('without the private keys')])
    for (const name of PRIVATE_KEYS) expect(existsSync(join(target, 'keys', name)), name).toBe(false)
    const without = await restore()
    expect([without.code, without.err]).toEqual([2, expect.stringContaining('error[key_missing]')])
    rmSync(restored(), { recursive: true })
    mkdirSync(restored())
    cpSync(join(data, 'keys'), join(restored(), 'keys'), { recursive: true })
    expect(await restore()).toMatchObject({ code: 0, out: '' })
  })

  test('goes into no folder that holds something, and copies no log that is not there', async () => {
    mkdirSync(target)
    writeFileSync(join(target, 'mine'), '')
    expect(await backup()).toMatchObject({ code: 2, err: expect.stringContaining('error[already_there]') })
    expect(readFileSync(join(target, 'mine'), 'utf8')).toBe('')
    const none = await runCli(['backup', join(home, 'other'), '--data', join(home, 'none')])
    expect(none).toMatchObject({ code: 2, err: expect.stringContaining('error[data_folder_absent]') })
    expect(existsSync(join(home, 'other'))).toBe(false)
  })

  test('refuses a record in PostgreSQL, names pg_dump, and says no password', async () => {
    const env = { COUNTERSIGN_STORE: 'postgresql://somebody:a-secret@127.0.0.1:1/log' }
    const refused = await runCli(['restore', target, '--data', data], { env })
    expect(refused.code).toBe(2)
    await backup()
    const again = await runCli(['restore', target, '--data', restored()], { env })
    expect(again.err).toMatch(/error\[backup_by_database\].*\n {2}remedy: .*pg_dump.*docs\/operations\/postgresql\.md/)
    expect(again.err).not.toContain('a-secret')
    expect(existsSync(restored())).toBe(false)
  })
})

describe('countersign restore', { timeout: 60_000 }, () => {
  beforeEach(async () => {
    expect((await backup('--with-keys')).code).toBe(0)
  })

  test('refuses a folder with a log in it, and changes nothing there', async () => {
    const refused = await runCli(['restore', target, '--data', data])
    expect(refused).toMatchObject({ code: 2, err: expect.stringContaining('error[already_there]') })
    expect((await runCli(['log', 'fsck', '--data', data])).code).toBe(0)
  })

  test('refuses what does not end as a backup does', async () => {
    rmSync(join(target, 'backup.json'))
    expect(await restore()).toMatchObject({ code: 2, err: expect.stringContaining('error[backup_incomplete]') })
    expect(existsSync(restored())).toBe(false)
  })

  test('refuses a backup that is behind a checkpoint that somebody holds', async () => {
    repository.commit({ message: 'After the backup, ABC-2', signer: 'alice' })
    await runCli(['check', '--repo', repository.folder, '--data', data])
    const held = join(home, 'held')
    writeFileSync(held, (await runCli(['log', 'checkpoint', '--data', data])).out)
    const refused = await restore('--checkpoint', held)
    expect(refused).toMatchObject({ code: 3, err: expect.stringContaining('error[log_rolled_back]') })
    expect(existsSync(join(restored(), 'evidence.db'))).toBe(false)
    const forged = join(home, 'forged')
    writeFileSync(forged, readFileSync(held, 'utf8').replace(/^\d+$/m, '1'))
    rmSync(restored(), { recursive: true })
    expect((await restore('--checkpoint', forged)).code).toBe(3)
  })

  test('refuses to go behind what was published elsewhere', async () => {
    const objects = join(home, 'objects')
    cpSync(join(data, 'log'), join(objects, 'log'), { recursive: true })
    cpSync(join(data, 'blobs'), join(objects, 'blobs'), { recursive: true })
    const env = { COUNTERSIGN_OBJECTS: objects }
    repository.commit({ message: 'Published elsewhere, ABC-4', signer: 'alice' })
    expect((await runCli(['check', '--repo', repository.folder, '--data', data], { env })).code).toBe(0)
    const refused = await runCli(['restore', target, '--data', restored()], { env })
    expect(refused).toMatchObject({ code: 3, err: expect.stringContaining('error[log_rolled_back]') })
  })

  test('sets the record aside when one byte of the backup was changed, and names the place', async () => {
    const blob = fileBelow(join(target, 'blobs'))
    const bytes = readFileSync(blob)
    bytes[0] = (bytes[0] ?? 0) ^ 1
    writeFileSync(blob, bytes)
    const found = await restore()
    expect([found.code, found.out]).toEqual([1, expect.stringContaining('blob_corrupt evidence')])
    expect(existsSync(join(restored(), 'evidence.db'))).toBe(false)
    const writing = await runCli(['check', '--repo', repository.folder, '--data', restored()])
    expect(writing).toMatchObject({ code: 2, err: expect.stringContaining('error[record_missing]') })
  })
})

function fileBelow(folder: string): string {
  const found = readdirSync(folder, { recursive: true, withFileTypes: true }).find((one) => one.isFile())
  return join(found?.parentPath ?? '', found?.name ?? '')
}
