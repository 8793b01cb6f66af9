import { leafHash, verifyTlogProof } from '@countersign/verify'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { EvidenceLog } from '../../../workflows/ports/evidence-log.ts'
import type { ObjectStore } from '../../../workflows/ports/object-store.ts'
import {
  evidenceOf,
  findingsOf,
  TEST_KEY,
  TEST_ORIGIN,
  TEST_TRUST,
  testEvidence,
  textsOf,
} from '../../log/log.fixtures.ts'
import { openSequencedLog, readSequencedLog } from '../../log/sequenced-log.ts'
import { memoryObjects } from '../memory/object-store.ts'
import { serverForTests } from './postgres.fixtures.ts'
import { openReplicaGround, type ReplicaGround } from './replica-ground.ts'
import { openReplicatedLog } from './replicated-log.ts'

const server = serverForTests()
const INTAKE_KEY = Buffer.alloc(32, 5)

let schema: string
let objects: ObjectStore
let replicas: Replica[]
let sequencer: Replica
let follower: Replica

interface Replica {
  readonly ground: ReplicaGround
  readonly log: EvidenceLog
}

beforeEach(async () => {
  schema = server.newSchema()
  objects = memoryObjects()
  replicas = []
  sequencer = await openReplica()
  await expect.poll(() => sequencer.ground.election.fence(), { interval: 5 }).toBe(1n)
  follower = await openReplica()
})
afterEach(async () => {
  for (const { log } of replicas.toReversed()) await log.close()
})

async function openReplica(
  change: { readonly patienceMs?: number; readonly intakeKey?: Uint8Array } = {},
): Promise<Replica> {
  const { patienceMs = 10_000, intakeKey = INTAKE_KEY } = change
  const ground = await openReplicaGround({ place: await server.place(), schema, intakeKey, leaseMs: 1_000 })
  const parts = { origin: TEST_ORIGIN, key: TEST_KEY, objects, publishPauseMs: 0 }
  const log = await openReplicatedLog({
    ...ground,
    patienceMs,
    openReader: async () => readSequencedLog({ ...parts, store: await ground.openStore() }),
    openSequencer: async (fence) => openSequencedLog({ ...parts, store: await ground.openStore(), fence }),
  })
  const replica = { ground, log }
  replicas.push(replica)
  return replica
}

const textsIn = async () => (await textsOf(sequencer.log)).map(String)
const waiting = () => server.handle.query(`SELECT refusal FROM ${schema}.intake`)

