import { describe, expect, test, vi } from 'vitest'
import { type Patience, retrying } from './retry.ts'
import { S3Failure } from './s3-failure.ts'

const PATIENCE: Patience = { attempts: 4, firstWaitMs: 100, longestWaitMs: 250, requestMs: 1_000 }
const failure = (mayPass: boolean): S3Failure => new S3Failure('store_unavailable', 'Broken', 503, mayPass, 'broken')

/** Runs work that fails as often as told, on a clock that never really waits, and tells how long it waited between attempts. */
async function waitsOf(failures: number, share: number, error: Error = failure(true)): Promise<readonly number[]> {
  vi.useFakeTimers()
  vi.spyOn(Math, 'random').mockReturnValue(share)
  const times: number[] = []
  const done = retrying(async () => {
    times.push(Date.now())
    if (times.length <= failures) throw error
  }, PATIENCE).catch((last: unknown) => last)
  await vi.runAllTimersAsync()
  expect(await done).toBe(failures >= times.length ? error : undefined)
  vi.useRealTimers()
  return times.slice(1).map((time, at) => time - (times[at] ?? 0))
}

describe('trying again', () => {
  test('waits up to twice as long each time, and no longer than told', async () => {
    expect(await waitsOf(3, 1)).toEqual([100, 200, 250])
    expect(await waitsOf(3, 0.5)).toEqual([50, 100, 125])
    expect(Math.max(...(await waitsOf(3, 0)))).toBeLessThanOrEqual(1)
  })

  test('is given up after as many attempts as told', async () => {
    expect(await waitsOf(99, 1)).toHaveLength(3)
  })

  test('is not tried where it does not help', async () => {
    expect(await waitsOf(99, 1, failure(false))).toEqual([])
    expect(await waitsOf(99, 1, new Error('our own fault'))).toEqual([])
  })
})
