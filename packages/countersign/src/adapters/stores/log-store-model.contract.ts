import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { EvidenceQuery, EvidenceTerms, IndexedTerms } from '../../workflows/ports/evidence-log.ts'
import type { LogStore } from '../../workflows/ports/log-store.ts'
import { allOf, commitOf, headOf, termsOf } from './log-rows.fixtures.ts'

/** A store that a test may fill: empty when it is made. */
export interface StoreUnderTest {
  /** Opens a handle on the store. Called again, it opens another one on the same store, as another process would. */
  open(): Promise<LogStore>
  /** Removes the store with all that is in it; every handle was closed before. */
  remove(): Promise<void>
}

/** Sixty random runs of operations, each compared with the same done to a plain array. */
export function testAgainstArray(make: () => Promise<StoreUnderTest>): void {
  test('answers as a plain array does, whatever is done with it in whatever order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 25 }), async (operations) => {
        const own = await make()
        let handle = await own.open()
        try {
          await handle.begin(headOf(0))
          const model: EvidenceTerms[] = []
          for (const one of operations) {
            if (one.kind === 'commit') await commitBoth(handle, model, one.terms, one.lag)
            else if (one.kind === 'find') expect(await allOf(handle.find(one.query))).toEqual(findIn(model, one.query))
            else {
              await handle.close()
              handle = await own.open()
            }
          }
          expect((await handle.head())?.size).toBe(model.length)
        } finally {
          await handle.close()
          await own.remove()
        }
      }),
      { numRuns: 60 },
    )
  })
}

const name = fc.constantFrom(...'abcdefgh')
const time = fc.integer({ min: 1, max: 9 }).map((day) => `2026-03-0${day}T00:00:00Z`)
const terms = fc
  .record({ name, key: fc.option(name), subjects: fc.array(name), controls: fc.array(name), source: name, at: time })
  .map(({ name: digest, key, subjects, controls, source, at }) =>
    termsOf(`${digest} ${at} ${source}`, {
      idempotencyKey: key && `${key} ${at}`,
      subjects,
      controls,
      source,
      recordedAt: at,
    }),
  )
const query = fc.record(
  {
    subject: name,
    control: name,
    source: name,
    recordedFrom: time,
    recordedBefore: time,
    after: fc.integer({ min: 0, max: 40 }),
    limit: fc.integer({ min: 1, max: 5 }),
    order: fc.constantFrom('oldest-first' as const, 'newest-first' as const),
  },
  { requiredKeys: [] },
)
const operation = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('commit' as const),
      terms: fc.array(terms, { minLength: 1, maxLength: 4 }),
      lag: fc.constantFrom(0, 0, 0, 0, 1, -1),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('find' as const), query }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reopen' as const) }) },
)

/** Commits to the store and the model, planned on a head that is `lag` rows behind the true one. */
async function commitBoth(
  store: LogStore,
  model: EvidenceTerms[],
  added: readonly EvidenceTerms[],
  lag: number,
): Promise<void> {
  const from = Math.max(model.length - lag, 0)
  const all = [...model, ...added]
  const keys = all.map(({ idempotencyKey }) => idempotencyKey).filter((key) => key !== null)
  const isTwice = new Set(all.map(({ digest }) => digest)).size < all.length || new Set(keys).size < keys.length
  const refusal = from === model.length ? (isTwice ? 'duplicate' : null) : 'head_moved'
  const committed = store.commit(commitOf(from, added))
  if (refusal !== null) return expect(committed).rejects.toMatchObject({ name: 'LogStoreError', code: refusal })
  await committed
  model.push(...added)
}

function findIn(model: readonly EvidenceTerms[], query: EvidenceQuery): readonly IndexedTerms[] {
  const all = model.map((one, index) => ({ index, terms: one })).filter((one) => matches(one, query))
  const ordered = query.order === 'newest-first' ? all.toReversed() : all
  const { after, limit = Number.POSITIVE_INFINITY } = query
  const isBehind = (index: number): boolean =>
    after === undefined || (query.order === 'newest-first' ? index < after : index > after)
  return ordered.filter(({ index }) => isBehind(index)).slice(0, limit)
}

/** Whether a query wants a row, worked out the plain way. */
export function matches({ terms: one }: IndexedTerms, query: EvidenceQuery): boolean {
  const { digest, idempotencyKey, type, subject, control, source, recordedFrom, recordedBefore } = query
  return (
    (digest === undefined || one.digest === digest) &&
    (idempotencyKey === undefined || one.idempotencyKey === idempotencyKey) &&
    (type === undefined || one.type === type) &&
    (subject === undefined || one.subjects.includes(subject)) &&
    (control === undefined || one.controls.includes(control)) &&
    (source === undefined || one.source === source) &&
    (recordedFrom === undefined || one.recordedAt >= recordedFrom) &&
    (recordedBefore === undefined || one.recordedAt < recordedBefore)
  )
}
