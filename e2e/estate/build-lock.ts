import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'

const RETRY_MS = 200

/**
 * Runs `work` while no other process works on this cache folder; waits as long as one does, and says so once by `onWait`.
 *
 * The lock is SQLite's on a file: the system gives it up when its holder ends, however that ends.
 */
export async function withBuildLock<T>(cache: string, onWait: () => void, work: () => Promise<T>): Promise<T> {
  await mkdir(cache, { recursive: true })
  const lock = new DatabaseSync(join(cache, 'build.lock'))
  try {
    let hasWaited = false
    while (!tryLock(lock)) {
      if (!hasWaited) onWait()
      hasWaited = true
      await sleep(RETRY_MS)
    }
    return await work()
  } finally {
    lock.close()
  }
}

function tryLock(lock: DatabaseSync): boolean {
  try {
    lock.exec('BEGIN EXCLUSIVE')
    return true
  } catch (error) {
    if (/locked|busy/i.test(String(error))) return false
    throw error
  }
}
