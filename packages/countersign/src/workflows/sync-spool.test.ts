import { type Statement, sha256Hex } from '@countersign/verify'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { openTestLog, testGround } from '../adapters/log/log.fixtures.ts'
import { PAYLOAD_PRUNED } from '../judge/evidence-types/payload-pruned.ts'
import { PRUNED } from '../judge/evidence-types/statements.fixtures.ts'
import {
  decision,
  delivery,
  heartbeat,
  holdings,
  INPUTS,
  openIntake,
  POLICY,
  reference,
  STRANGER,
  sealed,
} from './accept-evidence.fixtures.ts'
import { acceptEvidence } from './accept-evidence.ts'
import { describeEvidence } from './describe-evidence.ts'
import type { Recipient } from './ports/recipient.ts'
import { digestsOf, heartbeats, openSpool, recipientOf, spoolUp, sync } from './sync-spool.fixtures.ts'

const TOMBSTONE: Statement = {
  subject: [{ name: 'payload', digest: { sha256: PRUNED.payload.sha256 } }],
  predicateType: PAYLOAD_PRUNED,
  predicate: { ...PRUNED } as never,
}
const outcomes = (synced: readonly { readonly outcome: string }[]) => synced.map(({ outcome }) => outcome)

/** A recipient that answers as another does until a call of `accept`, which it does or does not do, and then fails. */
function failingAt(inner: Recipient, call: number, isDone: boolean): Recipient {
  let calls = 0
  return {
    ...inner,
    accept: async (deliveries) => {
      const isFaulty = calls++ === call
      const receipts = !isFaulty || isDone ? await inner.accept(deliveries) : []
      if (isFaulty) throw new Error('cut off')
      return receipts
    },
  }
}

describe('refused', () => {
  test('spool_rolled_back: a spool with fewer entries than were shown before', async () => {
    const intake = await openIntake()
    const spool = await openSpool()
    await spoolUp(spool, heartbeats(0, 3))
    await sync(spool, recipientOf(intake))
    const older = await openSpool()
    await spoolUp(older, heartbeats(0, 2))
    await expect(sync(older, recipientOf(intake))).rejects.toMatchObject({ code: 'spool_rolled_back' })
    expect((await holdings(intake))[0]).toBe(3)
  })

  test('spool_rolled_back: a spool that was rewritten, also when it has grown since', async () => {
    const intake = await openIntake()
    const spool = await openSpool()
    await spoolUp(spool, heartbeats(0, 3))
    await sync(spool, recipientOf(intake))
    const rewritten = await openSpool()
    await spoolUp(rewritten, [...heartbeats(0, 2), ...heartbeats(9, 5)])
    await expect(sync(rewritten, recipientOf(intake))).rejects.toMatchObject({ code: 'spool_rolled_back' })
    expect((await holdings(intake))[0]).toBe(3)
  })

  test('spool_rolled_back: also when the sync before was cut off before anything was delivered', async () => {
    const intake = await openIntake()
    const spool = await openSpool()
    await spoolUp(spool, heartbeats(0, 3))
    await expect(sync(spool, failingAt(recipientOf(intake), 0, false))).rejects.toThrow('cut off')
    const older = await openSpool()
    await spoolUp(older, heartbeats(0, 2))
    await expect(sync(older, recipientOf(intake))).rejects.toMatchObject({ code: 'spool_rolled_back' })
  })

  test('log_corrupt: an entry that is not in the tree of the spool; what came before it is not sent with it', async () => {
    const intake = await openIntake()
    const spool = await openSpool()
    await spoolUp(spool, heartbeats(0, 4))
    const other = sealed(heartbeat({ observer: 'somebody else' }))
    const entries = async function* (from: number, to: number) {
      for await (const one of spool.log.entries(from, to)) yield one.index === 2 ? { ...one, entry: other } : one
    }
    // The index was made to fit, as by somebody who has the key that it is sealed with.
    const find = async function* (query: Parameters<typeof spool.log.find>[0]) {
      for await (const { index, terms } of spool.log.find(query))
        yield { index, terms: index === 2 ? { ...terms, digest: sha256Hex(other) } : terms }
    }
    const forged = { ...spool, log: { ...logOf(spool.log), entries, find } }
    await expect(sync(forged, recipientOf(intake))).rejects.toMatchObject({ code: 'log_corrupt' })
    expect(await digestsOf(intake.log)).not.toContain(sha256Hex(other))
  })

  test('log_corrupt: an index row that is missing, or that tells of other evidence', async () => {
    const intake = await openIntake()
    const spool = await openSpool()
    await spoolUp(spool, heartbeats(0, 4))
    for (const change of ['missing', 'other'] as const) {
      const find = async function* (query: Parameters<typeof spool.log.find>[0]) {
        for await (const row of spool.log.find(query)) {
          if (row.index !== 1) yield row
          else if (change === 'other') yield { ...row, terms: { ...row.terms, digest: 'ab'.repeat(32) } }
        }
      }
      const forged = { ...spool, log: { ...logOf(spool.log), find } }
      await expect(sync(forged, recipientOf(intake))).rejects.toMatchObject({ code: 'log_corrupt' })
    }
  })

  test('what the other log refuses, by its code and the number of the entry, once all before it is delivered', async () => {
    const intake = await openIntake()
    const spool = await openSpool()
    await spoolUp(spool, heartbeats(0, 2))
    const entry = sealed(heartbeat({ observer: 'agent-9' }), STRANGER.key)
    const described = describeEvidence(heartbeat({ observer: 'agent-9' }), sha256Hex(entry))
    if (described === null) throw new Error('a type that nobody knows')
    await spool.log.append([{ entry, terms: described.terms }])
    await spoolUp(spool, heartbeats(5, 1))
    await expect(sync(spool, recipientOf(intake))).rejects.toMatchObject({
      code: 'sender_unknown',
      message: expect.stringContaining('entry 2 of the spool'),
    })
    expect(await digestsOf(intake.log)).toEqual((await digestsOf(spool.log)).slice(0, 2))
  })

  test('payload_missing: a payload that the spool no longer has', async () => {
    const intake = await openIntake()
    const spool = await openSpool()
    await spoolUp(spool, [decision()])
    for await (const path of spool.objects.list('')) await spool.objects.remove(path)
    await expect(sync(spool, recipientOf(intake))).rejects.toMatchObject({ code: 'payload_missing' })
  })
})

