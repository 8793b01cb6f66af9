import { closeSync, fsyncSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { parseCheckpoint, parseNote } from '@countersign/verify'
import { type WitnessState, WitnessStateError } from '../../workflows/ports/witness-state.ts'

/**
 * What a witness remembers, in a SQLite file that is made when it is absent (mode 0600); `:memory:` for tests. Several processes may
 * share it. Throws and rejects with {@link WitnessStateError}: `schema_newer` for a file of a later version, `witness_state_corrupt` for one that is something else.
 */
export function openWitnessDatabase(path: string): WitnessState {
  const database = translated(() => openDatabase(path))
  const statements = translated(() => prepare(database))
  return {
    name: async () => textOrNull(translated(() => statements.name.get()?.['name'])),
    async signsAs(name) {
      return translated(() => {
        statements.nameOnce.run(name)
        return String(statements.name.get()?.['name'])
      })
    },
    latest: async (origin) => textOrNull(translated(() => statements.latest.get(origin)?.['note'])),
    async replace(origin, from, to) {
      const { size } = parseCheckpoint(parseNote(to).text)
      return translated(() => {
        const { insert, update } = statements
        const { changes } = from === null ? insert.run(origin, size, to) : update.run(size, to, origin, from)
        return Number(changes) === 1
      })
    },
    async close() {
      if (database.isOpen) database.close()
    },
  }
}

// "CSWT", so that no other SQLite file is taken for this one.
const APPLICATION_ID = 0x43535754
const SCHEMA_VERSION = 1

// The rules of a witness stand in the file too: whoever writes to it in another way cannot make it go back by mistake.
const SCHEMA = `
  create table witness (only_row integer primary key check (only_row = 1), name text not null) strict;
  create table witnessed (
    origin text primary key,
    size integer not null check (size >= 0),
    note text not null
  ) strict, without rowid;
  create trigger witnessed_never_shrinks before update on witnessed
    when new.size < old.size or new.origin <> old.origin
    begin select raise(abort, 'a witness never goes back'); end;
  create trigger witnessed_never_vanishes before delete on witnessed
    begin select raise(abort, 'a witness never forgets'); end;
  pragma application_id = ${APPLICATION_ID};
  pragma user_version = ${SCHEMA_VERSION};
`

function openDatabase(path: string): DatabaseSync {
  if (path !== ':memory:') createPrivately(path)
  const database = new DatabaseSync(path)
  try {
    database.exec('pragma busy_timeout = 5000; begin immediate')
    if (numberOf(database, 'schema_version') === 0) database.exec(SCHEMA)
    requireOwn(database, path)
    // FULL syncs every commit before it returns: an answer must never be more durable than what is remembered of it.
    database.exec('commit; pragma journal_mode = wal; pragma synchronous = full')
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

function createPrivately(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  closeSync(openSync(path, 'a', 0o600))
  const folder = openSync(dirname(path), 'r')
  fsyncSync(folder)
  closeSync(folder)
}

function requireOwn(database: DatabaseSync, path: string): void {
  if (numberOf(database, 'application_id') !== APPLICATION_ID) {
    throw new WitnessStateError('witness_state_corrupt', `${path} is a database of something else`)
  }
  const version = numberOf(database, 'user_version')
  if (version > SCHEMA_VERSION) {
    throw new WitnessStateError('schema_newer', `${path} has schema ${version}, this program knows ${SCHEMA_VERSION}`)
  }
}

function numberOf(database: DatabaseSync, pragma: string): number {
  return Number(Object.values(database.prepare(`pragma ${pragma}`).get() ?? {})[0])
}

interface Statements
  extends Record<'nameOnce' | 'name' | 'latest' | 'insert' | 'update', ReturnType<DatabaseSync['prepare']>> {}

function prepare(database: DatabaseSync): Statements {
  return {
    nameOnce: database.prepare('insert into witness values (1, ?) on conflict do nothing'),
    name: database.prepare('select name from witness'),
    latest: database.prepare('select note from witnessed where origin = ?'),
    insert: database.prepare('insert into witnessed values (?, ?, ?) on conflict do nothing'),
    update: database.prepare('update witnessed set size = ?, note = ? where origin = ? and note = ?'),
  }
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}

const SQLITE_CORRUPT = 11
const SQLITE_FULL = 13
const SQLITE_NOT_A_DATABASE = 26

function translated<T>(work: () => T): T {
  try {
    return work()
  } catch (cause) {
    if (cause instanceof WitnessStateError || !(cause instanceof Error)) throw cause
    const number = 'errcode' in cause ? Number(cause.errcode) & 0xff : null
    if (number === SQLITE_FULL) throw new WitnessStateError('disk_full', 'no room for what is witnessed', { cause })
    const isDamaged = number === SQLITE_CORRUPT || number === SQLITE_NOT_A_DATABASE
    const code = isDamaged ? 'witness_state_corrupt' : 'witness_state_unavailable'
    throw new WitnessStateError(code, `what is witnessed cannot be used: ${cause.message}`, { cause })
  }
}
