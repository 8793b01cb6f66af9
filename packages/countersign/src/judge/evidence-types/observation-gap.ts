import type { Json } from '@countersign/verify'
import { z } from 'zod'
import { moment, name, readPredicate, stamp } from './predicate-fields.ts'

/** The predicate type of a gap; docs/formats/observation-gap.md describes it. */
export const OBSERVATION_GAP = 'https://countersign.dev/attestation/observation-gap/v1'

const interval = z.object({ from: moment, to: moment })

export const ObservationGap = z
  .object({
    source: name,
    from: moment,
    /** Null while it lasts. */
    to: moment.nullable(),
    /** `withdrawn`: heartbeats that came later cover it. The newest statement about a source and `from` holds. */
    state: z.enum(['open', 'closed', 'backfilled', 'lost', 'withdrawn']),
    backfilled: z.array(interval),
    unobserved: z.array(interval),
    lost: z.array(interval),
    /** When the source will have forgotten the first of what is unobserved; null where that cannot be told, or nothing is. */
    lossAt: moment.nullable(),
    ...stamp,
  })
  .refine(({ state, to }) => (state === 'open') === (to === null), {
    path: ['to'],
    error: 'must be null for an open gap and for no other',
  })
  .readonly()
export type ObservationGap = z.infer<typeof ObservationGap>

/** Reads a predicate as a gap. Throws `EvidenceError` `malformed_document`. */
export function parseObservationGap(predicate: Json): ObservationGap {
  return readPredicate('observation-gap', ObservationGap, predicate)
}
