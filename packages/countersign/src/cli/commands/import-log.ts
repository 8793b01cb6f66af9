import { resolve } from 'node:path'
import { importLog } from '../../wire/import-log.ts'
import { dataFolder } from '../../wire.ts'
import type { Terminal } from '../terminal.ts'

/** The options of `countersign log import`, as the grammar reads them. */
export interface ImportOptions {
  readonly data?: string
  readonly from?: string
}

/** Makes the record from published tiles: those of the data folder, or those that `--from` names. */
export async function logImport({ data, from }: ImportOptions, terminal: Terminal): Promise<number> {
  const folder = dataFolder(data)
  const size = await importLog(folder, from === undefined ? null : resolve(from))
  terminal.talk(`log import: ${size} entries; every signature and hash of them led to the published checkpoint\n`)
  return 0
}
