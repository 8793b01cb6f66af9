import { DatabaseSync } from 'node:sqlite'
import { SCHEMA_VERSION, versionOf } from './schema.ts'
import { asStoreError } from './sqlite-errors.ts'

/** What SQLite itself finds wrong with a database, in its own words; nothing when it is sound. Throws `LogStoreError`. */
export function* checkSqliteFile(file: string): Generator<string> {
  try {
    const db = new DatabaseSync(file)
    try {
      db.exec('PRAGMA query_only = ON')
      for (const row of db.prepare('PRAGMA integrity_check').iterate()) {
        const said = String(row['integrity_check'])
        if (said !== 'ok') yield said
      }
    } finally {
      db.close()
    }
  } catch (cause) {
    throw asStoreError(cause, 'write_failed')
  }
}

/** The version of the schema in a database file, 0 for one without, and the one that is needed. Throws `LogStoreError`; changes nothing. */
export function sqliteSchemaState(file: string): { readonly version: number; readonly needed: number } {
  try {
    const db = new DatabaseSync(file)
    try {
      db.exec('PRAGMA query_only = ON')
      return { version: versionOf(db), needed: SCHEMA_VERSION }
    } finally {
      db.close()
    }
  } catch (cause) {
    throw asStoreError(cause, 'write_failed')
  }
}
