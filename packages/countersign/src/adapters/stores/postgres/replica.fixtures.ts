/**
 * A replica of a log as a program of its own, for tests that kill it. Appends from several callers until it is told to stop on stdin.
 * Says one JSON line a happening: `open`, `elected` and `deposed` with the fence, `ack` with index, text and checkpoint, `failed`, `closed`.
 *
 * Arguments: database URL, schema, folder of the objects, name, lease in milliseconds, number of callers.
 */
import { writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { evidenceOf, TEST_KEY, TEST_ORIGIN } from '../../log/log.fixtures.ts'
import { openSequencedLog, readSequencedLog } from '../../log/sequenced-log.ts'
import { openFolderObjects } from '../folder/object-store.ts'
import { readDatabaseUrl } from './database-url.ts'
import { openReplicaGround } from './replica-ground.ts'
import { openReplicatedLog } from './replicated-log.ts'

const [, , url = '', schema = '', folder = '', name = '', leaseMs = '', callers = ''] = process.argv
const INTAKE_KEY = Buffer.alloc(32, 1)

// Written at once and not through a stream: a line that is acknowledged must not be lost with the process.
const say = (what: string, more: object = {}): void => {
  writeSync(1, `${JSON.stringify({ what, at: Date.now(), ...more })}\n`)
}

const ground = await openReplicaGround({
  place: await readDatabaseUrl(url),
  schema,
  intakeKey: INTAKE_KEY,
  leaseMs: Number(leaseMs),
  statementMs: 1_000,
})
let isElected = false
ground.election.onChange(() => {
  const fence = ground.election.fence()
  if (isElected !== (fence !== null)) say(fence === null ? 'deposed' : 'elected', { fence: String(fence) })
  isElected = fence !== null
})
const parts = { origin: TEST_ORIGIN, key: TEST_KEY, publishPauseMs: 20 }
const log = await openReplicatedLog({
  ...ground,
  openReader: async () =>
    readSequencedLog({ ...parts, store: await ground.openStore(), objects: openFolderObjects(folder) }),
  openSequencer: async (fence) =>
    openSequencedLog({ ...parts, store: await ground.openStore(), objects: openFolderObjects(folder), fence }),
  patienceMs: 20_000,
})
say('open')

let isStopped = false
process.stdin.on('data', () => {
  isStopped = true
})

async function appendUntilStopped(caller: number): Promise<void> {
  for (let round = 0; !isStopped; round++) {
    const texts = Array.from({ length: 1 + (round % 3) }, (_, at) => `${name} ${caller} ${round} ${at}`)
    const evidence = texts.map((text) => evidenceOf(Buffer.from(text), { subjects: [`caller:${caller}`] }))
    try {
      const receipts = await log.append(evidence)
      for (const [at, { index, checkpoint }] of receipts.entries()) say('ack', { index, text: texts[at], checkpoint })
    } catch (error) {
      say('failed', { text: texts[0], error: String(error) })
      round -= 1
      await sleep(50)
    }
  }
}

await Promise.all(Array.from({ length: Number(callers) }, (_, caller) => appendUntilStopped(caller)))
await log.close()
say('closed')
process.exit(0)
