import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import {
  type PostgresContext,
  type PostgresHandle,
  startPostgres,
} from '../../../../../../e2e/estate/postgres/start-postgres.ts'
import type { StoreUnderTest } from '../log-store.contract.ts'
import { type DatabasePlace, readDatabaseUrl } from './database-url.ts'
import { openPostgresStore } from './log-store.ts'
import type { SchemaShape } from './schema-tables.ts'

/** A server for the tests of one file. */
export interface ServerUnderTest {
  readonly handle: PostgresHandle
  /** Where the database is, or where another port of this machine leads to it. */
  place(port?: number): Promise<DatabasePlace>
  /** A name that no schema has yet. */
  newSchema(): string
}

/** Stores for the contract's tests. Schemas are emptied and used again: making one takes longer than most of the tests. */
export function storesForTests(server: ServerUnderTest, cut: Partial<SchemaShape> = {}): () => Promise<StoreUnderTest> {
  const free: string[] = []
  return async () => {
    const place = await server.place()
    const name = free.pop() ?? server.newSchema()
    return {
      open: () => openPostgresStore(place, { schema: { ...cut, name } }),
      remove: async () => {
        const tables = ['head', 'bundle', 'known', 'posting', 'span', 'intake']
        await server.handle.query(tables.map((table) => `DELETE FROM ${name}.${table};`).join(''))
        free.push(name)
      },
    }
  }
}

/** Starts a server before the tests of a file and stops it after them. Quick and forgetful unless told otherwise. */
export function serverForTests(context: Omit<PostgresContext, 'folder'> = { fsync: false }): ServerUnderTest {
  let folder: string
  let handle: PostgresHandle | null = null
  let schemas = 0
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'countersign-postgres-'))
    handle = await startPostgres({ folder, ...context })
  })
  afterAll(async () => {
    await handle?.stop()
    await rm(folder, { recursive: true, force: true })
  })
  const running = (): PostgresHandle => {
    if (handle === null) throw new Error('the server runs while tests run')
    return handle
  }
  return {
    get handle() {
      return running()
    },
    place: (port) =>
      readDatabaseUrl(
        running()
          .url()
          .replace(/:\d+\//, `:${port ?? running().port}/`),
      ),
    newSchema: () => {
      schemas += 1
      return `log_${schemas}`
    },
  }
}
