/**
 * Opens the log folder named by the first argument and appends to it from eight callers until it is killed. Says `ready` when the
 * log is open, then one line per acknowledged entry: its index, a space, its text.
 */

import { writeSync } from 'node:fs'
import { TEST_KEY, TEST_ORIGIN } from '../../packages/countersign/src/adapters/log/log.fixtures.ts'
import { openTileFolder } from '../../packages/countersign/src/adapters/log/tile-folder.ts'

const [, , folder = '', prefix = ''] = process.argv
const log = await openTileFolder({ folder, origin: TEST_ORIGIN, key: TEST_KEY })
// Written at once and not through a stream: a line that is acknowledged must not be lost with the process.
writeSync(1, 'ready\n')

async function appendForEver(caller: number): Promise<never> {
  for (let round = 0; ; round++) {
    const texts = Array.from({ length: 1 + (round % 40) }, (_, at) => `${prefix} ${caller} ${round} ${at}`)
    const receipts = await log.append(texts.map((text) => Buffer.from(text)))
    for (const [at, { index }] of receipts.entries()) writeSync(1, `${index} ${texts[at]}\n`)
  }
}

await Promise.all(Array.from({ length: 8 }, (_, caller) => appendForEver(caller)))
