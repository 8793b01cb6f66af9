import type { Statement } from './connections.ts'
import type { SchemaShape } from './schema-tables.ts'

/** The statements of a store whose tables lie in a schema. Each is prepared once a connection. */
export interface StoreStatements {
  readonly head: Statement
  readonly begin: Statement
  readonly commit: Statement
  readonly known: Statement
  readonly entries: Statement
  readonly leafHashes: Statement
  /** Rows between two places, inclusive, some number of them, from either end. */
  readonly forward: Statement
  readonly backward: Statement
  readonly sealed: Statement
  readonly seal: Statement
}

export function storeStatements(schema: string): StoreStatements {
  const all: Record<keyof StoreStatements, string> = {
    head: `SELECT origin, size, root, edge FROM ${schema}.head`,
    begin: `SELECT ${schema}.begin_log($1, $2, $3, $4)`,
    commit: `SELECT ${schema}.commit_rows(${Array.from({ length: 17 }, (_, at) => `$${at + 1}`).join(', ')})`,
    known: `SELECT e.* FROM (SELECT seq FROM ${schema}.known WHERE key = ANY ($1::bigint[]) OFFSET 0) k
      CROSS JOIN LATERAL (${evidenceAt(schema, 'k.seq')}) e`,
    entries: `SELECT seq, entry FROM ${schema}.evidence WHERE seq >= $1 AND seq < $2 AND entry IS NOT NULL ORDER BY seq LIMIT $3`,
    leafHashes: `SELECT string_agg(leaf_hash, '' ORDER BY seq) AS hashes FROM ${schema}.evidence WHERE seq >= $1 AND seq < $2`,
    forward: `SELECT seq, digest, recorded_at, terms FROM ${schema}.evidence WHERE seq BETWEEN $1 AND $2 ORDER BY seq LIMIT $3`,
    backward: `SELECT seq, digest, recorded_at, terms FROM ${schema}.evidence WHERE seq BETWEEN $1 AND $2 ORDER BY seq DESC LIMIT $3`,
    sealed: `SELECT (SELECT size FROM ${schema}.head) AS size, (SELECT coalesce(max(block) + 1, 0) FROM ${schema}.span) AS sealed`,
    seal: `SELECT ${schema}.seal_blocks($1, $2, $3, $4, $5, $6) AS next`,
  }
  const named = Object.entries(all).map(([name, text]) => [name, { name, text }])
  return Object.fromEntries(named)
}

/** What a page of a search is restricted to. */
export interface PageShape {
  readonly isNewestFirst: boolean
  /** How many keys of the index are asked for. */
  readonly keys: number
  readonly hasFrom: boolean
  readonly hasBefore: boolean
}

/**
 * The rows of the next few blocks in which all keys occur and whose times may be right; with rows that do not match among them. `$1` and
 * `$2` are the first and the last place, `$3` how many blocks, `$4` how many rows, `$5` and `$6` the times, then the keys.
 */
export function blockPage({ name: schema, blockRows }: SchemaShape, shape: PageShape): Statement {
  const { isNewestFirst, keys, hasFrom, hasBefore } = shape
  const order = isNewestFirst ? 'DESC' : 'ASC'
  const others = Array.from({ length: keys - 1 }, (_, at) => `$${at + 8}`)
  const times = [...(hasFrom ? ['t.recorded_max >= $5'] : []), ...(hasBefore ? ['t.recorded_min < $6'] : [])]
  const conditions = [
    `b.block BETWEEN $1::bigint / ${blockRows} AND $2::bigint / ${blockRows}`,
    ...(keys > 0 ? ['b.key = $7'] : []),
    ...others.map(
      (key) => `EXISTS (SELECT FROM ${schema}.posting o WHERE o.key = ${key} AND o.block = b.block OFFSET 0)`,
    ),
    ...(times.length > 0
      ? [`EXISTS (SELECT FROM ${schema}.span t WHERE t.block = b.block AND ${times.join(' AND ')} OFFSET 0)`]
      : []),
  ]
  const seqs =
    keys > 0
      ? 'generate_series(0, length(b.places) - 1) AS i CROSS JOIN LATERAL (VALUES (get_byte(b.places, i))) AS p (place)'
      : `generate_series(0, ${blockRows - 1}) AS p (place)`
  return {
    name: `page ${order} ${keys} ${hasFrom} ${hasBefore}`,
    text: `WITH b AS MATERIALIZED (
        SELECT * FROM ${schema}.${keys > 0 ? 'posting' : 'span'} b
        WHERE ${conditions.join(' AND ')} AND ($5::text IS NULL OR $6::text IS NULL OR true)
        ORDER BY b.block ${order} LIMIT $3::bigint
      )
      SELECT e.* FROM b CROSS JOIN LATERAL ${seqs}
      CROSS JOIN LATERAL (${evidenceAt(schema, `b.block * ${blockRows} + p.place`)}) e
      WHERE b.block * ${blockRows} + p.place BETWEEN $1 AND $2
      ORDER BY e.seq ${order} LIMIT $4::bigint`,
  }
}

/** One row. OFFSET 0 has it looked up where a planner that expects many rows would read the whole table instead. */
function evidenceAt(schema: string, place: string): string {
  return `SELECT r.seq, r.digest, r.recorded_at, r.terms FROM ${schema}.evidence r WHERE r.seq = ${place} OFFSET 0`
}
