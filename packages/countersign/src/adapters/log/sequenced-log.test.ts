import { checkConsistency, leafHash, sha256Hex, utf8, verifyCheckpoint, verifyTlogProof } from '@countersign/verify'
import { describe, expect, test } from 'vitest'
import type { EvidenceLog } from '../../workflows/ports/evidence-log.ts'
import type { LogCommit } from '../../workflows/ports/log-store.ts'
import { memoryLogStore } from '../stores/memory/log-store.ts'
import { memoryObjects } from '../stores/memory/object-store.ts'
import {
  evidenceOf,
  findingsOf,
  openTestLog,
  TEST_KEY,
  TEST_ORIGIN,
  TEST_TRUST,
  type TestGround,
  testEntries,
  testEvidence,
  testGround,
  testKey,
  textsOf,
} from './log.fixtures.ts'
import { MAX_APPEND_ENTRIES, openSequencedLog, readSequencedLog } from './sequenced-log.ts'

const sizeOf = async (log: EvidenceLog): Promise<number> => (await log.checkpoint()).checkpoint.size

describe('a log', () => {
  test('gives with every append the receipt that proves it, and the same proof later', async () => {
    const log = await openTestLog(testGround())
    for (let from = 0; from < 600; from += 150) {
      const evidence = testEvidence(from, 150)
      const receipts = await log.append(evidence)
      for (const [at, receipt] of receipts.entries()) {
        const entry = evidence[at]?.entry as Uint8Array
        expect(receipt).toMatchObject({ index: from + at, leafHash: leafHash(entry), isDuplicate: false })
        expect(verifyTlogProof(entry, receipt.proof, TEST_TRUST).checkpoint.size).toBe(from + 150)
      }
    }
    for (const index of [0, 255, 256, 511, 512, 599]) {
      const receipt = await log.receipt(index)
      const [entry] = testEntries(index, 1) as [Uint8Array]
      expect(receipt).toMatchObject({ leafHash: leafHash(entry), isDuplicate: false })
      expect(verifyTlogProof(entry, receipt.proof, TEST_TRUST)).toMatchObject({ index, checkpoint: { size: 600 } })
    }
    await log.close()
  })

  test('begins empty, with a signed checkpoint that says so', async () => {
    const ground = testGround()
    const log = await openTestLog(ground)
    expect(verifyCheckpoint((await log.checkpoint()).note, TEST_TRUST)).toMatchObject({ origin: TEST_ORIGIN, size: 0 })
    expect(await textsOf(log)).toEqual([])
    expect(await log.append([])).toEqual([])
    await log.close()
    expect(await published(ground)).toMatchObject({ size: 0 })
  })

  test('goes on where it ended', async () => {
    const ground = testGround()
    let size = 0
    for (const count of [1, 255, 44, 212]) {
      const log = await openTestLog(ground)
      await log.append(testEvidence(size, count))
      size += count
      await log.close()
    }
    const log = await openTestLog(ground)
    expect(await textsOf(log)).toEqual(testEntries(0, 512).map(String))
    await log.close()
  })

  test('writes callers that wait together in one commit, each with its own receipts, in order', async () => {
    const store = memoryLogStore()
    let commits = 0
    const counting = { ...store, commit: (commit: LogCommit) => store.commit(commit).finally(() => commits++) }
    const log = await openTestLog(testGround({ store: counting }))
    const receipts = await Promise.all(testEvidence(0, 300).map((one) => log.append([one])))
    expect(receipts.map(([receipt]) => receipt?.index)).toEqual(Array.from({ length: 300 }, (_, at) => at))
    expect(commits).toBe(1)
    await log.close()
  })

  test('proves for any two sizes that the longer log continues the shorter one', async () => {
    const log = await openTestLog(testGround())
    const roots = new Map<number, Uint8Array>()
    for (const size of [1, 3, 200, 256, 257, 600]) {
      await log.append(testEvidence(await sizeOf(log), size - (await sizeOf(log))))
      roots.set(size, (await log.checkpoint()).checkpoint.root)
    }
    for (const [from, old] of roots) {
      for (const [to, root] of roots) {
        if (from > to) await expect(log.consistency(from, to)).rejects.toMatchObject({ code: 'index_out_of_range' })
        else checkConsistency(from, to, old, root, await log.consistency(from, to))
      }
    }
    expect(await log.consistency(0, 600)).toEqual([])
    await expect(log.consistency(1, 601)).rejects.toMatchObject({ code: 'index_out_of_range' })
    await log.close()
  })

  test('reads any range of entries', async () => {
    const log = await openTestLog(testGround())
    await log.append(testEvidence(0, 600))
    for (const [from, to] of [
      [0, 0],
      [0, 1],
      [255, 257],
      [599, 600],
    ] as const) {
      const read: string[] = []
      for await (const { index, entry } of log.entries(from, to)) read.push(`${index} ${Buffer.from(entry)}`)
      expect(read).toEqual(testEntries(from, to - from).map((entry, at) => `${from + at} ${entry}`))
    }
    await log.close()
  })

  test('finds evidence by its terms', async () => {
    const log = await openTestLog(testGround())
    await log.append(testEntries(0, 5).map((entry, at) => evidenceOf(entry, { subjects: [`change:${at % 2}`] })))
    const found: number[] = []
    for await (const { index } of log.find({ subject: 'change:1' })) found.push(index)
    expect(found).toEqual([1, 3])
    await log.close()
  })

  test('closes after what is waiting is written and published', async () => {
    const ground = testGround()
    const log = await openTestLog(ground, { publishPauseMs: 60_000 })
    await log.append(testEvidence(0, 2))
    const appended = log.append(testEvidence(2, 3))
    await log.close()
    expect(await appended).toHaveLength(5 - 2)
    expect(await published(ground)).toMatchObject({ size: 5 })
    await log.close()
  })

  test('publishes many commits as one, without being asked', async () => {
    const ground = testGround()
    const log = await openTestLog(ground, { publishPauseMs: 10 })
    for (let size = 0; size < 20; size++) await log.append(testEvidence(size, 1))
    await expect.poll(async () => (await published(ground))?.size).toBe(20)
    const paths: string[] = []
    for await (const path of ground.objects.list('tile/0')) paths.push(path)
    expect(paths.length).toBeLessThan(20)
    await log.close()
  })

  test.for([255, 256, 4_095, 4_096, 4_106, 8_200, 65_536, 65_537, 66_000, 69_640])(
    'publishes every tile of %i entries that came at once',
    async (size) => {
      const ground = testGround()
      for (const [from, count] of [
        [0, size],
        [size, 5_000],
      ] as const) {
        const log = await openTestLog(ground, { publishPauseMs: 60_000 })
        for (let at = 0; at < count; at += 65_536) {
          await log.append(testEvidence(from + at, Math.min(65_536, count - at)))
        }
        await log.close()
        expect(await findingsOf(ground.objects)).toEqual([])
      }
    },
  )

  test('removes partial tiles once the full one is there, and only then', async () => {
    const ground = testGround()
    const paths: string[] = []
    for (const [from, count] of [
      [0, 3],
      [3, 250],
      [253, 3],
      [256, 2],
    ] as const) {
      const log = await openTestLog(ground)
      await log.append(testEvidence(from, count))
      await log.close()
      paths.length = 0
      for await (const path of ground.objects.list('')) paths.push(path)
      if (from === 3) expect(paths.filter((path) => path.includes('000.p/'))).toHaveLength(4)
    }
    expect(paths).toEqual([
      'checkpoint',
      'tile/0/000',
      'tile/0/001.p/2',
      'tile/1/000.p/1',
      'tile/entries/000',
      'tile/entries/001.p/2',
    ])
  })
})

