import { createPublicKey, sign, verify } from 'node:crypto'
import { parentPort } from 'node:worker_threads'
import { seededBytes } from '../signers/dice.ts'
import { seededEd25519 } from '../signers/ssh-keys.ts'
import type { RawLimit } from './raw-limit.ts'

const MEASURED_MS = 2000
const BATCH = 256

const { key } = seededEd25519('raw limit')
const publicKey = createPublicKey(key)
const messages = Array.from({ length: BATCH }, (_, index) => {
  const text = seededBytes(`message ${index}`, 100)
  return { text, signature: sign(null, text, key) }
})

/** Verifications per second over the time given, and the CPU time that each took this thread. */
function measure(milliseconds: number): RawLimit {
  const started = performance.now()
  const cpu = process.threadCpuUsage()
  let done = 0
  while (performance.now() - started < milliseconds) {
    for (const { text, signature } of messages) {
      if (!verify(null, text, publicKey, signature)) throw new Error('a good signature did not verify')
    }
    done += BATCH
  }
  const { user, system } = process.threadCpuUsage(cpu)
  return { perSecond: (done / (performance.now() - started)) * 1000, cpuMsEach: (user + system) / 1000 / done }
}

measure(MEASURED_MS / 10)
parentPort?.once('message', () => parentPort?.postMessage(measure(MEASURED_MS)))
parentPort?.postMessage(null)
