import type { EvidenceQuery, IndexedTerms, LoggedEntry } from '../../../workflows/ports/evidence-log.ts'
import {
  type KnownEvidence,
  type LogCommit,
  type LogHead,
  type LogStore,
  LogStoreError,
} from '../../../workflows/ports/log-store.ts'
import { type BlockSealer, blockSealer } from './block-sealer.ts'
import { commitValues, isTwiceIn, requireDigests } from './commit-values.ts'
import { type ConnectionBounds, type Connections, openConnections } from './connections.ts'
import type { DatabasePlace } from './database-url.ts'
import { type TermColumns, termsOfRow } from './evidence-rows.ts'
import { findRows } from './find-rows.ts'
import { migrate, requireSchema, requireSchemaName } from './schema.ts'
import { DEFAULT_SHAPE, type SchemaShape } from './schema-tables.ts'
import { type StoreStatements, storeStatements } from './statements.ts'
import { knownKeysOf } from './term-keys.ts'

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

const ENTRIES_PER_PAGE = 256
const HASHES_PER_RUN = 4_096

interface PostgresStoreParts {
  readonly shape: SchemaShape
  readonly connections: Connections
  readonly settles: (digest: string) => readonly number[]
}

class PostgresStore implements LogStore {
  readonly #parts: PostgresStoreParts
  readonly #statements: StoreStatements
  readonly #sealer: BlockSealer

  constructor(parts: PostgresStoreParts) {
    this.#parts = parts
    this.#statements = storeStatements(parts.shape.name)
    this.#sealer = blockSealer({ ...parts, statements: this.#statements })
  }

  async head(): Promise<LogHead | null> {
    const [row] = await this.#parts.connections.read<HeadColumns>(this.#statements.head, [])
    return row === undefined ? null : { ...row, size: Number(row.size) }
  }

  async begin({ origin, size, root, edge }: LogHead): Promise<LogHead> {
    await this.#parts.connections.write(this.#statements.begin, [origin, size, bytesOf(root), bytesOf(edge)])
    const head = await this.head()
    if (head === null) throw new LogStoreError('store_corrupt', 'the head that was just written is not there')
    return head
  }

  async commit(commit: LogCommit): Promise<void> {
    const { connections, settles } = this.#parts
    requireDigests(commit.rows)
    const values = commitValues(commit, { isTwice: isTwiceIn(commit.rows), settles })
    await connections.write(this.#statements.commit, values)
    await this.#sealer.committed(commit.rows)
  }

  async known(digests: readonly string[], idempotencyKeys: readonly string[]): Promise<readonly KnownEvidence[]> {
    const keys = knownKeysOf(digests, idempotencyKeys)
    if (keys.length === 0) return []
    const rows = await this.#parts.connections.read<TermColumns>(this.#statements.known, [keys])
    const [byDigest, byKey] = [new Set(digests), new Set<string | null>(idempotencyKeys)]
    const found = new Map<number, KnownEvidence>()
    for (const row of rows) {
      const { index, terms } = termsOfRow(row)
      const { digest, idempotencyKey } = terms
      if (byDigest.has(digest) || (idempotencyKey !== null && byKey.has(idempotencyKey))) {
        found.set(index, { index, digest, idempotencyKey })
      }
    }
    return [...found.values()]
  }

  async *entries(from: number, to: number): AsyncGenerator<LoggedEntry> {
    for (let next = from; next < to; ) {
      const values = [next, to, ENTRIES_PER_PAGE]
      const rows = await this.#parts.connections.read<EntryColumns>(this.#statements.entries, values)
      for (const { seq, entry } of rows) yield { index: Number(seq), entry }
      const last = rows.at(-1)
      if (last === undefined || rows.length < ENTRIES_PER_PAGE) return
      next = Number(last.seq) + 1
    }
  }

  async *leafHashes(from: number, to: number): AsyncGenerator<Uint8Array> {
    for (let next = from; next < to; next += HASHES_PER_RUN) {
      const values = [next, Math.min(next + HASHES_PER_RUN, to)]
      const [row] = await this.#parts.connections.read<{ hashes: Buffer | null }>(this.#statements.leafHashes, values)
      if (row?.hashes) yield row.hashes
    }
  }

  find(query: EvidenceQuery): AsyncIterable<IndexedTerms> {
    return findRows({ ...this.#parts, statements: this.#statements }, query)
  }

  async close(): Promise<void> {
    await this.#sealer.settled()
    await this.#parts.connections.close()
  }
}

interface HeadColumns {
  readonly origin: string
  readonly size: string
  readonly root: Buffer
  readonly edge: Buffer
}

interface EntryColumns {
  readonly seq: string
  readonly entry: Buffer
}

/** The driver takes a Buffer for bytes and any other view for something else. */
function bytesOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