describe('evidence that the log has', () => {
  const [one, two, three] = ['one', 'two', 'three'].map((text) => evidenceOf(utf8(text))) as never as [
    never,
    never,
    never,
  ]

  test('is not appended again: the receipt is for what is there', async () => {
    const log = await openTestLog(testGround())
    await log.append([one, two])
    const receipts = await log.append([two, three, one, three])
    expect(receipts.map(({ index, isDuplicate }) => [index, isDuplicate])).toEqual([
      [1, true],
      [2, false],
      [0, true],
      [2, true],
    ])
    for (const [at, text] of ['two', 'three', 'one', 'three'].entries()) {
      verifyTlogProof(utf8(text), receipts[at]?.proof as string, TEST_TRUST)
    }
    expect((await log.append([one, two])).map(({ index }) => index)).toEqual([0, 1])
    expect(await textsOf(log)).toEqual(['one', 'two', 'three'])
    await log.close()
  })

  test('is appended once when many send it together', async () => {
    const log = await openTestLog(testGround())
    const receipts = (await Promise.all(Array.from({ length: 50 }, () => log.append([one])))).flat()
    expect(receipts.filter(({ isDuplicate }) => !isDuplicate)).toHaveLength(1)
    expect(await textsOf(log)).toEqual(['one'])
    await log.close()
  })

  test('is known by its key too, and a key is for one content: duplicate_differs', async () => {
    const log = await openTestLog(testGround())
    const keyed = (text: string, key: string) => evidenceOf(utf8(text), { idempotencyKey: key })
    await log.append([keyed('a', 'k1')])
    expect(await log.append([keyed('a', 'k1')])).toMatchObject([{ index: 0, isDuplicate: true }])
    expect(await log.append([keyed('a', 'k2')])).toMatchObject([{ index: 0, isDuplicate: true }])
    const refusals = [
      log.append([keyed('new', 'k9'), keyed('b', 'k1')]),
      log.append([keyed('c', 'k3'), keyed('d', 'k3')]),
    ]
    const others = log.append([keyed('e', 'k5')])
    for (const refusal of refusals) await expect(refusal).rejects.toMatchObject({ code: 'duplicate_differs' })
    expect(await others).toMatchObject([{ index: 1, isDuplicate: false }])
    expect(await textsOf(log)).toEqual(['a', 'e'])
    await log.close()
  })
})

