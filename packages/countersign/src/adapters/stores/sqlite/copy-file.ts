import { closeSync, fsyncSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { asStoreError } from './sqlite-errors.ts'

/**
 * Copies a database as it stands at one moment, while others write it, into a file that is not there yet (mode 0600); durable when it
 * returns. Throws `LogStoreError`, `store_unavailable` where a file is in the way.
 */
export function copySqliteFile(file: string, target: string): void {
  try {
    // SQLite fills an empty file, and would make one that others may read.
    closeSync(openSync(target, 'wx', 0o600))
    const db = new DatabaseSync(file, { timeout: BUSY_MS })
    try {
      // One reading transaction from beginning to end: writers go on beside it.
      db.prepare('VACUUM INTO ?').run(target)
    } finally {
      db.close()
    }
    for (const path of [target, dirname(target)]) makeDurable(path)
  } catch (cause) {
    throw asStoreError(cause, 'write_failed')
  }
}

const BUSY_MS = 5_000

function makeDurable(path: string): void {
  const handle = openSync(path, 'r')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}
