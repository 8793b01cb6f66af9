import { hash } from 'node:crypto'
import type { EvidenceQuery, EvidenceTerms } from '../../workflows/ports/evidence-log.ts'
import type { LogRow } from '../../workflows/ports/log-store.ts'

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

/** The keys under which rows are known. */
export function knownKeysOfRows(rows: readonly LogRow[]): readonly number[] {
  const keys = rows.map(({ terms }) => terms.idempotencyKey).filter((key) => key !== null)
  return knownKeysOf(
    rows.map(({ terms }) => terms.digest),
    keys,
  )
}

/** What an idempotency key is compared by in a database: PostgreSQL's text holds no NUL, and neither it nor UTF-8 half a surrogate pair. */
export function idempotencyHash(key: string): Buffer {
  return hash('sha256', JSON.stringify(key), 'buffer')
}

/** The key of a term: the first 52 bits of its SHA-256, which a JavaScript number holds. Rows tell apart what shares one. */
function keyOf(kind: Kind, value: string): number {
  const known = recent[kind].get(value)
  if (known !== undefined) return known
  const key = digestKey(hash('sha256', `${kind}:${value}`, 'hex'))
  if (recent[kind].size >= MOST_RECENT) recent[kind].clear()
  recent[kind].set(value, key)
  return key
}

function digestKey(digest: string): number {
  return Number.parseInt(digest.slice(0, 13), 16)
}

type Kind = 'key' | 'subject' | 'source' | 'control' | 'type'

// By kind, so that what almost every row has is found without making a text of both.
const recent: Record<Kind, Map<string, number>> = {
  ...{ key: new Map(), subject: new Map(), source: new Map() },
  ...{ control: new Map(), type: new Map() },
}
const MOST_RECENT = 4_096
