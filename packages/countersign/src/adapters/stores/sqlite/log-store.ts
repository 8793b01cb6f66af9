import { closeSync, constants, openSync, statSync } from 'node:fs'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { equalBytes } from '@countersign/verify'
import type { LoggedEntry } from '../../../workflows/ports/evidence-log.ts'
import {
  type KnownEvidence,
  type LogCommit,
  type LogHead,
  type LogRow,
  type LogStore,
  LogStoreError,
} from '../../../workflows/ports/log-store.ts'
import { termsText } from './evidence-rows.ts'
import { findRows } from './find-rows.ts'
import { type RowIndexer, rowIndexer } from './index-rows.ts'
import { KnownRows } from './known-rows.ts'
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
      return new SqliteStore(db, options.mostUnindexed ?? MOST_UNINDEXED)
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
      const store = new SqliteStore(db, MOST_UNINDEXED)
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
  /** Rows that may wait before they are put into the index, all at once. */
  readonly mostUnindexed?: number
  /** Pages of 4,096 bytes beyond which the file may not grow: `disk_full`. */
  readonly maxPages?: number
}

const BUSY_MS = 5_000
const MOST_UNINDEXED = 1_024
const ENTRIES_PER_PAGE = 256
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
  readonly #known: KnownRows
  readonly #mostUnindexed: number
  readonly #index: RowIndexer
  readonly #statements: ReturnType<typeof statementsOf>

  constructor(db: DatabaseSync, mostUnindexed: number) {
    this.#db = db
    this.#mostUnindexed = mostUnindexed
    this.#known = new KnownRows(db)
    this.#index = rowIndexer(db)
    this.#statements = statementsOf(db)
  }

  async head(): Promise<LogHead | null> {
    return guarded(() => this.#head())
  }

  async begin({ origin, size, root, edge }: LogHead): Promise<LogHead> {
    return guarded(() => {
      this.#statements.begin.run(origin, size, root, edge, size)
      return this.#head() as LogHead
    })
  }

  async commit(commit: LogCommit): Promise<void> {
    guarded(() => this.#statements.beginImmediate.run())
    try {
      guarded(() => this.#write(commit))
      this.#finish()
    } catch (error) {
      // Some failures end the transaction themselves.
      if (this.#db.isTransaction) guarded(() => this.#db.exec('ROLLBACK'))
      this.#known.forget()
      throw error
    }
  }

  async known(digests: readonly string[], idempotencyKeys: readonly string[]): Promise<readonly KnownEvidence[]> {
    return guarded(() => {
      const found = new Map<number, KnownEvidence>()
      this.#followHead()
      for (const digest of digests) keep(this.#known.byDigest(digest), found)
      for (const key of idempotencyKeys) keep(this.#known.byKey(key), found)
      return [...found.values()]
    })
  }

  async *entries(from: number, to: number): AsyncGenerator<readonly LoggedEntry[]> {
    for (let start = from; start < to; start += ENTRIES_PER_PAGE) {
      const rows = guarded(() => this.#statements.entries.all(start, Math.min(start + ENTRIES_PER_PAGE, to)))
      yield rows.map(({ seq, entry }) => ({ index: Number(seq), entry: entry as Uint8Array }))
    }
  }

  async *leafHashes(from: number, to: number): AsyncGenerator<Uint8Array> {
    for (let start = from; start < to; start += HASHES_PER_RUN) {
      const rows = guarded(() => this.#statements.leafHashes.all(start, Math.min(start + HASHES_PER_RUN, to)))
      yield Buffer.concat(rows.map((row) => row['leaf_hash'] as Uint8Array))
    }
  }

  find(query: Parameters<LogStore['find']>[0]): ReturnType<LogStore['find']> {
    return findRows(() => this.#db, query)
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

  /** Everything that a commit writes, inside its transaction. */
  #write({ from, to, rows }: LogCommit): void {
    const { head, indexed } = this.#followHead()
    if (head === null || head.size !== from.size || !equalBytes(head.root, from.root)) {
      throw new LogStoreError('head_moved', `the log has ${head?.size ?? 'no'} entries, and ${from.size} were expected`)
    }
    this.#requireNew(rows)
    for (const { index, leafHash, entry, terms } of rows) {
      const { digest, idempotencyKey, recordedAt } = terms
      this.#statements.insert.run(index, leafHash, entry, digest, idempotencyKey, recordedAt, termsText(terms))
    }
    this.#statements.setHead.run(to.origin, to.size, to.root, to.edge)
    this.#known.add(rows)
    if (to.size - indexed >= this.#mostUnindexed) this.#index(this.#known.unindexed)
  }

  #followHead(): { readonly head: LogHead | null; readonly indexed: number } {
    const row = this.#statements.head.get() as unknown as (LogHead & { readonly indexed: number }) | undefined
    this.#known.follow(row?.indexed ?? 0, row?.size ?? 0)
    return { head: row ?? null, indexed: row?.indexed ?? 0 }
  }

  #requireNew(rows: readonly LogRow[]): void {
    const own = new Set<string>()
    for (const { terms } of rows) {
      const { digest, idempotencyKey: key } = terms
      const isThere = this.#known.byDigest(digest) !== null || (key !== null && this.#known.byKey(key) !== null)
      const isTwice = own.has(digest) || (key !== null && own.has(`key ${key}`))
      if (isThere || isTwice) throw new LogStoreError('duplicate', 'a digest or a key is there already')
      own.add(digest)
      if (key !== null) own.add(`key ${key}`)
    }
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
): Record<
  'head' | 'begin' | 'beginImmediate' | 'commit' | 'insert' | 'setHead' | 'entries' | 'leafHashes',
  StatementSync
> {
  return {
    head: db.prepare('SELECT origin, size, root, edge, indexed FROM head'),
    begin: db.prepare('INSERT OR IGNORE INTO head (id, origin, size, root, edge, indexed) VALUES (1, ?, ?, ?, ?, ?)'),
    beginImmediate: db.prepare('BEGIN IMMEDIATE'),
    commit: db.prepare('COMMIT'),
    insert: db.prepare(
      'INSERT INTO evidence (seq, leaf_hash, entry, digest, idem_key, recorded_at, terms) VALUES (?, ?, ?, ?, ?, ?, ?)',
    ),
    setHead: db.prepare('UPDATE head SET origin = ?, size = ?, root = ?, edge = ?'),
    entries: db.prepare(
      'SELECT seq, entry FROM evidence WHERE seq >= ? AND seq < ? AND entry IS NOT NULL ORDER BY seq',
    ),
    leafHashes: db.prepare('SELECT leaf_hash FROM evidence WHERE seq >= ? AND seq < ? ORDER BY seq'),
  }
}

function keep(one: KnownEvidence | null, found: Map<number, KnownEvidence>): void {
  if (one !== null) found.set(one.index, one)
}
