import { leafHash, sha256Hex, toHex, utf8, verifyTlogProof } from '@countersign/verify'
import { describe, expect, test } from 'vitest'
import { TEST_TRUST } from '../adapters/log/log.fixtures.ts'
import { momentOf } from '../judge/evidence-types/predicate-fields.ts'
import type { RetentionPolicy } from '../judge/retention/retention-policy.ts'
import { blobPath } from './ports/blob-store.ts'
import { ObjectStoreError } from './ports/object-store.ts'
import {
  DAY,
  failing,
  type Ground,
  ground,
  hold,
  isThere,
  LATER,
  logOf,
  longEnvelope,
  name,
  PLAIN,
  prune,
  record,
  START,
  tombstonesOf,
} from './prune-payloads.fixtures.ts'
import type { PruneRequest } from './prune-payloads.ts'

describe('a payload whose time is over', () => {
  test('goes, and leaves a tombstone that is proved and names what named it', async () => {
    const parts = await ground()
    const digest = await record(parts, 'one')
    await record(parts, 'one', { at: START + 1 })
    expect(await prune(parts)).toEqual([{ payload: digest, outcome: 'pruned', size: 3 }])
    expect(await isThere(parts, digest)).toBe(false)
    const [tombstone] = await tombstonesOf(parts)
    const leaves: string[] = []
    for await (const { entry } of parts.log.entries(0, 2)) leaves.push(toHex(leafHash(entry)))
    expect(tombstone).toMatchObject({
      payload: { sha256: digest, size: 3 },
      ...{ class: 'standard', reason: 'retention', prunedBy: 'ops@example.com', request: null },
      prunedAt: momentOf(LATER),
      namedBy: { count: 2, first: { index: 0, leafHash: leaves[0] }, last: { index: 1, leafHash: leaves[1] } },
      terms: { subjects: [`payload:${digest}`], controls: expect.arrayContaining(['nist-800-53@r5:AU-11']) },
    })
    for await (const { index, entry } of parts.log.entries(0, 3)) {
      verifyTlogProof(entry, (await parts.log.receipt(index)).proof, TEST_TRUST)
    }
  })

  test('goes once: another run finds nothing to do', async () => {
    const parts = await ground()
    await record(parts, 'one')
    await prune(parts)
    expect(await prune(parts)).toEqual([])
    expect(await tombstonesOf(parts)).toHaveLength(1)
  })

  test('goes also where there are more than are followed or buried at once', async () => {
    const parts = await ground()
    for (let at = 0; at < 230; at += 1) await record(parts, `payload ${at}`)
    const outcomes = await prune(parts, { batchSize: 150 })
    expect(outcomes.filter(({ outcome }) => outcome === 'pruned')).toHaveLength(230)
    expect(await tombstonesOf(parts)).toHaveLength(230)
    for await (const path of parts.objects.list('blobs')) expect.unreachable(path)
  })

  test('is only told of in a rehearsal', async () => {
    const parts = await ground()
    const digest = await record(parts, 'one')
    expect(await prune(parts, { isRehearsal: true })).toEqual([{ payload: digest, outcome: 'would_prune', size: 3 }])
    expect([await isThere(parts, digest), await tombstonesOf(parts)]).toEqual([true, []])
  })

  test('goes again after evidence named it anew and that time is over too', async () => {
    const parts = await ground()
    const digest = await record(parts, 'one')
    await prune(parts)
    await record(parts, 'one', { at: LATER })
    expect(await prune(parts, { now: LATER + 1 })).toEqual([])
    expect(await isThere(parts, digest)).toBe(true)
    const outcomes = await prune(parts, { now: LATER + 401 * DAY })
    expect(outcomes).toEqual([{ payload: digest, outcome: 'pruned', size: 3 }])
    expect((await tombstonesOf(parts)).map(({ namedBy }) => namedBy.count)).toEqual([1, 2])
  })
})

