import type { Statement } from './connections.ts'
import type { SchemaShape } from './schema-tables.ts'

/** The statements of a store whose tables lie in a schema. Each is prepared once a connection. */
export interface StoreStatements {
  readonly head: Statement
  readonly begin: Statement
  readonly commit: Statement
  /** Rows by the keys of digests and idempotency keys, and of those that the index does not hold yet, by what those stand for. */
  readonly known: Statement
  /** Where keys of digests and idempotency keys are, each looked for between two places, and how far the index reaches. */
  readonly older: Statement
  /** The keys within some bounds of the rows between two places, eight bytes each, and how far the index reaches. */
  readonly keys: Statement
  /** Rows by their places. */
  readonly places: Statement
  /** Bundles from a border of blocks on, up to a place, exclusive. */
  readonly entries: Statement
  readonly leafHashes: Statement
  readonly terms: Statement
  readonly sealed: Statement
  readonly seal: Statement
}

export function storeStatements({ name: schema, blockRows }: SchemaShape): StoreStatements {
  const row = (place: string): string => rowAt(schema, blockRows, place)
  const border = `(SELECT coalesce(max(block) + 1, 0) * ${blockRows} FROM ${schema}.span)`
  const hashAt = (column: string): string => `substr(b.${column}, i * 32 + 1, 32)`
  const all: Record<keyof StoreStatements, string> = {
    head: `SELECT origin, size, root, edge FROM ${schema}.head`,
    begin: `SELECT ${schema}.begin_log($1, $2, $3, $4)`,
    commit: `SELECT ${schema}.commit_rows(${Array.from({ length: 20 }, (_, at) => `$${at + 1}`).join(', ')})`,
    known: `SELECT e.* FROM (
        SELECT seq FROM ${schema}.known WHERE key = ANY ($1::bigint[])
        UNION
        SELECT b.first + i FROM ${schema}.bundle b CROSS JOIN LATERAL generate_series(0, b.count - 1) AS i
        WHERE b.first >= ${border} AND (
          ${hashAt('digests')} IN (SELECT unnest($2::bytea[]))
          OR b.idem_hashes IS NOT NULL AND ${hashAt('idem_hashes')} IN (SELECT unnest($3::bytea[]))
        ) OFFSET 0
      ) k CROSS JOIN LATERAL (${row('k.seq')}) e`,
    older: `SELECT ${border} AS border, ARRAY(
        SELECT n.seq FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS s (key, first, next)
        CROSS JOIN LATERAL (
          SELECT seq FROM ${schema}.known n WHERE n.key = s.key AND n.seq >= s.first AND n.seq < s.next OFFSET 0
        ) n
      ) AS places`,
    keys: `SELECT string_agg(int8send(key), ''::bytea) AS keys, ${border} AS border FROM ${schema}.known
      WHERE seq >= $1 AND seq < $2 AND key >= $3 AND key < $4`,
    places: `SELECT e.* FROM unnest($1::bigint[]) AS p (seq) CROSS JOIN LATERAL (${row('p.seq')}) e`,
    entries: `SELECT first, entries, entry_ends FROM ${schema}.bundle WHERE first >= $1 AND first < $2 ORDER BY first LIMIT $3`,
    leafHashes: `SELECT string_agg(leaf_hashes, '' ORDER BY first) AS hashes FROM ${schema}.bundle WHERE first >= $1 AND first < $2`,
    terms: `SELECT first, convert_from(terms, 'UTF8') AS lines FROM ${schema}.bundle
      WHERE first >= $1 AND first < $2 ORDER BY first LIMIT $3`,
    sealed: `SELECT (SELECT size FROM ${schema}.head) AS size, (SELECT coalesce(max(block) + 1, 0) FROM ${schema}.span) AS sealed`,
    seal: `SELECT ${schema}.seal_blocks($1, $2, $3, $4, $5, $6, $7, $8) AS next`,
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
 * The next few blocks in which all keys occur and whose times may be right: with keys, the rows in which the first of them occurs, a
 * line each, and without any, their bundles. `$1` and `$2` are the first and the last place, `$3` how many blocks, `$4` how many rows, `$5`
 * and `$6` the times, then the keys.
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
  const place = `b.block * ${blockRows} + get_byte(b.places, i)`
  const rows =
    keys > 0
      ? `generate_series(0, length(b.places) - 1) AS i CROSS JOIN LATERAL (${rowAt(schema, blockRows, place)}) e
        WHERE e.first BETWEEN $1 AND $2`
      : `(SELECT r.first, convert_from(r.terms, 'UTF8') AS lines FROM ${schema}.bundle r
          WHERE r.first >= b.block * ${blockRows} AND r.first < (b.block + 1) * ${blockRows}
            AND r.first + r.count > $1 AND r.first <= $2 OFFSET 0) e`
  return {
    name: `page ${order} ${keys} ${hasFrom} ${hasBefore}`,
    text: `WITH b AS MATERIALIZED (
        SELECT * FROM ${schema}.${keys > 0 ? 'posting' : 'span'} b
        WHERE ${conditions.join(' AND ')} AND ($5::text IS NULL OR $6::text IS NULL OR true)
        ORDER BY b.block ${order} LIMIT $3::bigint
      )
      SELECT e.* FROM b CROSS JOIN LATERAL ${rows} ORDER BY e.first ${order} LIMIT $4::bigint`,
  }
}

/** One row, as a bundle of one. OFFSET 0 has it looked up where a planner that expects many would read the whole table instead. */
function rowAt(schema: string, blockRows: number, seq: string): string {
  const place = `(${seq})`
  const at = (offset: number): string => `${schema}.end_at(r.term_ends, (${place} - r.first)::integer - ${offset})`
  return `SELECT ${place}::bigint AS first, convert_from(substr(r.terms, ${at(1)} + 1, ${at(0)} - ${at(1)}), 'UTF8') AS lines
    FROM (SELECT * FROM ${schema}.bundle WHERE first <= ${place} AND first >= ${place} - ${place} % ${blockRows}
      ORDER BY first DESC LIMIT 1) r WHERE ${place} < r.first + r.count OFFSET 0`
}
