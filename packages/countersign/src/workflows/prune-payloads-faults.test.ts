import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EvidenceLogError } from './ports/evidence-log.ts'
import {
  DAY,
  failing,
  type Ground,
  ground,
  hold,
  isThere,
  LATER,
  logOf,
  PLAIN,
  prune,
  record,
  START,
  tombstonesOf,
} from './prune-payloads.fixtures.ts'

describe('whatever fails, and however often it is tried again', () => {
  const names = ['one', 'two', 'three', 'four']
  const checks = async (parts: Ground, digests: readonly string[]): Promise<void> => {
    const buried = (await tombstonesOf(parts)).map(({ payload }) => payload.sha256)
    for (const digest of digests) if (!(await isThere(parts, digest))) expect(buried).toContain(digest)
    expect(new Set(buried).size).toBe(buried.length)
  }

  test.for([0, 1, 2, 3].flatMap((call) => [true, false].map((isDone) => ({ call, isDone }))))(
    'removal $call fails (done all the same: $isDone): no bytes are gone without a tombstone, and the next run finishes',
    async (fault) => {
      const parts = await ground()
      const digests = await Promise.all(names.map((text) => record(parts, text)))
      const kept = await record(parts, 'young', { at: LATER })
      await expect(prune({ ...parts, objects: failing(parts.objects, fault) })).rejects.toMatchObject({
        code: 'store_unavailable',
      })
      await checks(parts, digests)
      await prune(parts)
      await checks(parts, digests)
      expect(await Promise.all(digests.map((digest) => isThere(parts, digest)))).toEqual([false, false, false, false])
      expect(await isThere(parts, kept)).toBe(true)
    },
  )

  test.for([0, 1, 2, 3].flatMap((call) => [true, false].map((isDone) => ({ call, isDone }))))(
    'append $call fails (done all the same: $isDone): no bytes go in that run, and the next run finishes',
    async ({ call, isDone }) => {
      const parts = await ground()
      const digests = await Promise.all(names.map((text) => record(parts, text)))
      let calls = 0
      const append: typeof parts.log.append = async (evidence) => {
        const isFaulty = calls++ === call
        const receipts = isFaulty && !isDone ? [] : await parts.log.append(evidence)
        if (isFaulty) throw new EvidenceLogError('write_failed', 'injected')
        return receipts
      }
      await expect(prune({ ...parts, log: { ...logOf(parts), append } })).rejects.toMatchObject({
        code: 'write_failed',
      })
      expect(await Promise.all(digests.map((digest) => isThere(parts, digest)))).toEqual([true, true, true, true])
      const outcomes = await prune(parts)
      expect(outcomes).toHaveLength(4)
      await checks(parts, digests)
      expect(await Promise.all(digests.map((digest) => isThere(parts, digest)))).toEqual([false, false, false, false])
    },
  )
})

type Step =
  | { readonly kind: 'record'; readonly text: string; readonly retention: string }
  | {
      readonly kind: 'prune'
      readonly fault: { readonly call: number; readonly isDone: boolean } | null
      readonly isHeld: boolean
    }
  | { readonly kind: 'wait'; readonly days: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant('record' as const),
    text: fc.constantFrom('a', 'b', 'c'),
    retention: fc.constantFrom('personal', 'standard', 'x'),
  }),
  fc.record({
    kind: fc.constant('prune' as const),
    fault: fc.option(fc.record({ call: fc.nat(2), isDone: fc.boolean() })),
    isHeld: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('wait' as const), days: fc.integer({ min: 1, max: 300 }) }),
)

test('whatever happens in whatever order, what is gone was due, not held, and given up after the last evidence named it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 14 }), async (steps) => {
      const parts = await ground()
      const keptUntil = new Map<string, number>()
      let now = START
      for (const one of steps) {
        if (one.kind === 'wait') now += one.days * DAY
        if (one.kind === 'record') {
          const digest = await record(parts, one.text, { retention: one.retention, at: now })
          const days = { personal: 90, standard: 400 }[one.retention] ?? Number.POSITIVE_INFINITY
          keptUntil.set(digest, Math.max(keptUntil.get(digest) ?? 0, now + days * DAY))
        }
        if (one.kind !== 'prune') continue
        const before = await Promise.all([...keptUntil.keys()].map((digest) => isThere(parts, digest)))
        const objects = one.fault === null ? parts.objects : failing(parts.objects, one.fault)
        const policy = one.isHeld ? hold({}) : PLAIN
        // A hold in the store outlives this test's; here only what our own judgement does is looked at.
        await prune({ ...parts, objects: { ...objects, hold: async () => {} } }, { now, policy }).catch(
          (error: unknown) => {
            expect(error).toMatchObject({ code: 'store_unavailable' })
          },
        )
        const tombstones = await tombstonesOf(parts)
        for (const [at, [digest, until]] of [...keptUntil].entries()) {
          if ((await isThere(parts, digest)) || before[at] === false) continue
          expect(one.isHeld).toBe(false)
          expect(until).toBeLessThanOrEqual(now)
          expect(tombstones.some(({ payload }) => payload.sha256 === digest)).toBe(true)
        }
      }
    }),
    { numRuns: 60 },
  )
})
