/**
 * Opens the log in the folder named by the first argument, its record in SQLite, and appends to it from eight callers until it is killed.
 * Says `ready` when the log is open, then one line per acknowledged entry: its index, a space, its text.
 */

import { writeSync } from 'node:fs'
import { join } from 'node:path'
import { evidenceOf, openTestLog } from '../../packages/countersign/src/adapters/log/log.fixtures.ts'
import { openFolderObjects } from '../../packages/countersign/src/adapters/stores/folder/object-store.ts'
import { openSqliteStore } from '../../packages/countersign/src/adapters/stores/sqlite/log-store.ts'

const [, , folder = '', prefix = ''] = process.argv
// Few rows wait for the index, so that kills hit its upkeep as well.
const store = openSqliteStore(join(folder, 'evidence.db'), { blockRows: 16, mostUnsealed: 64 })
const log = await openTestLog({ store, objects: openFolderObjects(join(folder, 'log')) }, { publishPauseMs: 3 })
// Written at once and not through a stream: a line that is acknowledged must not be lost with the process.
writeSync(1, 'ready\n')

async function appendForEver(caller: number): Promise<never> {
  for (let round = 0; ; round++) {
    const texts = Array.from({ length: 1 + (round % 40) }, (_, at) => `${prefix} ${caller} ${round} ${at}`)
    const evidence = texts.map((text) => evidenceOf(Buffer.from(text), { subjects: [`caller:${caller}`] }))
    const receipts = await log.append(evidence)
    for (const [at, { index }] of receipts.entries()) writeSync(1, `${index} ${texts[at]}\n`)
  }
}

await Promise.all(Array.from({ length: 8 }, (_, caller) => appendForEver(caller)))
