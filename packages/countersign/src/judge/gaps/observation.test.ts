import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { findGaps } from './find-gaps.ts'
import type { Interval } from './intervals.ts'
import type { SourceMemory } from './loss-clocks.ts'
import { type Backfill, CLOCK_TOLERANCE, type Heartbeat, judgeObservation, type Sightings } from './observation.ts'

const NONE: SourceMemory = { kind: 'none' }
const days: SourceMemory = { kind: 'time', seconds: 100_000 }
const beat = (at: number, more: Partial<Heartbeat> = {}): Heartbeat => ({
  ...{ observer: 'a', since: 0, at, within: 60, memory: days, recordedAt: at },
  ...more,
})
const fill = (from: number, to: number, more: Partial<Backfill> = {}): Backfill => ({
  ...{ from, to, at: 1_000, memory: days, recordedAt: 1_000 },
  ...more,
})
const of = (heartbeats: readonly Heartbeat[], backfills: readonly Backfill[] = []): Sightings => ({
  heartbeats,
  backfills,
})
const see = (sightings: Sightings, period: Interval, now = period.to): readonly string[] =>
  judgeObservation(sightings, period, now).intervals.map(({ kind, from, to }) => `${kind} ${from}-${to}`)

const beats = (...times: readonly number[]): readonly Heartbeat[] => times.map((at) => beat(at))

describe('what is observed', () => {
  test.for([
    { name: 'nothing without a heartbeat', heartbeats: [], says: ['unobserved 0-300'] },
    {
      name: 'the time between heartbeats that came in time',
      heartbeats: beats(60, 120, 180, 240, 300),
      says: ['observed 0-300'],
    },
    {
      name: 'nothing between heartbeats that came too late',
      heartbeats: beats(60, 120, 181, 240),
      says: ['observed 0-120', 'unobserved 120-181', 'observed 181-240', 'unobserved 240-300'],
    },
    {
      name: 'nothing before the watch began, however old the heartbeat before it',
      heartbeats: [beat(60), beat(110, { since: 90 }), beat(170, { since: 90 })],
      says: ['observed 0-60', 'unobserved 60-90', 'observed 90-170', 'unobserved 170-300'],
    },
    {
      name: 'nothing by the claim of one heartbeat to have watched for long',
      heartbeats: [beat(250)],
      says: ['unobserved 0-300'],
    },
    {
      name: 'what any of several observers saw',
      heartbeats: [beat(50), beat(60, { observer: 'b', since: 40 }), beat(120, { observer: 'b' }), beat(180)],
      says: ['observed 0-120', 'unobserved 120-300'],
    },
    {
      name: 'no more where a heartbeat is recorded twice',
      heartbeats: beats(60, 60, 120),
      says: ['observed 0-120', 'unobserved 120-300'],
    },
  ])('$name', ({ heartbeats, says }) => {
    expect(see(of(heartbeats), { from: 0, to: 300 })).toEqual(says)
  })

  test('is only what was recorded by then, and never the future', () => {
    const late = of([beat(60), beat(120, { recordedAt: 500 })])
    expect(see(late, { from: 0, to: 200 }, 499)).toEqual(['observed 0-60', 'unobserved 60-200'])
    expect(see(late, { from: 0, to: 200 }, 500)).toEqual(['observed 0-120', 'unobserved 120-200'])
    expect(see(of(beats(60, 120)), { from: 0, to: 200 }, 90)).toEqual(['observed 0-60', 'unobserved 60-200'])
    expect(see(of([beat(60), beat(120, { recordedAt: 90 })]), { from: 0, to: 200 }, 90)).toEqual([
      'observed 0-90',
      'unobserved 90-200',
    ])
  })
})

