import { rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { LogTrust } from '@countersign/verify'
import type { DataKeys } from '../adapters/keys/data-keys.ts'
import type { DataStores } from '../adapters/stores/open-stores.ts'
import { dataLayout, openSenders } from '../wire.ts'
import type { LogStore } from '../workflows/ports/log-store.ts'
import type { ObjectStore } from '../workflows/ports/object-store.ts'
import { Problem } from '../workflows/problem.ts'
import { dataStores, hasRecord } from './data-stores.ts'

/**
 * Makes the record of a data folder's log from published tiles, and returns how many entries it has: from the folder's own, or from those
 * that `from` holds, another data folder or a folder of tiles, whose files are then copied too. The keys of another data folder come
 * along where this one has none. Nothing is signed. Rejects with `Problem` `already_there` where there is a record,
 * `data_folder_absent` where there are no tiles, and as opening keys and logs does; there is no record then.
 */
export async function importLog(data: string, from: string | null = null): Promise<number> {
  const stores = await dataStores(data)
  if (await hasRecord(stores)) throw new Problem('already_there', `there is ${stores.recordName}`)
  if (from !== null) await takeOver(data, from, stores)
  const keys = await keysOf(data)
  const { recordFile } = stores
  if (recordFile === null) return fillRecord(data, stores, keys, await stores.openRecord('write'))
  // Whatever happens, there is the whole record or none.
  const unfinished = `${recordFile}.import`
  for (const file of [unfinished, `${unfinished}-wal`, `${unfinished}-shm`]) await rm(file, { force: true })
  const { openSqliteStore } = await import('../adapters/stores/sqlite/log-store.ts')
  const size = await fillRecord(data, stores, keys, openSqliteStore(unfinished))
  await rename(unfinished, recordFile)
  return size
}

async function fillRecord(data: string, stores: DataStores, keys: DataKeys, record: LogStore): Promise<number> {
  const [{ importTiles }, { blobStoreOver }, { sealTerms }, { termsOfEntry }] = await Promise.all([
    import('../adapters/log/import-tiles.ts'),
    import('../adapters/stores/blob-store.ts'),
    import('../adapters/log/sealed-terms.ts'),
    import('../workflows/evidence-ledger.ts'),
  ])
  const { envelopeKey, logTrust: trust, indexKey } = keys
  const store = sealTerms(record, indexKey)
  try {
    const senderKeys = (await (await openSenders(data)).list()).map((sender) => sender.key)
    const opening = { envelopeKey, senderKeys, blobs: blobStoreOver(await stores.openObjects()) }
    const termsOf = (entry: Uint8Array) => termsOfEntry(entry, opening)
    return await importTiles({ objects: await stores.openTiles(), trust, store, termsOf })
  } finally {
    await store.close()
  }
}

/** Copies another log's files, checkpoint last, once it is certain that the keys here are those that it was signed with. */
async function takeOver(data: string, from: string, stores: DataStores): Promise<void> {
  const [{ openFolderObjects }, { copyObjects, KEPT_OBJECTS }, { translated }] = await Promise.all([
    import('../adapters/stores/folder/object-store.ts'),
    import('../workflows/backup-objects.ts'),
    import('../adapters/log/log-errors.ts'),
  ])
  const tiles = openFolderObjects(await tilesFolder(from))
  if (!(await isThere(dataLayout(data).evidenceKey))) {
    const { copyKeys } = await import('../adapters/keys/copy-keys.ts')
    await copyKeys(join(from, 'keys'), join(data, 'keys'), { withPrivate: true })
  }
  await requireSigned(tiles, (await keysOf(data)).logTrust)
  await translated(async () => {
    await copyObjects(openFolderObjects(from), await stores.openObjects(), KEPT_OBJECTS)
    await copyObjects(tiles, await stores.openTiles(), ['tile', 'checkpoint'])
  })
}

async function requireSigned(tiles: ObjectStore, trust: LogTrust): Promise<void> {
  const { readPublished } = await import('../adapters/log/published-checkpoint.ts')
  await readPublished(tiles, trust)
}

async function tilesFolder(from: string): Promise<string> {
  for (const folder of [join(from, 'log'), from]) if (await isThere(join(folder, 'checkpoint'))) return folder
  throw new Problem('data_folder_absent', `there is no checkpoint of a log in ${from}`)
}

async function keysOf(data: string): Promise<DataKeys> {
  const { openDataKeys } = await import('../adapters/keys/data-keys.ts')
  const { evidenceKey, logKey } = dataLayout(data)
  return openDataKeys(evidenceKey, logKey, 'refuse')
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return false
    throw new Problem('data_folder_unusable', `${path} cannot be looked at`, { cause })
  }
}
