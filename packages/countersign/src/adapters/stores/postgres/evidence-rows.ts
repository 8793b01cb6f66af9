import type { EvidenceQuery, EvidenceTerms, IndexedTerms } from '../../../workflows/ports/evidence-log.ts'
import { LogStoreError } from '../../../workflows/ports/log-store.ts'

/** The columns of `evidence` that say what a row is found by, as the driver gives them. */
export interface TermColumns {
  readonly seq: string
  readonly digest: Buffer
  readonly recorded_at: string
  readonly terms: string
}

/** What of the terms has no column of its own, as JSON. JSON, because PostgreSQL's text holds no NUL. */
export function termsText({ digest: _, recordedAt: __, ...rest }: EvidenceTerms): string {
  return JSON.stringify(rest)
}

/** Reads a row's terms. Throws {@link LogStoreError} `store_corrupt` when they are none. */
export function termsOfRow({ seq, digest, recorded_at, terms }: TermColumns): IndexedTerms {
  const rest = parseRest(seq, terms)
  return { index: Number(seq), terms: { ...rest, digest: digest.toString('hex'), recordedAt: recorded_at } }
}

/** Reads terms that are JSON as a whole. Throws {@link LogStoreError} `store_corrupt` when they are none. */
export function parseTerms(place: string, text: string): EvidenceTerms {
  const terms = parseRest(place, text)
  if ('digest' in terms && isText(terms.digest) && 'recordedAt' in terms && isText(terms.recordedAt)) {
    return { ...terms, digest: terms.digest, recordedAt: terms.recordedAt }
  }
  throw notTerms(place)
}

type Rest = Omit<EvidenceTerms, 'digest' | 'recordedAt'>

function parseRest(place: string, text: string): Rest {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw notTerms(place)
  }
  if (isRest(value)) return value
  throw notTerms(place)
}

function notTerms(place: string): LogStoreError {
  return new LogStoreError('store_corrupt', `the terms of evidence ${place} are none`)
}

function isRest(value: unknown): value is Rest {
  if (typeof value !== 'object' || value === null) return false
  const { idempotencyKey, type, subjects, controls, source, occurredAt, retention, summary } = value as Partial<Rest>
  return (
    [type, source, retention].every(isText) &&
    [idempotencyKey, occurredAt].every((one) => one === null || isText(one)) &&
    [subjects, controls].every((list) => Array.isArray(list) && list.every(isText)) &&
    summary !== undefined
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
