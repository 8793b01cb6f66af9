import type { EvidenceQuery, IndexedTerms } from '../../../workflows/ports/evidence-log.ts'
import { isWanted } from '../evidence-rows.ts'
import { keysAskedFor, knownKeysOf } from '../term-keys.ts'
import type { UnsealedRows } from '../unsealed-rows.ts'
import type { BlockIndex } from './block-index.ts'
import type { RecordRows } from './record-rows.ts'
import { guarded } from './sqlite-errors.ts'

/** A record and its index. */
export interface FindGround {
  readonly rows: RecordRows
  readonly index: BlockIndex
  /** How they stand at this moment. */
  follow(): IndexReach
}

/** How far the index reaches, in blocks of so many rows, and the rows behind. */
export interface IndexReach {
  readonly blockRows: number
  readonly unsealed: UnsealedRows
}

/**
 * What matches a query, in its order. Read in pages, none of which holds the database while somebody looks at it: rows never change,
 * so pages of different moments fit together.
 */
export async function* findRows(ground: FindGround, query: EvidenceQuery): AsyncGenerator<IndexedTerms> {
  const isNewestFirst = query.order === 'newest-first'
  // What the index says of times is of whole blocks, and of all else, of rows.
  const isTimed = query.recordedFrom !== undefined || query.recordedBefore !== undefined
  let left = query.limit ?? Number.POSITIVE_INFINITY
  let after = query.after ?? (isNewestFirst ? Number.MAX_SAFE_INTEGER : -1)
  while (left > 0) {
    const most = isTimed ? PAGE : Math.min(left, PAGE)
    const page = guarded(() => readPage(ground, query, { after, most, isNewestFirst }))
    for (const found of page.rows) {
      if (!isWanted(found.terms, query)) continue
      if (left-- <= 0) return
      yield found
    }
    if (page.next === null) return
    after = page.next
  }
}

const PAGE = 256

interface Cursor {
  readonly after: number
  readonly most: number
  readonly isNewestFirst: boolean
}

interface Page {
  readonly rows: readonly IndexedTerms[]
  /** Where the next page goes on; null behind the last. */
  readonly next: number | null
}

function readPage(ground: FindGround, query: EvidenceQuery, cursor: Cursor): Page {
  const { digest, idempotencyKey, recordedFrom, recordedBefore } = query
  if (digest !== undefined || idempotencyKey !== undefined) return knownPage(ground, query, cursor)
  const reach = ground.follow()
  const { unsealed } = reach
  const isAnything = recordedFrom === undefined && recordedBefore === undefined && keysAskedFor(query).length === 0
  if (isAnything) return rangePage(ground, unsealed.size, cursor)
  const { after, isNewestFirst } = cursor
  // A page is either of the index or of the rows behind it, whichever comes first.
  const isBehind = isNewestFirst ? after > unsealed.start : after >= unsealed.start - 1
  return isBehind ? unsealedPage(unsealed, query, cursor) : sealedPage(ground, reach, query, cursor)
}

function knownPage(
  ground: FindGround,
  { digest, idempotencyKey }: EvidenceQuery,
  { after, isNewestFirst }: Cursor,
): Page {
  const [digests, keys] = [[digest], [idempotencyKey]].map((asked) => asked.filter((one) => one !== undefined))
  const places = placesOf(ground, digests ?? [], keys ?? [])
  const wanted = places.filter((place) => (isNewestFirst ? place < after : place > after))
  return { rows: ground.rows.termsAt(isNewestFirst ? wanted.toReversed() : wanted), next: null }
}

/** The places of rows that may go by these digests and keys, in order. */
export function placesOf(
  { index, follow }: FindGround,
  digests: readonly string[],
  idempotencyKeys: readonly string[],
): readonly number[] {
  const newer = follow().unsealed.placesOf(digests, idempotencyKeys)
  const keys = knownKeysOf(digests, idempotencyKeys).filter(Number.isSafeInteger)
  return [...new Set([...newer, ...index.known(keys)])].sort((a, b) => a - b)
}

/** The next rows, whatever they are. */
function rangePage({ rows }: FindGround, size: number, { after, most, isNewestFirst }: Cursor): Page {
  const [from, to] = isNewestFirst
    ? [Math.max(0, Math.min(after, size) - most), Math.min(after, size)]
    : [after + 1, Math.min(after + 1 + most, size)]
  if (from >= to) return { rows: [], next: null }
  const found = rows.terms(from, to)
  return isNewestFirst ? { rows: found.toReversed(), next: from } : { rows: found, next: to - 1 }
}

function unsealedPage(unsealed: UnsealedRows, query: EvidenceQuery, { after, isNewestFirst }: Cursor): Page {
  const first = isNewestFirst ? unsealed.start : Math.max(unsealed.start, after + 1)
  const last = isNewestFirst ? Math.min(after, unsealed.size) : unsealed.size
  const found = unsealed
    .slice(first, last)
    .map((terms, at) => ({ index: first + at, terms }))
    .filter(({ terms }) => isWanted(terms, query))
  return isNewestFirst ? { rows: found.toReversed(), next: unsealed.start } : { rows: found, next: null }
}

/** The next rows of which the index says that they may be meant. */
function sealedPage(
  { rows, index }: FindGround,
  { blockRows, unsealed: { start: border } }: IndexReach,
  query: EvidenceQuery,
  { after, most, isNewestFirst }: Cursor,
): Page {
  const blockOf = (place: number): number => Math.floor(place / blockRows)
  const { recordedFrom, recordedBefore } = query
  const found = index.blocks({
    ...{ keys: keysAskedFor(query), recordedFrom, recordedBefore, isNewestFirst },
    blocks: isNewestFirst ? [0, blockOf(Math.min(after, border) - 1)] : [blockOf(after + 1), blockOf(border) - 1],
  })
  const every = Array.from({ length: blockRows }, (_, place) => place)
  const places = found.flatMap(({ block, places: some }) => {
    const own = (some ?? every).map((place) => block * blockRows + place)
    return isNewestFirst ? own.toReversed() : own
  })
  const wanted = places.filter((place) => (isNewestFirst ? place < after : place > after)).slice(0, most)
  const end = found.at(-1)
  // Behind the last block there are only the rows that the index does not hold, and before the first there is nothing.
  if (end === undefined) return { rows: [], next: isNewestFirst ? null : border - 1 }
  const last = wanted.length === most ? wanted.at(-1) : undefined
  const next = last ?? (isNewestFirst ? end.block * blockRows : (end.block + 1) * blockRows - 1)
  return { rows: rows.termsAt(wanted), next }
}
