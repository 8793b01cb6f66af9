import { copyFile, mkdir, open, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type LogTrust, toHex } from '@countersign/verify'
import { z } from 'zod'
import type { DataStores } from '../adapters/stores/open-stores.ts'
import { dataLayout, openKeys, requireRecord } from '../wire.ts'
import type { SignedCheckpoint } from '../workflows/ports/evidence-log.ts'
import type { LogHead, LogStore } from '../workflows/ports/log-store.ts'
import { Problem } from '../workflows/problem.ts'
import { CHECK_NOTES, fsckLog, type LogFinding } from './check-log.ts'
import { dataStores } from './data-stores.ts'

/** What a backup says of itself, written last: without it, a backup was cut off. */
const Manifest = z.strictObject({
  apiVersion: z.literal('countersign.dev/v1'),
  kind: z.literal('Backup'),
  /** RFC 3339, UTC. */
  madeAt: z.string(),
  origin: z.string(),
  size: z.int().nonnegative(),
  /** The RFC 6962 root of the record, in hex. */
  root: z.string().regex(/^[0-9a-f]{64}$/),
  hasKeys: z.boolean(),
})

/** What a backup holds: a log of `size` entries with this root, and its keys or not. */
export type BackupManifest = z.infer<typeof Manifest>

const MANIFEST = 'backup.json'
const RECORD = 'evidence.db'

/**
 * Copies the log of a data folder, while others write it, to a folder that is not there yet or empty. Everything that the copied record
 * names is there, and no checkpoint that is longer than it. Rejects with `Problem` `already_there`, `backup_by_database` where the
 * record is in a server, and as reading logs does.
 */
