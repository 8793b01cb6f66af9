import type { Statement } from '@countersign/verify'
import { describeStatement } from '../judge/intake/describe-statement.ts'
import type { EvidenceTerms } from './ports/evidence-log.ts'

/** What evidence of a known type is found by, and the payloads that belong to it. */
export interface DescribedEvidence {
  readonly terms: EvidenceTerms
  readonly payloads: readonly string[]
}

/**
 * Describes a statement by the digest of its envelope; null for a type that is not known. An idempotency key stands in no statement, so
 * whoever has one gives it. Throws `EvidenceError` as `describeStatement` does.
 */
export function describeEvidence(
  statement: Statement,
  digest: string,
  idempotencyKey: string | null = null,
): DescribedEvidence | null {
  const described = describeStatement(statement)
  return described === null
    ? null
    : { terms: { digest, idempotencyKey, ...described.terms }, payloads: described.payloads }
}
