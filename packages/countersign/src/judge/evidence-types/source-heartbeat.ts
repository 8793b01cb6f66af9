import type { Json } from '@countersign/verify'
import { z } from 'zod'
import type { Heartbeat } from '../gaps/observation.ts'
import { memory, moment, name, readPredicate, secondsOf, stamp } from './predicate-fields.ts'

/** The predicate type of a sign of life; docs/formats/source-heartbeat.md describes it. */
export const SOURCE_HEARTBEAT = 'https://countersign.dev/attestation/source-heartbeat/v1'

/** The longest that an observer may be silent and still be believed to have looked: a day. */
export const MAX_SILENCE_SECONDS = 86_400

export const SourceHeartbeat = z
  .object({
    source: name,
    observer: name,
    since: moment,
    at: moment,
    within: z.int().min(1).max(MAX_SILENCE_SECONDS),
    memory,
    ...stamp,
  })
  .readonly()
export type SourceHeartbeat = z.infer<typeof SourceHeartbeat>

/** Reads a predicate as a heartbeat. Throws `EvidenceError` `malformed_document`. */
export function parseSourceHeartbeat(predicate: Json): SourceHeartbeat {
  return readPredicate('source-heartbeat', SourceHeartbeat, predicate)
}

/** What the judge of observation takes. */
export function heartbeatOf({ observer, since, at, within, memory: reach, recordedAt }: SourceHeartbeat): Heartbeat {
  return {
    ...{ observer, within, memory: reach },
    ...{ since: secondsOf(since), at: secondsOf(at), recordedAt: secondsOf(recordedAt) },
  }
}
