/**
 * Serves a witness of the test log that remembers in the file named by the first argument, and says its URL once it listens. With
 * `dies` as the second argument it kills itself as soon as a cosigned checkpoint is durable, before it answers.
 */

import { writeSync } from 'node:fs'
import { openWitnessDatabase } from '../../packages/countersign/src/adapters/witness/witness-database.ts'
import { serveWitness } from '../../packages/countersign/src/server/witness-server.ts'
import type { WitnessState } from '../../packages/countersign/src/workflows/ports/witness-state.ts'
import { testWitness } from '../../packages/countersign/src/workflows/witness-checkpoint.fixtures.ts'

const [, , file = '', dies] = process.argv
const kept = openWitnessDatabase(file)
const state: WitnessState = {
  ...kept,
  replace: async (...change) => {
    const isReplaced = await kept.replace(...change)
    if (dies === 'dies') process.kill(process.pid, 'SIGKILL')
    return isReplaced
  },
}
const complain = (what: unknown): void => void writeSync(2, `${String(what)}\n`)
const server = await serveWitness({
  host: '127.0.0.1',
  port: 0,
  prefix: '',
  parts: testWitness(state),
  report: complain,
  suspect: () => undefined,
})
writeSync(1, `${server.url}\n`)
