import { readFileSync } from 'node:fs'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { allOf, commitOf, headOf, plainHead, termsOf } from '../log-rows.fixtures.ts'
import { type DatabasePlace, readDatabaseUrl } from './database-url.ts'
import { openPostgresStore, readPostgresStore } from './log-store.ts'
import { serverForTests } from './postgres.fixtures.ts'
import { openReplicaGround } from './replica-ground.ts'

const page = readFileSync(new URL('../../../../../../docs/operations/postgresql.md', import.meta.url), 'utf8')
const [roles, grants, looks] = [...page.matchAll(/^```sql\n(.*?)^```$/gms)].map(([, sql = '']) => sql) as [
  string,
  string,
  string,
]
const server = serverForTests()
const appended = commitOf(
  0,
  Array.from({ length: 300 }, (_, at) => termsOf(`${at}`)),
)

/** Where the database is for one of the page's roles. */
function as(role: string): Promise<DatabasePlace> {
  const [, who = ''] = role.split('_')
  return readDatabaseUrl(`postgresql://${role}:${who.toUpperCase()}_PASSWORD@127.0.0.1:${server.handle.port}/evidence`)
}

async function run(role: string, sql: string): Promise<readonly unknown[]> {
  const client = new Client((await as(role)).config)
  await client.connect()
  try {
    const results = await client.query(sql)
    return [results].flat().flatMap(({ rows }) => rows)
  } finally {
    await client.end()
  }
}

beforeAll(async () => {
  for (const statement of roles.split(/;$/m)) if (statement.trim() !== '') await server.handle.query(statement)
  await (await openPostgresStore(await as('countersign_owner'))).close()
  await run('countersign_owner', grants)
})

describe('the roles of the page on PostgreSQL', () => {
  test('let the application begin a log, append, search, and stand for election', async () => {
    const store = await openPostgresStore(await as('countersign_app'))
    await store.begin(headOf(0))
    await store.commit(appended)
    expect(plainHead(await store.head())).toEqual(headOf(300))
    expect(await store.known([termsOf('7').digest], [])).toHaveLength(1)
    expect(await allOf(store.find({ subject: 'change:7' }))).toHaveLength(1)
    expect((await allOf(store.entries(0, 300))).flat()).toHaveLength(300)
    await store.close()
    const sealed = await run('countersign_owner', 'SELECT count(*)::int AS blocks FROM countersign.span')
    expect(sealed).toEqual([{ blocks: 1 }])
  })

  test('let the application hand in evidence and take it', async () => {
    const place = await as('countersign_app')
    const ground = await openReplicaGround({ place, intakeKey: Buffer.alloc(32, 1), leaseMs: 500 })
    await expect.poll(() => ground.election.fence(), { interval: 5 }).toBe(1n)
    const { entry, terms } = commitOf(0, [termsOf('handed in')]).rows[0] as never
    await ground.intake.submit([{ id: '00000000-0000-4000-8000-000000000001', evidence: [{ entry, terms }] }])
    const [taken] = await ground.intake.take()
    await ground.intake.settle(taken?.rows ?? [], { code: 'write_failed', message: 'no' })
    await ground.intake.forget(['00000000-0000-4000-8000-000000000001'])
    await ground.election.close()
    await ground.notices.close()
    await ground.release()
  })

  test('let the reader look and nothing else', async () => {
    const store = await readPostgresStore(await as('countersign_reader'))
    expect((await store.head())?.size).toBe(300)
    expect(await allOf(store.find({ subject: 'change:7' }))).toHaveLength(1)
    const rows = await run(
      'countersign_reader',
      'SELECT seq::int, entry, leaf_hash, terms FROM countersign.evidence(254, 258)',
    )
    expect(rows).toEqual(
      appended.rows.slice(254, 258).map(({ index, entry, leafHash, terms }) => ({
        seq: index,
        entry: Buffer.from(entry),
        leaf_hash: Buffer.from(leafHash),
        terms,
      })),
    )
    const commit = store.commit(commitOf(300, [termsOf('new')]))
    await expect(commit).rejects.toMatchObject({ name: 'LogStoreError', code: 'store_unavailable' })
    await store.close()
  })

  test.for([
    "UPDATE countersign.bundle SET terms = ''",
    'DELETE FROM countersign.bundle',
    'TRUNCATE countersign.bundle',
    'INSERT INTO countersign.bundle SELECT * FROM countersign.bundle',
    'UPDATE countersign.head SET size = 0',
    'DELETE FROM countersign.known',
    'UPDATE countersign.sequencer SET fence = 0',
    'DELETE FROM countersign.intake',
    'DROP TABLE countersign.bundle',
    'ALTER TABLE countersign.bundle DETACH PARTITION countersign.bundle_0',
    'CREATE TABLE countersign.mine (a int)',
    'CREATE TABLE public.mine (a int)',
    'CREATE TEMPORARY TABLE head (a int)',
    'SELECT countersign.prepare(9000000)',
  ])('do not let the application run %s', async (sql) => {
    await expect(run('countersign_app', sql)).rejects.toMatchObject({ code: '42501' })
    expect(await run('countersign_owner', 'SELECT size::int FROM countersign.head')).toEqual([{ size: 300 }])
  })

  test('do not let the reader see what was handed in', async () => {
    await expect(run('countersign_reader', 'SELECT FROM countersign.intake')).rejects.toMatchObject({ code: '42501' })
  })

  test('do not let the application make the schema, and say so: store_unavailable', async () => {
    const opening = openPostgresStore(await as('countersign_app'), { schema: { name: 'another' } })
    await expect(opening).rejects.toMatchObject({ name: 'LogStoreError', code: 'store_unavailable' })
    await expect(opening).rejects.toThrow('permission denied')
  })
})

test('what the page looks at is there', async () => {
  expect(await run('countersign_owner', looks)).toEqual([
    { holder: expect.any(String), fence: '1', in_force: false },
    { waiting: '0', since: null },
    { size: '300', not_indexed: '44' },
  ])
})

afterAll(() => expect([...page.matchAll(/^```(\w*)$/gm)].filter(([, name]) => name !== '')).toHaveLength(3))
