import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { startTcpProxy, type TcpProxy } from '../../../../../../e2e/estate/postgres/tcp-proxy.ts'
import type { LogStore, LogStoreError } from '../../../workflows/ports/log-store.ts'
import { allOf, commitOf, headOf, plainHead, termsOf } from '../log-rows.fixtures.ts'
import { openPostgresStore, readPostgresStore } from './log-store.ts'
import { serverForTests } from './postgres.fixtures.ts'

const server = serverForTests({ fsync: true })

/** Bounds that let a test see a timeout without waiting for it long. */
const HASTY = { statementMs: 300 }

let proxy: TcpProxy
let schema: string
let near: LogStore
let far: LogStore

beforeEach(async () => {
  proxy = await startTcpProxy(server.handle.port)
  schema = server.newSchema()
  near = await openPostgresStore(await server.place(), { schema: { name: schema } })
  await near.begin(headOf(0))
  far = await openPostgresStore(await server.place(proxy.port), { schema: { name: schema }, ...HASTY })
  await far.commit(commitOf(0, [termsOf('a')]))
})
afterEach(async () => {
  proxy.behave('refuse')
  await Promise.all([near.close(), far.close()])
  await proxy.stop()
})

const seen = async () => {
  const head = await near.head()
  const entries = (await allOf(near.entries(0, 100_000))).flat()
  const found = await allOf(near.find({}))
  return { head: plainHead(head), rows: entries.length, found: found.length }
}
const at = (size: number) => ({ head: headOf(size), rows: size, found: size })
const refused = (code: LogStoreError['code']) => ({ name: 'LogStoreError', code })
const next = () => commitOf(1, [termsOf('b'), termsOf('c')])

describe('a commit whose connection is cut', () => {
  test('before the request arrives has an unknown outcome; nothing was written, and the next try does it', async () => {
    proxy.behave('lose-requests')
    await expect(far.commit(next())).rejects.toMatchObject(refused('outcome_unknown'))
    expect(await seen()).toEqual(at(1))
    proxy.behave('pass')
    await far.commit(next())
    expect(await seen()).toEqual(at(3))
  })

  test('before the reply arrives has an unknown outcome; the head tells that it was written', async () => {
    proxy.behave('lose-replies')
    await expect(far.commit(next())).rejects.toMatchObject(refused('outcome_unknown'))
    proxy.behave('pass')
    await expect.poll(seen).toEqual(at(3))
    expect(plainHead(await far.head())).toEqual(next().to)
    await expect(far.commit(next())).rejects.toMatchObject(refused('head_moved'))
    expect(await seen()).toEqual(at(3))
  })

  test('and that nobody cuts either ends in time with an unknown outcome', async () => {
    proxy.behave('silent')
    await expect(far.commit(next())).rejects.toMatchObject(refused('outcome_unknown'))
    proxy.behave('pass')
    expect(await seen()).toEqual(at(1))
    await far.commit(next())
    expect(await seen()).toEqual(at(3))
  })

  test('that takes long and not too long is done', async () => {
    proxy.behave('pass', 40)
    await far.commit(next())
    expect(await seen()).toEqual(at(3))
  })
})

describe('a server that is away', () => {
  test('is unavailable to whoever writes or reads, and in use again when it is back', async () => {
    proxy.behave('refuse')
    // The connection that was open may be found broken only when it is used.
    await far.commit(next()).catch(() => {})
    await expect(far.commit(next())).rejects.toMatchObject(refused('store_unavailable'))
    await expect(far.head()).rejects.toMatchObject(refused('store_unavailable'))
    await expect(allOf(far.entries(0, 1))).rejects.toMatchObject(refused('store_unavailable'))
    await expect(allOf(far.find({}))).rejects.toMatchObject(refused('store_unavailable'))
    await expect(far.known([termsOf('a').digest], [])).rejects.toMatchObject(refused('store_unavailable'))
    await expect(openPostgresStore(await server.place(proxy.port))).rejects.toMatchObject(refused('store_unavailable'))
    proxy.behave('pass')
    await far.commit(next())
    expect(await seen()).toEqual(at(3))
  })

  test('may cut connections that nobody uses at the time', async () => {
    await far.head()
    proxy.cut()
    await sleep(20)
    expect(plainHead(await far.head())).toEqual(headOf(1))
  })

  test('refuses a connection that is slow to come about', async () => {
    proxy.behave('silent')
    const place = await server.place(proxy.port)
    const slow = { ...place, config: { ...place.config, connectionTimeoutMillis: 200 } }
    await expect(openPostgresStore(slow)).rejects.toMatchObject(refused('store_unavailable'))
    proxy.behave('pass')
  })
})