describe('a replica that does not sequence', () => {
  test('appends all the same, and gives the receipts that prove it', async () => {
    const evidence = testEvidence(0, 5)
    const receipts = await follower.log.append(evidence)
    expect(receipts.map(({ index, isDuplicate }) => [index, isDuplicate])).toEqual(
      [0, 1, 2, 3, 4].map((at) => [at, false]),
    )
    for (const [at, { proof, leafHash: leaf }] of receipts.entries()) {
      const entry = evidence[at]?.entry as Uint8Array
      expect(leaf).toEqual(leafHash(entry))
      expect(verifyTlogProof(entry, proof, TEST_TRUST).index).toBe(at)
    }
    expect(await waiting()).toEqual([])
    expect(await follower.log.append([])).toEqual([])
  })

  test('mixes its evidence with that of the sequencer, each append whole and in order', async () => {
    const appends = Array.from({ length: 40 }, (_, at) =>
      (at % 2 === 0 ? follower : sequencer).log.append(testEvidence(at * 10, 1 + (at % 5))),
    )
    for (const [at, receipts] of (await Promise.all(appends)).entries()) {
      const first = receipts[0]?.index ?? -1
      expect(receipts.map(({ index }) => index)).toEqual(receipts.map((_, place) => first + place))
      expect((await textsIn()).slice(first, first + receipts.length)).toEqual(
        receipts.map((_, place) => `entry ${at * 10 + place}`),
      )
    }
    expect(await waiting()).toEqual([])
  })

  test('is told of what the log held before, and of the same evidence twice', async () => {
    await sequencer.log.append(testEvidence(0, 2))
    const receipts = await follower.log.append([...testEvidence(1, 2), ...testEvidence(2, 1)])
    expect(receipts.map(({ index, isDuplicate }) => [index, isDuplicate])).toEqual([
      [1, true],
      [2, false],
      [2, true],
    ])
    expect(await textsIn()).toEqual(['entry 0', 'entry 1', 'entry 2'])
    expect(await waiting()).toEqual([])
  })

  test('is refused what contradicts the log, and leaves nothing waiting: duplicate_differs', async () => {
    const [one, other] = ['one', 'other'].map((text) => evidenceOf(Buffer.from(text), { idempotencyKey: 'same' }))
    await sequencer.log.append([one as never])
    const appending = follower.log.append([other as never])
    await expect(appending).rejects.toMatchObject({ name: 'EvidenceLogError', code: 'duplicate_differs' })
    await expect.poll(waiting).toEqual([])
    expect(await textsIn()).toEqual(['one'])
  })

  test('reads what the sequencer wrote', async () => {
    await sequencer.log.append(testEvidence(0, 300))
    expect((await follower.log.checkpoint()).checkpoint.size).toBe(300)
    expect(await textsOf(follower.log)).toEqual(await textsOf(sequencer.log))
    expect((await follower.log.receipt(7)).index).toBe(7)
    await expect(follower.log.consistency(100, 300)).resolves.not.toEqual([])
    const found: number[] = []
    for await (const { index } of follower.log.find({ subject: 'test:log', order: 'newest-first', limit: 2 }))
      found.push(index)
    expect(found).toEqual([299, 298])
  })

  test('takes over when the sequencer leaves, and goes on with what waits', async () => {
    await sequencer.log.append(testEvidence(0, 3))
    const appends = Array.from({ length: 20 }, (_, at) => follower.log.append(testEvidence(10 + at, 1)))
    await sequencer.log.close()
    await Promise.all(appends)
    expect(follower.ground.election.fence()).toBe(2n)
    expect((await follower.log.append(testEvidence(100, 1)))[0]?.index).toBe(23)
    await follower.log.close()
    expect(await findingsOf(objects)).toEqual([])
  })

  test('refuses when it was closed: log_closed', async () => {
    await follower.log.close()
    await expect(follower.log.append(testEvidence(0, 1))).rejects.toMatchObject({ code: 'log_closed' })
  })
})

test('nobody who lacks the key gets anything into the log', async () => {
  const stranger = await openReplica({ intakeKey: Buffer.alloc(32, 6) })
  await expect(stranger.log.append(testEvidence(0, 2))).rejects.toMatchObject({ code: 'write_failed' })
  await follower.log.append(testEvidence(5, 1))
  // Nor who changes what somebody else handed in.
  const [slow] = [follower.log.append(testEvidence(6, 1)).catch((error: unknown) => error)]
  await slow
  expect(await textsIn()).toEqual(['entry 5', 'entry 6'])
  expect(await waiting()).toEqual([])
})

test('what nobody places in time is kept, and placed later: log_unavailable', async () => {
  const hasty = await openReplica({ patienceMs: 300 })
  await sequencer.ground.election.close()
  await follower.ground.election.close()
  await hasty.ground.election.close()
  const appending = hasty.log.append(testEvidence(0, 2))
  await expect(appending).rejects.toMatchObject({ name: 'EvidenceLogError', code: 'log_unavailable' })
  expect(await waiting()).toHaveLength(2)
  const late = await openReplica()
  await expect.poll(waiting, { timeout: 5_000 }).toEqual([])
  const receipts = await late.log.append(testEvidence(0, 2))
  expect(receipts.map(({ index, isDuplicate }) => [index, isDuplicate])).toEqual([
    [0, true],
    [1, true],
  ])
})