describe('several processes with one record', () => {
  test('write one log between them, and duplicates of each other only once', async () => {
    const ground = testGround()
    const logs = [await openTestLog(ground), await openTestLog(ground), await openTestLog(ground)]
    const appends = logs.flatMap((log, at) =>
      Array.from({ length: 30 }, (_, round) =>
        log.append([evidenceOf(utf8(`${round % 20} ${round < 20 ? at : 'same'}`))]),
      ),
    )
    const receipts = (await Promise.all(appends)).flat()
    expect(receipts.filter(({ isDuplicate }) => !isDuplicate)).toHaveLength(70)
    for (const log of logs) {
      expect(await sizeOf(log)).toBe(70)
      expect(new Set(await textsOf(log)).size).toBe(70)
    }
    for (const log of logs) await log.close()
    expect(await published(ground)).toMatchObject({ size: 70 })
  })

  test('one reads what another writes', async () => {
    const ground = testGround()
    const log = await openTestLog(ground)
    await log.append(testEvidence(0, 3))
    const reader = await readSequencedLog({ origin: TEST_ORIGIN, key: TEST_KEY, ...ground })
    expect(await textsOf(reader)).toHaveLength(3)
    await log.append(testEvidence(3, 300))
    verifyTlogProof(testEntries(290, 1)[0] as Uint8Array, (await reader.receipt(290)).proof, TEST_TRUST)
    expect(await textsOf(reader)).toHaveLength(303)
    await expect(reader.append(testEvidence(303, 1))).rejects.toMatchObject({ code: 'log_closed' })
    await log.close()
  })
})

