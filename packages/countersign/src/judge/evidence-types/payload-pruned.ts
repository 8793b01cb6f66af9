import type { Json } from '@countersign/verify'
import { z } from 'zod'
import { moment, name, readPredicate, sha256, stamp } from './predicate-fields.ts'

/** The predicate type of a tombstone; docs/formats/payload-pruned.md describes it. */
export const PAYLOAD_PRUNED = 'https://countersign.dev/attestation/payload-pruned/v1'

const entry = z.object({ index: z.int().min(0), leafHash: sha256 })

export const PayloadPruned = z
  .object({
    payload: z.object({ sha256, size: z.int().min(0) }),
    /** The retention class that it was kept under: of several, the one that kept it longest. */
    class: name,
    /** `retention`: its time was over. `personal_data`: somebody asked for it to be removed. */
    reason: z.enum(['retention', 'personal_data']),
    /** Who removed it, and, where somebody asked for it, the request. */
    prunedBy: name,
    request: name.nullable(),
    prunedAt: moment,
    /** How many entries of the log name it, and the first and last. Their leaf hashes stay, so what was named can still be proved. */
    namedBy: z.object({ count: z.int().min(1), first: entry, last: entry }),
    ...stamp,
  })
  .refine(({ reason, request }) => reason === 'retention' || request !== null, {
    path: ['request'],
    error: 'must name the request',
  })
  .readonly()
export type PayloadPruned = z.infer<typeof PayloadPruned>

/** Reads a predicate as a tombstone. Throws `EvidenceError` `malformed_document`. */
export function parsePayloadPruned(predicate: Json): PayloadPruned {
  return readPredicate('payload-pruned', PayloadPruned, predicate)
}
