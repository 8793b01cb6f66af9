import { canonicalJson, type Json } from '@countersign/verify'
import type { EvidenceLedger } from './evidence-ledger.ts'
import type { EvidenceLog, EvidenceQuery, EvidenceTerms } from './ports/evidence-log.ts'

/** Something that is wrong with a piece of evidence or what it is found by, and where it lies. */
export interface EvidenceFinding {
  readonly file: string
  readonly code: string
  readonly message: string
}

/**
 * Reads every piece of evidence from a place on, and everything that it names by digest; yields what cannot be read or does not fit its
 * name, and `index_differs` where it is found by anything else than what it says, or is not found by that.
 */
export async function* checkEvidence(
  ledger: EvidenceLedger,
  log: EvidenceLog,
  from = 0,
): AsyncGenerator<EvidenceFinding> {
  const seen = new Set<string>()
  const size = await ledger.size()
  for (let index = from; index < size; index++) {
    const file = `evidence ${index}`
    let terms: EvidenceTerms
    try {
      terms = await checkOne(ledger, index, seen)
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'
      yield { file, code, message: messageOf(error) }
      continue
    }
    const difference = await differenceOf(log, index, terms)
    if (difference !== null) yield { file, code: 'index_differs', message: difference }
  }
}

/** Reads one piece of evidence and what it names. Returns what it must be found by. */
async function checkOne(ledger: EvidenceLedger, index: number, seen: Set<string>): Promise<EvidenceTerms> {
  const { terms, payloads } = await ledger.statement(index)
  for (const digest of payloads.filter((one) => !seen.has(one))) {
    await ledger.blob(digest)
    seen.add(digest)
  }
  return terms
}

/** What is wrong with the index of a piece of evidence; null when it is as it must be. */
async function differenceOf(log: EvidenceLog, index: number, terms: EvidenceTerms): Promise<string | null> {
  try {
    const found = await firstFrom(log, index, {})
    if (found === null) return 'it is not in the index'
    // A key was chosen by whoever recorded it, and stands nowhere else.
    const { idempotencyKey } = found
    if (canonicalJson(found as unknown as Json) !== canonicalJson({ ...terms, idempotencyKey } as unknown as Json)) {
      return 'the index says something else of it'
    }
    for (const [query, name] of queriesFor(found)) {
      if ((await firstFrom(log, index, query)) === null) return `it is not found by its ${name}`
    }
    return null
  } catch (error) {
    return messageOf(error)
  }
}

function queriesFor(terms: EvidenceTerms): readonly (readonly [query: EvidenceQuery, name: string])[] {
  const { digest, idempotencyKey, type, source, subjects, controls, recordedAt } = terms
  return [
    [{ digest }, 'digest'],
    ...(idempotencyKey === null ? [] : ([[{ idempotencyKey }, 'key']] as const)),
    [{ type }, 'type'],
    [{ source }, 'source'],
    [{ recordedFrom: recordedAt }, 'time'],
    [{ recordedBefore: `${recordedAt}~` }, 'time'],
    ...subjects.map((subject) => [{ subject }, `subject ${subject}`] as const),
    ...controls.map((control) => [{ control }, `control ${control}`] as const),
  ]
}

/** The terms of the first that a query finds from a place on; null unless it lies at that very place. */
async function firstFrom(log: EvidenceLog, index: number, query: EvidenceQuery): Promise<EvidenceTerms | null> {
  for await (const found of log.find({ ...query, after: index - 1, limit: 1 })) {
    return found.index === index ? found.terms : null
  }
  return null
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