describe('an append is refused', () => {
  test.for([
    { name: 'for an entry too long', evidence: [evidenceOf(Buffer.alloc(65_536))], code: 'entry_too_large' },
    {
      name: 'for too many entries',
      evidence: Array(MAX_APPEND_ENTRIES + 1).fill(evidenceOf(Buffer.alloc(0))),
      code: 'too_many_entries',
    },
  ])('$name, and nothing is written: $code', async ({ evidence, code }) => {
    const log = await openTestLog(testGround())
    await expect(log.append([...testEvidence(0, 1), ...evidence])).rejects.toMatchObject({ code })
    expect(await sizeOf(log)).toBe(0)
    await log.close()
  })

  test('after the log was closed', async () => {
    const log = await openTestLog(testGround())
    await log.close()
    await expect(log.append(testEvidence(0, 1))).rejects.toMatchObject({ code: 'log_closed' })
  })

  test('while another replica has the right to write, and taken when we have it', async () => {
    let fence: bigint | null = null
    const log = await openTestLog(testGround(), { fence: () => fence })
    await expect(log.append(testEvidence(0, 1))).rejects.toMatchObject({ code: 'log_unavailable' })
    fence = 7n
    expect(await log.append(testEvidence(0, 1))).toHaveLength(1)
    await log.close()
  })

  test.for([
    { name: 'from beyond the end', from: 4, to: 4 },
    { name: 'to beyond the end', from: 0, to: 4 },
    { name: 'backwards', from: 2, to: 1 },
    { name: 'from a fraction', from: 0.5, to: 1 },
    { name: 'from below zero', from: -1, to: 1 },
  ])('just as reading is $name', async ({ from, to }) => {
    const log = await openTestLog(testGround())
    await log.append(testEvidence(0, 3))
    await expect(log.entries(from, to)[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      code: 'index_out_of_range',
    })
    await expect(log.receipt(from === to ? from : 3)).rejects.toMatchObject({ code: 'index_out_of_range' })
    await log.close()
  })
})

describe('opening is refused', () => {
  const filled = async (): Promise<TestGround> => {
    const ground = testGround()
    const log = await openTestLog(ground)
    await log.append(testEvidence(0, 300))
    await log.close()
    return ground
  }

  test.for([
    { name: 'with another key', change: { key: testKey(8) }, code: 'wrong_key' },
    { name: 'under another name', change: { origin: 'example.com/other' }, code: 'wrong_key' },
    { name: 'when the record is gone', change: { store: memoryLogStore() }, code: 'log_corrupt' },
  ])('$name: $code', async ({ change, code }) => {
    const ground = await filled()
    for (const open of [openSequencedLog, readSequencedLog]) {
      const opened = open({ origin: TEST_ORIGIN, key: TEST_KEY, ...ground, ...change })
      await expect(opened).rejects.toMatchObject({ name: 'EvidenceLogError', code })
    }
  })

  test('for another origin where nothing was published: wrong_origin', async () => {
    const ground = { ...(await filled()), objects: memoryObjects() }
    const opened = openTestLog(ground, { origin: 'example.com/other' })
    await expect(opened).rejects.toMatchObject({ code: 'wrong_origin' })
  })

  test('when the record was put back to what it was before: log_corrupt', async () => {
    const { objects } = await filled()
    const older = testGround()
    const log = await openTestLog(older)
    await log.append(testEvidence(0, 200))
    await log.close()
    await expect(openTestLog({ ...older, objects })).rejects.toMatchObject({ code: 'log_corrupt' })
  })

  test('when the record does not continue what was published: log_corrupt', async () => {
    const { objects } = await filled()
    const other = testGround()
    const log = await openTestLog(other)
    await log.append(testEntries(0, 400).map((entry) => evidenceOf(Buffer.concat([entry, utf8('!')]))))
    await log.close()
    await expect(openTestLog({ ...other, objects })).rejects.toMatchObject({ code: 'log_corrupt' })
  })

  test.for(['', 'no note', 'a\n\n— b c\n'])('for a published checkpoint that is %j: log_corrupt', async (text) => {
    const ground = await filled()
    await ground.objects.replace('checkpoint', utf8(text))
    await expect(openTestLog(ground)).rejects.toMatchObject({ code: 'log_corrupt' })
  })
})

test('tiles that are lost are made again from the record, and are the same', async () => {
  const ground = testGround()
  const log = await openTestLog(ground)
  await log.append(testEvidence(0, 700))
  await log.close()
  const again = { ...ground, objects: memoryObjects() }
  await (await openTestLog(again)).close()
  expect(await digestsOf(again)).toEqual(await digestsOf(ground))
})

async function digestsOf({ objects }: TestGround): Promise<readonly string[]> {
  const digests: string[] = []
  for await (const path of objects.list(''))
    digests.push(`${path} ${sha256Hex((await objects.get(path)) as Uint8Array)}`)
  return digests
}

async function published({ objects }: TestGround) {
  const bytes = await objects.get('checkpoint')
  return bytes === null ? null : verifyCheckpoint(Buffer.from(bytes).toString(), TEST_TRUST)
}
