import type { EvidenceQuery, IndexedTerms } from '../../../workflows/ports/evidence-log.ts'
import type { Connections } from './connections.ts'
import { isWanted, type TermColumns, termsOfRow } from './evidence-rows.ts'
import type { SchemaShape } from './schema-tables.ts'
import { blockPage, type StoreStatements } from './statements.ts'
import { keysAskedFor, knownKeysOf } from './term-keys.ts'

/** Where a search looks. */
export interface FindGround {
  readonly shape: SchemaShape
  readonly connections: Connections
  readonly statements: StoreStatements
}

/**
 * What matches a query, in its order. Read in pages, none of which holds a connection while somebody looks at it: rows never change,
 * so pages of different moments fit together.
 */
export async function* findRows(ground: FindGround, query: EvidenceQuery): AsyncGenerator<IndexedTerms> {
  let left = query.limit ?? Number.POSITIVE_INFINITY
  if (left <= 0) return
  for await (const page of pagesOf(ground, query)) {
    for (const found of inOrder(page.map(termsOfRow), query)) {
      if (!isWanted(found.terms, query) || !isBehind(found.index, query)) continue
      yield found
      left -= 1
      if (left <= 0) return
    }
  }
}

const FIRST_BLOCKS = 2
const MOST_BLOCKS = 64
const MOST_ROWS = 512

type Page = readonly TermColumns[]

/** How far the record and its index reach when the search begins. */
interface Reach {
  readonly size: number
  /** Where the rows begin that the index does not hold yet. */
  readonly border: number
}

async function* pagesOf(ground: FindGround, query: EvidenceQuery): AsyncGenerator<Page> {
  const { connections, statements, shape } = ground
  const { digest, idempotencyKey } = query
  if (digest !== undefined || idempotencyKey !== undefined) {
    const keys = digest !== undefined ? knownKeysOf([digest], []) : knownKeysOf([], [idempotencyKey ?? ''])
    yield await connections.read<TermColumns>(statements.known, [keys])
    return
  }
  const isPlain = query.recordedFrom === undefined && query.recordedBefore === undefined
  if (isPlain && keysAskedFor(query).length === 0) return yield* plainPages(ground, query)
  const [row] = await connections.read<{ size: string | null; sealed: string }>(statements.sealed, [])
  const reach = { size: Number(row?.size ?? 0), border: Number(row?.sealed ?? 0) * shape.blockRows }
  if (query.order === 'newest-first') {
    yield* unsealedPages(ground, reach, query)
    yield* sealedPages(ground, reach, query)
  } else {
    yield* sealedPages(ground, reach, query)
    yield* unsealedPages(ground, reach, query)
  }
}

/** Rows as they come, for whoever asks for nothing in particular. */
async function* plainPages({ connections, statements }: FindGround, query: EvidenceQuery): AsyncGenerator<Page> {
  const { after, order, limit } = query
  const isNewestFirst = order === 'newest-first'
  const most = Math.min(limit ?? MOST_ROWS, MOST_ROWS)
  let [first, last] = [0, Number.MAX_SAFE_INTEGER]
  if (after !== undefined && isNewestFirst) last = after - 1
  if (after !== undefined && !isNewestFirst) first = after + 1
  for (;;) {
    const statement = isNewestFirst ? statements.backward : statements.forward
    const page = await connections.read<TermColumns>(statement, [first, last, most])
    yield page
    const end = page.at(-1)?.seq
    if (end === undefined || page.length < most) return
    if (isNewestFirst) last = Number(end) - 1
    else first = Number(end) + 1
  }
}

async function* unsealedPages(
  { connections, statements }: FindGround,
  { size, border }: Reach,
  { after, order }: EvidenceQuery,
): AsyncGenerator<Page> {
  const starts: number[] = []
  for (let start = border; start < size; start += MOST_ROWS) starts.push(start)
  for (const start of order === 'newest-first' ? starts.toReversed() : starts) {
    const end = Math.min(start + MOST_ROWS, size)
    const isBefore = after !== undefined && (order === 'newest-first' ? start >= after : end - 1 <= after)
    if (!isBefore) yield await connections.read<TermColumns>(statements.forward, [start, end - 1, MOST_ROWS])
  }
}

/** The rows of the blocks that the index knows, few blocks in the first page and more in every further one. */
async function* sealedPages(
  { shape, connections }: FindGround,
  { border }: Reach,
  query: EvidenceQuery,
): AsyncGenerator<Page> {
  const { after, order, recordedFrom, recordedBefore, limit } = query
  const isNewestFirst = order === 'newest-first'
  const keys = keysAskedFor(query)
  const isFiltered = keys.length > 1 || recordedFrom !== undefined || recordedBefore !== undefined
  const most = isFiltered ? MOST_ROWS : Math.min(limit ?? MOST_ROWS, MOST_ROWS)
  const statement = blockPage(shape, {
    isNewestFirst,
    keys: keys.length,
    hasFrom: recordedFrom !== undefined,
    hasBefore: recordedBefore !== undefined,
  })
  let [first, last] = [0, border - 1]
  if (after !== undefined && isNewestFirst) last = Math.min(last, after - 1)
  if (after !== undefined && !isNewestFirst) first = Math.max(first, after + 1)
  for (let blocks = FIRST_BLOCKS; first <= last; blocks = Math.min(2 * blocks, MOST_BLOCKS)) {
    const values = [first, last, blocks, most, recordedFrom ?? null, recordedBefore ?? null, ...keys]
    const page = await connections.read<TermColumns>(statement, values)
    const end = page.at(-1)?.seq
    // At least two blocks are looked at, and only in the first can all rows lie before the cursor.
    if (end === undefined) return
    yield page
    if (isNewestFirst) last = Number(end) - 1
    else first = Number(end) + 1
  }
}

function inOrder(rows: readonly IndexedTerms[], { order }: EvidenceQuery): readonly IndexedTerms[] {
  return rows.toSorted((a, b) => (order === 'newest-first' ? b.index - a.index : a.index - b.index))
}

function isBehind(index: number, { after, order }: EvidenceQuery): boolean {
  if (after === undefined) return true
  return order === 'newest-first' ? index < after : index > after
}
