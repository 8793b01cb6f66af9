import { DatabaseError } from 'pg'
import type { EvidenceQuery, IndexedTerms, LoggedEntry } from '../../../workflows/ports/evidence-log.ts'
import {
  type KnownEvidence,
  type LogCommit,
  type LogHead,
  type LogStore,
  LogStoreError,
} from '../../../workflows/ports/log-store.ts'
import { type EntryColumns, requireDigests, unpackEntries } from '../bundles.ts'
import { UnsealedRows } from '../unsealed-rows.ts'
import { type BlockSealer, blockSealer } from './block-sealer.ts'
import { commitValues } from './commit-values.ts'
import { type ConnectionBounds, type Connections, openConnections } from './connections.ts'
import type { DatabasePlace } from './database-url.ts'
import { findRows, lookUp } from './find-rows.ts'
import { followRows, type StoreGround } from './follow-rows.ts'
import { OlderRows } from './older-rows.ts'
import { OWN_STATES } from './postgres-errors.ts'
import { migrate, requireSchema, requireSchemaName } from './schema.ts'
import { DEFAULT_SHAPE, type SchemaShape } from './schema-tables.ts'
import { storeStatements } from './statements.ts'

/** Where in the database a log lies, and what its store takes care of. */
export interface PostgresStoreOptions extends ConnectionBounds {
  /** The schema that holds the tables; `countersign` unless told. One database can so hold several logs. */
  readonly schema?: Partial<SchemaShape>
  /** The rows of the intake that a digest settles: they are removed by the commit that places it. */
  readonly settles?: (digest: string) => readonly number[]
}

/**
 * Opens the record of a log in a PostgreSQL database, version 14 or newer, and brings its schema up to date. Any number of processes may
 * use it. Rejects with {@link LogStoreError} `schema_newer` or `store_unavailable`.
 */
export async function openPostgresStore(place: DatabasePlace, options: PostgresStoreOptions = {}): Promise<LogStore> {
  return open(place, options, (connections, shape) => migrate(place, connections, shape))
}

/** Opens a record that is there without changing the schema: for a role that may only read. Rejects as {@link openPostgresStore} does. */
export async function readPostgresStore(place: DatabasePlace, options: PostgresStoreOptions = {}): Promise<LogStore> {
  return open(place, options, requireSchema)
}

async function open(
  place: DatabasePlace,
  options: PostgresStoreOptions,
  prepare: (connections: Connections, shape: SchemaShape) => Promise<void>,
): Promise<LogStore> {
  const shape = { ...DEFAULT_SHAPE, ...options.schema }
  requireSchemaName(shape.name)
  const connections = openConnections(place, options)
  try {
    await prepare(connections, shape)
  } catch (error) {
    await connections.close()
    throw error
  }
  return new PostgresStore({ shape, connections, settles: options.settles ?? (() => []) })
}

const BUNDLES_PER_PAGE = 16
const HASHES_PER_RUN = 4_096
const HASH_BYTES = 32
const MOST_ATTEMPTS = 3

interface PostgresStoreParts {
  readonly shape: SchemaShape
  readonly connections: Connections
  readonly settles: (digest: string) => readonly number[]
}

class PostgresStore implements LogStore {
  readonly #ground: StoreGround
  readonly #settles: (digest: string) => readonly number[]
  readonly #unsealed: UnsealedRows
  readonly #sealer: BlockSealer
  readonly #older: OlderRows
  #committing: Promise<unknown> = Promise.resolve()

  constructor({ settles, ...parts }: PostgresStoreParts) {
    this.#ground = { ...parts, statements: storeStatements(parts.shape) }
    this.#settles = settles
    this.#unsealed = new UnsealedRows()
    this.#sealer = blockSealer(this.#ground, this.#unsealed)
    this.#older = new OlderRows(this.#ground)
  }

  async head(): Promise<LogHead | null> {
    const { connections, statements } = this.#ground
    const [row] = await connections.read<HeadColumns>(statements.head, [])
    return row === undefined ? null : { ...row, size: Number(row.size) }
  }

