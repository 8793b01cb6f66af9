import type { Observation } from './observation.ts'

/** Something that will be lost, or may be, unless the source is asked before. Times are Unix seconds. */
export interface HorizonWarning {
  readonly code: /** Less than the given share of the source's memory is left for what was not observed. */
    | 'memory_ends_soon'
    /** The source keeps so many entries and no more: what was not observed may go at any moment. */
    | 'memory_counted_in_entries'
    /** No heartbeat says how far back the source remembers. */
    | 'memory_unknown'
    /** Heartbeats are promised so rarely that a source could forget between two of them. */
    | 'schedule_exceeds_memory'
  readonly from: number
  readonly to: number
  /** When the first of it is forgotten; null where that cannot be told. */
  readonly lossAt: number | null
  readonly leftSeconds: number | null
}

/** The share of a source's memory that is left when it is warned of. */
export const WARN_SHARE = 0.5

/**
 * What is about to be forgotten, so that it can be backfilled in time. For a source that forgets by age a warning is there from the moment
 * when less than `share` of its memory is left until the moment of the loss.
 */
export function watchHorizon(
  { intervals, memory, dueAt }: Observation,
  now: number,
  share: number = WARN_SHARE,
): readonly HorizonWarning[] {
  const unobserved = intervals.filter(({ kind, from }) => kind === 'unobserved' && from < now)
  const warnings = unobserved.flatMap(({ from, to }): readonly HorizonWarning[] => {
    const place = { from, to: Math.min(to, now) }
    const unknown = { ...place, lossAt: null, leftSeconds: null }
    if (memory === null) return [{ code: 'memory_unknown', ...unknown }]
    if (memory.kind === 'entries') return [{ code: 'memory_counted_in_entries', ...unknown }]
    if (memory.kind === 'none') return []
    const lossAt = from + memory.seconds
    const leftSeconds = lossAt - now
    return leftSeconds <= memory.seconds * share ? [{ code: 'memory_ends_soon', ...place, lossAt, leftSeconds }] : []
  })
  const last = intervals.findLast(({ kind }) => kind === 'observed')?.to
  const isTooRare = memory?.kind === 'time' && last !== undefined && dueAt !== null && dueAt - last >= memory.seconds
  if (!isTooRare) return warnings
  const rare = { from: last, to: dueAt, lossAt: last + memory.seconds, leftSeconds: last + memory.seconds - now }
  return [...warnings, { code: 'schedule_exceeds_memory', ...rare }]
}
