import { closeSync, constants, openSync, statSync } from 'node:fs'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { equalBytes } from '@countersign/verify'
import type { EvidenceQuery, IndexedTerms, LoggedEntry } from '../../../workflows/ports/evidence-log.ts'
import {
  type KnownEvidence,
  type LogCommit,
  type LogHead,
  type LogRow,
  type LogStore,
  LogStoreError,
} from '../../../workflows/ports/log-store.ts'
import { requireDigests } from '../bundles.ts'
import { UnsealedRows } from '../unsealed-rows.ts'
import { type BlockIndex, blockIndex } from './block-index.ts'
import { type FindGround, findRows, type IndexReach, placesOf } from './find-rows.ts'
import { type RecordRows, recordRows } from './record-rows.ts'
import { migrate, requireSchema } from './schema.ts'
import { asStoreError, guarded } from './sqlite-errors.ts'

/**
 * Opens the record of a log in an SQLite database, making it (mode 0600) where there is none, and bringing its schema up to date. Any
 * number of processes may write one file; a commit waits a while for those of others. Throws {@link LogStoreError} `schema_newer`,
 * `store_corrupt`, `store_locked`, `store_unavailable`, `disk_full` or `write_failed`.
 */
export function openSqliteStore(file: string, options: SqliteOptions = {}): LogStore {
  return guarded(() => {
    // SQLite gives its other files the same mode.
    makePrivate(file)
    const db = openDatabase(file, options.busyMs ?? BUSY_MS)
    try {
      db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
      if (options.maxPages !== undefined) db.exec(`PRAGMA max_page_count = ${options.maxPages}`)
      migrate(db)
      return new SqliteStore(db, options)
    } catch (error) {
      db.close()
      throw error
    }
  })
}

/**
 * Opens a record that is there for reading: commits are refused, and nothing of it changes. Throws as {@link openSqliteStore} does,
 * `store_unavailable` where there is none.
 */
export function readSqliteStore(file: string): LogStore {
  return guarded(() => {
    requireFile(file)
    // Not SQLite's own read-only mode, which leaves the files behind that it makes beside a database in WAL mode.
    const db = openDatabase(file, BUSY_MS)
    try {
      requireSchema(db)
      const store = new SqliteStore(db, {})
      db.exec('PRAGMA query_only = ON')
      return store
    } catch (error) {
      db.close()
      throw error
    }
  })
}

/** Bounds of a store; each has a sensible value where none is given. */
export interface SqliteOptions {
  /** How long a commit waits for those of other processes before it gives up, in milliseconds. */
  readonly busyMs?: number
  /** Rows in a block of the index, 256 at most, for a log that is begun. */
  readonly blockRows?: number
  /** Rows that may wait before those of whole blocks are put into the index, all at once. */
  readonly mostUnsealed?: number
  /** Pages of 4,096 bytes beyond which the file may not grow: `disk_full`. */
  readonly maxPages?: number
}

const BUSY_MS = 5_000
const BLOCK_ROWS = 256
// The keys of an index lie all over it: so many rows at once write each of its pages less often, and take milliseconds to look through.
const MOST_UNSEALED = 4_096
const ENTRIES_PER_RUN = 256
const ROWS_PER_PAGE = 1_024
const HASHES_PER_RUN = 4_096

function openDatabase(file: string, timeout: number): DatabaseSync {
  const db = new DatabaseSync(file, { timeout })
  db.exec('PRAGMA cell_size_check = ON; PRAGMA trusted_schema = OFF')
  return db
}

function requireFile(file: string): void {
  if (!statSync(file, { throwIfNoEntry: false })?.isFile()) {
    throw new LogStoreError('store_unavailable', `there is no database ${file}`)
  }
}

function makePrivate(file: string): void {
  try {
    closeSync(openSync(file, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600))
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : 'no code'
    const isFull = code === 'ENOSPC' || code === 'EDQUOT'
    throw new LogStoreError(isFull ? 'disk_full' : 'store_unavailable', `${file} cannot be used (${code})`, { cause })
  }
}

class SqliteStore implements LogStore {
  readonly #db: DatabaseSync
  readonly #rows: RecordRows
  readonly #index: BlockIndex
  readonly #unsealed = new UnsealedRows()
  readonly #ground: FindGround
  readonly #blockRows: number
  readonly #mostUnsealed: number
  readonly #statements: ReturnType<typeof statementsOf>

  constructor(db: DatabaseSync, { blockRows = BLOCK_ROWS, mostUnsealed = MOST_UNSEALED }: SqliteOptions) {
    this.#db = db
    this.#rows = recordRows(db)
    this.#index = blockIndex(db)
    this.#ground = { rows: this.#rows, index: this.#index, follow: () => this.#follow() }
    this.#blockRows = blockRows
    this.#mostUnsealed = mostUnsealed
    this.#statements = statementsOf(db)
  }

