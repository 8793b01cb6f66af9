/**
 * A program that appends heartbeats to the log in a data folder, several at once, until its standard input ends; for tests that do something
 * else with the log meanwhile. Says one JSON line an acknowledged append: its index and checkpoint.
 *
 * Argument: the data folder.
 */
import { writeSync } from 'node:fs'
import { openData } from '../wire.ts'
import { recordHeartbeat } from '../workflows/record-heartbeat.ts'

const [, , data = ''] = process.argv
const parts = await openData(data, 'write')
const observer = `test:${process.pid}`
let isStopped = false
process.stdin.resume().on('end', () => {
  isStopped = true
})

async function appendUntilStopped(caller: number): Promise<void> {
  for (let round = 0; !isStopped; round++) {
    const at = 1_767_225_600 + round
    const memory = { kind: 'none' } as const
    const beat = { source: `test:${process.pid}-${caller}`, observer, since: at, at, within: 60, memory }
    const { index, checkpoint } = await recordHeartbeat(beat, at, parts)
    writeSync(1, `${JSON.stringify({ index, checkpoint })}\n`)
  }
}

await Promise.all(Array.from({ length: 4 }, (_, caller) => appendUntilStopped(caller)))
await parts.log.close()
