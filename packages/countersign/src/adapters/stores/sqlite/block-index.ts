import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import { indexRows, type SealedBlock } from '../seal-block.ts'

/** Which blocks are looked at. */
export interface BlockQuery {
  /** The terms that must occur, by their keys. */
  readonly keys: readonly number[]
  readonly recordedFrom: string | undefined
  readonly recordedBefore: string | undefined
  /** The first and the last block. */
  readonly blocks: readonly [first: number, last: number]
  readonly isNewestFirst: boolean
}

/** In which rows of a block all terms occur; null for all rows. */
export interface BlockPlaces {
  readonly block: number
  readonly places: readonly number[] | null
}

/** What rows are found by, in whole blocks. What it throws is SQLite's. */
export interface BlockIndex {
  /** Adds the blocks behind those that are there, as part of a transaction. */
  add(blocks: readonly SealedBlock[]): void
  /** The places of rows that may go by these keys of digests and idempotency keys: the rows tell. */
  known(keys: readonly number[]): readonly number[]
  /** The next few blocks that may hold what is asked for; none where there are no more. */
  blocks(query: BlockQuery): readonly BlockPlaces[]
}

export function blockIndex(db: DatabaseSync): BlockIndex {
  const known = db.prepare('SELECT DISTINCT seq FROM known WHERE key IN (SELECT value FROM json_each(?))')
  const insertKnown = inserter(db, 'known (key, seq)', 2)
  const insertPostings = inserter(db, 'posting (key, block, places)', 3)
  const insertSpans = inserter(db, 'span (block, recorded_min, recorded_max)', 3)
  const pages = new Map<string, StatementSync>()
  return {
    add: (blocks) => {
      const rows = indexRows(blocks)
      insertKnown(rows.known.map(({ key, seq }) => [key, seq]))
      insertPostings(rows.postings.map(({ key, block, places }) => [key, block, places]))
      insertSpans(blocks.map(({ block, recordedMin, recordedMax }) => [block, recordedMin, recordedMax]))
    },
    known: (keys) => known.all(JSON.stringify(keys)).map(({ seq }) => Number(seq)),
    blocks: (query) => {
      const { keys, recordedFrom, recordedBefore, blocks } = query
      const sql = pageText(query)
      const page = pages.get(sql) ?? db.prepare(sql)
      pages.set(sql, page)
      const times = [recordedFrom, recordedBefore].filter((time) => time !== undefined)
      return page.all(...blocks, ...times, ...keys).map(({ block, ...found }) => ({
        block: Number(block),
        places: keys.length === 0 ? null : inAll(Object.values(found) as readonly Uint8Array[]),
      }))
    },
  }
}

const BLOCKS_AT_ONCE = 16
const ROWS_AT_ONCE = 16

function pageText({ keys, recordedFrom, recordedBefore, isNewestFirst }: BlockQuery): string {
  const columns = ['s.block', ...keys.map((_, at) => `p${at}.places AS p${at}`)]
  const conditions = [
    's.block BETWEEN ? AND ?',
    ...(recordedFrom === undefined ? [] : ['s.recorded_max >= ?']),
    ...(recordedBefore === undefined ? [] : ['s.recorded_min < ?']),
    ...keys.map((_, at) => `p${at}.key = ?`),
  ]
  // CROSS JOIN keeps SQLite from beginning with the larger ones: the first term is the rarest.
  const tables = [...keys.map((_, at) => `posting p${at}`), 'span s'].join(' CROSS JOIN ')
  const joins = keys.map((_, at) => `p${at}.block = s.block`)
  return `SELECT ${columns.join(', ')} FROM ${tables} WHERE ${[...conditions, ...joins].join(' AND ')}
    ORDER BY ${keys.length === 0 ? 's' : 'p0'}.block ${isNewestFirst ? 'DESC' : 'ASC'} LIMIT ${BLOCKS_AT_ONCE}`
}

function inAll([first = new Uint8Array(0), ...others]: readonly Uint8Array[]): readonly number[] {
  return [...first].filter((place) => others.every((places) => places.includes(place)))
}

/** Inserts rows into a table, several at a time. */
function inserter(db: DatabaseSync, table: string, columns: number): (rows: readonly SQLInputValue[][]) => void {
  const row = `(${Array(columns).fill('?').join(', ')})`
  const insert = (count: number) =>
    db.prepare(`INSERT OR IGNORE INTO ${table} VALUES ${Array(count).fill(row).join(', ')}`)
  const [many, one] = [insert(ROWS_AT_ONCE), insert(1)]
  return (rows) => {
    let at = 0
    for (; at + ROWS_AT_ONCE <= rows.length; at += ROWS_AT_ONCE) many.run(...rows.slice(at, at + ROWS_AT_ONCE).flat())
    for (const values of rows.slice(at)) one.run(...values)
  }
}
