import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { EvidenceTerms } from '../../../workflows/ports/evidence-log.ts'
import type { LogStore } from '../../../workflows/ports/log-store.ts'
import { commitOf, headOf, rowOf, termsOf } from '../log-rows.fixtures.ts'
import { type Connections, openConnections } from './connections.ts'
import { openPostgresStore } from './log-store.ts'
import { OlderRows } from './older-rows.ts'
import { serverForTests } from './postgres.fixtures.ts'
import { DEFAULT_SHAPE, type SchemaShape } from './schema-tables.ts'
import { storeStatements } from './statements.ts'

const server = serverForTests()
// Three full partitions, and some of a fourth.
const SIZE = 203
const [BLOCK_ROWS, PART_ROWS] = [4, 64]
const FULL_END = 192

let shape: SchemaShape
let store: LogStore
const open = async () => openPostgresStore(await server.place(), { schema: shape })

beforeEach(async () => {
  shape = { ...DEFAULT_SHAPE, name: server.newSchema(), blockRows: BLOCK_ROWS, partitionRows: PART_ROWS }
  store = await open()
  await store.begin(headOf(0))
  for (let size = 0; size < SIZE; size += 1) await store.commit(commitOf(size, [known(size)]))
  await store.close()
  store = await open()
})
afterEach(() => store.close())

const known = (at: number): EvidenceTerms => termsOf(`row ${at}`, { idempotencyKey: `key ${at}` })
/** What shares a digest with a row that is there, or a key. */
const sameDigest = (at: number): EvidenceTerms => termsOf(`row ${at}`)
const sameKey = (at: number): EvidenceTerms => termsOf(`another ${at}`, { idempotencyKey: `key ${at}` })
const fresh = (name: string): EvidenceTerms => termsOf(`fresh ${name}`, { idempotencyKey: `fresh ${name}` })
const rows = (...terms: readonly EvidenceTerms[]) => terms.map((one, at) => rowOf(SIZE + at, one))

/** The index as a crash leaves it that lost its end. */
async function loseIndexFrom(block: number): Promise<void> {
  await server.handle.query(
    `DELETE FROM ${shape.name}.span WHERE block >= ${block}; DELETE FROM ${shape.name}.posting WHERE block >= ${block};
     DELETE FROM ${shape.name}.known WHERE seq >= ${block * BLOCK_ROWS}`,
  )
}

async function expectAllRefused(size: number): Promise<void> {
  for (let at = 0; at < size; at += 1) {
    for (const twice of [sameDigest(at), sameKey(at)]) {
      const commit = commitOf(size, [fresh('a'), twice, fresh('b')])
      await expect(store.commit(commit), `row ${at}`).rejects.toMatchObject({ code: 'duplicate' })
    }
  }
}

describe('a store', () => {
  test('refuses what is known in any partition, from its first commit on and once it has learned their keys', async () => {
    await expectAllRefused(SIZE)
    for (let size = SIZE; size < SIZE + 60; size += 1) await store.commit(commitOf(size, [known(size)]))
    await expectAllRefused(SIZE + 60)
    expect((await store.head())?.size).toBe(SIZE + 60)
  }, 60_000)

  test('refuses what is known after a crash of the database that lost the end of the index, also when that was read before', async () => {
    await store.commit(commitOf(SIZE, [known(SIZE)]))
    const sealed = () => server.handle.query(`SELECT FROM ${shape.name}.span`)
    await expect.poll(async () => (await sealed()).length).toBe((SIZE + 1) / BLOCK_ROWS)
    await loseIndexFrom(10)
    await expectAllRefused(SIZE + 1)
    await store.commit(commitOf(SIZE + 1, [known(SIZE + 1)]))
  }, 60_000)
})

describe('the function that looks into the last partition', () => {
  const askAt = async (part: number): Promise<unknown> => {
    const [row] = await server.handle.query(`SELECT ${shape.name}.known_at_end(${part}, '{}') AS found`)
    return row?.['found']
  }

  test('is that of the partition which the index has reached, and answers for no other one', async () => {
    expect([await askAt(2), await askAt(3), await askAt(4)]).toEqual([null, [], null])
  })

  test('is not needed: the table is asked where it is that of another partition', async () => {
    for (const part of [0, 2, 4]) {
      await server.handle.query(`SELECT ${shape.name}.aim(${part})`)
      await expectAllRefused(SIZE)
    }
  })
}, 60_000)

