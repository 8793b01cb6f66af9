import { type Interval, intersect } from './intervals.ts'
import type { Observation, ObservedInterval } from './observation.ts'

/**
 * What became of a gap. `open`: nobody observes the source yet. `closed`: it ended, and the source may still be asked about some of it.
 * `backfilled`: the source was asked about all of it. `lost`: what was not asked in time cannot be had any more.
 */
export type GapState = 'open' | 'closed' | 'backfilled' | 'lost'

/** A stretch in which a source was not observed as things happened. */
export interface Gap {
  readonly from: number
  /** Null while it lasts. */
  readonly to: number | null
  readonly state: GapState
  readonly backfilled: readonly Interval[]
  /** Neither observed nor backfilled, and the source may still be asked. */
  readonly unobserved: readonly Interval[]
  readonly lost: readonly Interval[]
}

/**
 * The gaps of a period that reaches up to `now`, in order. Time before the first heartbeat is none: nobody had promised anything. Nor is
 * silence that a heartbeat in time may still explain.
 */
export function findGaps(observation: Observation, now: number): readonly Gap[] {
  const { begunAt } = observation
  if (begunAt === null) return []
  return runsOf(observation.intervals).flatMap((run) => gapOf(run, { ...observation, begunAt }, now))
}

function runsOf(intervals: readonly ObservedInterval[]): readonly (readonly ObservedInterval[])[] {
  const runs: ObservedInterval[][] = []
  let isOpen = false
  for (const interval of intervals) {
    if (interval.kind === 'observed') isOpen = false
    else if (isOpen) runs.at(-1)?.push(interval)
    else {
      runs.push([interval])
      isOpen = true
    }
  }
  return runs
}

function gapOf(
  run: readonly ObservedInterval[],
  { begunAt, lastAt, dueAt }: Observation & { readonly begunAt: number },
  now: number,
): readonly Gap[] {
  const from = Math.max(run[0]?.from ?? 0, begunAt)
  const end = run.at(-1)?.to ?? from
  const isOpen = end >= now && now > (dueAt ?? 0)
  // A lone heartbeat ends a gap, also before a second one vouches for the time after it.
  const to = isOpen ? now : end >= now ? Math.min(lastAt ?? end, now) : end
  if (to <= from) return []
  const parts = (kind: ObservedInterval['kind']): readonly Interval[] =>
    intersect(
      run.filter((part) => part.kind === kind),
      [{ from, to }],
    )
  const [backfilled, unobserved, lost] = [parts('backfilled'), parts('unobserved'), parts('lost')]
  const state = isOpen ? 'open' : unobserved.length > 0 ? 'closed' : lost.length > 0 ? 'lost' : 'backfilled'
  return [{ from, to: isOpen ? null : to, state, backfilled, unobserved, lost }]
}
