import { type EnvelopeKey, EvidenceError, type Json } from '@countersign/verify'
import { BACKFILL, backfillOf, parseSourceBackfill } from '../judge/evidence-types/backfill.ts'
import { OBSERVATION_GAP, type ObservationGap, parseObservationGap } from '../judge/evidence-types/observation-gap.ts'
import { momentOf, secondsOf } from '../judge/evidence-types/predicate-fields.ts'
import {
  heartbeatOf,
  MAX_SILENCE_SECONDS,
  parseSourceHeartbeat,
  SOURCE_HEARTBEAT,
} from '../judge/evidence-types/source-heartbeat.ts'
import { stampOf } from '../judge/evidence-types/statement-controls.ts'
import { findGaps, type Gap } from '../judge/gaps/find-gaps.ts'
import { type HorizonWarning, watchHorizon } from '../judge/gaps/horizon.ts'
import type { Interval } from '../judge/gaps/intervals.ts'
import { CLOCK_TOLERANCE, judgeObservation, type Observation, type Sightings } from '../judge/gaps/observation.ts'
import { sourceTerm } from '../judge/intake/subject-terms.ts'
import { appendStatements, type NewStatement, newStatement, openStatement, sourceSubject } from './append-statement.ts'
import { EvidenceLogError, type EvidenceQuery } from './ports/evidence-log.ts'
import type { SourceParts } from './record-heartbeat.ts'

/** Which source is looked at, from when; times are Unix seconds, `now` by our clock. */
export interface GapRequest {
  readonly source: string
  readonly from: number
  readonly now: number
}

/** What gaps are found with; the keys are those that may have signed what is in the log. */
export interface GapParts extends SourceParts {
  readonly envelopeKeys: readonly EnvelopeKey[]
}

/** How a source was observed, what became of each gap, and what will soon be lost. */
export interface FoundGaps {
  readonly observation: Observation
  readonly gaps: readonly Gap[]
  readonly warnings: readonly HorizonWarning[]
  /** How many statements were recorded: nothing is recorded twice. */
  readonly recorded: number
  /** Entries about the source that cannot be read; they count for nothing. */
  readonly unreadable: readonly number[]
}

/**
 * Finds where a source was not observed, and records each gap when it opens, when it ends, when it was backfilled, when what is missing can
 * no longer be had, and when heartbeats that were delivered late take it back.
 *
 * Rejects with `Problem` `evidence_damaged`, and as the methods of `EvidenceLog` do.
 */
export async function findSourceGaps(request: GapRequest, parts: GapParts): Promise<FoundGaps> {
  const { source, from, now } = request
  const unreadable: number[] = []
  const sightings = await readSightings(request, parts, unreadable)
  const begun = sightings.heartbeats.reduce((least, { at }) => Math.min(least, at), from)
  const observation = judgeObservation(sightings, { from: begun, to: now }, now)
  const gaps = findGaps(observation, now).filter(({ to }) => (to ?? now) > from)
  const warnings = watchHorizon(observation, now)
  const recorded = await readGaps(source, parts, unreadable)
  const news = gaps.flatMap((gap) => {
    const before = recorded.get(gap.from)
    return before?.newest.state === gap.state && before.newest.to === timeOf(gap.to)
      ? []
      : [statementOf(source, predicateOf(gap, lossOf(gap, observation)), before?.count ?? 0, now, parts)]
  })
  const withdrawn = [...recorded.values()].flatMap(({ newest, count }) => {
    const isCovered = secondsOf(newest.from) >= from && !gaps.some((gap) => timeOf(gap.from) === newest.from)
    if (newest.state === 'withdrawn' || !isCovered) return []
    const taken = { ...newest, to: newest.to ?? momentOf(now), state: 'withdrawn' as const, lossAt: null }
    return [statementOf(source, { ...taken, backfilled: [], unobserved: [], lost: [] }, count, now, parts)]
  })
  const count = await record([...news, ...withdrawn], parts)
  return { observation, gaps, warnings, recorded: count, unreadable }
}