describe('a clock that is wrong', () => {
  test('a heartbeat further ahead of our clock than is tolerated counts for nothing', () => {
    const edge = judgeObservation(
      of([beat(CLOCK_TOLERANCE, { within: 200, recordedAt: 0 })]),
      { from: 0, to: 300 },
      300,
    )
    expect(edge.faults).toEqual([])
    const ahead = beat(CLOCK_TOLERANCE + 1, { within: 200, recordedAt: 0 })
    const observation = judgeObservation(of([ahead]), { from: 0, to: 300 }, 300)
    expect(observation.faults).toEqual([{ code: 'heartbeat_in_future', at: CLOCK_TOLERANCE + 1, observer: 'a' }])
    expect(observation).toMatchObject({ intervals: [{ kind: 'unobserved' }], begunAt: null, dueAt: null, memory: null })
  })

  test('a clock that jumps back loses what it had vouched for beyond, and begins anew', () => {
    const jumped = of([beat(60), beat(120), beat(90, { recordedAt: 150 }), beat(150)])
    expect(see(jumped, { from: 0, to: 200 })).toEqual(['observed 0-150', 'unobserved 150-200'])
    const { faults, intervals } = judgeObservation(of(jumped.heartbeats.slice(0, 3)), { from: 0, to: 200 }, 200)
    expect(faults).toEqual([{ code: 'clock_backwards', at: 90, observer: 'a' }])
    expect(intervals[0]).toEqual({ kind: 'observed', from: 0, to: 90 })
  })

  test('one observer’s clock does not touch what another saw', () => {
    const jumped = [beat(60), beat(120), beat(30, { recordedAt: 130 })]
    const steady = [beat(60, { observer: 'b' }), beat(120, { observer: 'b' })]
    expect(see(of([...jumped, ...steady]), { from: 0, to: 120 })).toEqual(['observed 0-120'])
  })

  test('a watch that began after the heartbeat counts for nothing', () => {
    const { faults, intervals } = judgeObservation(of([beat(60, { since: 61 })]), { from: 0, to: 60 }, 100)
    expect(faults).toEqual([{ code: 'heartbeat_reversed', at: 60, observer: 'a' }])
    expect(intervals).toEqual([{ kind: 'unobserved', from: 0, to: 60 }])
  })
})

describe('what is backfilled', () => {
  const silent = beats(60, 500, 560, 620, 680, 740, 800, 860, 920, 980, 1_000)
  const period = { from: 0, to: 1_000 }

  test('is marked as that, and never becomes observed', () => {
    expect(see(of(silent, [fill(60, 500)]), period)).toEqual([
      'observed 0-60',
      'backfilled 60-500',
      'observed 500-1000',
    ])
    expect(see(of(silent, [fill(0, 900)]), period)).toEqual(['observed 0-60', 'backfilled 60-500', 'observed 500-1000'])
  })

  test('counts once where backfills overlap', () => {
    const filled = [fill(100, 300), fill(200, 400), fill(250, 260), fill(400, 450)]
    expect(see(of(silent, filled), period)).toEqual([
      'observed 0-60',
      'unobserved 60-100',
      'backfilled 100-450',
      'unobserved 450-500',
      'observed 500-1000',
    ])
  })

  test.for([
    {
      name: 'before what the source remembered when it was asked',
      backfill: fill(60, 500, { memory: { kind: 'time', seconds: 700 } }),
      code: 'backfill_overreaches',
      believed: 'backfilled 300-500',
    },
    {
      name: 'after the moment when it was asked',
      backfill: fill(60, 500, { at: 400 }),
      code: 'backfill_overreaches',
      believed: 'backfilled 60-400',
    },
    {
      name: 'of a source without memory',
      backfill: fill(60, 500, { memory: NONE }),
      code: 'backfill_overreaches',
      believed: null,
    },
    { name: 'from the future', backfill: fill(60, 500, { at: 2_000 }), code: 'backfill_in_future', believed: null },
    { name: 'that ends before it begins', backfill: fill(500, 60), code: 'backfill_reversed', believed: null },
  ])('is not believed $name', ({ backfill, code, believed }) => {
    const { intervals, faults } = judgeObservation(of(silent, [backfill]), period, 1_000)
    expect(faults.map((fault) => fault.code)).toEqual([code])
    const kept = intervals.flatMap(({ kind, from, to }) => (kind === 'backfilled' ? [`${kind} ${from}-${to}`] : []))
    expect(kept).toEqual(believed === null ? [] : [believed])
  })

  test('is not believed for what the source had forgotten by its own heartbeats', () => {
    const short = silent.map((one) => ({ ...one, memory: { kind: 'time', seconds: 600 } as const }))
    expect(see(of(short, [fill(60, 500)]), period)).toEqual([
      'observed 0-60',
      'lost 60-400',
      'backfilled 400-500',
      'observed 500-1000',
    ])
  })
})

