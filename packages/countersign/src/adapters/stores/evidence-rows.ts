import type { EvidenceQuery, EvidenceTerms } from '../../workflows/ports/evidence-log.ts'
import { LogStoreError } from '../../workflows/ports/log-store.ts'

/** Reads terms from their JSON. `place` says in an error which they were. Throws {@link LogStoreError} `store_corrupt`. */
export function parseTerms(place: string, text: string): EvidenceTerms {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    value = null
  }
  if (isTerms(value)) return value
  throw new LogStoreError('store_corrupt', `the terms of evidence ${place} are none`)
}

function isTerms(value: unknown): value is EvidenceTerms {
  if (typeof value !== 'object' || value === null) return false
  const terms = value as Partial<EvidenceTerms>
  return (
    [terms.digest, terms.type, terms.source, terms.recordedAt, terms.retention].every(isText) &&
    [terms.idempotencyKey, terms.occurredAt].every((one) => one === null || isText(one)) &&
    [terms.subjects, terms.controls].every((list) => Array.isArray(list) && list.every(isText)) &&
    terms.summary !== undefined
  )
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

/** Whether a query wants a row. */
export function isWanted(terms: EvidenceTerms, query: EvidenceQuery): boolean {
  const { digest, idempotencyKey, type, subject, control, source, recordedFrom, recordedBefore } = query
  return (
    (digest === undefined || terms.digest === digest) &&
    (idempotencyKey === undefined || terms.idempotencyKey === idempotencyKey) &&
    (type === undefined || terms.type === type) &&
    (subject === undefined || terms.subjects.includes(subject)) &&
    (control === undefined || terms.controls.includes(control)) &&
    (source === undefined || terms.source === source) &&
    (recordedFrom === undefined || terms.recordedAt >= recordedFrom) &&
    (recordedBefore === undefined || terms.recordedAt < recordedBefore)
  )
}
