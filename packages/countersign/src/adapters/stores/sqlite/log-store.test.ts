import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describeLogStore } from '../log-store.contract.ts'
import { openSqliteStore } from './log-store.ts'

// With every row in the index at once, with few that are not, and as it is used: a row must be found either way.
for (const mostUnindexed of [1, 5, undefined]) {
  describeLogStore(`a store in SQLite that leaves ${mostUnindexed ?? 'many'} rows out of the index`, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sqlite-store-'))
    const options = mostUnindexed === undefined ? {} : { mostUnindexed }
    return {
      open: async () => openSqliteStore(join(folder, 'evidence.db'), options),
      remove: () => rm(folder, { recursive: true, force: true }),
    }
  })
}