  async begin({ origin, size, root, edge }: LogHead): Promise<LogHead> {
    const { connections, statements } = this.#ground
    await connections.write(statements.begin, [origin, size, Buffer.from(root), Buffer.from(edge)])
    const head = await this.head()
    if (head === null) throw new LogStoreError('store_corrupt', 'the head that was just written is not there')
    return head
  }

  commit(commit: LogCommit): Promise<void> {
    // One at a time, as the database takes them: each relies on what the one before left here.
    const committed = this.#committing.then(() => this.#commit(commit))
    this.#committing = committed.catch(() => {})
    return committed
  }

  async known(digests: readonly string[], idempotencyKeys: readonly string[]): Promise<readonly KnownEvidence[]> {
    const [byDigest, byKey] = [new Set(digests), new Set<string | null>(idempotencyKeys)]
    const found = new Map<number, KnownEvidence>()
    for (const { index, terms } of await lookUp(this.#ground, digests, idempotencyKeys)) {
      const { digest, idempotencyKey } = terms
      if (byDigest.has(digest) || (idempotencyKey !== null && byKey.has(idempotencyKey))) {
        found.set(index, { index, digest, idempotencyKey })
      }
    }
    return [...found.values()]
  }

  async *entries(from: number, to: number): AsyncGenerator<readonly LoggedEntry[]> {
    const { shape, connections, statements } = this.#ground
    let next = from - (from % shape.blockRows)
    while (next < to) {
      const rows = await connections.read<EntryColumns>(statements.entries, [next, to, BUNDLES_PER_PAGE])
      const run = rows.flatMap(unpackEntries)
      yield run.filter(({ index }) => index >= from && index < to)
      if (rows.length < BUNDLES_PER_PAGE) return
      next = (run.at(-1)?.index ?? to) + 1
    }
  }

  async *leafHashes(from: number, to: number): AsyncGenerator<Uint8Array> {
    const { shape, connections, statements } = this.#ground
    for (let next = from; next < to; ) {
      const start = next - (next % shape.blockRows)
      const end = Math.min(start + HASHES_PER_RUN, to)
      const [row] = await connections.read<{ hashes: Buffer | null }>(statements.leafHashes, [start, end])
      const run = (row?.hashes ?? Buffer.alloc(0)).subarray((next - start) * HASH_BYTES, (end - start) * HASH_BYTES)
      if (run.length > 0) yield run
      next = end
    }
  }

  find(query: EvidenceQuery): AsyncIterable<IndexedTerms> {
    return findRows(this.#ground, query)
  }

  async close(): Promise<void> {
    await this.#committing
    await Promise.all([this.#sealer.settled(), this.#older.stop()])
    await this.#ground.connections.close()
  }

  async #commit(commit: LogCommit): Promise<void> {
    const { shape, connections, statements } = this.#ground
    requireDigests(commit.rows)
    for (let attempt = 1; ; attempt++) {
      await followRows(this.#unsealed, commit.from.size, this.#ground)
      const vouchedFrom = Math.min(this.#unsealed.start, commit.from.size)
      try {
        const isTwice =
          this.#unsealed.holdsAnyOf(commit.rows) || (await this.#older.holdAnyOf(commit.rows, vouchedFrom))
        const extras = { blockRows: shape.blockRows, isTwice, vouchedFrom, settles: this.#settles }
        await connections.write(statements.commit, commitValues(commit, extras))
        this.#unsealed.add(commit.rows.map(({ terms }) => terms))
        this.#older.learn(this.#unsealed.start)
        return await this.#sealer.soon()
      } catch (error) {
        if (!isUnvouched(error) || attempt === MOST_ATTEMPTS) throw error
        // A database that crashed may have lost the end of its index: those rows must be known here again.
        this.#unsealed.forget()
      }
    }
  }
}

function isUnvouched(error: unknown): boolean {
  if (!(error instanceof LogStoreError)) return false
  return (error.cause instanceof DatabaseError ? error.cause.code : error.cause) === OWN_STATES.unvouched
}

interface HeadColumns {
  readonly origin: string
  readonly size: string
  readonly root: Buffer
  readonly edge: Buffer
}
