import { createHmac } from 'node:crypto'
import { join } from 'node:path'
import type { LogTrust } from '@countersign/verify'
import type { SequencedLogParts } from '../adapters/log/sequenced-log.ts'
import type { DataStores } from '../adapters/stores/open-stores.ts'
import type { EvidenceLog } from '../workflows/ports/evidence-log.ts'
import type { LogStore } from '../workflows/ports/log-store.ts'
import { Problem } from '../workflows/problem.ts'

/** The stores that a data folder's log stands on: where `COUNTERSIGN_STORE` and `COUNTERSIGN_OBJECTS` say, else in the folder. */
export async function dataStores(data: string): Promise<DataStores> {
  const { openStores } = await import('../adapters/stores/open-stores.ts')
  const { COUNTERSIGN_STORE: record, COUNTERSIGN_OBJECTS: objects } = process.env
  return openStores(data, { record, objects })
}

/** Whether a log has its record. Rejects with `EvidenceLogError` where that cannot be told. */
export async function hasRecord(stores: DataStores): Promise<boolean> {
  const { translated } = await import('../adapters/log/log-errors.ts')
  return translated(() => stores.hasRecord())
}

/** Whether a log was begun: it has its record, or has published a checkpoint. Rejects as {@link hasRecord} does. */
export async function isLogBegun(stores: DataStores): Promise<boolean> {
  if (await hasRecord(stores)) return true
  const { translated } = await import('../adapters/log/log-errors.ts')
  return translated(async () => {
    const tiles = await stores.openTiles()
    try {
      return (await tiles.get('checkpoint')) !== null
    } finally {
      await tiles.close()
    }
  })
}

/** What a log is opened with, beside its stores. */
export interface LogIdentity extends Pick<SequencedLogParts, 'key' | 'cosign'> {
  readonly trust: LogTrust
  readonly indexKey: Uint8Array
}

/**
 * Opens a log on its stores. One that is written and has its record in a server is one of any number of replicas, of which one is elected
 * to write. Rejects with `EvidenceLogError`.
 */
export async function openLogOn(
  stores: DataStores,
  identity: LogIdentity,
  mode: 'read' | 'write',
): Promise<EvidenceLog> {
  const { openGround } = stores
  if (mode === 'write' && openGround !== null) return openReplica({ ...stores, openGround }, identity)
  const [{ openLocalLog }, objects] = await Promise.all([import('../adapters/log/local-log.ts'), stores.openTiles()])
  const { origin } = identity.trust
  return openLocalLog({ ...identity, origin, objects, openStore: () => stores.openRecord(mode) }, mode)
}

/**
 * Refuses with `Problem` `log_rolled_back` to write a record that witnesses have seen longer: it was put back as it was before, and what
 * would be appended were another log under the same name. `folder` is that of the witnesses.
 */
export async function requireWitnessed(stores: DataStores, folder: string): Promise<void> {
  const [{ witnessSizesFile }, { translated }] = await Promise.all([
    import('../adapters/witness/witness-folder.ts'),
    import('../adapters/log/log-errors.ts'),
  ])
  // Read before the record, which grows; a file that is absent or damaged says nothing, and witnesses are then asked again.
  const sizes = await witnessSizesFile(join(folder, 'sizes.json'))
    .load()
    .catch(() => new Map<string, number>())
  const witnessed = Math.max(0, ...sizes.values())
  if (witnessed === 0 || !(await hasRecord(stores))) return
  await translated(async () => {
    const store = await stores.openRecord('read')
    try {
      const size = (await store.head())?.size ?? 0
      if (size >= witnessed) return
      throw new Problem('log_rolled_back', `witnesses have seen ${witnessed} entries, and the record has ${size}`)
    } finally {
      await store.close()
    }
  })
}

type SharedStores = DataStores & { readonly openGround: NonNullable<DataStores['openGround']> }

async function openReplica(stores: SharedStores, { indexKey, ...identity }: LogIdentity): Promise<EvidenceLog> {
  const [{ openReplicatedLog }, { openSequencedLog, readSequencedLog }, { sealTerms }, { translated }] =
    await Promise.all([
      import('../adapters/stores/postgres/replicated-log.ts'),
      import('../adapters/log/sequenced-log.ts'),
      import('../adapters/log/sealed-terms.ts'),
      import('../adapters/log/log-errors.ts'),
    ])
  return translated(async () => {
    const ground = await stores.openGround(intakeKeyOf(indexKey))
    const onStores = async (open: (store: LogStore) => Promise<EvidenceLog>): Promise<EvidenceLog> => {
      const store = sealTerms(await ground.openStore(), indexKey)
      try {
        return await open(store)
      } catch (error) {
        await store.close()
        throw error
      }
    }
    const parts = { ...identity, origin: identity.trust.origin }
    return openReplicatedLog({
      ...ground,
      known: sealTerms(ground.known, indexKey),
      // Whoever only reads asks no witness: what was cosigned is what was published.
      openReader: () =>
        onStores(async (store) => {
          const { cosign: _, ...reading } = parts
          return readSequencedLog({ ...reading, store, objects: await stores.openTiles() })
        }),
      openSequencer: (fence) =>
        onStores(async (store) => openSequencedLog({ ...parts, store, objects: await stores.openTiles(), fence })),
    })
  })
}

/** The secret that replicas of one log hand evidence in under: every holder of its keys makes the same. */
function intakeKeyOf(indexKey: Uint8Array): Uint8Array {
  return createHmac('sha256', indexKey).update('countersign intake v1').digest()
}