describe('delivered', () => {
  test('everything, in order, with what it names; a second sync finds it there', async () => {
    const intake = await openIntake()
    const spool = await openSpool()
    const long = sealed(decision({ basis: 'x'.repeat(70_000) }))
    await spoolUp(spool, [...heartbeats(0, 300), decision()])
    const terms = describeEvidence(decision({ basis: 'x'.repeat(70_000) }), sha256Hex(long))?.terms
    if (terms === undefined) throw new Error('a type that nobody knows')
    await spool.blobs.put(long)
    await spool.log.append([{ entry: sealed(reference(long, decision().subject)), terms }])
    await spoolUp(spool, heartbeats(300, 10))
    const synced = await sync(spool, recipientOf(intake))
    expect(new Set(outcomes(synced))).toEqual(new Set(['delivered']))
    expect(synced.map(({ index, place }) => index === place)).not.toContain(false)
    expect(await digestsOf(intake.log)).toEqual(await digestsOf(spool.log))
    for (const bytes of [INPUTS, POLICY, long]) expect(await intake.blobs.get(sha256Hex(bytes))).not.toBeNull()
    expect(new Set(outcomes(await sync(spool, recipientOf(intake))))).toEqual(new Set(['there']))
    expect((await holdings(intake))[0]).toBe(312)
  })

  test('what speaks of the spool’s own log is kept there', async () => {
    const intake = await openIntake()
    const spool = await openSpool()
    await spoolUp(spool, [heartbeat(), TOMBSTONE])
    expect(outcomes(await sync(spool, recipientOf(intake)))).toEqual(['delivered', 'kept'])
  })

  test('a rehearsal says what would be delivered and changes nothing on either side', async () => {
    const intake = await openIntake()
    const spool = await openSpool()
    await spoolUp(spool, heartbeats(0, 2))
    expect(outcomes(await sync(spool, recipientOf(intake), true))).toEqual(['would_deliver', 'would_deliver'])
    expect(await holdings(intake)).toEqual([0, []])
  })

  test('an idempotency key goes along as its sender chose it, also over a second spool', async () => {
    const [middle, intake] = [await openIntake(), await openIntake()]
    const entry = sealed(heartbeat())
    await acceptEvidence([delivery(entry, [], 'once')], middle)
    const spool = { ...(await openSpool()), log: middle.log }
    await sync(spool, recipientOf(intake))
    const [found] = await Array.fromAsync(intake.log.find({}))
    const [sent] = await Array.fromAsync(middle.log.find({}))
    expect(found?.terms.idempotencyKey).toBe(sent?.terms.idempotencyKey)
  })

  test('to a log that lost what it had: it is asked, and nothing is taken from memory', async () => {
    const [intake, restored] = [await openIntake(), await openIntake()]
    const spool = await openSpool()
    await spoolUp(spool, heartbeats(0, 5))
    await sync(spool, recipientOf(intake))
    const remembering: Recipient = { ...recipientOf(restored), lastSeen: recipientOf(intake).lastSeen }
    expect(new Set(outcomes(await sync(spool, remembering)))).toEqual(new Set(['delivered']))
    expect(await digestsOf(restored.log)).toEqual(await digestsOf(spool.log))
  })

  test('a spool that grows meanwhile is delivered up to where it was, and the rest the next time', async () => {
    const intake = await openIntake()
    const spool = await openSpool()
    await spoolUp(spool, heartbeats(0, 2))
    const to = recipientOf(intake)
    let isFirst = true
    const growing: Recipient = {
      ...to,
      missingEvidence: async (digests) => {
        if (isFirst) await spoolUp(spool, heartbeats(2, 2))
        isFirst = false
        return to.missingEvidence(digests)
      },
    }
    expect(await sync(spool, growing)).toHaveLength(2)
    expect(outcomes(await sync(spool, to))).toEqual(['there', 'there', 'delivered', 'delivered'])
  })
})

