import { mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  ed25519NoteSigner,
  emptyRoot,
  leafHash,
  signCheckpoint,
  TILE_WIDTH,
  verifyTlogProof,
} from '@countersign/verify'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { MAX_COMMIT_ENTRIES } from './commit-writer.ts'
import { claimFolder } from './folder-lock.ts'
import {
  findingsOf,
  openOnDisk,
  TEST_KEY,
  TEST_ORIGIN,
  TEST_TRUST,
  testEntries,
  testKey,
  textsOf,
} from './log.fixtures.ts'
import { memoryDisk } from './memory-disk.fixtures.ts'
import { openTileFolder } from './tile-folder.ts'

let folder: string
const open = (change: Partial<Parameters<typeof openTileFolder>[0]> = {}) =>
  openTileFolder({ folder, origin: TEST_ORIGIN, key: TEST_KEY, ...change })

beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'tile-folder-')), 'log')
})
afterEach(async () => {
  await rm(join(folder, '..'), { recursive: true, force: true })
})

describe('a log folder', () => {
  test('is laid out as the specification says, and holds nothing else that is published', async () => {
    const log = await open()
    for (const count of [1, 254, 1, 1]) await log.append(testEntries((await log.checkpoint()).checkpoint.size, count))
    await log.close()
    const files = (await readdir(folder, { recursive: true, withFileTypes: true }))
      .filter((file) => file.isFile())
      .map((file) => join(file.parentPath, file.name).slice(folder.length + 1))
    expect(files.sort()).toEqual([
      'checkpoint',
      'tile/0/000',
      'tile/0/001.p/1',
      'tile/1/000.p/1',
      'tile/entries/000',
      'tile/entries/001.p/1',
    ])
    expect(await findingsOf(folder)).toEqual([])
  })

  test('gives with every append the receipt that proves it, and the same proof later', async () => {
    const log = await open()
    for (let from = 0; from < 600; from += 150) {
      const entries = testEntries(from, 150)
      const receipts = await log.append(entries)
      for (const [at, receipt] of receipts.entries()) {
        const entry = entries[at] as Uint8Array
        expect(receipt).toMatchObject({ index: from + at, leafHash: leafHash(entry) })
        expect(verifyTlogProof(entry, receipt.proof, TEST_TRUST).checkpoint.size).toBe(from + 150)
      }
    }
    for (const index of [0, 255, 256, 511, 512, 599]) {
      const receipt = await log.receipt(index)
      const [entry] = testEntries(index, 1) as [Uint8Array]
      expect(receipt.leafHash).toEqual(leafHash(entry))
      expect(verifyTlogProof(entry, receipt.proof, TEST_TRUST)).toMatchObject({ index, checkpoint: { size: 600 } })
    }
    await log.close()
  })

  test('begins empty, with a signed checkpoint that says so', async () => {
    const log = await open()
    expect((await log.checkpoint()).checkpoint).toMatchObject({ origin: TEST_ORIGIN, size: 0 })
    expect(await textsOf(log)).toEqual([])
    expect(await log.append([])).toEqual([])
    await log.close()
    expect(await findingsOf(folder)).toEqual([])
  })

  test('goes on where it ended', async () => {
    for (const from of [0, 1, 256, 300]) {
      const log = await open()
      await log.append(testEntries(from, [1, 255, 44, 212][[0, 1, 256, 300].indexOf(from)] ?? 0))
      await log.close()
    }
    const log = await open()
    expect(await textsOf(log)).toEqual(testEntries(0, 512).map(String))
    await log.close()
  })

  test('writes callers that wait together in one commit, each with its own receipts, in order', async () => {
    const disk = memoryDisk(new Map([['/log', null]]))
    let published = 0
    const rename = (from: string, to: string) => {
      if (to === '/log/checkpoint') published++
      return disk.rename(from, to)
    }
    const log = await openOnDisk({ ...disk, rename })
    published = 0
    const receipts = await Promise.all(testEntries(0, 300).map((entry) => log.append([entry])))
    expect(receipts.map(([receipt]) => receipt?.index)).toEqual(Array.from({ length: 300 }, (_, at) => at))
    expect(published).toBe(1)
    await log.close()
  })

  test('reads any range of entries', async () => {
    const log = await open()
    await log.append(testEntries(0, 600))
    for (const [from, to] of [
      [0, 0],
      [0, 1],
      [255, 257],
      [256, 512],
      [599, 600],
    ] as const) {
      const read: string[] = []
      for await (const { index, entry } of log.entries(from, to)) read.push(`${index} ${Buffer.from(entry)}`)
      expect(read).toEqual(testEntries(from, to - from).map((entry, at) => `${from + at} ${entry}`))
    }
    await log.close()
  })

  test('closes after what is waiting is written', async () => {
    const log = await open()
    const appended = log.append(testEntries(0, 3))
    await log.close()
    expect(await appended).toHaveLength(3)
    expect(await findingsOf(folder)).toEqual([])
  })
})

