import {
  appendLeaf,
  EMPTY_FRONTIER,
  frontierRoot,
  leafHash,
  toHex,
  utf8,
  verifyCheckpoint,
  verifyTlogProof,
} from '@countersign/verify'
import { beforeAll, describe, expect, test } from 'vitest'
import type { EvidenceLog, Receipt } from '../../workflows/ports/evidence-log.ts'
import type { Disk } from './disk.ts'
import { findingsOf, openOnDisk, TEST_TRUST, testEntries, textsOf } from './log.fixtures.ts'
import { faultyDisk, type MemoryDisk, memoryDisk } from './memory-disk.fixtures.ts'

// The workload fills a tile, begins the next and the level above: every kind of file is written, and one folder outgrown.
const BEFORE = 254
const STEPS = [1, 2, 1]
const frontierBefore = testEntries(0, BEFORE).map(leafHash).reduce(appendLeaf, EMPTY_FRONTIER)
let prepared: MemoryDisk
let calls: number

beforeAll(async () => {
  prepared = memoryDisk(new Map([['/log', null]]))
  const log = await openOnDisk(prepared)
  await log.append(testEntries(0, BEFORE))
  await log.close()
  const counting = faultyDisk(prepared.afterKill(), null)
  await work(counting)
  calls = counting.calls()
})

describe('a log folder, whatever single call to the disk fails', () => {
  test.for([
    { name: 'having done nothing', done: 'none', code: 'EIO', refused: 'write_failed' },
    { name: 'half done', done: 'half', code: 'EIO', refused: 'write_failed' },
    { name: 'done all the same', done: 'all', code: 'EIO', refused: 'write_failed' },
    { name: 'for want of space', done: 'none', code: 'ENOSPC', refused: 'disk_full' },
  ] as const)(
    '$name, keeps what it acknowledged, takes the next append and stays one tree',
    async ({ done, code, refused }) => {
      for (let call = 0; call < calls; call++) {
        const disk = prepared.afterKill()
        const seen = publishedOn(disk)
        const outcome = await work(faultyDisk(seen.disk, { call, done, code, isFinal: false }))
        for (const error of outcome.refusals)
          expect(error, `call ${call}`).toMatchObject({ name: 'EvidenceLogError', code: refused })
        // The fault is over: one more append must succeed on the same open log, or on a log that could not be opened before.
        const log = outcome.log ?? (await openOnDisk(seen.disk))
        const [receipt] = await log.append([utf8('after the fault')])
        await log.close()
        await expectWhole(
          disk,
          [...outcome.acknowledged, ['after the fault', receipt as Receipt]],
          seen.notes,
          `call ${call}`,
        )
      }
    },
  )
})

test('what a failed commit left does not stay behind a longer one', async () => {
  for (let call = 0; call < 8; call++) {
    const disk = memoryDisk(new Map([['/log', null]]))
    await (await openOnDisk(disk)).append(testEntries(0, 10))
    const calls = faultyDisk(disk, null)
    await openOnDisk(calls)
    const log = await openOnDisk(
      faultyDisk(disk, { call: calls.calls() + call, done: 'all', code: 'EIO', isFinal: false }),
    )
    await expect(log.append(testEntries(100, 3)), `call ${call}`).rejects.toMatchObject({ code: 'write_failed' })
    await log.append(testEntries(200, 5))
    expect(await findingsOf('/log', disk), `call ${call}`).toEqual([])
  }
})

