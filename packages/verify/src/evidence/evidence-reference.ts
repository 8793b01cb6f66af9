import type { Json } from '../bytes/canonical-json.ts'
import { count, digest, record } from './shape.ts'

/**
 * The predicate type of an entry that stands for an envelope too long for a log entry: it names the envelope by digest.
 * docs/formats/evidence-reference.md describes it.
 */
export const EVIDENCE_REFERENCE = 'https://countersign.dev/attestation/evidence-reference/v1'

/** The envelope that an entry stands for. */
export interface EvidenceReference {
  readonly envelope: { readonly sha256: string; readonly size: number }
}

const shape = record<EvidenceReference>({ envelope: record({ sha256: digest, size: count }, 'ignored') }, 'ignored')

/** Reads a predicate as an evidence reference; unknown fields are ignored. Throws {@link EvidenceError} `malformed_document`. */
export function parseEvidenceReference(predicate: Json): EvidenceReference {
  return shape(predicate, 'evidence-reference')
}
