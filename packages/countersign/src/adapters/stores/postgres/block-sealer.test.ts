import { afterEach, beforeEach, expect, test } from 'vitest'
import type { LogStore } from '../../../workflows/ports/log-store.ts'
import { allOf, commitOf, headOf, termsOf } from '../log-rows.fixtures.ts'
import { openPostgresStore } from './log-store.ts'
import { serverForTests } from './postgres.fixtures.ts'

const server = serverForTests()
const BLOCK_ROWS = 4

let schema: string
let store: LogStore
const open = async () =>
  openPostgresStore(await server.place(), { schema: { name: schema, blockRows: BLOCK_ROWS, partitionRows: 64 } })

beforeEach(async () => {
  schema = server.newSchema()
  store = await open()
  await store.begin(headOf(0))
})
afterEach(() => store.close())

/** Appends in commits of one to seven rows, one behind the other, up to a size. */
async function fill(from: number, to: number): Promise<void> {
  for (let size = from; size < to; ) {
    const count = Math.min(1 + (size % 7), to - size)
    const terms = Array.from({ length: count }, (_, at) =>
      termsOf(`${size + at}`, { subjects: [`part:${(size + at) % 3}`] }),
    )
    await store.commit(commitOf(size, terms))
    size += count
  }
}

async function sealedBlocks(): Promise<number> {
  const [row] = await server.handle.query(`SELECT count(*)::int AS count, max(block) + 1 AS next FROM ${schema}.span`)
  expect(Number(row?.['next'] ?? 0)).toBe(row?.['count'])
  return Number(row?.['count'])
}

async function found(handle: LogStore, subject: string): Promise<readonly number[]> {
  return (await allOf(handle.find({ subject }))).map(({ index }) => index)
}

const wanted = (size: number, part: number) =>
  Array.from({ length: size }, (_, at) => at).filter((at) => at % 3 === part)

test('every full block is in the index by the time that the store is closed, however quickly commits follow', async () => {
  await fill(0, 203)
  await store.close()
  expect(await sealedBlocks()).toBe(Math.floor(203 / BLOCK_ROWS))
})

test('what a crash left out is found all the same, and put into the index behind the next commits', async () => {
  await fill(0, 100)
  await store.close()
  await server.handle.query(
    `DELETE FROM ${schema}.span WHERE block >= 7; DELETE FROM ${schema}.posting WHERE block >= 7; DELETE FROM ${schema}.known WHERE seq >= 28`,
  )
  store = await open()
  expect(await found(store, 'part:1')).toEqual(wanted(100, 1))
  await fill(100, 110)
  await store.close()
  expect(await sealedBlocks()).toBe(Math.floor(110 / BLOCK_ROWS))
  store = await open()
  expect(await found(store, 'part:2')).toEqual(wanted(110, 2))
})

test('an index that cannot be written keeps nobody from committing or searching', async () => {
  await server.handle.query(`ALTER TABLE ${schema}.posting RENAME TO hidden`)
  await fill(0, 40)
  expect((await store.head())?.size).toBe(40)
  expect(await allOf(store.find({}))).toHaveLength(40)
  await server.handle.query(`ALTER TABLE ${schema}.hidden RENAME TO posting`)
  await fill(40, 50)
  await store.close()
  expect(await sealedBlocks()).toBe(Math.floor(50 / BLOCK_ROWS))
})

test('blocks are sealed in order, and only when they are full', async () => {
  await fill(0, 10)
  await store.close()
  const seal = (block: number) =>
    server.handle.query(`SELECT ${schema}.seal_blocks('{}', '{}', '{}', '{${block}}', '{a}', '{b}', '{}', '{}')`)
  for (const block of [2, 3, 50]) await expect(seal(block)).rejects.toMatchObject({ code: 'CS004' })
  await server.handle.query(`DELETE FROM ${schema}.span`)
  await expect(seal(1)).rejects.toMatchObject({ code: 'CS004' })
  await seal(0)
  await seal(0)
  expect(await sealedBlocks()).toBe(1)
})
