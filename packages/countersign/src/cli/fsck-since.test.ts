import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openData } from '../wire.ts'
import { recordHeartbeat } from '../workflows/record-heartbeat.ts'
import { runCli } from './run-cli.fixtures.ts'

let home: string
let checked: string
let data: string

/** Appends heartbeats from this process. */
async function append(folder: string, from: number, count: number): Promise<void> {
  const parts = await openData(folder, 'write')
  for (let round = from; round < from + count; round++) {
    const at = 1_767_225_600 + round
    const memory = { kind: 'none' } as const
    const beat = { source: 'test:one', observer: 'test:two', since: at, at, within: 60, memory }
    await recordHeartbeat(beat, at, parts)
  }
  await parts.log.close()
}

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'fsck-since-'))
  checked = join(home, 'checked')
  await append(checked, 0, 300)
  expect(await runCli(['log', 'fsck', '--since-last', '--data', checked])).toMatchObject({ code: 0 })
}, 30_000)
afterAll(() => rm(home, { recursive: true, force: true }))
beforeEach(() => {
  data = join(home, 'copy')
  cpSync(checked, data, { recursive: true })
})
afterEach(() => rmSync(data, { recursive: true, force: true }))

const fsck = () => runCli(['log', 'fsck', '--since-last', '--data', data])
function change(sql: string): void {
  const db = new DatabaseSync(join(data, 'evidence.db'))
  db.exec(sql)
  db.close()
}

describe('countersign log fsck --since-last', { timeout: 30_000 }, () => {
  test('looks at what was added, and next time at what was added since', async () => {
    await append(data, 300, 250)
    expect(await fsck()).toMatchObject({ code: 0, out: '', err: 'log fsck: nothing wrong from entry 300 on\n' })
    expect(await fsck()).toMatchObject({ code: 0, out: '', err: 'log fsck: nothing wrong from entry 550 on\n' })
    // What was checked before is not read again; a full check does.
    change('UPDATE bundle SET entries = zeroblob(length(entries)) WHERE first <= 3')
    expect((await fsck()).code).toBe(0)
    expect((await runCli(['log', 'fsck', '--data', data])).code).toBe(1)
  })

  test('checks everything where nothing is remembered', async () => {
    rmSync(join(data, 'fsck.json'))
    expect(await fsck()).toMatchObject({ code: 0, err: 'log fsck: nothing wrong from entry 0 on\n' })
  })

  test('finds any change in what was added, and does not remember it as sound', async () => {
    await append(data, 300, 5)
    change('UPDATE bundle SET entries = zeroblob(length(entries)) WHERE first >= 300')
    for (let time = 0; time < 2; time++) {
      expect(await fsck()).toMatchObject({ code: 1, err: expect.stringContaining('from entry 300 on') })
    }
  })

  test('finds a changed byte in each tile that was added', async () => {
    await append(data, 300, 220)
    const tilesIn = (folder: string): readonly string[] =>
      readdirSync(join(folder, 'log', 'tile'), { recursive: true, withFileTypes: true }).flatMap((one) =>
        one.isFile() ? [relative(folder, join(one.parentPath, one.name))] : [],
      )
    const before = new Set(tilesIn(checked))
    const added = tilesIn(data).filter((path) => !before.has(path))
    expect(added.length).toBeGreaterThan(3)
    for (const path of added) {
      const file = join(data, path)
      const bytes = readFileSync(file)
      writeFileSync(
        file,
        bytes.map((byte, at) => (at === bytes.length - 1 ? byte ^ 1 : byte)),
      )
      const { code, out } = await fsck()
      expect([code, out.length > 0], file).toEqual([1, true])
      writeFileSync(file, bytes)
    }
    expect((await fsck()).code).toBe(0)
  })

  test('finds a log that was put back as it was before', async () => {
    const older = join(home, 'older')
    cpSync(data, older, { recursive: true })
    await append(data, 300, 5)
    expect((await fsck()).code).toBe(0)
    for (const place of ['log', 'evidence.db']) {
      rmSync(join(data, place), { recursive: true })
      cpSync(join(older, place), join(data, place), { recursive: true })
    }
    expect(await fsck()).toMatchObject({ code: 1, out: expect.stringMatching(/^shrunk log\/checkpoint: 305 /) })
  })

  test('finds another history of the same log, as long or longer', async () => {
    const other = join(home, 'other')
    cpSync(join(data, 'keys'), join(other, 'keys'), { recursive: true })
    await append(other, 1_000, 300)
    for (const more of [0, 10]) {
      if (more > 0) await append(other, 2_000, more)
      for (const place of ['log', 'evidence.db']) {
        rmSync(join(data, place), { recursive: true, force: true })
        cpSync(join(other, place), join(data, place), { recursive: true })
      }
      expect(await fsck()).toMatchObject({ code: 1, out: expect.stringMatching(/^differs log\/checkpoint/) })
    }
  })

  test('believes nothing that was written without the key, and then checks everything', async () => {
    const memory = join(data, 'fsck.json')
    const { note, mac } = JSON.parse(readFileSync(memory, 'utf8'))
    writeFileSync(memory, JSON.stringify({ note, mac: mac.replace(/^./, mac.startsWith('0') ? '1' : '0') }))
    const { code, out, err } = await fsck()
    expect([code, out, err]).toEqual([
      1,
      expect.stringMatching(/^differs fsck\.json/),
      expect.stringContaining('from entry 0 on'),
    ])
  })
})
