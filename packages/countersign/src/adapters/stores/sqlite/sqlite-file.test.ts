import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { LogStore } from '../../../workflows/ports/log-store.ts'
import { allOf, commitOf, headOf, termsOf } from '../log-rows.fixtures.ts'
import { checkSqliteFile } from './check-file.ts'
import { openSqliteStore, readSqliteStore, type SqliteOptions } from './log-store.ts'

let folder: string
let file: string
let opened: LogStore[]
const open = (options: SqliteOptions = {}): LogStore => {
  const store = openSqliteStore(file, options)
  opened.push(store)
  return store
}
const refusalOf = (work: () => unknown): unknown => {
  try {
    work()
  } catch (error) {
    return error
  }
  return null
}
const change = (sql: string): void => {
  const db = new DatabaseSync(file)
  db.exec(sql)
  db.close()
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sqlite-file-'))
  file = join(folder, 'evidence.db')
  opened = []
})
afterEach(async () => {
  for (const store of opened) await store.close()
  rmSync(folder, { recursive: true, force: true })
})

describe('the file of a store', () => {
  test('is for its owner alone, with all that SQLite puts beside it', async () => {
    const store = open()
    await store.begin(headOf(0))
    const names = readdirSync(folder)
    expect(names.length).toBeGreaterThan(1)
    for (const name of names) expect(statSync(join(folder, name)).mode & 0o777, name).toBe(0o600)
    await store.close()
    expect(readdirSync(folder)).toEqual(['evidence.db'])
    expect([...checkSqliteFile(file)]).toEqual([])
  })

  test('waits for the disk at every commit', () => {
    open()
    const db = new DatabaseSync(file)
    expect(db.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' })
    db.close()
  })

  test('that others begin at the same time is one store', async () => {
    const stores = Array.from({ length: 5 }, () => open())
    await Promise.all(stores.map((store) => store.begin(headOf(0))))
    await stores[0]?.commit(commitOf(0, [termsOf('a')]))
    for (const store of stores) expect((await store.head())?.size).toBe(1)
  })

  test('may be there and empty', async () => {
    writeFileSync(file, '')
    expect(await open().begin(headOf(0))).toMatchObject({ size: 0 })
  })
})

describe('opening is refused', () => {
  test.for([
    { name: 'a schema of a newer version', make: () => change('PRAGMA user_version = 99'), code: 'schema_newer' },
    { name: 'a database of another program', make: () => change('PRAGMA application_id = 5'), code: 'store_corrupt' },
    { name: 'no database', make: () => writeFileSync(file, 'no database '.repeat(99)), code: 'store_corrupt' },
  ])('for $name: $code', async ({ make, code }) => {
    await open().close()
    make()
    expect(refusalOf(() => openSqliteStore(file))).toMatchObject({ name: 'LogStoreError', code })
    expect(refusalOf(() => readSqliteStore(file))).toMatchObject({ name: 'LogStoreError', code })
  })

  test.for([
    { name: 'a folder that is not there', path: () => join(folder, 'none', 'evidence.db') },
    { name: 'a folder in its place', path: () => folder },
  ])('for $name: store_unavailable', ({ path }) => {
    expect(refusalOf(() => openSqliteStore(path()))).toMatchObject({ code: 'store_unavailable' })
    expect(refusalOf(() => readSqliteStore(path()))).toMatchObject({ code: 'store_unavailable' })
  })

  test('for a symbolic link: store_unavailable', () => {
    symlinkSync(join(folder, 'elsewhere.db'), file)
    expect(refusalOf(() => openSqliteStore(file))).toMatchObject({ code: 'store_unavailable' })
    expect(existsSync(join(folder, 'elsewhere.db'))).toBe(false)
  })
})

describe('a commit', () => {
  test('is refused while another program holds the file: store_locked', async () => {
    const store = open({ busyMs: 30 })
    await store.begin(headOf(0))
    const other = new DatabaseSync(file)
    other.exec('BEGIN IMMEDIATE')
    await expect(store.commit(commitOf(0, [termsOf('a')]))).rejects.toMatchObject({ code: 'store_locked' })
    other.exec('ROLLBACK')
    other.close()
    await store.commit(commitOf(0, [termsOf('a')]))
    expect((await store.head())?.size).toBe(1)
  })

  test('is refused whole for want of space, and what was there stays: disk_full', async () => {
    const store = open({ maxPages: 40, blockRows: 8, mostUnsealed: 10 })
    await store.begin(headOf(0))
    let size = 0
    const grow = async (): Promise<void> => {
      for (; size < 10_000; size += 7) {
        await store.commit(
          commitOf(
            size,
            Array.from({ length: 7 }, (_, at) => termsOf(`${size + at}`)),
          ),
        )
      }
    }
    await expect(grow()).rejects.toMatchObject({ name: 'LogStoreError', code: 'disk_full' })
    await expect(store.commit(commitOf(size, [termsOf('x'.repeat(9_000))]))).rejects.toMatchObject({
      code: 'disk_full',
    })
    expect(size).toBeGreaterThan(20)
    expect((await store.head())?.size).toBe(size)
    await store.close()
    const larger = open()
    expect(await allOf(larger.find({ control: 'soc2@2017:CC8.1' }))).toHaveLength(size)
    await larger.commit(commitOf(size, [termsOf('after')]))
    expect([...checkSqliteFile(file)]).toEqual([])
  })

  test('is refused on a handle that only reads: write_failed', async () => {
    await open().begin(headOf(0))
    const reader = readSqliteStore(file)
    opened.push(reader)
    await expect(reader.commit(commitOf(0, [termsOf('a')]))).rejects.toMatchObject({ code: 'write_failed' })
    expect(await reader.head()).toMatchObject({ size: 0 })
  })

  test('is not waited for by who only reads', async () => {
    const store = open()
    await store.begin(headOf(0))
    const reader = readSqliteStore(file)
    opened.push(reader)
    const other = new DatabaseSync(file)
    other.exec('BEGIN IMMEDIATE')
    expect(await reader.head()).toMatchObject({ size: 0 })
    other.exec('ROLLBACK')
    other.close()
  })
})

describe('a record that was damaged is refused: store_corrupt', () => {
  const reads = {
    entries: (store: LogStore) => allOf(store.entries(0, 3)),
    hashes: (store: LogStore) => allOf(store.leafHashes(0, 3)),
    terms: (store: LogStore) => allOf(store.find({})),
    index: (store: LogStore) => allOf(store.find({ source: 'test' })),
    commit: (store: LogStore) => store.commit(commitOf(3, [termsOf('after')])),
  }
  test.for([
    { sql: 'INSERT INTO bundle SELECT first, leaf_hashes, entry_ends, 1, terms FROM own', read: reads.entries },
    { sql: "INSERT INTO bundle SELECT first, leaf_hashes, 'ends', entries, terms FROM own", read: reads.entries },
    { sql: "INSERT INTO bundle SELECT first, 'hashes', entry_ends, entries, terms FROM own", read: reads.hashes },
    { sql: "INSERT INTO bundle SELECT first, leaf_hashes, entry_ends, entries, x'00' FROM own", read: reads.terms },
    { sql: "INSERT INTO bundle SELECT first, leaf_hashes, entry_ends, entries, '[]' FROM own", read: reads.terms },
    { sql: "INSERT INTO bundle SELECT first, leaf_hashes, entry_ends, entries, '[]' FROM own", read: reads.commit },
    { sql: 'DELETE FROM bundle', read: reads.commit },
    { sql: 'UPDATE head SET block_rows = 0', read: reads.index },
    { sql: 'UPDATE head SET block_rows = 257', read: reads.commit },
  ])('$sql', async ({ sql, read }) => {
    const store = open()
    await store.begin(headOf(0))
    await store.commit(
      commitOf(
        0,
        ['a', 'b', 'c'].map((name) => termsOf(name)),
      ),
    )
    await store.close()
    // A table that takes anything in place of one that does not: damage asks nobody.
    change(`CREATE TABLE own AS SELECT * FROM bundle; DROP TABLE bundle;
      CREATE TABLE bundle (first INTEGER PRIMARY KEY, leaf_hashes, entry_ends, entries, terms);
      INSERT INTO bundle SELECT * FROM own WHERE ${sql.startsWith('UPDATE')}; ${sql}`)
    await expect((async () => read(open()))()).rejects.toMatchObject({ name: 'LogStoreError', code: 'store_corrupt' })
  })
})

describe('terms that share a key of the index', () => {
  test('are told apart by the row', async () => {
    const store = open({ blockRows: 1, mostUnsealed: 1 })
    await store.begin(headOf(0))
    const digests = ['a', 'b'].map((end) => `${'12'.repeat(8)}${end.repeat(48)}`)
    await store.commit(commitOf(0, [termsOf('one', { digest: digests[0] as string })]))
    await store.commit(commitOf(1, [termsOf('two', { digest: digests[1] as string })]))
    for (const [index, digest] of digests.entries()) {
      expect(await store.known([digest], [])).toEqual([{ index, digest, idempotencyKey: null }])
      expect((await allOf(store.find({ digest }))).map((found) => found.index)).toEqual([index])
    }
    expect(await store.known([`${'12'.repeat(8)}${'c'.repeat(48)}`], [])).toEqual([])
  })
})
