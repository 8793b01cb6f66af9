import { utf8 } from '@countersign/verify'
import { expect, test } from 'vitest'
import type { ObjectStore } from '../../workflows/ports/object-store.ts'
import { allOf } from '../stores/log-rows.fixtures.ts'
import { memoryLogStore } from '../stores/memory/log-store.ts'
import { memoryObjects } from '../stores/memory/object-store.ts'
import { importTiles } from './import-tiles.ts'
import { evidenceOf, openTestLog, TEST_TRUST, testEvidence, testGround, testKey } from './log.fixtures.ts'

const termsOf = async (entry: Uint8Array) => evidenceOf(entry).terms

async function publishedLog(size: number): Promise<ObjectStore> {
  const ground = testGround()
  const log = await openTestLog(ground)
  await log.append(testEvidence(0, size))
  await log.close()
  return ground.objects
}

test.for([0, 1, 255, 256, 257, 700])(
  'a record of %i entries is made again from the tiles, and goes on',
  async (size) => {
    const objects = await publishedLog(size)
    const store = memoryLogStore()
    expect(await importTiles({ objects, trust: TEST_TRUST, store, termsOf })).toBe(size)
    const found = await allOf(store.find({}))
    expect(found.map(({ terms }) => terms)).toEqual(testEvidence(0, size).map(({ terms }) => terms))
    const log = await openTestLog({ store, objects })
    expect(await log.append(testEvidence(size, 3))).toMatchObject([{ index: size }, {}, {}])
    await log.close()
  },
)

test.for([
  { name: 'no checkpoint', file: 'checkpoint', bytes: null },
  { name: 'a checkpoint of somebody else', file: 'checkpoint', bytes: utf8('no note') },
  { name: 'a bundle that is gone', file: 'tile/entries/000.p/9', bytes: null },
  { name: 'a bundle of other entries', file: 'tile/entries/000.p/9', bytes: Buffer.alloc(18) },
  { name: 'a bundle that is cut short', file: 'tile/entries/000.p/9', bytes: Buffer.alloc(17) },
])('a log with $name makes none: log_corrupt', async ({ file, bytes }) => {
  const whole = await publishedLog(9)
  const objects = memoryObjects()
  for await (const path of whole.list('')) {
    const stored = path === file ? bytes : await whole.get(path)
    if (stored !== null) await objects.putOnce(path, stored)
  }
  const imported = importTiles({
    objects,
    trust: TEST_TRUST,
    store: memoryLogStore(),
    termsOf: async (entry) => evidenceOf(Buffer.concat([entry, Buffer.from(String(Math.random()))])).terms,
  })
  await expect(imported).rejects.toMatchObject({ name: 'EvidenceLogError', code: 'log_corrupt' })
})

test('a log of another key makes none: wrong_key', async () => {
  const ground = testGround()
  await (await openTestLog(ground, { key: testKey(8) })).close()
  const imported = importTiles({ objects: ground.objects, trust: TEST_TRUST, store: memoryLogStore(), termsOf })
  await expect(imported).rejects.toMatchObject({ code: 'wrong_key' })
})

test('a record that is not empty is left as it is: log_corrupt', async () => {
  const ground = testGround()
  const log = await openTestLog(ground)
  await log.append(testEvidence(0, 3))
  await expect(importTiles({ ...ground, trust: TEST_TRUST, termsOf })).rejects.toMatchObject({ code: 'log_corrupt' })
  expect((await ground.store.head())?.size).toBe(3)
  await log.close()
})
