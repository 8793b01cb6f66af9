import type { DatabaseSync } from 'node:sqlite'
import type { EvidenceQuery, IndexedTerms } from '../../../workflows/ports/evidence-log.ts'
import { isWanted, type TermColumns, termsOfRow } from './evidence-rows.ts'
import { guarded } from './sqlite-errors.ts'
import { keysAskedFor } from './term-keys.ts'

/**
 * What matches a query, in its order. Read in pages, none of which holds the database while somebody looks at it: rows never change,
 * so pages of different moments fit together.
 */
export async function* findRows(db: () => DatabaseSync, query: EvidenceQuery): AsyncGenerator<IndexedTerms> {
  const isNewestFirst = query.order === 'newest-first'
  let left = query.limit ?? Number.POSITIVE_INFINITY
  let after = query.after ?? (isNewestFirst ? Number.MAX_SAFE_INTEGER : -1)
  while (left > 0) {
    const page = guarded(() => readPage(db(), query, after))
    for (const row of page.rows) {
      const found = guarded(() => termsOfRow(row))
      if (!isWanted(found.terms, query)) continue
      if (left-- <= 0) return
      yield found
    }
    if (page.next === null) return
    after = page.next
  }
}

const PAGE = 256

interface Page {
  readonly rows: readonly TermColumns[]
  /** Where the next page goes on; null behind the last. */
  readonly next: number | null
}

/** One page behind a place: rows below `indexed` by the index, those above by looking through them. */
function readPage(db: DatabaseSync, query: EvidenceQuery, after: number): Page {
  const indexed = Number(db.prepare('SELECT indexed FROM head').get()?.['indexed'] ?? 0)
  const [from, to] = boundsOf(db, query, indexed)
  const isNewestFirst = query.order === 'newest-first'
  const first = isNewestFirst ? from : Math.max(from, after + 1)
  const last = isNewestFirst ? Math.min(to, after - 1) : to
  const keys = keysAskedFor(query)
  const parts = [
    { first, last: Math.min(last, indexed - 1), keys },
    { first: Math.max(first, indexed), last, keys: [] },
  ]
  for (const part of isNewestFirst ? parts.toReversed() : parts) {
    if (part.first > part.last) continue
    const rows = readPart(db, part, isNewestFirst)
    const end = rows.at(-1)?.seq
    if (end !== undefined && rows.length === PAGE) return { rows, next: end }
    const isLastPart = part === (isNewestFirst ? parts[0] : parts[1])
    const border = isNewestFirst ? indexed : indexed - 1
    if (rows.length > 0) return { rows, next: isLastPart ? null : border }
  }
  return { rows: [], next: null }
}

interface Part {
  readonly first: number
  readonly last: number
  readonly keys: readonly number[]
}

function readPart(db: DatabaseSync, { first, last, keys }: Part, isNewestFirst: boolean): readonly TermColumns[] {
  const order = isNewestFirst ? 'DESC' : 'ASC'
  const columns = 'e.seq, e.digest, e.idem_key, e.recorded_at, e.terms'
  if (keys.length === 0) {
    const sql = `SELECT ${columns} FROM evidence e WHERE e.seq BETWEEN ? AND ? ORDER BY e.seq ${order} LIMIT ${PAGE}`
    return db.prepare(sql).all(first, last) as unknown as readonly TermColumns[]
  }
  // CROSS JOIN keeps SQLite from beginning with the larger of the two.
  const others = keys.slice(1).map(() => 'AND EXISTS (SELECT 1 FROM term o WHERE o.hash = ? AND o.seq = t.seq)')
  const sql = `SELECT ${columns} FROM term t CROSS JOIN evidence e ON e.seq = t.seq
    WHERE t.hash = ? AND t.seq BETWEEN ? AND ? ${others.join(' ')} ORDER BY t.seq ${order} LIMIT ${PAGE}`
  const [key = 0, ...rest] = keys
  return db.prepare(sql).all(key, first, last, ...rest) as unknown as readonly TermColumns[]
}

/** Between which places rows of the asked for time can lie: first and last. */
function boundsOf(db: DatabaseSync, query: EvidenceQuery, indexed: number): readonly [first: number, last: number] {
  const { recordedFrom, recordedBefore } = query
  let [first, last] = [0, Number.MAX_SAFE_INTEGER]
  if (recordedFrom !== undefined) {
    const row = db.prepare('SELECT min(first) AS place FROM span WHERE recorded_max >= ?').get(recordedFrom)
    first = Number(row?.['place'] ?? indexed)
  }
  if (recordedBefore !== undefined) {
    const row = db.prepare('SELECT max(last) AS place FROM span WHERE recorded_min < ?').get(recordedBefore)
    const tail = db
      .prepare('SELECT 1 FROM evidence WHERE seq >= ? AND recorded_at < ? LIMIT 1')
      .get(indexed, recordedBefore)
    if (tail === undefined) last = Number(row?.['place'] ?? -1)
  }
  return [first, last]
}
