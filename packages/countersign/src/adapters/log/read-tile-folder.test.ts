import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { verifyTlogProof } from '@countersign/verify'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { EvidenceLog } from '../../workflows/ports/evidence-log.ts'
import { TEST_KEY, TEST_ORIGIN, TEST_TRUST, testEntries, testKey, textsOf } from './log.fixtures.ts'
import { readTileFolder } from './read-tile-folder.ts'
import { openTileFolder } from './tile-folder.ts'

let folder: string
let writer: EvidenceLog
beforeEach(async () => {
  folder = join(mkdtempSync(join(tmpdir(), 'csn-read-')), 'log')
  writer = await openTileFolder({ folder, origin: TEST_ORIGIN, key: TEST_KEY })
})
afterEach(async () => {
  await writer.close()
  rmSync(join(folder, '..'), { recursive: true, force: true })
})

test('reads what its checkpoint covers while another writes, before and after tiles are outgrown', async () => {
  await writer.append(testEntries(0, 200))
  const before = readdirSync(folder, { recursive: true })
  const reader = await readTileFolder(folder, TEST_TRUST)
  expect(readdirSync(folder, { recursive: true })).toEqual(before)
  await writer.append(testEntries(200, 100))
  expect(await textsOf(reader)).toEqual(testEntries(0, 200).map(String))
  const again = await readTileFolder(folder, TEST_TRUST)
  expect(await textsOf(again)).toEqual(testEntries(0, 300).map(String))
  const { proof } = await again.receipt(299)
  verifyTlogProof(testEntries(299, 1)[0] as Uint8Array, proof, TEST_TRUST)
  await expect(reader.receipt(200)).rejects.toMatchObject({ code: 'index_out_of_range' })
})

test('refuses to append with log_closed', async () => {
  const reader = await readTileFolder(folder, TEST_TRUST)
  await expect(reader.append(testEntries(0, 1))).rejects.toMatchObject({ code: 'log_closed' })
  await reader.close()
})

test.for([
  { name: 'a folder without a checkpoint', damage: () => rmSync(join(folder, 'checkpoint')), code: 'log_corrupt' },
  { name: 'half a checkpoint', damage: () => writeFileSync(join(folder, 'checkpoint'), 'x'), code: 'log_corrupt' },
  {
    name: 'tiles of another tree',
    damage: () => writeFileSync(join(folder, 'tile', '0', '000.p', '3'), Buffer.alloc(96)),
    code: 'log_corrupt',
  },
])('refuses $name with $code', async ({ damage, code }) => {
  await writer.append(testEntries(0, 3))
  damage()
  await expect(readTileFolder(folder, TEST_TRUST)).rejects.toMatchObject({ code })
})

test('refuses the log of another key with wrong_key', async () => {
  const other = join(folder, '..', 'other')
  await (await openTileFolder({ folder: other, origin: TEST_ORIGIN, key: testKey(8) })).close()
  await expect(readTileFolder(other, TEST_TRUST)).rejects.toMatchObject({ code: 'wrong_key' })
})
