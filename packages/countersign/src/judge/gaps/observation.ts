import { type Interval, intersect, subtract, unite } from './intervals.ts'
import type { SourceMemory } from './loss-clocks.ts'

/** A sign of life of whoever observes a source. Times are Unix seconds, by the observer's clock but for `recordedAt`. */
export interface Heartbeat {
  readonly observer: string
  /** Since when the source has been observed without a break. */
  readonly since: number
  readonly at: number
  /** The next heartbeat comes within so many seconds; later ones do not vouch for the time before them. */
  readonly within: number
  readonly memory: SourceMemory
  /** When it was recorded, by our clock. */
  readonly recordedAt: number
}

/** What was asked of a source afterwards, because nobody had looked when it happened. */
export interface Backfill extends Interval {
  /** When the source was asked, by the observer's clock. */
  readonly at: number
  readonly memory: SourceMemory
  readonly recordedAt: number
}

/** All that was recorded about the observation of one source, in the order of the log. */
export interface Sightings {
  readonly heartbeats: readonly Heartbeat[]
  readonly backfills: readonly Backfill[]
}

/**
 * What is known about a stretch of time. `observed`: somebody looked as it happened. `backfilled`: the source was asked afterwards.
 * `unobserved`: neither, and the source may still be asked. `lost`: neither, and the source has forgotten it.
 */
export type ObservationKind = 'observed' | 'backfilled' | 'unobserved' | 'lost'

export interface ObservedInterval extends Interval {
  readonly kind: ObservationKind
}

/** A record that counts for nothing, or for less than it claims. */
export interface ObservationFault {
  readonly code:
    | 'heartbeat_in_future'
    | 'heartbeat_reversed'
    | 'clock_backwards'
    | 'backfill_in_future'
    | 'backfill_reversed'
    | 'backfill_overreaches'
  /** The time that the record claims. */
  readonly at: number
  readonly observer: string | null
}

/** How a source was observed over a period: the intervals cover it without gaps or overlaps, in order. */
export interface Observation {
  readonly intervals: readonly ObservedInterval[]
  readonly faults: readonly ObservationFault[]
  /** The first time that anything is known of; null where there is no heartbeat that counts. */
  readonly begunAt: number | null
  /** The newest sign of life, and when silence after it becomes a gap; null where there is no heartbeat that counts. */
  readonly lastAt: number | null
  readonly dueAt: number | null
  /** As the newest heartbeat says it; null where there is none. */
  readonly memory: SourceMemory | null
}

/** How far an observer's clock may be ahead of ours, in seconds. */
export const CLOCK_TOLERANCE = 120

/**
 * What is known at `now` about the observation of a source over a period. What was recorded later than `now` is not looked at.
 *
 * A heartbeat vouches for the time since the one before it of the same observer, or since its watch began if that is later, and only
 * where that is no longer than it promised. A clock that jumps back takes with it what it had vouched for beyond.
 */
export function judgeObservation(sightings: Sightings, period: Interval, now: number): Observation {
  const { counted, claims, faults } = readHeartbeats(sightings.heartbeats.filter((one) => one.recordedAt <= now))
  const asked = readBackfills(
    sightings.backfills.filter((one) => one.recordedAt <= now),
    counted,
  )
  const whole = [period]
  const past = [{ from: period.from, to: Math.min(period.to, now) }]
  const observed = intersect(past, claims)
  const backfilled = subtract(intersect(past, asked.believed), observed)
  const missing = subtract(subtract(whole, observed), backfilled)
  const forgotten = [{ from: Number.NEGATIVE_INFINITY, to: forgottenBefore(counted, now) }]
  const kinds: readonly (readonly [ObservationKind, readonly Interval[]])[] = [
    ['observed', observed],
    ['backfilled', backfilled],
    ['lost', intersect(missing, forgotten)],
    ['unobserved', subtract(missing, forgotten)],
  ]
  const intervals = kinds.flatMap(([kind, parts]) => parts.map(({ from, to }) => ({ kind, from, to })))
  const newest = newestOf(counted)
  return {
    intervals: intervals.sort((a, b) => a.from - b.from),
    faults: [...faults, ...asked.faults],
    begunAt:
      newest === undefined
        ? null
        : counted.reduce((least, { at }) => Math.min(least, at), claims[0]?.from ?? newest.at),
    lastAt: newest?.at ?? null,
    dueAt: newest === undefined ? null : counted.reduce((due, { at, within }) => Math.max(due, at + within), newest.at),
    memory: newest?.memory ?? null,
  }
}

