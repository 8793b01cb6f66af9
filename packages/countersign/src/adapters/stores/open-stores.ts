import { stat } from 'node:fs/promises'
import { isAbsolute, join } from 'node:path'
import { type LogStore, LogStoreError } from '../../workflows/ports/log-store.ts'
import type { ObjectStore } from '../../workflows/ports/object-store.ts'
import { Problem } from '../../workflows/problem.ts'
import type { ReplicaGround } from './postgres/replica-ground.ts'

/** Where record and files are to be kept; null or nothing: in the data folder. */
export interface StoreAddresses {
  /** `postgresql://…` or `postgres://…`, as `readDatabaseUrl` reads it. */
  readonly record?: string | null | undefined
  /** `s3://…`, as `readObjectStoreUrl` reads it, or the absolute path of a folder. */
  readonly objects?: string | null | undefined
}

/** How far the schema of a record is: the version that it has, 0 where there is none, and the one that is needed. */
export interface SchemaState {
  readonly version: number
  readonly needed: number
}

/** The kinds of store that a log can stand on, made ready to be opened. Nothing is opened, and no library loaded, before it is asked for. */
export interface DataStores {
  /** The record's database as messages name it, without a secret. */
  readonly recordName: string
  /** The database file; null where the record is in a server. */
  readonly recordFile: string | null
  openRecord(mode: 'read' | 'write'): Promise<LogStore>
  /** Whether a log was begun in the record. Rejects with {@link LogStoreError} where that cannot be told. */
  hasRecord(): Promise<boolean>
  /** Rejects with {@link LogStoreError} `schema_newer` when a newer Countersign wrote the record. */
  schema(): Promise<SchemaState>
  /** What the database itself finds wrong with its file; nothing where it has none. */
  checkRecord(): Promise<Iterable<string>>
  /** Copies the record as it stands at one moment into a file that is not there yet; null where the database has its own way. */
  readonly copyRecord: ((target: string) => Promise<void>) | null
  /** What replicas of one log share; null where there is one process beside another and nothing to elect. */
  readonly openGround: ((intakeKey: Uint8Array) => Promise<ReplicaGround>) | null
  /** The files: blobs below `blobs/`, and the published log below `log/`. */
  openObjects(): Promise<ObjectStore>
  /** The published log alone: checkpoint and tiles. */
  openTiles(): Promise<ObjectStore>
}

/**
 * The registry of stores. Rejects with `Problem` `store_unknown` for an address of no kind that there is, `database_url_malformed` and
 * `object_url_malformed`. No message quotes an address.
 */
export async function openStores(data: string, addresses: StoreAddresses): Promise<DataStores> {
  const record = addresses.record ? await serverRecord(addresses.record) : fileRecord(join(data, 'evidence.db'))
  return { ...record, ...(await objectPlaces(addresses.objects || data)) }
}

type Record = Omit<DataStores, 'openObjects' | 'openTiles'>

function fileRecord(file: string): Record {
  const load = () => import('./sqlite/log-store.ts')
  return {
    recordName: file,
    recordFile: file,
    copyRecord: async (target) => (await import('./sqlite/copy-file.ts')).copySqliteFile(file, target),
    openGround: null,
    openRecord: async (mode) => {
      const { openSqliteStore, readSqliteStore } = await load()
      return mode === 'write' ? openSqliteStore(file) : readSqliteStore(file)
    },
    hasRecord: () => isThere(file),
    schema: async () => (await import('./sqlite/check-file.ts')).sqliteSchemaState(file),
    checkRecord: async () => (await import('./sqlite/check-file.ts')).checkSqliteFile(file),
  }
}

async function serverRecord(url: string): Promise<Record> {
  if (!/^postgres(?:ql)?:/.test(url)) throw unknown('COUNTERSIGN_STORE', 'postgresql://')
  // The driver is loaded when something is asked of the database, the URL is read now.
  const { readDatabaseUrl } = await import('./postgres/database-url.ts')
  const place = await readDatabaseUrl(url)
  return {
    recordName: place.label,
    recordFile: null,
    copyRecord: null,
    openGround: async (intakeKey) => {
      const { openReplicaGround } = await import('./postgres/replica-ground.ts')
      return openReplicaGround({ place, intakeKey })
    },
    openRecord: async (mode) => {
      const { openPostgresStore, readPostgresStore } = await import('./postgres/log-store.ts')
      return (mode === 'write' ? openPostgresStore : readPostgresStore)(place)
    },
    hasRecord: async () => (await import('./postgres/record-state.ts')).isLogBegun(place),
    schema: async () => (await import('./postgres/record-state.ts')).postgresSchemaState(place),
    checkRecord: async () => [],
  }
}

async function objectPlaces(address: string): Promise<Pick<DataStores, 'openObjects' | 'openTiles'>> {
  if (!isAbsolute(address)) {
    if (!address.startsWith('s3:')) throw unknown('COUNTERSIGN_OBJECTS', 's3:// or with a slash, as a folder does')
    const { readObjectStoreUrl } = await import('./s3/object-store-url.ts')
    readObjectStoreUrl(address)
    const open = async (url: string) => (await import('./s3/object-store.ts')).openS3Objects(url)
    return { openObjects: () => open(address), openTiles: () => open(withLogPrefix(address)) }
  }
  const open = async (folder: string) => (await import('./folder/object-store.ts')).openFolderObjects(folder)
  return { openObjects: () => open(address), openTiles: () => open(join(address, 'log')) }
}

/** The URL of the same bucket with `log/` behind the prefix. */
function withLogPrefix(url: string): string {
  const [, place = '', query = ''] = /^([^?]*?)\/?(\?.*)?$/s.exec(url) ?? []
  return `${place}/log${query}`
}

function unknown(variable: string, beginning: string): Problem {
  return new Problem('store_unknown', `${variable} must begin with ${beginning}`)
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return false
    throw new LogStoreError('store_unavailable', `${path} cannot be looked at`, { cause })
  }
}