test('cut off anywhere and by several at once, everything arrives once and in order', async () => {
  const step = fc.record({
    grow: fc.integer({ min: 0, max: 4 }),
    cutAt: fc.integer({ min: 0, max: 3 }),
    isDone: fc.boolean(),
    syncs: fc.integer({ min: 1, max: 3 }),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 6 }), async (steps) => {
      const intake = await openIntake()
      const spool = await openSpool()
      let made = 0
      for (const { grow, cutAt, isDone, syncs } of steps) {
        await spoolUp(spool, heartbeats(made, grow))
        made += grow
        const runs = Array.from({ length: syncs }, (_, at) =>
          sync(spool, at === 0 ? failingAt(recipientOf(intake), cutAt, isDone) : recipientOf(intake)),
        )
        await Promise.allSettled(runs)
        expect(await digestsOf(intake.log)).toEqual((await digestsOf(spool.log)).slice(0, (await holdings(intake))[0]))
      }
      await sync(spool, recipientOf(intake))
      expect(await digestsOf(intake.log)).toEqual(await digestsOf(spool.log))
    }),
    { numRuns: 25 },
  )
})

test('a spool whose log is opened anew is the same spool', async () => {
  const intake = await openIntake()
  const ground = testGround()
  const spool = await openSpool(ground)
  await spoolUp(spool, heartbeats(0, 3))
  await sync(spool, recipientOf(intake))
  const again = await openSpool(ground, await openTestLog(ground))
  await spoolUp(again, heartbeats(3, 1))
  expect(outcomes(await sync(again, recipientOf(intake)))).toEqual(['there', 'there', 'there', 'delivered'])
})

/** Every method of a log, so that one may be put in another's place. */
function logOf(log: Parameters<typeof digestsOf>[0]): Parameters<typeof digestsOf>[0] {
  return {
    append: (evidence) => log.append(evidence),
    checkpoint: () => log.checkpoint(),
    entries: (from, to) => log.entries(from, to),
    find: (query) => log.find(query),
    receipt: (index) => log.receipt(index),
    consistency: (from, to) => log.consistency(from, to),
    close: () => log.close(),
  }
}
