import type { DatabaseSync } from 'node:sqlite'
import { LogStoreError } from '../../../workflows/ports/log-store.ts'

/**
 * What each version of the schema adds to the one before; a file's `user_version` says how many it has. They only ever grow.
 *
 * - `head`: one row, where the log stands. Rows of `evidence` below `indexed` are in `term` and `span`; the few above are looked
 *   through one by one, so that a commit writes two pages and not ten.
 * - `evidence`: the record, by place. `terms` is the JSON of what is not in a column of its own.
 * - `term`: where a term occurs, by the first 48 bits of its SHA-256. Terms that share them are told apart by the row.
 * - `span`: between which times runs of rows were recorded.
 */
const MIGRATIONS = [
  `CREATE TABLE head (
     id INTEGER PRIMARY KEY CHECK (id = 1),
     origin TEXT NOT NULL,
     size INTEGER NOT NULL,
     root BLOB NOT NULL,
     edge BLOB NOT NULL,
     indexed INTEGER NOT NULL
   ) STRICT;
   CREATE TABLE evidence (
     seq INTEGER PRIMARY KEY,
     leaf_hash BLOB NOT NULL,
     entry BLOB,
     digest TEXT NOT NULL,
     idem_key TEXT,
     recorded_at TEXT NOT NULL,
     terms TEXT NOT NULL
   ) STRICT;
   CREATE TABLE term (hash INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (hash, seq)) STRICT, WITHOUT ROWID;
   CREATE TABLE span (
     first INTEGER PRIMARY KEY,
     last INTEGER NOT NULL,
     recorded_min TEXT NOT NULL,
     recorded_max TEXT NOT NULL
   ) STRICT;`,
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