test.for(['SIGKILL', 'SIGQUIT', 'SIGINT'] as const)(
  'a server ended with %s under load loses nothing that was acknowledged',
  async (signal) => {
    let size = 1
    let acknowledged = 1
    const ended = sleep(30 + Math.random() * 60).then(() => server.handle.kill(signal))
    for (;;) {
      const commit = commitOf(size, [termsOf(`${signal} ${size}`)])
      const outcome = await far.commit(commit).then(
        () => 'done',
        (error: LogStoreError) => error.code,
      )
      if (outcome !== 'done') {
        expect(['outcome_unknown', 'store_unavailable']).toContain(outcome)
        break
      }
      size += 1
      acknowledged = size
    }
    await ended
    await server.handle.restart()
    const after = await seen()
    expect(after.head?.size).toBeGreaterThanOrEqual(acknowledged)
    expect(after).toEqual(at(after.head?.size ?? 0))
    await far.commit(commitOf(after.head?.size ?? 0, [termsOf('after')]))
    expect(await seen()).toEqual(at((after.head?.size ?? 0) + 1))
  },
)

test('a store is closed in time also where nobody answers any more', async () => {
  await far.head()
  proxy.behave('silent')
  const began = performance.now()
  await far.close()
  expect(performance.now() - began).toBeLessThan(4_000)
})

describe('what the server says', () => {
  test.for([
    { state: '53100', code: 'disk_full' },
    { state: '53200', code: 'write_failed' },
    { state: '58030', code: 'write_failed' },
    { state: '55P03', code: 'write_failed' },
    { state: '42501', code: 'store_unavailable' },
    { state: '25006', code: 'store_unavailable' },
    { state: '40001', code: 'head_moved' },
    { state: '57014', code: 'outcome_unknown' },
    { state: '57P01', code: 'outcome_unknown' },
    { state: '08006', code: 'outcome_unknown' },
    { state: 'XX001', code: 'store_corrupt' },
    { state: 'CS001', code: 'head_moved' },
    { state: 'CS002', code: 'fenced' },
    { state: 'CS003', code: 'duplicate' },
  ] as const)('with $state of a commit is $code', async ({ state, code }) => {
    await breakCommits(`RAISE EXCEPTION 'as the test wants it' USING ERRCODE = '${state}'`)
    await expect(far.commit(next())).rejects.toMatchObject(refused(code))
    expect(await seen()).toEqual(at(1))
  })

  test('is nothing for longer than a statement may take: the server ends it itself, and its connection is not used again', async () => {
    await breakCommits('PERFORM pg_sleep(20)')
    const began = performance.now()
    await expect(far.commit(next())).rejects.toMatchObject(refused('outcome_unknown'))
    expect(performance.now() - began).toBeLessThan(2_000)
    expect(await seen()).toEqual(at(1))
  })

  /** Has every commit do something else. */
  async function breakCommits(statement: string): Promise<void> {
    const [row] = await server.handle.query(
      `SELECT pg_get_functiondef(p.oid) AS text FROM pg_proc p WHERE p.pronamespace = '${schema}'::regnamespace AND p.proname = 'commit_rows'`,
    )
    const text = String(row?.['text'])
    await server.handle.query(text.replace(/BEGIN[\s\S]*END/, `BEGIN ${statement}; END`))
  }
})

