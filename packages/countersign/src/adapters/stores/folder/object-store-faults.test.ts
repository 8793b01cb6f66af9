import { utf8 } from '@countersign/verify'
import { describe, expect, test } from 'vitest'
import type { ObjectStore } from '../../../workflows/ports/object-store.ts'
import { collected, plain } from '../object-store-model.contract.ts'
import { faultyDisk, type MemoryDisk, memoryDisk, slowDisk } from './memory-disk.fixtures.ts'
import { openFolderObjects } from './object-store.ts'

const ROOT = '/objects'

/** What is done to a store that holds `old/file` and `checkpoint`, and what may then be there. */
interface Work {
  readonly name: string
  readonly path: string
  readonly before: string | null
  readonly after: string | null
  readonly run: (store: ObjectStore) => Promise<void>
}

const WORK: readonly Work[] = [
  {
    name: 'putting the first object of a folder',
    path: 'new/folder/file',
    before: null,
    after: 'new bytes',
    run: (store) => store.putOnce('new/folder/file', utf8('new bytes')),
  },
  {
    name: 'putting an object again',
    path: 'old/file',
    before: 'old bytes',
    after: 'old bytes',
    run: (store) => store.putOnce('old/file', utf8('old bytes')),
  },
  {
    name: 'replacing an object',
    path: 'checkpoint',
    before: 'size 1',
    after: 'size 2',
    run: (store) => store.replace('checkpoint', utf8('size 2')),
  },
  {
    name: 'replacing what is not there',
    path: 'new/checkpoint',
    before: null,
    after: 'size 2',
    run: (store) => store.replace('new/checkpoint', utf8('size 2')),
  },
  {
    name: 'removing an object',
    path: 'old/file',
    before: 'old bytes',
    after: null,
    run: (store) => store.remove('old/file'),
  },
]

/** A disk with two objects on it, all synced. */
async function begunDisk(): Promise<MemoryDisk> {
  const disk = memoryDisk(ROOT)
  const store = openFolderObjects(ROOT, disk)
  await store.putOnce('old/file', utf8('old bytes'))
  await store.replace('checkpoint', utf8('size 1'))
  return disk.afterKill()
}

async function contentOf(disk: MemoryDisk, path: string): Promise<string | null> {
  return plain(await openFolderObjects(ROOT, disk).get(path))
}

describe.for(WORK)('$name, whatever single call to the disk goes wrong', ({ path, before, after, run }) => {
  test.for([
    { name: 'done nothing', done: 'none', code: 'EIO', isFinal: false, refused: 'write_failed' },
    { name: 'half done', done: 'half', code: 'EIO', isFinal: false, refused: 'write_failed' },
    { name: 'done, and reported as failed', done: 'all', code: 'EIO', isFinal: false, refused: 'write_failed' },
    { name: 'no space', done: 'half', code: 'ENOSPC', isFinal: false, refused: 'disk_full' },
    { name: 'over quota', done: 'none', code: 'EDQUOT', isFinal: false, refused: 'disk_full' },
    { name: 'no permission', done: 'none', code: 'EACCES', isFinal: false, refused: 'write_failed' },
    { name: 'ended before it', done: 'none', code: 'EIO', isFinal: true, refused: 'write_failed' },
    { name: 'ended in the middle of it', done: 'half', code: 'EIO', isFinal: true, refused: 'write_failed' },
    { name: 'ended behind it', done: 'all', code: 'EIO', isFinal: true, refused: 'write_failed' },
  ] as const)('$name: the object is the old or the new one, and what was acknowledged is kept', async (row) => {
    const counted = faultyDisk(await begunDisk(), null)
    await run(openFolderObjects(ROOT, counted))
    let refusals = 0
    for (let call = 0; call < counted.calls(); call++) {
      const disk = await begunDisk()
      const code = await run(openFolderObjects(ROOT, faultyDisk(disk, { ...row, call }))).then(
        () => null,
        (error: { readonly code: string }) => error.code,
      )
      if (code !== null) refusals++
      expect([null, row.refused], `call ${call}`).toContain(code)
      for (const left of [disk.afterKill(), ...disk.afterPowerCut()]) {
        expect(code === null ? [after] : [before, after], `call ${call}`).toContain(await contentOf(left, path))
        await run(openFolderObjects(ROOT, left))
        for (const again of left.afterPowerCut()) expect(await contentOf(again, path), `call ${call}`).toBe(after)
      }
    }
    expect(refusals).toBeGreaterThan(0)
  })
})

describe('a folder of objects on a disk', () => {
  test('that reports every failure to read says that it cannot be read', async () => {
    for (const part of ['truePath', 'read', 'list'] as const) {
      const disk = { ...(await begunDisk()), [part]: () => Promise.reject(Object.assign(new Error(), { code: 'EIO' })) }
      const store = openFolderObjects(ROOT, disk)
      const reading = part === 'list' ? collected(store.list('')) : store.get('old/file')
      await expect(reading, part).rejects.toMatchObject({ name: 'ObjectStoreError', code: 'read_failed' })
    }
  })

  test('that reads other bytes than were written takes nothing for stored that is not', async () => {
    const disk = await begunDisk()
    const wrong = { ...disk, read: async () => utf8('old bytez') }
    await expect(openFolderObjects(ROOT, wrong).putOnce('old/file', utf8('old bytes'))).rejects.toMatchObject({
      code: 'object_differs',
    })
  })

  test('that knows no hard links stores nothing once, and says why', async () => {
    for (const code of ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']) {
      const disk = { ...(await begunDisk()), link: () => Promise.reject(Object.assign(new Error(), { code })) }
      await expect(openFolderObjects(ROOT, disk).putOnce('a', utf8('x'))).rejects.toThrow('no hard links')
    }
  })

  test('that is slow and ends its work in any order lets one of many win, and keeps it', async () => {
    for (let round = 0; round < 5; round++) {
      const disk = await begunDisk()
      // Not random: each run of the test sees the same orders.
      let turn = round
      const slow = slowDisk(disk, () => {
        turn = (turn * 7 + 3) % 11
        return turn / 2
      })
      const results = await Promise.allSettled(
        ['a', 'b', 'c', 'a'].map((text) => openFolderObjects(ROOT, slow).putOnce('new/file', utf8(text))),
      )
      const kept = await contentOf(disk, 'new/file')
      const winners = results.flatMap(({ status }, at) => (status === 'fulfilled' ? ['abca'[at]] : []))
      expect(winners.length).toBeGreaterThan(0)
      expect(new Set(winners)).toEqual(new Set([kept]))
      for (const left of disk.afterPowerCut()) expect(await contentOf(left, 'new/file')).toBe(kept)
    }
  })

  test('that is full of leftovers it cannot remove stores objects all the same', async () => {
    const disk = await begunDisk()
    await disk.create(`${ROOT}/.waiting/1000000000000-${'0'.repeat(24)}`, utf8('half'))
    const stuck = { ...disk, remove: () => Promise.reject(Object.assign(new Error(), { code: 'EACCES' })) }
    await openFolderObjects(ROOT, stuck).putOnce('a', utf8('x'))
    expect(await contentOf(disk, 'a')).toBe('x')
  })
})
