import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { serverForTests } from './postgres.fixtures.ts'
import { LEASE_MS, type ReplicaProcess, replicasForTests } from './replicas.fixtures.ts'

const server = serverForTests({ fsync: true })
const estate = replicasForTests(server)
// Generous, because the machine may be busy; a stall without a takeover would last for ever.
const LONGEST_STALL_MS = 6 * LEASE_MS

/** Starts the one that will be elected, through the proxy if asked, then the one that follows; both append. */
async function startPair(port?: number): Promise<readonly [ReplicaProcess, ReplicaProcess]> {
  const first = estate.start('first', port)
  await first.acknowledgesMore(20)
  expect(first.isElected).toBe(true)
  const second = estate.start('second')
  await Promise.all([first.acknowledgesMore(20), second.acknowledgesMore(20)])
  return [first, second]
}

function report(what: string, replica: ReplicaProcess, from: number): void {
  const stall = replica.longestStall(from)
  process.stdout.write(`${what}: ${replica.name} stood still for ${stall} ms of a lease of ${LEASE_MS} ms\n`)
  expect(stall).toBeLessThan(LONGEST_STALL_MS)
}

test('the sequencer killed with -9: the other one takes over, and it is one log', { timeout: 60_000 }, async () => {
  const [first, second] = await startPair()
  const killedAt = Date.now()
  first.signal('SIGKILL')
  await second.acknowledgesMore(100)
  expect(second.isElected).toBe(true)
  report('killed', second, killedAt)
  await estate.expectOneLogOfAll()
})

test('the sequencer stopped for longer than its lease and woken: it follows, and it is one log', {
  timeout: 60_000,
}, async () => {
  const [first, second] = await startPair()
  const stoppedAt = Date.now()
  first.signal('SIGSTOP')
  await second.acknowledgesMore(100)
  expect(second.isElected).toBe(true)
  report('stopped', second, stoppedAt)
  await sleep(LEASE_MS)
  first.signal('SIGCONT')
  await Promise.all([first.acknowledgesMore(50), second.acknowledgesMore(50)])
  expect([first.isElected, second.isElected]).toEqual([false, true])
  await estate.expectOneLogOfAll()
})

test('the sequencer cut off from the database: the other one takes over, and it is one log', {
  timeout: 60_000,
}, async () => {
  const [first, second] = await startPair(estate.proxy.port)
  const cutAt = Date.now()
  estate.proxy.behave('silent')
  await second.acknowledgesMore(100)
  expect([first.isElected, second.isElected]).toEqual([false, true])
  report('cut off', second, cutAt)
  estate.proxy.behave('pass')
  await Promise.all([first.acknowledgesMore(50), second.acknowledgesMore(50)])
  await estate.expectOneLogOfAll()
})
