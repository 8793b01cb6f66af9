import { join } from 'node:path'
import type { DataKeys } from '../adapters/keys/data-keys.ts'
import type { DataStores } from '../adapters/stores/open-stores.ts'
import { openData, openKeys, requireRecord } from '../wire.ts'
import { EvidenceLogError, type SignedCheckpoint } from '../workflows/ports/evidence-log.ts'
import { dataStores } from './data-stores.ts'

/** Something that `log fsck` has to say, and of which file. */
export interface LogFinding {
  readonly file: string
  readonly code: string
  readonly message: string
}

/** How much of a log is looked at: all of it, or what was added since it was last found sound. */
export type CheckScope = 'all' | 'since-last'

/** What is left for later, and nothing wrong. */
export const CHECK_NOTES: readonly string[] = ['beyond_checkpoint', 'not_published']

/**
 * Checks what a data folder's log has published, its record, then everything that its evidence names and is found by. Yields what is
 * wrong, naming the file. Returns the index of the first entry that was looked at: 0 unless only what was added is asked for, and it is
 * remembered what was there before.
 */
export async function* fsckLog(data: string, scope: CheckScope = 'all'): AsyncGenerator<LogFinding, number> {
  const keys = await openKeys(data)
  await requireRecord(data)
  const stores = await dataStores(data)
  const { readChecked, writeChecked } = await import('../adapters/log/checked-memory.ts')
  const memory = join(data, 'fsck.json')
  const known = scope === 'all' ? null : await readChecked(memory, keys.indexKey, keys.logTrust)
  // Read first: everything that it covers is then looked at.
  const published = await readPublishedOrNull(stores, keys)
  let isSound = true
  if (known === 'refused') {
    isSound = false
    yield { file: 'fsck.json', code: 'differs', message: 'somebody without the key changed it; all is checked' }
  }
  const since = known === 'refused' ? null : known
  for await (const finding of checkFrom(data, { stores, keys, since })) {
    if (!CHECK_NOTES.includes(finding.code)) isSound = false
    yield finding
  }
  // A check of everything leaves the folder as it is: only who asks for what is new needs to remember.
  if (scope === 'since-last' && isSound && published !== null) await writeChecked(memory, keys.indexKey, published)
  return since?.checkpoint.size ?? 0
}

interface Checking {
  readonly stores: DataStores
  readonly keys: DataKeys
  readonly since: SignedCheckpoint | null
}

async function* checkFrom(data: string, checking: Checking): AsyncGenerator<LogFinding> {
  const isSound = yield* checkFiles(checking)
  if (!isSound) return
  const [{ checkEvidence }, { EvidenceLedger }] = await Promise.all([
    import('../workflows/check-evidence.ts'),
    import('../workflows/evidence-ledger.ts'),
  ])
  const parts = await openData(data, 'read')
  try {
    yield* checkEvidence(new EvidenceLedger(parts), parts.log, checking.since?.checkpoint.size ?? 0)
  } finally {
    await parts.log.close()
  }
}

async function* checkFiles({ stores, keys, since }: Checking): AsyncGenerator<LogFinding, boolean> {
  const [{ fsckLocalLog }, { fsckSince }, { translated }] = await Promise.all([
    import('../adapters/log/local-log.ts'),
    import('../adapters/log/fsck-since.ts'),
    import('../adapters/log/log-errors.ts'),
  ])
  const [objects, trust] = [await stores.openTiles(), keys.logTrust]
  if (since === null) {
    return yield* fsckLocalLog({
      ...{ objects, trust },
      checkFile: () => stores.checkRecord(),
      openStore: () => stores.openRecord('read'),
      ...(stores.recordFile === null ? { record: stores.recordName } : {}),
    })
  }
  const store = await translated(() => stores.openRecord('read'))
  let isSound = true
  try {
    for await (const finding of fsckSince({ store, objects, trust }, since)) {
      isSound = false
      const { code, message, file } = finding
      const record = stores.recordFile === null ? stores.recordName : file
      yield { code, message, file: file === 'evidence.db' ? record : `log/${file}` }
    }
  } finally {
    await store.close()
  }
  return isSound
}

/** What is published now; null where there is nothing, or what there is must be refused, which the check itself says. */
async function readPublishedOrNull(stores: DataStores, { logTrust }: DataKeys): Promise<SignedCheckpoint | null> {
  const { readPublished } = await import('../adapters/log/published-checkpoint.ts')
  try {
    return await readPublished(await stores.openTiles(), logTrust)
  } catch (error) {
    if (error instanceof EvidenceLogError) return null
    throw error
  }
}
