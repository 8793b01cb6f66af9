import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sha256Hex, utf8 } from '@countersign/verify'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { blobFolder } from './blob-folder.ts'
import { faultyDisk, memoryDisk } from './memory-disk.fixtures.ts'

const HELLO = '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824'
let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'blob-folder-'))
})
afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

describe('a blob folder', () => {
  test('keeps bytes under their digest, two levels down', async () => {
    const blobs = blobFolder(folder)
    expect(await blobs.put(utf8('hello'))).toBe(HELLO)
    expect(await readFile(join(folder, '2c', 'f2', HELLO), 'utf8')).toBe('hello')
    expect(await blobs.get(HELLO)).toEqual(Buffer.from('hello'))
    expect(await readdir(join(folder, '.tmp'))).toEqual([])
  })

  test('keeps the same bytes once, also when many store them at once', async () => {
    const digests = await Promise.all(Array.from({ length: 8 }, () => blobFolder(folder).put(utf8('hello'))))
    expect(new Set(digests)).toEqual(new Set([HELLO]))
    expect(await readdir(join(folder, '2c', 'f2'))).toEqual([HELLO])
  })

  test('keeps nothing at all and a megabyte as well', async () => {
    const blobs = blobFolder(folder)
    for (const bytes of [Buffer.alloc(0), Buffer.alloc(1_000_000, 7)]) {
      expect(await blobs.get(await blobs.put(bytes))).toEqual(bytes)
    }
  })

  test('answers null for what it never had', async () => {
    expect(await blobFolder(folder).get(sha256Hex(utf8('never')))).toBeNull()
  })

  test('refuses changed bytes, and is healed by storing the right ones', async () => {
    const blobs = blobFolder(folder)
    await blobs.put(utf8('hello'))
    await writeFile(join(folder, '2c', 'f2', HELLO), 'hellO')
    await expect(blobs.get(HELLO)).rejects.toMatchObject({ name: 'BlobStoreError', code: 'blob_corrupt' })
    await blobs.put(utf8('hello'))
    expect(await blobs.get(HELLO)).toEqual(Buffer.from('hello'))
  })

  test.for([
    { name: 'a path', digest: '../../etc/passwd' },
    { name: 'upper case', digest: HELLO.toUpperCase() },
    { name: 'half a digest', digest: HELLO.slice(32) },
    { name: 'a newline after it', digest: `${HELLO}\n` },
  ])('refuses $name for a digest', async ({ digest }) => {
    await expect(blobFolder(folder).get(digest)).rejects.toMatchObject({ code: 'bad_digest' })
  })

  test('says when it cannot read', async () => {
    const disk = { ...memoryDisk(), read: () => Promise.reject(Object.assign(new Error('broken'), { code: 'EIO' })) }
    await expect(blobFolder('/blobs', disk).get(HELLO)).rejects.toMatchObject({ code: 'read_failed' })
  })
})

describe('a blob folder, whatever single call to the disk fails', () => {
  test.for([
    { name: 'done nothing', done: 'none', code: 'EIO', refused: 'write_failed' },
    { name: 'half done', done: 'half', code: 'EIO', refused: 'write_failed' },
    { name: 'done all the same', done: 'all', code: 'EIO', refused: 'write_failed' },
    { name: 'no space', done: 'none', code: 'ENOSPC', refused: 'disk_full' },
  ] as const)(
    '$name: never returns other bytes, keeps what it acknowledged, and takes the blob next time',
    async (row) => {
      for (let call = 0; call < 8; call++) {
        const disk = memoryDisk(new Map([['/blobs', null]]))
        const faulty = faultyDisk(disk, { call, done: row.done, code: row.code, isFinal: false })
        await expect(blobFolder('/blobs', faulty).put(utf8('hello')), `call ${call}`).rejects.toMatchObject({
          code: row.refused,
        })
        for (const left of [disk.afterPowerCut(), disk.afterKill()]) {
          const kept = await blobFolder('/blobs', left).get(HELLO)
          expect([null, 'hello'], `call ${call}`).toContain(kept === null ? null : Buffer.from(kept).toString())
          await blobFolder('/blobs', left).put(utf8('hello'))
          expect(await blobFolder('/blobs', left.afterPowerCut()).get(HELLO)).not.toBeNull()
        }
      }
    },
  )
})