  async head(): Promise<LogHead | null> {
    return guarded(() => this.#head())
  }

  async begin({ origin, size, root, edge }: LogHead): Promise<LogHead> {
    return guarded(() => {
      this.#statements.begin.run(origin, size, root, edge, this.#blockRows)
      return this.#head() as LogHead
    })
  }

  async commit(commit: LogCommit): Promise<void> {
    guarded(() => this.#statements.beginImmediate.run())
    try {
      const border = guarded(() => this.#write(commit))
      this.#finish()
      this.#unsealed.drop(border)
    } catch (error) {
      // Some failures end the transaction themselves.
      if (this.#db.isTransaction) guarded(() => this.#db.exec('ROLLBACK'))
      this.#unsealed.forget()
      throw error
    }
  }

  async known(digests: readonly string[], idempotencyKeys: readonly string[]): Promise<readonly KnownEvidence[]> {
    return guarded(() => this.#known(digests, idempotencyKeys))
  }

  async *entries(from: number, to: number): AsyncGenerator<readonly LoggedEntry[]> {
    for (let start = from; start < to; start += ENTRIES_PER_RUN) {
      yield guarded(() => this.#rows.entries(start, Math.min(start + ENTRIES_PER_RUN, to)))
    }
  }

  async *leafHashes(from: number, to: number): AsyncGenerator<Uint8Array> {
    for (let start = from; start < to; start += HASHES_PER_RUN) {
      yield guarded(() => this.#rows.leafHashes(start, Math.min(start + HASHES_PER_RUN, to)))
    }
  }

  find(query: EvidenceQuery): AsyncIterable<IndexedTerms> {
    return findRows(this.#ground, query)
  }

  async close(): Promise<void> {
    if (this.#db.isOpen) guarded(() => this.#db.close())
  }

  #head(): LogHead | null {
    const row = this.#statements.head.get()
    if (row === undefined) return null
    const { origin, size, root, edge } = row as unknown as LogHead
    return { origin, size, root, edge }
  }

  /** Everything that a commit writes, inside its transaction. Returns where the index then ends. */
  #write({ from, to, rows }: LogCommit): number {
    const { head, blockRows } = this.#follow()
    if (head === null || head.size !== from.size || !equalBytes(head.root, from.root)) {
      throw new LogStoreError('head_moved', `the log has ${head?.size ?? 'no'} entries, and ${from.size} were expected`)
    }
    requireDigests(rows)
    this.#requireNew(rows)
    this.#rows.add(rows)
    this.#unsealed.add(rows.map(({ terms }) => terms))
    const isDue = this.#unsealed.size - this.#unsealed.start >= this.#mostUnsealed
    const blocks = isDue ? this.#unsealed.sealed(blockRows, Number.POSITIVE_INFINITY) : []
    this.#index.add(blocks)
    const sealed = this.#unsealed.start / blockRows + blocks.length
    this.#statements.setHead.run(to.origin, to.size, to.root, to.edge, sealed)
    return sealed * blockRows
  }

  /** Takes in what others wrote. Unless it is asked for inside a transaction, it may be a moment old. */
  #follow(): IndexReach & { readonly head: LogHead | null } {
    const row = this.#statements.head.get() as unknown as HeadColumns | undefined
    const { size = 0, sealed = 0, block_rows: blockRows = this.#blockRows } = row ?? {}
    if (!(blockRows >= 1 && blockRows <= BLOCK_ROWS)) {
      throw new LogStoreError('store_corrupt', `the index has blocks of ${blockRows} rows`)
    }
    const border = sealed * blockRows
    const { isReliable, start, size: known } = this.#unsealed
    if (!isReliable || border < start || border > known || size < known) this.#unsealed.restart(border)
    else if (border > start) this.#unsealed.drop(border)
    for (let next = this.#unsealed.size; next < size; next = Math.min(next + ROWS_PER_PAGE, size)) {
      const read = this.#rows.terms(next, Math.min(next + ROWS_PER_PAGE, size))
      this.#unsealed.add(read.map(({ terms }) => terms))
    }
    if (this.#unsealed.size !== size) {
      this.#unsealed.forget()
      throw new LogStoreError('store_corrupt', `the record lacks rows before its end at ${size}`)
    }
    return { head: row ?? null, blockRows, unsealed: this.#unsealed }
  }

  #requireNew(rows: readonly LogRow[]): void {
    const keys = rows.map(({ terms }) => terms.idempotencyKey).filter((key) => key !== null)
    const digests = rows.map(({ terms }) => terms.digest)
    const isTwice = this.#unsealed.holdsAnyOf(rows) || this.#known(digests, keys).length > 0
    if (isTwice) throw new LogStoreError('duplicate', 'a digest or a key is there already')
  }

  #known(digests: readonly string[], idempotencyKeys: readonly string[]): readonly KnownEvidence[] {
    const places = placesOf(this.#ground, digests, idempotencyKeys)
    if (places.length === 0) return []
    const [asked, keys] = [new Set(digests), new Set<string | null>(idempotencyKeys)]
    const known = this.#rows.termsAt(places).map(({ index, terms: { digest, idempotencyKey } }) => {
      return { index, digest, idempotencyKey }
    })
    return known.filter(({ digest, idempotencyKey }) => asked.has(digest) || keys.has(idempotencyKey))
  }

  #finish(): void {
    try {
      this.#statements.commit.run()
    } catch (cause) {
      // What failed to reach the disk may be there all the same after a crash.
      throw asStoreError(cause, 'outcome_unknown')
    }
  }
}

function statementsOf(
  db: DatabaseSync,
): Record<'head' | 'begin' | 'beginImmediate' | 'commit' | 'setHead', StatementSync> {
  return {
    head: db.prepare('SELECT origin, size, root, edge, block_rows, sealed FROM head'),
    begin: db.prepare(
      'INSERT OR IGNORE INTO head (id, origin, size, root, edge, block_rows, sealed) VALUES (1, ?, ?, ?, ?, ?, 0)',
    ),
    beginImmediate: db.prepare('BEGIN IMMEDIATE'),
    commit: db.prepare('COMMIT'),
    setHead: db.prepare('UPDATE head SET origin = ?, size = ?, root = ?, edge = ?, sealed = ?'),
  }
}

interface HeadColumns extends LogHead {
  readonly block_rows: number
  readonly sealed: number
}