describe('older rows', () => {
  let connections: Connections
  let asked: string[]
  let older: OlderRows

  beforeEach(async () => {
    const real = openConnections(await server.place())
    asked = []
    connections = {
      ...real,
      read: (statement, values) => {
        asked.push(statement.name)
        return real.read(statement, values)
      },
    }
    older = new OlderRows({ shape, connections, statements: storeStatements(shape) })
  })
  afterEach(async () => {
    await older.stop()
    await connections.close()
  })

  /** Commits as often as it takes to begin, and waits until so many questions for keys were asked. */
  const learn = async (questions: number): Promise<void> => {
    asked.length = 0
    for (let commit = 0; commit < 20; commit += 1) older.learn(FULL_END)
    await expect.poll(() => asked.filter((name) => name === 'keys').length).toBe(questions)
    await sleep(20)
  }

  test('are asked for by who commits for the first time, and not by who commits often', async () => {
    expect(await older.holdAnyOf(rows(fresh('a')), FULL_END)).toBe(false)
    expect(asked).toEqual(['older'])
    await learn(3)
    asked.length = 0
    // What no part holds is named once in two thousand times at most.
    for (let at = 0; at < 100; at += 1) expect(await older.holdAnyOf(rows(fresh(`${at}`)), FULL_END)).toBe(false)
    expect(asked.length).toBeLessThan(10)
    expect(await older.holdAnyOf(rows(fresh('a'), sameDigest(70)), FULL_END)).toBe(true)
    expect(await older.holdAnyOf(rows(sameKey(191)), FULL_END)).toBe(true)
  })

  test('are those of full partitions alone', async () => {
    for (let commit = 0; commit < 2; commit += 1) {
      expect(await older.holdAnyOf(rows(sameDigest(127)), 128)).toBe(true)
      expect(await older.holdAnyOf(rows(sameDigest(127)), 124)).toBe(false)
      expect(await older.holdAnyOf(rows(sameDigest(130)), 128)).toBe(false)
      expect(await older.holdAnyOf(rows(sameDigest(3)), 60)).toBe(false)
      await learn(commit === 0 ? 3 : 0)
    }
  })

  test('are not learned by who commits now and then', async () => {
    for (let commit = 0; commit < 10; commit += 1) older.learn(FULL_END)
    await older.stop()
    expect(asked).toEqual([])
  })

  test('are neither believed nor learned while the index does not hold them, and are when it does again', async () => {
    const kept = await server.handle.query(`SELECT * FROM ${shape.name}.span WHERE block >= 40`)
    await loseIndexFrom(40)
    const refusal = { name: 'LogStoreError', code: 'store_unavailable', cause: 'CS005' }
    await expect(older.holdAnyOf(rows(fresh('a')), FULL_END)).rejects.toMatchObject(refusal)
    await learn(3)
    await expect(older.holdAnyOf(rows(sameDigest(180)), FULL_END)).rejects.toMatchObject(refusal)
    // Another process seals them again.
    for (const { block } of kept) {
      await server.handle.query(
        `INSERT INTO ${shape.name}.span VALUES (${block}, '2026', '2026');
         INSERT INTO ${shape.name}.known SELECT ('x0' || substr(encode(substr(b.digests, i * 32 + 1, 32), 'hex'), 1, 13))::bit(56)::bigint, b.first + i
           FROM ${shape.name}.bundle b CROSS JOIN LATERAL generate_series(0, b.count - 1) AS i
           WHERE b.first + i >= ${Number(block) * BLOCK_ROWS} AND b.first + i < ${(Number(block) + 1) * BLOCK_ROWS}`,
      )
    }
    expect(await older.holdAnyOf(rows(sameDigest(180)), FULL_END)).toBe(true)
    await learn(1)
    expect(await older.holdAnyOf(rows(sameDigest(180)), FULL_END)).toBe(true)
  })
})
