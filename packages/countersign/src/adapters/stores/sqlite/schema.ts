import type { DatabaseSync } from 'node:sqlite'
import { LogStoreError } from '../../../workflows/ports/log-store.ts'

/**
 * What each version of the schema adds to the one before; a file's `user_version` says how many it has. They only ever grow.
 *
 * - `head`: one row, where the log stands, how many rows a block of the index has, and how many blocks it holds.
 * - `bundle`: the record. A commit's rows lie next to each other in bundles of at most 32, none across a multiple of that: a row of this
 *   table costs as much to write as some thousand bytes, and reading one piece of evidence reads its bundle. Leaf hashes are 32
 *   bytes each; entries lie behind each other, their ends as four bytes each beside them; terms are JSON, a line each.
 * - `known`: where digests and idempotency keys lie, by the first 52 bits of a hash. Terms that share them are told apart by the row.
 * - `posting`: in which rows of a block a term occurs, a byte each. `span`: between which times the rows of a block were recorded.
 *
 *   `known`, `posting` and `span` are the index. They are written for many whole blocks at once, because they touch pages all over the file.
 *   Rows that they do not hold yet are looked through one by one.
 */
const MIGRATIONS = [
  `CREATE TABLE head (
     id INTEGER PRIMARY KEY CHECK (id = 1),
     origin TEXT NOT NULL,
     size INTEGER NOT NULL,
     root BLOB NOT NULL,
     edge BLOB NOT NULL,
     block_rows INTEGER NOT NULL,
     sealed INTEGER NOT NULL
   ) STRICT;
   CREATE TABLE bundle (
     first INTEGER PRIMARY KEY,
     leaf_hashes BLOB NOT NULL,
     entry_ends BLOB NOT NULL,
     entries BLOB NOT NULL,
     terms TEXT NOT NULL
   ) STRICT;
   CREATE TABLE known (key INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (key, seq)) STRICT, WITHOUT ROWID;
   CREATE TABLE posting (
     key INTEGER NOT NULL,
     block INTEGER NOT NULL,
     places BLOB NOT NULL,
     PRIMARY KEY (key, block)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE span (block INTEGER PRIMARY KEY, recorded_min TEXT NOT NULL, recorded_max TEXT NOT NULL) STRICT;`,
]

/** Tells a file of ours from any other SQLite database: "CSEV". */
const APPLICATION_ID = 0x43534556

export const SCHEMA_VERSION = MIGRATIONS.length

/**
 * Brings a database up to this version of the schema: all steps or none, and one process at a time. `steps` are those of this version
 * unless others are given. Throws {@link LogStoreError}
 * `schema_newer` when a newer Countersign wrote it, `store_corrupt` when it is none of ours.
 */
export function migrate(db: DatabaseSync, steps: readonly string[] = MIGRATIONS): void {
  if (versionOf(db, steps.length) === steps.length) return
  db.exec('BEGIN IMMEDIATE')
  try {
    for (const step of steps.slice(versionOf(db, steps.length))) db.exec(step)
    db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${steps.length}; COMMIT`)
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK')
    throw error
  }
}

/** Throws as {@link migrate} does, and `store_unavailable` for an older schema: whoever only reads changes nothing. */
export function requireSchema(db: DatabaseSync): void {
  const version = versionOf(db)
  if (version === SCHEMA_VERSION) return
  throw new LogStoreError('store_unavailable', `the database has schema ${version}, and ${SCHEMA_VERSION} is needed`)
}

/** The version of the schema, 0 for a new file. Throws as {@link migrate} does. */
export function versionOf(db: DatabaseSync, known = SCHEMA_VERSION): number {
  const version = Number(db.prepare('PRAGMA user_version').get()?.['user_version'])
  const application = Number(db.prepare('PRAGMA application_id').get()?.['application_id'])
  const isNew = version === 0 && application === 0 && db.prepare('SELECT 1 FROM sqlite_master').get() === undefined
  if (!isNew && application !== APPLICATION_ID) throw new LogStoreError('store_corrupt', 'the database is none of ours')
  if (version > known) {
    throw new LogStoreError('schema_newer', `the database has schema ${version}, and this program knows ${known}`)
  }
  return version
}
