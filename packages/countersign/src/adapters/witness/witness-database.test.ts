import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { formatCheckpoint, formatNote } from '@countersign/verify'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { LOG_ORIGIN } from '../../judge/witness-policy/witness-policy.fixtures.ts'
import type { WitnessState } from '../../workflows/ports/witness-state.ts'
import { toldLog } from '../../workflows/witness-checkpoint.fixtures.ts'
import { openWitnessDatabase } from './witness-database.ts'

const log = toldLog()
const [three, four, five] = [3, 4, 5].map((size) => log.signed(size).note) as [string, string, string]
const opened: WitnessState[] = []
let folder: string
let file: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'witness-database-'))
  file = join(folder, 'data', 'witness.db')
})
afterEach(async () => {
  await Promise.all(opened.splice(0).map((state) => state.close()))
  rmSync(folder, { recursive: true, force: true })
})

const refused = (code: string) => expect.objectContaining({ name: 'WitnessStateError', code })

describe('what a witness remembers', () => {
  test('outlives the process, in a file that only its owner may read', async () => {
    const first = openWitnessDatabase(file)
    expect(await first.latest(LOG_ORIGIN)).toBeNull()
    expect(await first.replace(LOG_ORIGIN, null, three)).toBe(true)
    await first.close()
    const second = openWitnessDatabase(file)
    expect(await second.latest(LOG_ORIGIN)).toBe(three)
    expect(await second.latest('else.example')).toBeNull()
    await second.close()
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(statSync(join(folder, 'data')).mode & 0o777).toBe(0o700)
  })

  test('is replaced by one of several that saw the same, in whichever process they are', async () => {
    const states = [openWitnessDatabase(file), openWitnessDatabase(file), openWitnessDatabase(file)]
    const begun = await Promise.all(states.map((state, at) => state.replace(LOG_ORIGIN, null, log.signed(at + 1).note)))
    expect(begun).toEqual([true, false, false])
    const from = await states[2]?.latest(LOG_ORIGIN)
    const grown = await Promise.all(
      states.map((state, at) => state.replace(LOG_ORIGIN, from ?? null, log.signed(at + 7).note)),
    )
    expect(grown.filter((isMine) => isMine)).toHaveLength(1)
    await Promise.all(states.map((state) => state.close()))
  })

  test('is not replaced where something else is there, or nothing', async () => {
    const state = openWitnessDatabase(file)
    expect(await state.replace(LOG_ORIGIN, three, four)).toBe(false)
    await state.replace(LOG_ORIGIN, null, three)
    expect(await state.replace(LOG_ORIGIN, null, four)).toBe(false)
    expect(await state.replace(LOG_ORIGIN, four, five)).toBe(false)
    expect(await state.latest(LOG_ORIGIN)).toBe(three)
    await state.close()
  })

  test('never shrinks and never vanishes, whoever writes to the file', async () => {
    const state = openWitnessDatabase(file)
    await state.replace(LOG_ORIGIN, null, four)
    await expect(state.replace(LOG_ORIGIN, four, three)).rejects.toEqual(refused('witness_state_unavailable'))
    const other = new DatabaseSync(file)
    expect(() => other.exec('update witnessed set size = 0')).toThrow('never goes back')
    expect(() => other.exec('delete from witnessed')).toThrow('never forgets')
    other.close()
    expect(await state.latest(LOG_ORIGIN)).toBe(four)
    await state.close()
  })

  test('has one name, the first', async () => {
    const state = openWitnessDatabase(file)
    expect(await state.name()).toBeNull()
    expect(await state.signsAs('one')).toBe('one')
    expect(await state.signsAs('two')).toBe('one')
    expect(await state.name()).toBe('one')
    await state.close()
  })

  test('is synced with every commit', () => {
    const executed: string[] = []
    openWith((sql) => {
      executed.push(sql)
      return sql
    })
    expect(executed.join(';')).toMatch(/journal_mode = wal.*synchronous = full/)
  })
})

describe('refused', () => {
  test('schema_newer: a file of a later version', () => {
    void openWitnessDatabase(file).close()
    const later = new DatabaseSync(file)
    later.exec('pragma user_version = 2')
    later.close()
    expect(() => openWitnessDatabase(file)).toThrow(refused('schema_newer'))
  })

  test('witness_state_corrupt: a database of something else, which stays as it was', () => {
    void openWitnessDatabase(file).close()
    const other = join(folder, 'other.db')
    const theirs = new DatabaseSync(other)
    theirs.exec('create table theirs (a)')
    theirs.close()
    expect(() => openWitnessDatabase(other)).toThrow(refused('witness_state_corrupt'))
    const again = new DatabaseSync(other)
    expect(again.prepare('pragma journal_mode').get()).toEqual({ journal_mode: 'delete' })
    expect(again.prepare('select name from sqlite_schema').all()).toEqual([{ name: 'theirs' }])
    again.close()
  })

  test('witness_state_corrupt: a file that is no database', () => {
    const text = join(folder, 'text.db')
    writeFileSync(text, 'x'.repeat(5_000))
    expect(() => openWitnessDatabase(text)).toThrow(refused('witness_state_corrupt'))
  })

  test('witness_state_unavailable: a place where nothing can be made', () => {
    writeFileSync(join(folder, 'data'), '')
    expect(() => openWitnessDatabase(file)).toThrow(refused('witness_state_unavailable'))
  })

  test('witness_state_unavailable: anything after it was closed', async () => {
    const state = openWitnessDatabase(file)
    await state.close()
    await state.close()
    await expect(state.latest(LOG_ORIGIN)).rejects.toEqual(refused('witness_state_unavailable'))
  })

  test('disk_full: a note for which there is no room', async () => {
    const state = openWith((sql) => `${sql}; pragma max_page_count = 6`)
    await state.replace(LOG_ORIGIN, null, three)
    const { root } = log.signed(4).checkpoint
    const text = formatCheckpoint({ origin: LOG_ORIGIN, size: 4, root, extensions: ['x'.repeat(60_000)] })
    const long = signNote(text)
    await expect(state.replace(LOG_ORIGIN, three, long)).rejects.toEqual(refused('disk_full'))
    expect(await state.latest(LOG_ORIGIN)).toBe(three)
    expect(await state.replace(LOG_ORIGIN, three, four)).toBe(true)
    await state.close()
  })
})

function signNote(text: string): string {
  return formatNote({ text, signatures: [{ name: LOG_ORIGIN, keyId: '00000000', signature: new Uint8Array(64) }] })
}

/** Opens the file while every text that SQLite is to execute passes through `change`. */
function openWith(change: (sql: string) => string): WitnessState {
  const { exec } = DatabaseSync.prototype
  DatabaseSync.prototype.exec = function (sql) {
    return exec.call(this, change(sql))
  }
  try {
    const state = openWitnessDatabase(file)
    opened.push(state)
    return state
  } finally {
    DatabaseSync.prototype.exec = exec
  }
}
