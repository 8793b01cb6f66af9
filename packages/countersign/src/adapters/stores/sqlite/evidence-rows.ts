import type { EvidenceQuery, EvidenceTerms, IndexedTerms } from '../../../workflows/ports/evidence-log.ts'
import { LogStoreError } from '../../../workflows/ports/log-store.ts'

/** The columns of `evidence` that say what a row is found by. */
export interface TermColumns {
  readonly seq: number
  readonly digest: string
  readonly idem_key: string | null
  readonly recorded_at: string
  readonly terms: string
}

/** What of the terms has no column of its own, as the JSON of a list. */
export function termsText({ type, subjects, controls, source, occurredAt, retention, summary }: EvidenceTerms): string {
  return JSON.stringify([type, subjects, controls, source, occurredAt, retention, summary])
}

/** Reads a row's terms. Throws {@link LogStoreError} `store_corrupt` when they are none. */
export function termsOfRow({ seq, digest, idem_key, recorded_at, terms }: TermColumns): IndexedTerms {
  const parts = parseParts(seq, terms)
  const [type, subjects, controls, source, occurredAt, retention, summary] = parts
  return {
    index: seq,
    terms: {
      digest,
      idempotencyKey: idem_key,
      type,
      subjects,
      controls,
      source,
      occurredAt,
      recordedAt: recorded_at,
      retention,
      summary,
    },
  }
}

type Parts = readonly [
  type: string,
  subjects: readonly string[],
  controls: readonly string[],
  source: string,
  occurredAt: string | null,
  retention: string,
  summary: EvidenceTerms['summary'],
]

function parseParts(seq: number, text: string): Parts {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    value = null
  }
  if (isParts(value)) return value
  throw new LogStoreError('store_corrupt', `the terms of evidence ${seq} are none`)
}

function isParts(value: unknown): value is Parts {
  if (!Array.isArray(value) || value.length !== 7) return false
  const [type, subjects, controls, source, occurredAt, retention] = value
  return (
    [type, source, retention].every(isText) &&
    (occurredAt === null || isText(occurredAt)) &&
    [subjects, controls].every((list) => Array.isArray(list) && list.every(isText))
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
