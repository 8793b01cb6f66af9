import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  addReference,
  judgePruning,
  type PayloadReference,
  type PayloadStanding,
  PRUNE_REFUSALS,
  type PruneQuestion,
} from './judge-pruning.ts'
import { RetentionPolicy } from './retention-policy.ts'

const DAY = 86_400
const START = Date.parse('2026-01-01T00:00:00Z') / 1_000
const PAYLOAD = 'a'.repeat(64)
const HEAD = { apiVersion: 'countersign.dev/v1', kind: 'Retention' }
const hold = { id: 'case-1', why: 'A lawsuit', by: 'legal@example.com', from: '2026-06-01T00:00:00Z' }
const policyWith = (...scopes: readonly object[]) =>
  RetentionPolicy.parse({ ...HEAD, holds: scopes.map((more, at) => ({ ...hold, id: `case-${at}`, ...more })) })

const ref = (index: number, kept: Partial<NonNullable<PayloadReference['kept']>> | null = {}): PayloadReference => ({
  index,
  leafHash: `${index}`.padStart(64, '0'),
  kept: kept && {
    retention: 'standard',
    recordedAt: START,
    type: 'https://example.com/t',
    subjects: ['change:a'],
    ...kept,
  },
})
const standingOf = (references: readonly PayloadReference[], question: Partial<PruneQuestion> = {}) =>
  references.reduce<PayloadStanding | null>(
    (before, one) =>
      addReference(before, one, {
        ...{ payload: PAYLOAD, policy: policyWith(), now: START + 400 * DAY, reason: 'retention' },
        ...question,
      }),
    null,
  )
const judge = (references: readonly PayloadReference[], question: Partial<PruneQuestion> = {}) =>
  judgePruning(standingOf(references, question))

describe('a payload may go', () => {
  test('when the time of its class is over, and not a second before', () => {
    expect(judge([ref(1)])).toEqual({ mayGo: true, class: 'standard' })
    expect(judge([ref(1)], { now: START + 400 * DAY - 1 })).toEqual({
      mayGo: false,
      code: 'not_due',
      why: 'entry 1 keeps it until 2027-02-05',
    })
  })

  test('earlier when a person asks, where its class allows that', () => {
    expect(judge([ref(1)], { now: START, reason: 'personal_data' })).toEqual({ mayGo: true, class: 'standard' })
  })

  test('when the last of the entries that name it lets it go', () => {
    expect(judge([ref(1), ref(2, { recordedAt: START + DAY })])).toMatchObject({ mayGo: false, code: 'not_due' })
    expect(judge([ref(1), ref(2, { retention: 'personal' })])).toEqual({ mayGo: true, class: 'standard' })
  })

  test('when a hold was lifted, has not begun, or is about something else', () => {
    const others = [
      { until: '2026-07-01T00:00:00Z' },
      { from: '2027-06-01T00:00:00Z' },
      { scope: { payloads: ['b'.repeat(64)] } },
      { scope: { subjects: ['change:b'] } },
      { scope: { types: ['https://example.com/u'] } },
      { scope: { classes: ['decision'] } },
      { scope: { recordedFrom: '2026-01-01T00:00:01Z' } },
      { scope: { recordedBefore: '2026-01-01T00:00:00Z' } },
      { scope: { subjects: ['change:a'], classes: ['decision'] } },
    ]
    for (const other of others) expect(judge([ref(1)], { policy: policyWith(other) })).toMatchObject({ mayGo: true })
  })
})

describe('a payload stays', () => {
  test.for([
    { name: 'everything', scope: {} },
    { name: 'this payload', scope: { payloads: [PAYLOAD] } },
    { name: 'what it is about', scope: { subjects: ['change:b', 'change:a'] } },
    { name: 'its type', scope: { types: ['https://example.com/t'] } },
    { name: 'its class', scope: { classes: ['standard'] } },
    { name: 'its time', scope: { recordedFrom: '2026-01-01T00:00:00Z', recordedBefore: '2026-01-01T00:00:01Z' } },
  ])('while $name is held, also when a person asks', ({ scope }) => {
    for (const reason of ['retention', 'personal_data'] as const) {
      const verdict = judge([ref(7)], { policy: policyWith({ scope }), reason })
      expect(verdict).toEqual({ mayGo: false, code: 'held', why: 'the hold case-0 keeps entry 7: A lawsuit' })
    }
  })

  test.for<{ name: string; references: readonly PayloadReference[]; question?: Partial<PruneQuestion>; code: string }>([
    { name: 'where nothing names it', references: [], code: 'unreferenced' },
    {
      name: 'where an entry is of a class that nobody knows',
      references: [ref(1), ref(2, { retention: 'x' })],
      code: 'class_unknown',
    },
    { name: 'where an entry is not indexed', references: [ref(1, null)], code: 'class_unknown' },
    {
      name: 'where an entry that is not indexed may be held',
      references: [ref(1, null)],
      question: { policy: policyWith({ scope: { subjects: ['change:z'] } }) },
      code: 'held',
    },
    {
      name: 'where its class may not be erased on request',
      references: [ref(1, { retention: 'decision' })],
      question: { reason: 'personal_data' },
      code: 'not_erasable',
    },
    {
      name: 'where one of several holds keeps it',
      references: [ref(1)],
      question: { policy: policyWith({ until: '2026-06-02T00:00:00Z' }, {}) },
      code: 'held',
    },
  ])('$name', ({ references, question, code }) => {
    expect(judge(references, question)).toMatchObject({ mayGo: false, code })
  })

  test('for each reason that there is, and no reason is without a test', () => {
    const tested = ['held', 'class_unknown', 'not_erasable', 'not_due', 'unreferenced']
    expect([...PRUNE_REFUSALS]).toEqual(tested)
  })
})

test('the standing names the first and the last entry and counts them all', () => {
  expect(standingOf([ref(5), ref(3), ref(9), ref(4)])).toMatchObject({
    count: 4,
    first: { index: 3, leafHash: ref(3).leafHash },
    last: { index: 9, leafHash: ref(9).leafHash },
  })
})

const reference = fc
  .record({
    index: fc.nat(50),
    retention: fc.constantFrom('standard', 'decision', 'personal', 'x'),
    days: fc.nat(900),
    isKnown: fc.boolean(),
  })
  .map(({ index, retention, days, isKnown }) =>
    ref(index, isKnown ? { retention, recordedAt: START + days * DAY } : null),
  )
const question = fc.record({
  now: fc.nat(4_000).map((days) => START + days * DAY),
  reason: fc.constantFrom('retention' as const, 'personal_data' as const),
})

describe('whatever names a payload', () => {
  test('the order of the entries decides nothing but whose words the reason has', () => {
    fc.assert(
      fc.property(fc.array(reference, { maxLength: 6 }), question, (references, asked) => {
        const [one, other] = [judge(references, asked), judge([...references].reverse(), asked)]
        expect(one.mayGo).toBe(other.mayGo)
        if (!one.mayGo && !other.mayGo) expect(one.code).toBe(other.code)
      }),
    )
  })

  test('one more entry never lets go of what was kept', () => {
    fc.assert(
      fc.property(
        fc.array(reference, { minLength: 1, maxLength: 6 }),
        reference,
        question,
        (references, more, asked) => {
          if (!judge(references, asked).mayGo) expect(judge([...references, more], asked).mayGo).toBe(false)
        },
      ),
    )
  })
})
