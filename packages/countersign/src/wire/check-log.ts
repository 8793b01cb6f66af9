import { openData, openKeys, requireRecord } from '../wire.ts'
import { dataStores } from './data-stores.ts'

/** Something that `log fsck` has to say, and of which file. */
export interface LogFinding {
  readonly file: string
  readonly code: string
  readonly message: string
}

/**
 * Checks what a data folder's log has published, its record, then everything that its evidence names and is found by. Yields what is
 * wrong, naming the file.
 */
export async function* fsckLog(data: string): AsyncGenerator<LogFinding> {
  const { fsckLocalLog } = await import('../adapters/log/local-log.ts')
  const keys = await openKeys(data)
  await requireRecord(data)
  const stores = await dataStores(data)
  const isSound = yield* fsckLocalLog({
    objects: await stores.openTiles(),
    trust: keys.logTrust,
    checkFile: () => stores.checkRecord(),
    openStore: () => stores.openRecord('read'),
    ...(stores.recordFile === null ? { record: stores.recordName } : {}),
  })
  if (!isSound) return
  const [{ checkEvidence }, { EvidenceLedger }] = await Promise.all([
    import('../workflows/check-evidence.ts'),
    import('../workflows/evidence-ledger.ts'),
  ])
  const parts = await openData(data, 'read')
  try {
    yield* checkEvidence(new EvidenceLedger(parts), parts.log)
  } finally {
    await parts.log.close()
  }
}
