import { setTimeout as sleep } from 'node:timers/promises'
import { Pool, type PoolClient, type PoolConfig, type QueryConfig } from 'pg'
import { LogStoreError } from '../../../workflows/ports/log-store.ts'
import type { DatabasePlace } from './database-url.ts'
import { asConnectError, asStoreError, isUsableAfter } from './postgres-errors.ts'

/** A statement that each connection prepares once: its name, and its text with `$1`, `$2` and so on. */
export interface Statement {
  readonly name: string
  readonly text: string
}

/** A few connections to one database, made when they are needed and made again when they broke. */
export interface Connections {
  /** Reads rows. Rejects with {@link LogStoreError}, `store_unavailable` when the database cannot be reached. */
  read<Row>(statement: Statement, values: readonly unknown[]): Promise<readonly Row[]>
  /** Calls a function that writes; one call at a time. Rejects with `outcome_unknown` when it cannot be told whether it did. */
  write<Row>(statement: Statement, values: readonly unknown[]): Promise<readonly Row[]>
  /** As `write`, on a connection of its own, so that neither waits for the other. */
  writeBeside<Row>(statement: Statement, values: readonly unknown[]): Promise<readonly Row[]>
  close(): Promise<void>
}

/** How long things may take, in milliseconds, and how many connections read at once. */
export interface ConnectionBounds {
  readonly statementMs?: number
  readonly readers?: number
}

export function openConnections(place: DatabasePlace, bounds: ConnectionBounds = {}): Connections {
  const { statementMs = STATEMENT_MS, readers = READERS } = bounds
  const timeouts = {
    statement_timeout: statementMs,
    lock_timeout: statementMs,
    // Later than the server's own, which says for certain that nothing was done.
    query_timeout: statementMs + GRACE_MS,
  }
  const writer = newPool({ ...place.config, ...timeouts, max: 1 })
  const beside = newPool({ ...place.config, ...timeouts, max: 1 })
  const reader = newPool({ ...place.config, ...timeouts, max: readers })
  let closing: Promise<void> | null = null
  const ask = async <Row>(
    pool: Pool,
    statement: Statement,
    values: readonly unknown[],
    whenLost: 'store_unavailable' | 'outcome_unknown',
  ): Promise<readonly Row[]> => {
    if (closing !== null) throw new LogStoreError('store_unavailable', 'the store was closed')
    const client = await connected(pool, place.label)
    let isUsable = true
    try {
      const { rows } = await client.query(queryOf(statement, values))
      return rows
    } catch (cause) {
      isUsable = isUsableAfter(cause)
      throw asStoreError(cause, whenLost)
    } finally {
      client.release(!isUsable)
    }
  }
  return {
    read: (statement, values) => ask(reader, statement, values, 'store_unavailable'),
    write: (statement, values) => ask(writer, statement, values, 'outcome_unknown'),
    writeBeside: (statement, values) => ask(beside, statement, values, 'outcome_unknown'),
    close: () => {
      closing ??= endedInTime(Promise.all([writer.end(), beside.end(), reader.end()]))
      return closing
    },
  }
}

/** Waits for connections to end, but not for a server that does not answer any more. */
export async function endedInTime(ending: Promise<unknown>): Promise<void> {
  const done = new AbortController()
  const late = sleep(END_MS, undefined, { signal: done.signal }).catch(() => {})
  await Promise.race([ending.catch(() => {}), late])
  done.abort()
}

const END_MS = 2_000
const STATEMENT_MS = 30_000
const GRACE_MS = 2_000
const READERS = 4

function newPool(config: PoolConfig): Pool {
  const pool = new Pool(config)
  // A connection that breaks says so to the pool while it is idle and to nobody while it is in use, and an error that nobody listens
  // to ends the process. Whoever uses it is told by what it asked; the next question makes a new one.
  pool.on('error', () => {})
  pool.on('connect', (client) => client.on('error', () => {}))
  return pool
}

async function connected(pool: Pool, label: string): Promise<PoolClient> {
  try {
    return await pool.connect()
  } catch (cause) {
    throw asConnectError(cause, label)
  }
}

function queryOf(statement: Statement, values: readonly unknown[]): QueryConfig {
  return { ...statement, values: [...values] }
}