describe('a payload stays', () => {
  test.for<{ name: string; also: (parts: Ground) => Promise<unknown>; change?: Partial<PruneRequest>; code: string }>([
    {
      name: 'while other evidence that names it is not due',
      also: (parts) => record(parts, 'one', { at: LATER - DAY }),
      code: 'not_due',
    },
    {
      name: 'while a class keeps it longer',
      also: (parts) => record(parts, 'one', { retention: 'decision' }),
      code: 'not_due',
    },
    {
      name: 'where a class is unknown',
      also: (parts) => record(parts, 'one', { retention: 'x' }),
      code: 'class_unknown',
    },
    {
      name: 'while it is held',
      also: async () => {},
      change: { policy: hold({ subjects: ['change:a'] }) },
      code: 'held',
    },
  ])('$name', async ({ also, change, code }) => {
    const parts = await ground()
    const digest = await record(parts, 'one')
    await also(parts)
    expect(await prune(parts, change)).toMatchObject([{ payload: digest, outcome: 'kept', code }])
    expect([await isThere(parts, digest), await tombstonesOf(parts)]).toEqual([true, []])
  })

  test('while it is held, by the store too, so that nobody else removes it', async () => {
    const parts = await ground()
    const digest = await record(parts, 'one')
    await prune(parts, { policy: hold({}) })
    await expect(parts.objects.remove(blobPath(digest))).rejects.toMatchObject({ code: 'object_locked' })
  })

  test('while it is held, where the store knows no holds', async () => {
    const parts = await ground()
    const digest = await record(parts, 'one')
    const refusing = async () => {
      throw new ObjectStoreError('lock_unsupported', 'no holds here')
    }
    expect(
      await prune({ ...parts, objects: { ...parts.objects, hold: refusing } }, { policy: hold({}) }),
    ).toMatchObject([{ payload: digest, outcome: 'kept', code: 'held' }])
  })

  test('where evidence of a type that nobody knows names it in a field that nobody knows', async () => {
    const parts = await ground()
    const digest = await record(parts, 'one')
    await name(parts, { odd: [{ field: digest }] }, LATER - DAY)
    expect(await prune(parts)).toMatchObject([{ payload: digest, outcome: 'kept', code: 'not_due' }])
  })

  test('where an envelope that is too long for the log names it', async () => {
    const parts = await ground()
    const digest = await record(parts, 'one')
    const envelope = await longEnvelope(parts, digest, LATER - DAY)
    expect(await prune(parts)).toMatchObject([{ payload: digest, outcome: 'kept', code: 'not_due' }])
    expect(await prune(parts, { now: LATER + 401 * DAY })).toMatchObject([
      { payload: digest, outcome: 'pruned' },
      { payload: envelope, outcome: 'pruned' },
    ])
    expect(await prune(parts, { now: LATER + 402 * DAY })).toEqual([])
  })

  test('where its bytes are not those that were stored: that is for fsck to say', async () => {
    const parts = await ground()
    const digest = await record(parts, 'one')
    await parts.objects.replace(blobPath(digest), utf8('two'))
    expect(await prune(parts)).toEqual([{ payload: digest, outcome: 'damaged' }])
    expect([await isThere(parts, digest), await tombstonesOf(parts)]).toEqual([true, []])
  })

  test('with all others, while an entry cannot be read', async () => {
    const parts = await ground()
    const digest = await record(parts, 'one')
    const envelope = await longEnvelope(parts, digest, START)
    await parts.objects.remove(blobPath(envelope))
    await expect(prune(parts)).rejects.toMatchObject({ name: 'Problem', code: 'evidence_damaged' })
    await expect(prune({ ...parts, envelopeKeys: [] })).rejects.toMatchObject({ code: 'evidence_damaged' })
    expect(await isThere(parts, digest)).toBe(true)
  })
})

