import { equalBytes } from '@countersign/verify'
import type { EvidenceQuery } from '../../../workflows/ports/evidence-log.ts'
import {
  type KnownEvidence,
  type LogCommit,
  type LogHead,
  type LogRow,
  type LogStore,
  LogStoreError,
} from '../../../workflows/ports/log-store.ts'
import { isWanted } from '../evidence-rows.ts'

/** What a store in memory holds. Several handles may share it. */
export interface MemoryRecord {
  head: LogHead | null
  readonly rows: LogRow[]
  readonly byDigest: Map<string, number>
  readonly byKey: Map<string, number>
}

export function emptyRecord(): MemoryRecord {
  return { head: null, rows: [], byDigest: new Map(), byKey: new Map() }
}

/** Keeps a log's record in memory: for tests, and for what shall be gone afterwards. */
export function memoryLogStore(record: MemoryRecord = emptyRecord()): LogStore {
  return {
    head: async () => record.head,
    begin: async (empty) => {
      record.head ??= empty
      return record.head
    },
    commit: async (commit) => commitTo(record, commit),
    known: async (digests, keys) => {
      const places = [...digests.map((one) => record.byDigest.get(one)), ...keys.map((one) => record.byKey.get(one))]
      return [...new Set(places)].filter((place) => place !== undefined).map((place) => knownRow(record.rows[place]))
    },
    async *entries(from, to) {
      for (let start = from; start < to; start += RUN) {
        yield record.rows.slice(start, Math.min(start + RUN, to)).map(({ index, entry }) => ({ index, entry }))
      }
    },
    async *leafHashes(from, to) {
      for (let start = from; start < to; start += RUN) {
        yield Buffer.concat(record.rows.slice(start, Math.min(start + RUN, to)).map(({ leafHash }) => leafHash))
      }
    },
    async *find(query) {
      let left = query.limit ?? Number.POSITIVE_INFINITY
      for (const row of rowsInOrder(record.rows, query)) {
        if (!isWanted(row.terms, query)) continue
        if (left-- <= 0) return
        yield { index: row.index, terms: row.terms }
      }
    },
    close: async () => {},
  }
}

const RUN = 4_096

function commitTo(record: MemoryRecord, { from, to, rows }: LogCommit): void {
  const { head } = record
  if (head === null || head.size !== from.size || !equalBytes(head.root, from.root)) {
    throw new LogStoreError('head_moved', `the log has ${head?.size ?? 'no'} entries, and ${from.size} were expected`)
  }
  const digests = new Set(rows.map(({ terms }) => terms.digest))
  const keys = rows.map(({ terms }) => terms.idempotencyKey).filter((key) => key !== null)
  const isThere = [...digests].some((one) => record.byDigest.has(one)) || keys.some((one) => record.byKey.has(one))
  if (isThere || digests.size < rows.length || new Set(keys).size < keys.length) {
    throw new LogStoreError('duplicate', 'a digest or a key is there already')
  }
  for (const row of rows) {
    record.rows.push(row)
    record.byDigest.set(row.terms.digest, row.index)
    if (row.terms.idempotencyKey !== null) record.byKey.set(row.terms.idempotencyKey, row.index)
  }
  record.head = to
}

function knownRow(row: LogRow | undefined): KnownEvidence {
  if (row === undefined) throw new LogStoreError('store_corrupt', 'the index names a row that is not there')
  return { index: row.index, digest: row.terms.digest, idempotencyKey: row.terms.idempotencyKey }
}

function* rowsInOrder(rows: readonly LogRow[], { after, order }: EvidenceQuery): Generator<LogRow> {
  const isNewestFirst = order === 'newest-first'
  const [first, step] = isNewestFirst ? [Math.min(after ?? rows.length, rows.length) - 1, -1] : [(after ?? -1) + 1, 1]
  for (let at = first; at >= 0 && at < rows.length; at += step) yield rows[at] as LogRow
}
