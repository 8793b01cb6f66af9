import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'

/** What `node:crypto` can do at most. */
export interface RawLimit {
  readonly perSecond: number
  /** CPU milliseconds for one verification: says the same on a busy machine, where the rate does not. */
  readonly cpuMsEach: number
}

/**
 * Ed25519 verifications of `node:crypto` on all cores at once, with nothing else to do: key objects kept, messages of 100
 * bytes at hand. The most that any program on the same library could reach.
 */
export async function rawVerificationLimit(): Promise<RawLimit> {
  const url = new URL('./raw-limit-worker.ts', import.meta.url)
  const workers = Array.from({ length: availableParallelism() }, () => new Worker(url))
  await Promise.all(workers.map(nextMessage))
  const measured = workers.map(nextMessage)
  for (const worker of workers) worker.postMessage('go')
  const limits = await Promise.all(measured)
  await Promise.all(workers.map((worker) => worker.terminate()))
  const sum = (figure: (limit: RawLimit) => number) => limits.reduce((total, limit) => total + figure(limit), 0)
  return { perSecond: sum(({ perSecond }) => perSecond), cpuMsEach: sum(({ cpuMsEach }) => cpuMsEach) / limits.length }
}

function nextMessage(worker: Worker): Promise<RawLimit> {
  return new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))
}
