import type { Json } from '@countersign/verify'
import { z } from 'zod'
import type { Backfill } from '../gaps/observation.ts'
import { memory, moment, name, readPredicate, secondsOf, stamp } from './predicate-fields.ts'

/** The predicate type of asking a source afterwards; docs/formats/backfill.md describes it. */
export const BACKFILL = 'https://countersign.dev/attestation/backfill/v1'

export const SourceBackfill = z
  .object({
    source: name,
    observer: name,
    from: moment,
    to: moment,
    at: moment,
    memory,
    /** How many facts were found and recorded, each marked as backfilled. */
    found: z.int().min(0),
    ...stamp,
  })
  .readonly()
export type SourceBackfill = z.infer<typeof SourceBackfill>

/** Reads a predicate as a backfill. Throws `EvidenceError` `malformed_document`. */
export function parseSourceBackfill(predicate: Json): SourceBackfill {
  return readPredicate('backfill', SourceBackfill, predicate)
}

/** What the judge of observation takes. */
export function backfillOf({ from, to, at, memory: reach, recordedAt }: SourceBackfill): Backfill {
  return {
    ...{ from: secondsOf(from), to: secondsOf(to), at: secondsOf(at) },
    ...{ memory: reach, recordedAt: secondsOf(recordedAt) },
  }
}
