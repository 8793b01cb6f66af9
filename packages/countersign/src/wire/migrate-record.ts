import type { SchemaState } from '../adapters/stores/open-stores.ts'
import { Problem } from '../workflows/problem.ts'
import { dataStores, hasRecord } from './data-stores.ts'

/**
 * Says how far the schema of a data folder's record is, and brings it up unless `isCheck`. Returns what it was before. Rejects with
 * `EvidenceLogError` `schema_newer` when a newer Countersign wrote it, and with `Problem` `data_folder_absent` where there is none;
 * in a server, one is made.
 */
export async function migrateRecord(data: string, isCheck: boolean): Promise<SchemaState> {
  const stores = await dataStores(data)
  if (stores.recordFile !== null && !(await hasRecord(stores))) {
    throw new Problem('data_folder_absent', `there is no ${stores.recordName}`)
  }
  const { translated } = await import('../adapters/log/log-errors.ts')
  return translated(async () => {
    const state = await stores.schema()
    if (!isCheck && state.version < state.needed) await (await stores.openRecord('write')).close()
    return state
  })
}
