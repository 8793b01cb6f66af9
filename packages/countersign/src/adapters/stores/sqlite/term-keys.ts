import { hash } from 'node:crypto'
import type { EvidenceQuery, EvidenceTerms } from '../../../workflows/ports/evidence-log.ts'

/** The keys that a row is found by, each once. */
export function keysOf(terms: EvidenceTerms): readonly number[] {
  const keys = [keyOf('digest', terms.digest), keyOf('type', terms.type), keyOf('source', terms.source)]
  if (terms.idempotencyKey !== null) keys.push(keyOf('key', terms.idempotencyKey))
  for (const subject of terms.subjects) keys.push(keyOf('subject', subject))
  for (const control of terms.controls) keys.push(keyOf('control', control))
  return [...new Set(keys)]
}

/** The keys that a query asks for, the one that most likely finds fewest rows first. */
export function keysAskedFor(query: EvidenceQuery): readonly number[] {
  const { digest, idempotencyKey, subject, source, control, type } = query
  const asked = [
    ['digest', digest],
    ['key', idempotencyKey],
    ['subject', subject],
    ['source', source],
    ['control', control],
    ['type', type],
  ] as const
  return asked.flatMap(([kind, value]) => (value === undefined ? [] : [keyOf(kind, value)]))
}

/** The key of one term: the first 48 bits of its SHA-256, which a JavaScript number holds. */
export function keyOf(kind: 'digest' | 'key' | 'subject' | 'source' | 'control' | 'type', value: string): number {
  // A digest is as good a hash as any.
  if (kind === 'digest') return Number.parseInt(value.slice(0, 12), 16)
  const text = `${kind}:${value}`
  const known = recent.get(text)
  if (known !== undefined) return known
  const key = Number.parseInt(hash('sha256', text, 'hex').slice(0, 12), 16)
  if (recent.size >= MOST_RECENT) recent.clear()
  recent.set(text, key)
  return key
}

const recent = new Map<string, number>()
const MOST_RECENT = 4_096