describe('an append is refused', () => {
  test.for([
    { name: 'for an entry too long', entries: [Buffer.alloc(3), Buffer.alloc(65_536)], code: 'entry_too_large' },
    {
      name: 'for too many entries',
      entries: Array(MAX_COMMIT_ENTRIES + 1).fill(Buffer.alloc(0)),
      code: 'too_many_entries',
    },
  ])('$name, and nothing is written: $code', async ({ entries, code }) => {
    const log = await open()
    await expect(log.append(entries)).rejects.toMatchObject({ name: 'EvidenceLogError', code })
    expect((await log.checkpoint()).checkpoint.size).toBe(0)
    await log.close()
    expect(await readdir(folder)).not.toContain('tile')
  })

  test('after the log was closed', async () => {
    const log = await open()
    await log.close()
    await expect(log.append(testEntries(0, 1))).rejects.toMatchObject({ code: 'log_closed' })
  })

  test.for([
    { name: 'from beyond the end', from: 4, to: 4 },
    { name: 'to beyond the end', from: 0, to: 4 },
    { name: 'backwards', from: 2, to: 1 },
    { name: 'from a fraction', from: 0.5, to: 1 },
    { name: 'from below zero', from: -1, to: 1 },
  ])('just as reading is $name', async ({ from, to }) => {
    const log = await open()
    await log.append(testEntries(0, 3))
    await expect(log.entries(from, to)[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      code: 'index_out_of_range',
    })
    await expect(log.receipt(from === to ? from : 3)).rejects.toMatchObject({ code: 'index_out_of_range' })
    await log.close()
  })
})

describe('opening is refused', () => {
  beforeEach(async () => {
    const log = await open()
    await log.append(testEntries(0, 300))
    await log.close()
  })

  test.for([
    { name: 'with another key', change: { key: testKey(8) }, code: 'wrong_key' },
    { name: 'with another origin', change: { origin: 'example.com/other' }, code: 'wrong_key' },
  ])('$name: $code', async ({ change, code }) => {
    await expect(open(change)).rejects.toMatchObject({ name: 'EvidenceLogError', code })
  })

  test.for([
    { name: 'the checkpoint is gone', file: 'checkpoint', bytes: null },
    { name: 'the checkpoint is no text', file: 'checkpoint', bytes: Buffer.from([0xff]) },
    { name: 'the checkpoint is half there', file: 'checkpoint', bytes: Buffer.from('example.com') },
    { name: 'a tile of the edge is gone', file: 'tile/0/001.p/44', bytes: null },
    { name: 'a tile of the edge is short', file: 'tile/0/001.p/44', bytes: Buffer.alloc(32) },
    { name: 'a tile of the edge has other hashes', file: 'tile/1/000.p/1', bytes: Buffer.alloc(32) },
    { name: 'the last bundle is gone', file: 'tile/entries/001.p/44', bytes: null },
    { name: 'the last bundle has other entries', file: 'tile/entries/001.p/44', bytes: Buffer.alloc(88) },
  ])('when $name, and the lock is free again', async ({ file, bytes }) => {
    if (bytes === null) await rm(join(folder, file))
    else await writeFile(join(folder, file), bytes)
    await expect(open()).rejects.toMatchObject({ name: 'EvidenceLogError', code: 'log_corrupt' })
    expect(await readdir(join(folder, '.lock'))).toEqual([])
  })

  test('for a checkpoint of another log that the same key signed: wrong_origin', async () => {
    const signer = ed25519NoteSigner(TEST_ORIGIN, TEST_KEY.publicKey, TEST_KEY.sign)
    const other = { origin: 'example.com/other', size: 0, root: emptyRoot(), extensions: [] }
    await writeFile(join(folder, 'checkpoint'), signCheckpoint(other, [signer]))
    await expect(open()).rejects.toMatchObject({ name: 'EvidenceLogError', code: 'wrong_origin' })
  })

  test('reading a damaged entry or tile is refused too', async () => {
    const log = await open()
    await writeFile(join(folder, 'tile/entries/000'), Buffer.alloc(2 * TILE_WIDTH))
    await expect(log.entries(0, 1)[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'log_corrupt' })
    await rm(join(folder, 'tile/0/000'))
    await expect(log.receipt(0)).rejects.toMatchObject({ code: 'log_corrupt' })
    await log.close()
  })
})

describe('a lock', () => {
  test('names the process that has it', async () => {
    const log = await open()
    await expect(open()).rejects.toMatchObject({
      code: 'log_locked',
      message: expect.stringContaining(`process ${process.pid} on ${hostname()}`),
    })
    await log.close()
    await (await open()).close()
  })

  test.for([
    { name: 'a process that is gone', claim: (host: string) => `${host}.4194305.0.aa` },
    { name: 'an earlier process with our number', claim: (host: string) => `${host}.${process.pid}.00000000-1.aa` },
  ])('of $name is cleared', async ({ claim }) => {
    await (await open()).close()
    await writeFile(join(folder, '.lock', claim(hostname().replaceAll(/[^A-Za-z0-9-]/g, '_'))), '')
    await (await open()).close()
    expect(await readdir(join(folder, '.lock'))).toEqual([])
  })

  test.for([
    { name: 'a process on another machine', claim: 'elsewhere.1.0.aa' },
    { name: 'nobody that can be told', claim: 'rubbish' },
  ])('of $name is respected, and the file to remove is named', async ({ claim }) => {
    await (await open()).close()
    await writeFile(join(folder, '.lock', claim), '')
    await expect(open()).rejects.toMatchObject({ code: 'log_locked', message: expect.stringContaining(claim) })
  })

  test('is had by at most one of many that race for it, and then by another', async () => {
    for (let round = 0; round < 5; round++) {
      const claims = await Promise.allSettled(Array.from({ length: 8 }, () => claimFolder(folder)))
      const held = claims.flatMap((claim) => (claim.status === 'fulfilled' ? [claim.value] : []))
      expect(held.length).toBeLessThanOrEqual(1)
      for (const release of held) await release()
    }
    await (await claimFolder(folder))()
  })
})

test('a log folder may be reached through a symbolic link', async () => {
  await (await open()).close()
  const link = join(folder, '..', 'link')
  await symlink(folder, link)
  await (await open({ folder: link })).close()
})