interface ReadHeartbeats {
  readonly counted: readonly Heartbeat[]
  readonly claims: readonly Interval[]
  readonly faults: readonly ObservationFault[]
}

function readHeartbeats(heartbeats: readonly Heartbeat[]): ReadHeartbeats {
  const faults: ObservationFault[] = []
  const byObserver = new Map<string, { last: Heartbeat; counted: Heartbeat[]; claims: Interval[] }>()
  for (const beat of heartbeats) {
    const { observer, at, since, within } = beat
    const fault = faultOf(beat)
    if (fault !== null) {
      faults.push({ code: fault, at, observer })
      continue
    }
    const before = byObserver.get(observer)
    const state = before ?? { last: beat, counted: [], claims: [] }
    if (before !== undefined && at < before.last.at) {
      faults.push({ code: 'clock_backwards', at, observer })
      state.claims = state.claims.map(({ from, to }) => ({ from, to: Math.min(to, at) }))
      state.counted = state.counted.filter((one) => one.at <= at)
    } else {
      const from = before === undefined ? since : Math.max(since, before.last.at)
      if (at - from <= within) state.claims.push({ from, to: at })
    }
    state.last = beat
    state.counted.push(beat)
    byObserver.set(observer, state)
  }
  const states = [...byObserver.values()]
  return {
    counted: states.flatMap(({ counted }) => counted),
    claims: unite(states.flatMap(({ claims }) => claims)),
    faults,
  }
}

function faultOf({ since, at, recordedAt }: Heartbeat): 'heartbeat_in_future' | 'heartbeat_reversed' | null {
  if (at > recordedAt + CLOCK_TOLERANCE) return 'heartbeat_in_future'
  return since > at ? 'heartbeat_reversed' : null
}

function readBackfills(
  backfills: readonly Backfill[],
  heartbeats: readonly Heartbeat[],
): { readonly believed: readonly Interval[]; readonly faults: readonly ObservationFault[] } {
  const faults: ObservationFault[] = []
  const believed: Interval[] = []
  for (const { from, to, at, memory, recordedAt } of backfills) {
    const note = (code: ObservationFault['code']): void => {
      faults.push({ code, at, observer: null })
    }
    if (at > recordedAt + CLOCK_TOLERANCE) note('backfill_in_future')
    else if (from >= to) note('backfill_reversed')
    else {
      const known = heartbeats.filter((one) => one.at <= at)
      const reach = Math.max(reachOf(memory, at), forgottenBefore(known, at))
      if (from < reach || to > at) note('backfill_overreaches')
      believed.push({ from: Math.max(from, reach), to: Math.min(to, at) })
    }
  }
  return { believed: unite(believed), faults }
}

/** The oldest moment that a source remembers at a time. */
function reachOf(memory: SourceMemory, at: number): number {
  return memory.kind === 'none' ? at : at - memory.seconds
}

/** Up to when a source has forgotten everything, as far as is known; what is once forgotten never comes back. */
function forgottenBefore(heartbeats: readonly Heartbeat[], now: number): number {
  const newest = newestOf(heartbeats)
  if (newest === undefined) return Number.NEGATIVE_INFINITY
  // How fast entries are pushed out while nobody looks is not known.
  const since = newest.memory.kind === 'entries' ? Number.NEGATIVE_INFINITY : reachOf(newest.memory, now)
  return heartbeats.reduce((latest, { memory, at }) => Math.max(latest, reachOf(memory, at)), since)
}

function newestOf(heartbeats: readonly Heartbeat[]): Heartbeat | undefined {
  return heartbeats.reduce<Heartbeat | undefined>(
    (newest, one) => (newest === undefined || one.at >= newest.at ? one : newest),
    undefined,
  )
}
