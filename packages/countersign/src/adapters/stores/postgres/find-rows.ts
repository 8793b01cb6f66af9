import type { EvidenceQuery, IndexedTerms } from '../../../workflows/ports/evidence-log.ts'
import { type TermColumns, unpackTerms } from '../bundles.ts'
import { isWanted } from '../evidence-rows.ts'
import { idempotencyHash, keysAskedFor, knownKeysOf } from '../term-keys.ts'
import { bigintArray, byteaArray } from './binary-arrays.ts'
import type { StoreGround } from './follow-rows.ts'
import { blockPage } from './statements.ts'

/**
 * What matches a query, in its order. Read in pages, none of which holds a connection while somebody looks at it: rows never change,
 * so pages of different moments fit together.
 */
export async function* findRows(ground: StoreGround, query: EvidenceQuery): AsyncGenerator<IndexedTerms> {
  let left = query.limit ?? Number.POSITIVE_INFINITY
  if (left <= 0) return
  let cursor = query
  for await (const page of pagesOf(ground, query)) {
    for (const found of inOrder(page.flatMap(unpackTerms), query)) {
      // A page holds whole blocks, and so rows that were before or that were not asked for.
      if (!isBehind(found.index, cursor)) continue
      cursor = { ...cursor, after: found.index }
      if (!isWanted(found.terms, query)) continue
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

async function* pagesOf(ground: StoreGround, query: EvidenceQuery): AsyncGenerator<Page> {
  const { connections, statements, shape } = ground
  const { digest, idempotencyKey, recordedFrom, recordedBefore } = query
  if (digest !== undefined || idempotencyKey !== undefined) {
    // Of both, the digest alone says enough.
    return yield await readKnown(
      ground,
      digest === undefined ? [] : [digest],
      digest === undefined ? [idempotencyKey ?? ''] : [],
    )
  }
  const [row] = await connections.read<{ size: string | null; sealed: string }>(statements.sealed, [])
  const reach = { size: Number(row?.size ?? 0), border: Number(row?.sealed ?? 0) * shape.blockRows }
  if (recordedFrom === undefined && recordedBefore === undefined && keysAskedFor(query).length === 0) {
    return yield* rangePages(ground, { ...reach, border: 0 }, query)
  }
  if (query.order === 'newest-first') {
    yield* rangePages(ground, reach, query)
    yield* sealedPages(ground, reach, query)
  } else {
    yield* sealedPages(ground, reach, query)
    yield* rangePages(ground, reach, query)
  }
}

/** Every row from the border on, a few blocks a page. */
async function* rangePages(
  { shape, connections, statements }: StoreGround,
  { size, border }: Reach,
  { after, order, limit }: EvidenceQuery,
): AsyncGenerator<Page> {
  const isNewestFirst = order === 'newest-first'
  let [first, last] = [border, size - 1]
  if (after !== undefined && isNewestFirst) last = Math.min(last, after - 1)
  if (after !== undefined && !isNewestFirst) first = Math.max(first, after + 1)
  if (limit !== undefined && limit <= FEW_ROWS) {
    const places = Array.from({ length: Math.min(limit, last - first + 1) }, (_, at) =>
      isNewestFirst ? last - at : first + at,
    )
    if (places.length > 0) yield await connections.read<TermColumns>(statements.places, [places])
    if (isNewestFirst) last -= limit
    else first += limit
  }
  const step = shape.blockRows * RANGE_BLOCKS
  while (first <= last) {
    const from = isNewestFirst ? Math.max(first, last - (last % step)) : first
    const to = isNewestFirst ? last : Math.min(last, first - (first % step) + step - 1)
    yield await connections.read<TermColumns>(statements.terms, [from - (from % shape.blockRows), to + 1, step])
    if (isNewestFirst) last = from - 1
    else first = to + 1
  }
}

const RANGE_BLOCKS = 2
const FEW_ROWS = 8

/** What goes by these digests and keys; what is not there is missing, and more may be there. */
export async function lookUp(
  ground: StoreGround,
  digests: readonly string[],
  idempotencyKeys: readonly string[],
): Promise<readonly IndexedTerms[]> {
  if (digests.length + idempotencyKeys.length === 0) return []
  return (await readKnown(ground, digests, idempotencyKeys)).flatMap(unpackTerms)
}

function readKnown(
  { connections, statements }: StoreGround,
  digests: readonly string[],
  idempotencyKeys: readonly string[],
): Promise<Page> {
  // What is no SHA-256 in hex is the digest of nothing.
  const hashes = digests.filter((digest) => /^[0-9a-f]{64}$/.test(digest)).map((digest) => Buffer.from(digest, 'hex'))
  const keys = knownKeysOf(digests, idempotencyKeys).filter(Number.isSafeInteger)
  const values = [bigintArray(keys), byteaArray(hashes), byteaArray(idempotencyKeys.map(idempotencyHash))]
  return connections.read<TermColumns>(statements.known, values)
}

/** The rows of the blocks that the index knows, few blocks in the first page and more in every further one. */
async function* sealedPages(
  { shape, connections }: StoreGround,
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
    const end = page.at(-1)
    // At least two blocks are looked at, and only in the first can all rows lie before the cursor.
    if (end === undefined) return
    yield page
    if (isNewestFirst) last = Number(end.first) - 1
    else first = Number(end.first) + linesIn(end)
  }
}

function linesIn({ lines }: TermColumns): number {
  return lines.split('\n').length - 1
}

function inOrder(rows: readonly IndexedTerms[], { order }: EvidenceQuery): readonly IndexedTerms[] {
  return rows.toSorted((a, b) => (order === 'newest-first' ? b.index - a.index : a.index - b.index))
}

function isBehind(index: number, { after, order }: EvidenceQuery): boolean {
  if (after === undefined) return true
  return order === 'newest-first' ? index < after : index > after
}
