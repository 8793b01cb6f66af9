import { hash } from 'node:crypto'
import type { EvidenceQuery, EvidenceTerms } from '../../workflows/ports/evidence-log.ts'

/** The keys that a row is indexed by, each once. Digest and idempotency key are looked up elsewhere: {@link knownKeysOf}. */
export function indexKeysOf({ type, source, subjects, controls }: EvidenceTerms): readonly number[] {
  const keys = [keyOf('type', type), keyOf('source', source)]
  for (const subject of subjects) keys.push(keyOf('subject', subject))
  for (const control of controls) keys.push(keyOf('control', control))
  return [...new Set(keys)]
}

/** The index keys that a query asks for, the one that most likely finds fewest rows first. */
export function keysAskedFor({ subject, source, control, type }: EvidenceQuery): readonly number[] {
  const asked = [
    ['subject', subject],
    ['source', source],
    ['control', control],
    ['type', type],
  ] as const
  return asked.flatMap(([kind, value]) => (value === undefined ? [] : [keyOf(kind, value)]))
}

/** The keys under which a row's digest and idempotency key are known. */
export function knownKeysOf(digests: readonly string[], idempotencyKeys: readonly string[]): readonly number[] {
  return [...digests.map(digestKey), ...idempotencyKeys.map((key) => keyOf('key', key))]
}

/** What an idempotency key is compared by in a database: PostgreSQL's text holds no NUL, and neither it nor UTF-8 half a surrogate pair. */
export function idempotencyHash(key: string): Buffer {
  return hash('sha256', JSON.stringify(key), 'buffer')
}

/** The key of a term: the first 52 bits of its SHA-256, which a JavaScript number holds. Rows tell apart what shares one. */
function keyOf(kind: 'key' | 'subject' | 'source' | 'control' | 'type', value: string): number {
  const text = `${kind}:${value}`
  const known = recent.get(text)
  if (known !== undefined) return known
  const key = digestKey(hash('sha256', text, 'hex'))
  if (recent.size >= MOST_RECENT) recent.clear()
  recent.set(text, key)
  return key
}

function digestKey(digest: string): number {
  return Number.parseInt(digest.slice(0, 13), 16)
}

const recent = new Map<string, number>()
const MOST_RECENT = 4_096