describe('a log folder, whatever instant its writer ends at', () => {
  test.for([
    { name: 'killed before a call', done: 'none', after: (disk: MemoryDisk) => disk.afterKill() },
    { name: 'killed within a call', done: 'half', after: (disk: MemoryDisk) => disk.afterKill() },
    { name: 'killed after a call', done: 'all', after: (disk: MemoryDisk) => disk.afterKill() },
    { name: 'power cut before a call', done: 'none', after: (disk: MemoryDisk) => disk.afterPowerCut() },
    { name: 'power cut within a call', done: 'half', after: (disk: MemoryDisk) => disk.afterPowerCut() },
    { name: 'power cut after a call', done: 'all', after: (disk: MemoryDisk) => disk.afterPowerCut() },
  ] as const)('$name, keeps what it acknowledged, opens again and stays one tree', async ({ done, after }) => {
    for (let call = 0; call < calls; call++) {
      const disk = prepared.afterKill()
      const seen = publishedOn(disk)
      const { acknowledged } = await work(faultyDisk(seen.disk, { call, done, code: 'EIO', isFinal: true }))
      const left = after(disk)
      const strays = (await findingsOf('/log', left)).filter((finding) => finding.code !== 'beyond_checkpoint')
      expect(strays, `call ${call}`).toEqual([])
      const again = publishedOn(left)
      const log = await openOnDisk(again.disk)
      const [receipt] = await log.append([utf8('after the crash')])
      await log.close()
      const notes = [...seen.notes, ...again.notes]
      await expectWhole(left, [...acknowledged, ['after the crash', receipt as Receipt]], notes, `call ${call}`)
    }
  })

  test('a second crash while recovering from the first changes nothing about that', async () => {
    for (let call = 0; call < calls; call += 3) {
      const first = prepared.afterKill()
      const { acknowledged } = await work(faultyDisk(first, { call, done: 'half', code: 'EIO', isFinal: true }))
      for (let second = 0; second < 6; second++) {
        const left = first.afterPowerCut()
        await work(faultyDisk(left, { call: second, done: 'all', code: 'EIO', isFinal: true }))
        const log = await openOnDisk(left)
        await log.close()
        await expectWhole(left, acknowledged, [], `calls ${call} and ${second}`)
      }
    }
  })
})

type Acknowledged = readonly [text: string, receipt: Receipt]

interface Outcome {
  readonly log: EvidenceLog | null
  readonly acknowledged: readonly Acknowledged[]
  readonly refusals: readonly unknown[]
}

/** Opens the prepared log and appends to it step by step, going on after a refusal. */
async function work(disk: Disk): Promise<Outcome> {
  const acknowledged: Acknowledged[] = []
  const refusals: unknown[] = []
  const log = await openOnDisk(disk).catch((error: unknown) => {
    refusals.push(error)
    return null
  })
  if (log === null) return { log, acknowledged, refusals }
  let next = BEFORE
  for (const count of STEPS) {
    const entries = testEntries(next, count)
    next += count
    try {
      const receipts = await log.append(entries)
      receipts.forEach((receipt, at) => {
        acknowledged.push([Buffer.from(entries[at] as Uint8Array).toString(), receipt])
      })
    } catch (error) {
      refusals.push(error)
    }
  }
  return { log, acknowledged, refusals }
}

/** Notes every checkpoint that a reader of the disk could have seen. */
function publishedOn(disk: MemoryDisk): { readonly disk: Disk; readonly notes: string[] } {
  const notes: string[] = []
  const rename = async (from: string, to: string): Promise<void> => {
    await disk.rename(from, to)
    if (to === '/log/checkpoint') notes.push(Buffer.from((await disk.read(to)) as Uint8Array).toString())
  }
  return { disk: { ...disk, rename }, notes }
}

async function expectWhole(
  disk: MemoryDisk,
  acknowledged: readonly Acknowledged[],
  notes: readonly string[],
  when: string,
) {
  expect(await findingsOf('/log', disk), when).toEqual([])
  const log = await openOnDisk(disk.afterKill())
  const texts = await textsOf(log)
  expect(texts.slice(0, BEFORE)).toEqual(testEntries(0, BEFORE).map(String))
  for (const [text, receipt] of acknowledged) {
    expect(texts[receipt.index], when).toBe(text)
    expect(verifyTlogProof(utf8(text), receipt.proof, TEST_TRUST).index).toBe(receipt.index)
  }
  const roots = rootsOf(texts)
  for (const note of [...notes, ...acknowledged.map(([, receipt]) => receipt.checkpoint)]) {
    const { size, root } = verifyCheckpoint(note, TEST_TRUST)
    expect(toHex(root), `${when}: the checkpoint of size ${size} belongs to this tree`).toBe(roots.get(size))
  }
}

/** The root of every size that the workload can reach, by size. */
function rootsOf(texts: readonly string[]): ReadonlyMap<number, string> {
  let frontier = frontierBefore
  const roots = new Map<number, string>()
  for (const text of [null, ...texts.slice(BEFORE)]) {
    if (text !== null) frontier = appendLeaf(frontier, leafHash(utf8(text)))
    roots.set(frontier.size, toHex(frontierRoot(frontier)))
  }
  return roots
}