describe('opening', () => {
  test('a schema of a newer version is refused: schema_newer', async () => {
    await server.handle.query(`INSERT INTO ${schema}.schema_version (version) VALUES (99)`)
    const place = await server.place()
    await expect(openPostgresStore(place, { schema: { name: schema } })).rejects.toMatchObject(refused('schema_newer'))
    await expect(readPostgresStore(place, { schema: { name: schema } })).rejects.toMatchObject(refused('schema_newer'))
  })

  test('for reading what is not there is refused and makes nothing: store_unavailable', async () => {
    const name = server.newSchema()
    const opening = readPostgresStore(await server.place(), { schema: { name } })
    await expect(opening).rejects.toMatchObject(refused('store_unavailable'))
    expect(await server.handle.query(`SELECT FROM pg_namespace WHERE nspname = '${name}'`)).toEqual([])
  })

  test('for reading gives what is there', async () => {
    const store = await readPostgresStore(await server.place(), { schema: { name: schema } })
    expect(plainHead(await store.head())).toEqual(headOf(1))
    await store.close()
  })

  test('one new schema by eight at once makes it once', async () => {
    const name = server.newSchema()
    const place = await server.place()
    const stores = await Promise.all(Array.from({ length: 8 }, () => openPostgresStore(place, { schema: { name } })))
    const heads = await Promise.all(stores.map((store) => store.begin(headOf(0))))
    expect(heads.map(plainHead)).toEqual(heads.map(() => headOf(0)))
    await Promise.all(stores.map((store) => store.close()))
  })

  test('a schema that somebody else left half made is refused whole', async () => {
    const name = server.newSchema()
    await server.handle.query(`CREATE SCHEMA ${name}; CREATE TABLE ${name}.head (theirs text)`)
    await expect(openPostgresStore(await server.place(), { schema: { name } })).rejects.toMatchObject({
      name: 'LogStoreError',
    })
    const tables = await server.handle.query(`SELECT tablename FROM pg_tables WHERE schemaname = '${name}'`)
    expect(tables).toEqual([{ tablename: 'head' }])
  })

  test.for(['Countersign', 'a b', 'x; DROP SCHEMA y', '', 'a'.repeat(40)])(
    'a schema named %j is refused: usage',
    async (name) => {
      await expect(openPostgresStore(await server.place(), { schema: { name } })).rejects.toMatchObject({
        code: 'usage',
      })
    },
  )

  test('a closed store answers nothing any more', async () => {
    await far.close()
    await expect(far.head()).rejects.toMatchObject(refused('store_unavailable'))
    await expect(far.commit(next())).rejects.toMatchObject(refused('store_unavailable'))
  })
})

test('a wrong password is refused, and stands in no message: store_unavailable', async () => {
  const place = await server.place()
  const wrong = { ...place, config: { ...place.config, password: 'hunter2-is-wrong' } }
  const error = await openPostgresStore(wrong).catch((thrown: unknown) => thrown)
  expect(error).toMatchObject(refused('store_unavailable'))
  let said = ''
  for (let one = error; one instanceof Error; one = one.cause)
    said += `${one.message} ${JSON.stringify(one)} ${one.stack}`
  expect(said).toContain('password authentication failed')
  expect(said).not.toContain('hunter2')
})

test('a commit is durable also where the server was told that commits need not be', async () => {
  await server.handle.query('ALTER SYSTEM SET synchronous_commit = off; ').catch(() => {})
  await server.handle.query('SELECT pg_reload_conf()')
  try {
    const client = new Client({ connectionString: server.handle.url() })
    await client.connect()
    await expect
      .poll(async () => (await client.query('SHOW synchronous_commit')).rows[0])
      .toEqual({ synchronous_commit: 'off' })
    await client.end()
    await far.commit(next())
    await server.handle.kill('SIGKILL')
    await server.handle.start()
    expect(await seen()).toEqual(at(3))
  } finally {
    await server.handle.query('ALTER SYSTEM RESET synchronous_commit')
    await server.handle.query('SELECT pg_reload_conf()')
  }
})
