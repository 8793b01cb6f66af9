import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type HorizonWarning, WARN_SHARE, watchHorizon } from './horizon.ts'
import { LOSS_CLOCKS, lossClockOf, type SourceMemory } from './loss-clocks.ts'
import { type Heartbeat, judgeObservation } from './observation.ts'

const beat = (at: number, memory: SourceMemory, within = 60): Heartbeat => ({
  ...{ observer: 'a', since: 0, at, within, memory, recordedAt: at },
})
const warn = (beats: readonly Heartbeat[], now: number): readonly HorizonWarning[] =>
  watchHorizon(judgeObservation({ heartbeats: beats, backfills: [] }, { from: 0, to: now }, now), now)

describe('before a source forgets', () => {
  const hour: SourceMemory = { kind: 'time', seconds: 3_600 }

  test.for([
    { name: 'nothing while more than half of its memory is left', now: 60 + 1_799, codes: [] },
    { name: 'a warning from then on', now: 60 + 1_800, codes: ['memory_ends_soon'] },
    { name: 'a warning until the last moment', now: 60 + 3_600, codes: ['memory_ends_soon'] },
  ])('there is $name', ({ now, codes }) => {
    const warnings = warn([beat(60, hour)], now)
    expect(warnings.map(({ code }) => code)).toEqual(codes)
    for (const warning of warnings) {
      expect(warning).toMatchObject({ from: 60, to: now, lossAt: 3_660, leftSeconds: 3_660 - now })
    }
  })

  test.for<{ name: string; beats: readonly Heartbeat[]; now: number; codes: readonly string[] }>([
    {
      name: 'counts entries',
      beats: [beat(60, { kind: 'entries', entries: 10, seconds: 900 })],
      now: 70,
      codes: ['memory_counted_in_entries'],
    },
    { name: 'never had a heartbeat', beats: [], now: 70, codes: ['memory_unknown'] },
    {
      name: 'remembers nothing, so that there is nothing left to warn of',
      beats: [beat(60, { kind: 'none' })],
      now: 70,
      codes: [],
    },
    {
      name: 'is looked at more rarely than it remembers',
      beats: [beat(60, { kind: 'time', seconds: 600 }, 600)],
      now: 70,
      codes: ['schedule_exceeds_memory'],
    },
  ])('a source that $name', ({ beats, now, codes }) => {
    expect(warn(beats, now).map(({ code }) => code)).toEqual(codes)
  })

  test('whoever looks twice within the last half of its memory is warned before anything is lost', () => {
    fc.assert(
      fc.property(fc.integer({ min: 20, max: 5_000 }), fc.nat(1_000), (seconds, offset) => {
        const beats = [beat(60, { kind: 'time', seconds })]
        const step = Math.floor(seconds * WARN_SHARE) - 1
        let warned = false
        for (let now = 61 + (offset % step); now <= 60 + seconds + step; now += step) {
          const { intervals } = judgeObservation({ heartbeats: beats, backfills: [] }, { from: 0, to: now }, now)
          if (intervals.some(({ kind }) => kind === 'lost')) expect(warned).toBe(true)
          warned ||= warn(beats, now).some(({ code }) => code === 'memory_ends_soon')
        }
        expect(warned).toBe(true)
      }),
    )
  })
})

describe('loss clocks', () => {
  test.for([
    { source: 'github-audit-log:acme', after: { seconds: 15_552_000 } },
    { source: 'github-git-events', after: { seconds: 604_800 } },
    { source: 'github-webhooks:acme/shop', after: { seconds: 259_200 } },
    { source: 'kubernetes-events:prod', after: { seconds: 3_600 } },
    { source: 'argocd-history:prod/shop', after: { entries: 10 } },
    { source: 'argocd-ephemeral-access:prod', after: null },
    { source: 'something-else', after: undefined },
    { source: 'constructor', after: undefined },
  ])('$source', ({ source, after }) => {
    expect(lossClockOf(source)?.after).toEqual(after)
  })

  test('are each given once, and say what is forgotten', () => {
    expect(new Set(LOSS_CLOCKS.map(({ source }) => source)).size).toBe(LOSS_CLOCKS.length)
    for (const { source, forgets } of LOSS_CLOCKS) expect([source, forgets]).not.toContain('')
  })
})
