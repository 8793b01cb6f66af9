import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describeLogStore } from '../log-store.contract.ts'
import { openSqliteStore, type SqliteOptions } from './log-store.ts'

// With every row in the index at once, with few that are not, and as it is used: a row must be found either way.
const SHAPES: readonly SqliteOptions[] = [{ blockRows: 1, mostUnsealed: 1 }, { blockRows: 4, mostUnsealed: 9 }, {}]
for (const options of SHAPES) {
  const { blockRows = 'many', mostUnsealed = 'many' } = options
  describeLogStore(`a store in SQLite with blocks of ${blockRows} rows, ${mostUnsealed} out of the index`, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sqlite-store-'))
    return {
      open: async () => openSqliteStore(join(folder, 'evidence.db'), options),
      remove: () => rm(folder, { recursive: true, force: true }),
    }
  })
}