/** The heartbeats that can say something about the time from `from` on, and the one before them, with which a gap may have begun. */
async function readSightings({ source, from }: GapRequest, parts: GapParts, unreadable: number[]): Promise<Sightings> {
  const beats = { type: SOURCE_HEARTBEAT, subject: sourceTerm(source) }
  const begin = momentOf(Math.max(0, from - MAX_SILENCE_SECONDS))
  const before: EvidenceQuery = { ...beats, recordedBefore: begin, order: 'newest-first', limit: 1 }
  const fills = { type: BACKFILL, subject: sourceTerm(source) }
  const since = momentOf(Math.max(0, from - CLOCK_TOLERANCE))
  return {
    heartbeats: [
      ...(await readAll(before, parseSourceHeartbeat, parts, unreadable)),
      ...(await readAll({ ...beats, recordedFrom: begin }, parseSourceHeartbeat, parts, unreadable)),
    ]
      .filter((one) => one.source === source)
      .map(heartbeatOf),
    backfills: (await readAll({ ...fills, recordedFrom: since }, parseSourceBackfill, parts, unreadable))
      .filter((one) => one.source === source)
      .map(backfillOf),
  }
}

interface RecordedGap {
  readonly newest: ObservationGap
  readonly count: number
}

/** What was recorded of each gap, by when it began: the newest statement, and how many there are. */
async function readGaps(
  source: string,
  parts: GapParts,
  unreadable: number[],
): Promise<ReadonlyMap<number, RecordedGap>> {
  const query = { type: OBSERVATION_GAP, subject: sourceTerm(source) }
  const found = new Map<number, RecordedGap>()
  for (const newest of await readAll(query, parseObservationGap, parts, unreadable)) {
    const from = secondsOf(newest.from)
    if (newest.source === source) found.set(from, { newest, count: (found.get(from)?.count ?? 0) + 1 })
  }
  return found
}

async function readAll<T>(
  query: EvidenceQuery,
  parse: (predicate: Json) => T,
  { log, envelopeKeys }: GapParts,
  unreadable: number[],
): Promise<readonly T[]> {
  const found: T[] = []
  for await (const { index } of log.find(query)) {
    for await (const { entry } of log.entries(index, index + 1)) {
      const { predicate } = openStatement(index, entry, envelopeKeys)
      try {
        found.push(parse(predicate))
      } catch (error) {
        if (!(error instanceof EvidenceError)) throw error
        unreadable.push(index)
      }
    }
  }
  return found
}

/** When the source will have forgotten the first of what can still be had; null where that cannot be told. */
function lossOf({ unobserved: [first] }: Gap, { memory }: Observation): number | null {
  return first === undefined || memory?.kind !== 'time' ? null : first.from + memory.seconds
}

type GapContent = Omit<ObservationGap, 'source' | 'controls' | 'mapping' | 'recordedAt'>

function predicateOf(gap: Gap, lossAt: number | null): GapContent {
  const times = (parts: readonly Interval[]) =>
    parts.map(({ from, to }) => ({ from: momentOf(from), to: momentOf(to) }))
  return {
    ...{ from: momentOf(gap.from), to: timeOf(gap.to), state: gap.state, lossAt: timeOf(lossAt) },
    ...{ backfilled: times(gap.backfilled), unobserved: times(gap.unobserved), lost: times(gap.lost) },
  }
}

function statementOf(source: string, gap: GapContent, before: number, now: number, parts: GapParts): NewStatement {
  const predicate = { ...gap, source, ...stampOf(OBSERVATION_GAP, now, parts) }
  // Two that look at the same time find the same, and one of them is enough.
  const key = `observation-gap ${source} ${gap.from} ${before}`
  return newStatement({ subject: [sourceSubject(source)], predicateType: OBSERVATION_GAP, predicate }, key)
}

/** Records one by one, because another process may have recorded some of it. Returns how many are new. */
async function record(statements: readonly NewStatement[], parts: GapParts): Promise<number> {
  let count = 0
  for (const statement of statements) {
    try {
      const [receipt] = await appendStatements([statement], parts)
      if (receipt?.isDuplicate === false) count += 1
    } catch (error) {
      if (!(error instanceof EvidenceLogError && error.code === 'duplicate_differs')) throw error
    }
  }
  return count
}

function timeOf(unixSeconds: number | null): string | null {
  return unixSeconds === null ? null : momentOf(unixSeconds)
}