describe('what is lost', () => {
  const period = { from: 0, to: 1_000 }
  const withMemory = (memory: SourceMemory) => [beat(60, { memory }), beat(600, { memory }), beat(660, { memory })]

  test.for<{ name: string; memory: SourceMemory; now: number; says: readonly string[] }>([
    {
      name: 'what is older than the source’s memory, as time goes on',
      memory: { kind: 'time', seconds: 700 },
      now: 1_000,
      says: ['observed 0-60', 'lost 60-300', 'unobserved 300-600', 'observed 600-660', 'unobserved 660-1000'],
    },
    {
      name: 'everything, where the source remembers nothing',
      memory: NONE,
      now: 1_000,
      says: ['observed 0-60', 'lost 60-600', 'observed 600-660', 'lost 660-1000'],
    },
    {
      name: 'what had been pushed out when the source was last seen, where it counts entries',
      memory: { kind: 'entries', entries: 10, seconds: 200 },
      now: 1_000,
      says: ['observed 0-60', 'lost 60-460', 'unobserved 460-600', 'observed 600-660', 'unobserved 660-1000'],
    },
  ])('$name', ({ memory, now, says }) => {
    expect(see(of(withMemory(memory)), period, now)).toEqual(says)
  })

  test('stays lost when the source remembers more from then on', () => {
    const short = { kind: 'time', seconds: 100 } as const
    const grown = [beat(60, { memory: short }), beat(600, { memory: short }), beat(660)]
    expect(see(of(grown), period)).toContain('lost 60-500')
  })
})

describe('gaps', () => {
  const gaps = (sightings: Sightings, now: number) => {
    const observation = judgeObservation(sightings, { from: 0, to: now }, now)
    return findGaps(observation, now).map(({ from, to, state }) => ({ from, to, state }))
  }

  test.for([
    { name: 'none without a heartbeat: nothing was promised', sightings: of([]), now: 900, says: [] },
    {
      name: 'none before the first heartbeat',
      sightings: of([beat(500, { since: 470 }), beat(540, { since: 470 })]),
      now: 560,
      says: [],
    },
    { name: 'none while a heartbeat may still come in time', sightings: of(beats(60)), now: 120, says: [] },
    {
      name: 'one that lasts, once it has not come',
      sightings: of(beats(60)),
      now: 121,
      says: [{ from: 60, to: null, state: 'open' }],
    },
    {
      name: 'one that a lone heartbeat ended',
      sightings: of([beat(60), beat(300, { since: 300 })]),
      now: 310,
      says: [{ from: 60, to: 300, state: 'closed' }],
    },
    {
      name: 'one that ended',
      sightings: of(beats(60, 300, 350)),
      now: 360,
      says: [{ from: 60, to: 300, state: 'closed' }],
    },
    {
      name: 'one that was backfilled',
      sightings: of(beats(60, 300, 350), [fill(50, 310, { at: 340, recordedAt: 340 })]),
      now: 360,
      says: [{ from: 60, to: 300, state: 'backfilled' }],
    },
    {
      name: 'one that is backfilled but for a part that can still be had',
      sightings: of(beats(60, 300, 350), [fill(50, 200, { at: 340, recordedAt: 340 })]),
      now: 360,
      says: [{ from: 60, to: 300, state: 'closed' }],
    },
    {
      name: 'one of which something is lost for good',
      sightings: of([beat(60), ...[300, 350].map((at) => beat(at, { memory: NONE }))]),
      now: 360,
      says: [{ from: 60, to: 300, state: 'lost' }],
    },
    {
      name: 'two, with the time between them observed',
      sightings: of(beats(60, 200, 260, 400)),
      now: 1_000,
      says: [
        { from: 60, to: 200, state: 'closed' },
        { from: 260, to: null, state: 'open' },
      ],
    },
  ])('$name', ({ sightings, now, says }) => {
    expect(gaps(sightings, now)).toEqual(says)
  })
})

const memory = fc.oneof(
  fc.constant<SourceMemory>({ kind: 'none' }),
  fc.record({ kind: fc.constant('time' as const), seconds: fc.nat(60) }),
  fc.record({ kind: fc.constant('entries' as const), entries: fc.constant(5), seconds: fc.nat(60) }),
)
const time = fc.integer({ min: 0, max: 100 })
const anyBeat = fc
  .record({
    observer: fc.constantFrom('a', 'b'),
    at: time,
    back: fc.nat(40),
    within: fc.nat(15),
    memory,
    late: fc.integer({ min: -10, max: 10 }),
  })
  .map(({ back, late, at, ...rest }): Heartbeat => ({ ...rest, at, since: at - back, recordedAt: at + late }))