export async function backupData(
  data: string,
  target: string,
  options: { readonly withKeys: boolean; readonly now: number },
): Promise<BackupManifest> {
  const keys = await openKeys(data)
  await requireRecord(data)
  const stores = await dataStores(data)
  const { copyRecord } = stores
  if (copyRecord === null) throw byDatabase(stores)
  await makeEmpty(target, [])
  const [{ readPublished }, { translated }, { copyKeys }] = await Promise.all([
    import('../adapters/log/published-checkpoint.ts'),
    import('../adapters/log/log-errors.ts'),
    import('../adapters/keys/copy-keys.ts'),
  ])
  const head = await translated(async () => {
    // In this order: a checkpoint is never longer than the record after it, and what a record names was stored before it.
    const published = await readPublished(await stores.openTiles(), keys.logTrust)
    await copyWitnesses(data, target)
    await copyRecord(join(target, RECORD))
    return completeBackup(target, stores, { published, trust: keys.logTrust })
  })
  await copyKeys(join(data, 'keys'), join(target, 'keys'), { withPrivate: options.withKeys })
  const manifest: BackupManifest = {
    apiVersion: 'countersign.dev/v1',
    kind: 'Backup',
    madeAt: new Date(options.now * 1_000).toISOString(),
    ...{ origin: head.origin, size: head.size, root: toHex(head.root), hasKeys: options.withKeys },
  }
  await writeDurably(join(target, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`)
  return manifest
}

interface WhatWasPublished {
  readonly published: SignedCheckpoint | null
  readonly trust: LogTrust
}

/** Copies the files that the record names, and publishes into the backup what was published when it began. */
async function completeBackup(
  target: string,
  stores: DataStores,
  { published, trust }: WhatWasPublished,
): Promise<LogHead> {
  const [{ openFolderObjects }, { copyObjects, KEPT_OBJECTS }, { readSqliteStore }] = await Promise.all([
    import('../adapters/stores/folder/object-store.ts'),
    import('../workflows/backup-objects.ts'),
    import('../adapters/stores/sqlite/log-store.ts'),
  ])
  await copyObjects(await stores.openObjects(), openFolderObjects(target), KEPT_OBJECTS)
  const store = readSqliteStore(join(target, RECORD))
  try {
    const head = await store.head()
    if (head === null) throw new Problem('log_corrupt', 'the record of this log is gone')
    if (published !== null) await publishInto(join(target, 'log'), store, { published, trust })
    return head
  } finally {
    await store.close()
  }
}

/** The tiles are made from the record rather than copied: whatever happened to the published ones, these lead to the signed root. */
async function publishInto(
  folder: string,
  store: LogStore,
  { published, trust }: { readonly published: SignedCheckpoint; readonly trust: LogTrust },
): Promise<void> {
  const [{ publish }, { openFolderObjects }] = await Promise.all([
    import('../adapters/log/publish.ts'),
    import('../adapters/stores/folder/object-store.ts'),
  ])
  await publish(published, { store, objects: openFolderObjects(folder), trust }, null)
}

/** Policy and settings of witnesses. Not what was heard from them: they are asked again. */
async function copyWitnesses(from: string, to: string): Promise<void> {
  for (const name of ['policy.txt', 'settings.json']) {
    const file = join('witnesses', name)
    if (!(await isThere(join(from, file)))) continue
    await mkdir(join(to, 'witnesses'), { recursive: true, mode: 0o700 })
    await copyFile(join(from, file), join(to, file))
  }
}

/** What `restoreData` is given beside the folders. */
export interface RestoreOptions {
  /** The newest checkpoint that anybody else holds, a signed note; null where none is at hand. */
  readonly newest: string | null
}

/**
 * Puts a backup into a folder that is not there yet, or holds nothing but `keys/`, and checks the whole log there. Yields what is wrong;
 * the record is then set aside, so that nobody writes it. Returns what the backup says of itself. Rejects with `Problem`
 * `backup_incomplete`, `already_there`, `log_rolled_back` where a checkpoint is known that the backup does not reach, `key_missing`.
 */
export async function* restoreData(
  backup: string,
  data: string,
  options: RestoreOptions,
): AsyncGenerator<LogFinding, BackupManifest> {
  const manifest = await readManifest(backup)
  const stores = await dataStores(data)
  if (stores.recordFile === null) throw byDatabase(stores)
  await makeEmpty(data, ['keys'])
  const trust = await takeKeys(backup, data)
  await requireNewest(manifest, stores, trust, options.newest)
  await copyWitnesses(backup, data)
  await restoreFiles(backup, stores)
  // Last, so that a restore that was cut off is a log without its record, which nobody writes.
  await copyDurably(join(backup, RECORD), stores.recordFile)
  let isSound = true
  for await (const finding of fsckLog(data)) {
    if (!CHECK_NOTES.includes(finding.code)) isSound = false
    yield finding
  }
  if (!isSound) await rename(stores.recordFile, `${stores.recordFile}.unsound`)
  return manifest
}

async function restoreFiles(backup: string, stores: DataStores): Promise<void> {
  const [{ openFolderObjects }, { copyObjects, KEPT_OBJECTS }, { translated }] = await Promise.all([
    import('../adapters/stores/folder/object-store.ts'),
    import('../workflows/backup-objects.ts'),
    import('../adapters/log/log-errors.ts'),
  ])
  await translated(async () => {
    await copyObjects(openFolderObjects(backup), await stores.openObjects(), KEPT_OBJECTS)
    const tiles = openFolderObjects(join(backup, 'log'))
    await copyObjects(tiles, await stores.openTiles(), ['tile', 'checkpoint'])
  })
}

/** Takes keys from a backup that has them; a backup without them needs them in place. Returns what the log is trusted by. */
async function takeKeys(backup: string, data: string): Promise<LogTrust> {
  const [{ copyKeys }, { openDataKeys }] = await Promise.all([
    import('../adapters/keys/copy-keys.ts'),
    import('../adapters/keys/data-keys.ts'),
  ])
  const { evidenceKey, logKey } = dataLayout(data)
  if (!(await isThere(join(data, 'keys')))) {
    await copyKeys(join(backup, 'keys'), join(data, 'keys'), { withPrivate: true })
  }
  return (await openDataKeys(evidenceKey, logKey, 'refuse')).logTrust
}

/** Refuses to make an older log than one that was shown to others: what would be appended to it were a fork. */
async function requireNewest(
  { size, origin }: BackupManifest,
  stores: DataStores,
  trust: LogTrust,
  newest: string | null,
): Promise<void> {
  const [{ readPublished }, { memoryObjects }, { translated }] = await Promise.all([
    import('../adapters/log/published-checkpoint.ts'),
    import('../adapters/stores/memory/object-store.ts'),
    import('../adapters/log/log-errors.ts'),
  ])
  await translated(async () => {
    const given = memoryObjects()
    if (newest !== null) await given.replace('checkpoint', Buffer.from(newest))
    for (const objects of [given, await stores.openTiles()]) {
      const known = (await readPublished(objects, trust))?.checkpoint.size ?? 0
      if (known > size) {
        const text = `others have seen ${known} entries of ${origin}, and the backup has ${size}`
        throw new Problem('log_rolled_back', text)
      }
    }
  })
}

async function readManifest(backup: string): Promise<BackupManifest> {
  try {
    return Manifest.parse(JSON.parse(await readFile(join(backup, MANIFEST), 'utf8')))
  } catch (cause) {
    throw new Problem('backup_incomplete', `${backup} has no ${MANIFEST} that a whole backup ends with`, { cause })
  }
}

async function makeEmpty(folder: string, allowed: readonly string[]): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const there = (await readdir(folder)).filter((name) => !allowed.includes(name))
  if (there.length > 0) throw new Problem('already_there', `${folder} is not empty: there is ${there[0]}`)
}

function byDatabase({ recordName }: DataStores): Problem {
  return new Problem('backup_by_database', `the record is in ${recordName}, which has backups of its own`)
}

async function writeDurably(file: string, text: string): Promise<void> {
  await writeFile(file, text, { flag: 'wx', mode: 0o600, flush: true })
}

async function copyDurably(from: string, to: string): Promise<void> {
  await copyFile(from, to)
  const handle = await open(to, 'r+')
  try {
    await handle.chmod(0o600)
    await handle.sync()
  } finally {
    await handle.close()
  }
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