describe('a payload that a person asks to be removed', () => {
  const request = 'request 17'

  test('goes before its time, and the tombstone names the request', async () => {
    const parts = await ground()
    const digest = await record(parts, 'about ann', { retention: 'personal' })
    const other = await record(parts, 'about bob', { retention: 'personal' })
    const outcomes = await prune(parts, { now: START + 1, erase: { payloads: [digest], request } })
    expect(outcomes).toEqual([{ payload: digest, outcome: 'pruned', size: 9 }])
    expect([await isThere(parts, digest), await isThere(parts, other)]).toEqual([false, true])
    expect(await tombstonesOf(parts)).toMatchObject([{ reason: 'personal_data', request, class: 'personal' }])
  })

  test.for<{ name: string; retention: string; policy: RetentionPolicy; says: object }>([
    {
      name: 'where its class does not allow it',
      retention: 'decision',
      policy: PLAIN,
      says: { outcome: 'kept', code: 'not_erasable' },
    },
    { name: 'while it is held', retention: 'personal', policy: hold({}), says: { outcome: 'kept', code: 'held' } },
  ])('stays $name', async ({ retention, policy, says }) => {
    const parts = await ground()
    const digest = await record(parts, 'about ann', { retention })
    const outcomes = await prune(parts, { policy, now: START + 1, erase: { payloads: [digest], request } })
    expect(outcomes).toMatchObject([{ payload: digest, ...says }])
    expect(await isThere(parts, digest)).toBe(true)
  })

  test('is missed where there is none, and kept where nothing names it', async () => {
    const parts = await ground()
    const stray = sha256Hex(utf8('stray'))
    await parts.objects.putOnce(blobPath(stray), utf8('stray'))
    const gone = 'a'.repeat(64)
    expect(await prune(parts, { erase: { payloads: [gone, stray], request } })).toMatchObject([
      { payload: gone, outcome: 'absent' },
      { payload: stray, outcome: 'kept', code: 'unreferenced' },
    ])
    await expect(prune(parts, { erase: { payloads: ['../x'], request } })).rejects.toMatchObject({ code: 'bad_digest' })
  })
})

describe('evidence that comes while a payload goes', () => {
  test('keeps it when it came before the bytes went', async () => {
    const parts = await ground()
    const digest = await record(parts, 'one')
    const log = {
      ...logOf(parts),
      append: async (evidence: Parameters<typeof parts.log.append>[0]) => {
        const receipts = await parts.log.append(evidence)
        await name(parts, { payload: digest }, LATER)
        return receipts
      },
    }
    expect(await prune({ ...parts, log })).toEqual([{ payload: digest, outcome: 'named_again' }])
    expect(await isThere(parts, digest)).toBe(true)
    expect(await prune(parts)).toEqual([])
    expect(await isThere(parts, digest)).toBe(true)
  })

  test('gets the bytes back when it came as they went', async () => {
    const parts = await ground()
    const digest = await record(parts, 'one')
    const remove = async (path: string): Promise<void> => {
      await parts.objects.remove(path)
      await name(parts, { payload: digest }, LATER)
    }
    expect(await prune({ ...parts, objects: { ...parts.objects, remove } })).toEqual([
      { payload: digest, outcome: 'named_again' },
    ])
    expect(await isThere(parts, digest)).toBe(true)
  })
})

describe('a store that does not let go', () => {
  test('keeps the bytes, which are told of, and the tombstone says what was meant', async () => {
    const parts = await ground()
    const digest = await record(parts, 'one')
    await parts.objects.hold(blobPath(digest), true)
    expect(await prune(parts)).toMatchObject([{ payload: digest, outcome: 'locked' }])
    expect(await prune(parts)).toMatchObject([{ payload: digest, outcome: 'locked' }])
    await parts.objects.hold(blobPath(digest), false)
    expect(await prune(parts)).toEqual([{ payload: digest, outcome: 'finished', size: 3 }])
    expect(await tombstonesOf(parts)).toHaveLength(1)
  })

  test('is asked again for old ones only when all are to be finished', async () => {
    const parts = await ground()
    const digest = await record(parts, 'one')
    await parts.objects.hold(blobPath(digest), true)
    await prune(parts)
    for (let at = 0; at < 120; at += 1) await record(parts, `payload ${at}`)
    await prune(parts)
    await parts.objects.hold(blobPath(digest), false)
    expect(await prune(parts)).toEqual([])
    expect(await prune(parts, { finishesAll: true })).toEqual([{ payload: digest, outcome: 'finished', size: 3 }])
  })

  test('keeps what was given up when a hold was placed before the bytes went', async () => {
    const parts = await ground()
    const digest = await record(parts, 'one')
    await expect(prune({ ...parts, objects: failing(parts.objects, { call: 0, isDone: false }) })).rejects.toThrow()
    expect(await prune(parts, { policy: hold({}) })).toMatchObject([{ payload: digest, outcome: 'kept', code: 'held' }])
    expect(await isThere(parts, digest)).toBe(true)
  })
})