const anyFill = fc
  .record({ from: time, to: time, at: time, memory })
  .map((one): Backfill => ({ ...one, recordedAt: one.at }))
const sightings = fc.record({
  heartbeats: fc.array(anyBeat, { maxLength: 14 }),
  backfills: fc.array(anyFill, { maxLength: 4 }),
})
const kindAt = (what: Sightings, now: number, second: number): string | undefined =>
  judgeObservation(what, { from: 0, to: 120 }, now).intervals.find(({ from, to }) => from <= second && second < to)
    ?.kind

describe('whatever was recorded', () => {
  test('the intervals cover the period, in order, without gaps or overlaps', () => {
    fc.assert(
      fc.property(sightings, time, time, time, (what, from, length, now) => {
        const period = { from, to: from + length }
        const { intervals } = judgeObservation(what, period, now)
        const edges = [from, ...intervals.flatMap((one) => [one.from, one.to]), period.to]
        for (let at = 0; at < edges.length; at += 2) expect(edges[at]).toBe(edges[at + 1])
        for (const one of intervals) expect(one.from).toBeLessThan(one.to)
      }),
      { numRuns: 500 },
    )
  })

  test('nothing is observed that no heartbeat claims, or that has not happened', () => {
    fc.assert(
      fc.property(sightings, time, (what, now) => {
        for (const { kind, from, to } of judgeObservation(what, { from: 0, to: 120 }, now).intervals) {
          if (kind !== 'observed') continue
          expect(to).toBeLessThanOrEqual(now)
          for (let second = from; second < to; second += 1) {
            const claimed = what.heartbeats.filter(
              (one) => one.since <= second && second < one.at && one.recordedAt <= now,
            )
            expect(claimed.length).toBeGreaterThan(0)
          }
        }
      }),
      { numRuns: 500 },
    )
  })

  test('a backfill only ever turns unobserved or lost time into backfilled', () => {
    fc.assert(
      fc.property(sightings, anyFill, time, (what, more, now) => {
        const filled = { ...what, backfills: [...what.backfills, more] }
        for (let second = 0; second < 120; second += 7) {
          const [before, after] = [kindAt(what, now, second), kindAt(filled, now, second)]
          if (before !== after) expect(after).toBe('backfilled')
          if (before !== after) expect(before).not.toBe('observed')
        }
      }),
      { numRuns: 300 },
    )
  })

  test('what is lost stays lost as time goes on and nothing more is recorded', () => {
    fc.assert(
      fc.property(sightings, time, fc.nat(50), (what, now, later) => {
        const known = {
          heartbeats: what.heartbeats.filter((one) => one.recordedAt <= now),
          backfills: what.backfills.filter((one) => one.recordedAt <= now),
        }
        for (const { kind, from, to } of judgeObservation(known, { from: 0, to: now }, now).intervals) {
          if (kind === 'lost') for (const at of [from, to - 1]) expect(kindAt(known, now + later, at)).toBe('lost')
        }
      }),
      { numRuns: 300 },
    )
  })

  test('gaps are all the time after the first heartbeat that was not observed, but for silence that may still be explained', () => {
    fc.assert(
      fc.property(sightings, time, (what, now) => {
        const observation = judgeObservation(what, { from: 0, to: now }, now)
        const gaps = findGaps(observation, now)
        const inGap = (second: number): boolean => gaps.some(({ from, to }) => from <= second && second < (to ?? now))
        const { begunAt, lastAt, dueAt, intervals } = observation
        for (let second = 0; second < now; second += 1) {
          const kind = intervals.find(({ from, to }) => from <= second && second < to)?.kind
          const isPromised = begunAt !== null && second >= begunAt
          const mayStillCome = second >= Math.min(lastAt ?? 0, now) && now <= (dueAt ?? 0)
          expect(inGap(second), `${second}`).toBe(isPromised && kind !== 'observed' && !mayStillCome)
        }
        for (const { backfilled, unobserved, lost, from, to } of gaps) {
          const length = [...backfilled, ...unobserved, ...lost].reduce((sum, one) => sum + one.to - one.from, 0)
          expect(length).toBe((to ?? now) - from)
        }
      }),
      { numRuns: 500 },
    )
  })
})
