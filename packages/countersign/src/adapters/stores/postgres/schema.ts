import { Client, type ClientConfig } from 'pg'
import { LogStoreError } from '../../../workflows/ports/log-store.ts'
import { Problem } from '../../../workflows/problem.ts'
import { type Connections, endedInTime, type Statement } from './connections.ts'
import type { DatabasePlace } from './database-url.ts'
import { asConnectError, asStoreError } from './postgres-errors.ts'
import { functions } from './schema-functions.ts'
import { type SchemaShape, tables } from './schema-tables.ts'

/** What each version of the schema adds to the one before. They only ever grow, and what was released never changes. */
const MIGRATIONS: readonly ((shape: SchemaShape) => string)[] = [(shape) => tables(shape) + functions(shape)]

export const SCHEMA_VERSION = MIGRATIONS.length

/**
 * Brings a database schema up to this version, making it where there is none: all steps or none, and one process at a time. Where
 * nothing is to be done, nothing is asked for but to read the version. Rejects with {@link LogStoreError} `schema_newer` when a newer
 * Countersign was here, and `store_unavailable` when the database cannot be reached or forbids it.
 */
export async function migrate(place: DatabasePlace, connections: Connections, shape: SchemaShape): Promise<void> {
  if ((await versionOf(connections, shape.name)) === SCHEMA_VERSION) return
  await withClient(place, async (client) => {
    await client.query('BEGIN')
    try {
      await client.query('SELECT pg_advisory_xact_lock($1, hashtext($2))', [LOCK, shape.name])
      // Another process may have been quicker while this one waited.
      await applySteps(client, shape, await versionOf(clientReader(client), shape.name))
      await client.query('COMMIT')
    } catch (error) {
      await client.query('ROLLBACK').catch(() => {})
      throw error
    }
  })
}

/** Rejects as {@link migrate} does, and with `store_unavailable` for an older schema: whoever only reads changes nothing. */
export async function requireSchema(connections: Connections, { name }: SchemaShape): Promise<void> {
  const version = await versionOf(connections, name)
  if (version === SCHEMA_VERSION) return
  throw new LogStoreError('store_unavailable', `the database has schema ${version}, and ${SCHEMA_VERSION} is needed`)
}

/** Throws {@link Problem} `usage` unless a name can be that of a schema without being quoted. */
export function requireSchemaName(schema: string): void {
  if (/^[a-z][a-z0-9_]{0,30}$/.test(schema)) return
  throw new Problem(
    'usage',
    `${JSON.stringify(schema)} is no name for a schema: small letters, digits and _, 31 at most`,
  )
}

/** "CSEV": tells our advisory locks from those of others. */
const LOCK = 0x43534556

async function applySteps(client: Client, shape: SchemaShape, version: number): Promise<void> {
  if (version === 0) {
    await client.query(`CREATE SCHEMA IF NOT EXISTS ${shape.name}`)
    await client.query(
      `CREATE TABLE ${shape.name}.schema_version (version integer PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())`,
    )
  }
  for (const [at, step] of MIGRATIONS.entries()) {
    if (at < version) continue
    await client.query(step(shape))
    await client.query(`INSERT INTO ${shape.name}.schema_version (version) VALUES ($1)`, [at + 1])
  }
}

type Reader = Pick<Connections, 'read'>

/** The version of the schema, 0 where there is none. Rejects with {@link LogStoreError} `schema_newer`, and as reading does. */
export async function versionOf(reader: Reader, schema: string): Promise<number> {
  // Not by to_regclass: that may still answer from what was true before this process waited for the lock.
  const there = await reader.read(
    { name: 'is begun', text: "SELECT FROM pg_tables WHERE schemaname = $1 AND tablename = 'schema_version'" },
    [schema],
  )
  if (there.length === 0) return 0
  const text = `SELECT coalesce(max(version), 0) AS version FROM ${schema}.schema_version`
  const [row] = await reader.read<{ version: number }>({ name: 'version', text }, [])
  const version = Number(row?.version)
  if (version <= SCHEMA_VERSION) return version
  throw new LogStoreError(
    'schema_newer',
    `the database has schema ${version}, and this program knows ${SCHEMA_VERSION}`,
  )
}

/** One connection as something to read from, so that what is read belongs to its transaction. */
function clientReader(client: Client): Reader {
  return {
    read: async <Row>({ text }: Statement, values: readonly unknown[]) =>
      (await client.query(text, [...values])).rows as readonly Row[],
  }
}

async function withClient(place: DatabasePlace, work: (client: Client) => Promise<void>): Promise<void> {
  const config: ClientConfig = { ...place.config, lock_timeout: LOCK_MS, query_timeout: LONGEST_MS }
  const client = new Client(config)
  // A connection that breaks while nothing is asked of it says so here, and without a listener ends the process.
  client.on('error', () => {})
  try {
    await client.connect()
  } catch (cause) {
    throw asConnectError(cause, place.label)
  }
  try {
    await work(client)
  } catch (cause) {
    throw asStoreError(cause, 'store_unavailable')
  } finally {
    await endedInTime(client.end())
  }
}

const LOCK_MS = 60_000
const LONGEST_MS = 300_000
