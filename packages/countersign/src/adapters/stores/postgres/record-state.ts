import { type Connections, openConnections } from './connections.ts'
import type { DatabasePlace } from './database-url.ts'
import { SCHEMA_VERSION, versionOf } from './schema.ts'
import { DEFAULT_SHAPE } from './schema-tables.ts'

/** The version of the schema in a database, 0 where there is none, and the one that is needed. Rejects as `openPostgresStore` does. */
export function postgresSchemaState(
  place: DatabasePlace,
): Promise<{ readonly version: number; readonly needed: number }> {
  return withConnections(place, async (connections) => ({
    version: await versionOf(connections, DEFAULT_SHAPE.name),
    needed: SCHEMA_VERSION,
  }))
}

/** Whether a log was begun in a database; changes nothing in it. Rejects as `openPostgresStore` does. */
export function isLogBegun(place: DatabasePlace): Promise<boolean> {
  return withConnections(place, async (connections) => {
    if ((await versionOf(connections, DEFAULT_SHAPE.name)) === 0) return false
    const text = `SELECT size FROM ${DEFAULT_SHAPE.name}.head`
    return (await connections.read({ name: 'is begun at all', text }, [])).length > 0
  })
}

async function withConnections<Value>(
  place: DatabasePlace,
  work: (connections: Connections) => Promise<Value>,
): Promise<Value> {
  const connections = openConnections(place, { readers: 1 })
  try {
    return await work(connections)
  } finally {
    await connections.close()
  }
}
