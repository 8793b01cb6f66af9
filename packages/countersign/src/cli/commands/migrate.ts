import { migrateRecord } from '../../wire/migrate-record.ts'
import { dataFolder } from '../../wire.ts'
import type { Terminal } from '../terminal.ts'

/** The options of `countersign migrate`, as the grammar reads them. */
export interface MigrateOptions {
  readonly data?: string
  readonly check?: boolean
}

/** Brings the schema of the record up to this version. Returns 0, or 1 where `--check` found that something is to be done. */
export async function migrate({ data, check = false }: MigrateOptions, terminal: Terminal): Promise<number> {
  const { version, needed } = await migrateRecord(dataFolder(data), check)
  const isCurrent = version === needed
  const said = isCurrent ? 'nothing to do' : check ? `${needed} is needed` : `now ${needed}`
  await terminal.data(`schema ${version}: ${said}\n`)
  return check && !isCurrent ? 1 : 0
}
