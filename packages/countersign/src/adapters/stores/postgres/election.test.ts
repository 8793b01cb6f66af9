import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { startTcpProxy, type TcpProxy } from '../../../../../../e2e/estate/postgres/tcp-proxy.ts'
import type { LogStore } from '../../../workflows/ports/log-store.ts'
import { commitOf, headOf, plainHead, termsOf } from '../log-rows.fixtures.ts'
import { type Election, standForElection } from './election.ts'
import { openPostgresStore } from './log-store.ts'
import { listenForNotices } from './notices.ts'
import { serverForTests } from './postgres.fixtures.ts'

const server = serverForTests()
const LEASE_MS = 400

let schema: string
let proxy: TcpProxy
let store: LogStore
let opened: (() => Promise<void>)[]

beforeEach(async () => {
  opened = []
  schema = server.newSchema()
  proxy = await startTcpProxy(server.handle.port)
  store = await openPostgresStore(await server.place(), { schema: { name: schema } })
  await store.begin(headOf(0))
})
afterEach(async () => {
  proxy.behave('refuse')
  for (const close of opened) await close()
  await store.close()
  await proxy.stop()
})

async function stand(port?: number): Promise<Election> {
  const place = await server.place(port)
  const notices = listenForNotices(place, schema)
  const election = standForElection({ place, schema, notices, leaseMs: LEASE_MS })
  opened.push(async () => {
    await election.close()
    await notices.close()
  })
  return election
}

const elected = (election: Election) => expect.poll(() => election.fence(), { interval: 5, timeout: 5_000 })

test('one candidate of three has the right to sequence, and keeps it for many terms', async () => {
  const candidates = [await stand(), await stand(), await stand()]
  const holders = () => candidates.filter((one) => one.fence() !== null)
  await expect.poll(() => holders().length, { interval: 5 }).toBe(1)
  const [holder] = holders()
  const fence = holder?.fence()
  for (let look = 0; look < 60; look++) {
    expect(holders()).toEqual([holder])
    await sleep(LEASE_MS / 20)
  }
  expect(holder?.fence()).toBe(fence)
})

test('who resigns is followed at once, with the next fence', async () => {
  const first = await stand()
  await elected(first).toBe(1n)
  const second = await stand()
  await sleep(LEASE_MS / 4)
  const began = performance.now()
  await first.close()
  expect(first.fence()).toBeNull()
  await elected(second).toBe(2n)
  expect(performance.now() - began).toBeLessThan(LEASE_MS)
})

test('who cannot reach the database stands down by its own clock, before anybody else is elected', async () => {
  const first = await stand(proxy.port)
  await elected(first).toBe(1n)
  const changes: (bigint | null)[] = []
  first.onChange(() => changes.push(first.fence()))
  const second = await stand()
  proxy.behave('silent')
  let both = 0
  while (second.fence() === null) {
    await sleep(2)
    if (first.fence() !== null && second.fence() !== null) both += 1
  }
  expect([first.fence(), both, changes]).toEqual([null, 0, [null]])
  expect(second.fence()).toBe(2n)
  proxy.behave('pass')
  await sleep(LEASE_MS)
  expect([first.fence(), second.fence()]).toEqual([null, 2n])
})

test('a commit under a fence that was passed on is refused for good: fenced', async () => {
  const first = await stand()
  await elected(first).toBe(1n)
  await store.commit(commitOf(0, [termsOf('a')], { fence: 1n }))
  await first.close()
  await elected(await stand()).toBe(2n)
  for (const fence of [1n, null, 3n]) {
    await expect(store.commit(commitOf(1, [termsOf('b')], { fence }))).rejects.toMatchObject({ code: 'fenced' })
    // Also when it is late in two ways: planning again would not help it.
    await expect(store.commit(commitOf(0, [termsOf('b')], { fence }))).rejects.toMatchObject({ code: 'fenced' })
  }
  expect(plainHead(await store.head())).toEqual(headOf(1))
  await store.commit(commitOf(1, [termsOf('b')], { fence: 2n }))
})

test('a takeover waits for the commit that is under way, so none that began before it ends after it', async () => {
  const first = await stand()
  await elected(first).toBe(1n)
  // Holds the head as a commit does, for longer than the lease.
  const [{ hold }, release] = await holdHead()
  await server.handle.query(`UPDATE ${schema}.sequencer SET expires_at = to_timestamp(0)`)
  const second = await stand()
  await sleep(LEASE_MS)
  expect(second.fence()).toBeNull()
  await release()
  await hold
  await expect.poll(() => [first.fence(), second.fence()].filter((fence) => fence !== null).length).toBe(1)
})

test('nobody is elected while the database is away, and one is when it is back', async () => {
  const election = await stand(proxy.port)
  await elected(election).toBe(1n)
  proxy.behave('refuse')
  await elected(election).toBeNull()
  await sleep(LEASE_MS)
  proxy.behave('pass')
  await elected(election).toBe(2n)
})

async function holdHead(): Promise<readonly [{ readonly hold: Promise<unknown> }, () => Promise<void>]> {
  const hold = server.handle.query(
    `BEGIN; SELECT FROM ${schema}.head FOR UPDATE; SELECT pg_sleep(${(2 * LEASE_MS) / 1000}); COMMIT`,
  )
  await sleep(50)
  return [{ hold }, async () => void (await hold)]
}
