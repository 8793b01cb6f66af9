import { utf8 } from '@countersign/verify'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ObjectStore } from '../../workflows/ports/object-store.ts'
import { describeLocks, type LockAbilities } from './object-store-locks.contract.ts'
import { collected, plain, testAgainstMap } from './object-store-model.contract.ts'

/** A store to try: each `open` gives another handle on the same objects, as another process would have it. */
export interface ObjectStoreUnderTest {
  open(): Promise<ObjectStore>
  remove(): Promise<void>
}

/** What not every store can do, or not at every speed. */
export interface ObjectStoreAbilities extends LockAbilities {
  /** How many random runs are made against a plain map; 60 unless told. */
  readonly modelRuns?: number
}

/** What every store of objects does. `make` gives an empty store each time. Objects that are replaced are named `checkpoint`. */
export function describeObjectStore(
  name: string,
  make: () => Promise<ObjectStoreUnderTest>,
  abilities: ObjectStoreAbilities,
): void {
  describe(name, () => {
    let under: ObjectStoreUnderTest
    let store: ObjectStore
    let opened: ObjectStore[]
    const open = async (): Promise<ObjectStore> => {
      const handle = await under.open()
      opened.push(handle)
      return handle
    }
    beforeEach(async () => {
      opened = []
      under = await make()
      store = await open()
    })
    afterEach(async () => {
      for (const handle of opened) await handle.close()
      await under.remove()
    })

    const text = async (path: string, from: ObjectStore = store): Promise<string | null> => plain(await from.get(path))

    describe('putting once', () => {
      test('keeps the bytes, for every handle', async () => {
        await store.putOnce('tile/0/000', utf8('hello'))
        expect(await text('tile/0/000')).toBe('hello')
        expect(await text('tile/0/000', await open())).toBe('hello')
      })

      test('takes the same bytes again, from any handle', async () => {
        await store.putOnce('a/b', utf8('hello'))
        await store.putOnce('a/b', utf8('hello'))
        await (await open()).putOnce('a/b', utf8('hello'))
        expect(await text('a/b')).toBe('hello')
      })

      test.for([
        { name: 'others of the same length', bytes: 'hellO' },
        { name: 'a longer one that begins the same', bytes: 'hello!' },
        { name: 'a shorter one', bytes: 'hell' },
        { name: 'nothing', bytes: '' },
      ])('refuses other bytes: $name', async ({ bytes }) => {
        await store.putOnce('a/b', utf8('hello'))
        await expect((await open()).putOnce('a/b', utf8(bytes))).rejects.toMatchObject({
          name: 'ObjectStoreError',
          code: 'object_differs',
        })
        expect(await text('a/b')).toBe('hello')
      })

      test('keeps an empty object, and tells it from none', async () => {
        await store.putOnce('empty', new Uint8Array(0))
        expect(await text('empty')).toBe('')
        await expect(store.putOnce('empty', utf8('x'))).rejects.toMatchObject({ code: 'object_differs' })
        expect(await store.get('none')).toBeNull()
      })

      test('keeps a large object, every byte of it', async () => {
        const bytes = Buffer.alloc(9 * 1024 * 1024 + 1)
        for (let at = 0; at < bytes.length; at++) bytes[at] = (at * 7 + (at >> 8)) & 255
        await store.putOnce('blobs/large', bytes)
        expect(Buffer.compare(bytes, (await (await open()).get('blobs/large')) ?? Buffer.alloc(0))).toBe(0)
      })

      test('keeps what it was given, not what the caller makes of the buffer afterwards', async () => {
        const bytes = Buffer.from('hello')
        await store.putOnce('a/b', bytes)
        bytes.fill(0)
        ;(await store.get('a/b'))?.fill(0)
        expect(await text('a/b')).toBe('hello')
      })

      test('lets exactly one of many different ones win', async () => {
        const handles = await Promise.all(Array.from({ length: 6 }, open))
        const results = await Promise.allSettled(handles.map((each, at) => each.putOnce('a/b', utf8(`by ${at}`))))
        const winners = results.flatMap(({ status }, at) => (status === 'fulfilled' ? [`by ${at}`] : []))
        expect(winners).toHaveLength(1)
        expect(await text('a/b')).toBe(winners[0])
        for (const result of results) {
          if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'object_differs' })
        }
      })

      test('lets all of many equal ones succeed', async () => {
        const handles = await Promise.all(Array.from({ length: 6 }, open))
        await Promise.all(handles.map((each) => each.putOnce('a/b', utf8('hello'))))
        expect(await text('a/b')).toBe('hello')
      })
    })

    describe('replacing', () => {
      test('stores what was not there, and puts new bytes over old ones, for every handle', async () => {
        await store.replace('checkpoint', utf8('size 1'))
        expect(await text('checkpoint')).toBe('size 1')
        const other = await open()
        for (const note of ['size 2, and longer', '', 'size 3']) {
          await other.replace('checkpoint', utf8(note))
          expect(await text('checkpoint')).toBe(note)
        }
      })

      test('shows one whole object or the other to whoever reads meanwhile', async () => {
        const notes = ['a', 'b'].map((letter) => letter.repeat(100_000))
        await store.replace('checkpoint', utf8(notes[0] ?? ''))
        const reader = await open()
        let isDone = false
        const writing = (async () => {
          for (let at = 0; at < 20; at++) await store.replace('checkpoint', utf8(notes[at % 2] ?? ''))
          isDone = true
        })()
        const seen = new Set<string | null>()
        while (!isDone) seen.add(await text('checkpoint', reader))
        await writing
        expect(notes).toEqual(expect.arrayContaining([...seen]))
      })

      test('what was put once is replaced or kept, and the caller is told which', async () => {
        await store.putOnce('a/b', utf8('old'))
        const isReplaced = await store.replace('a/b', utf8('new')).then(
          () => true,
          () => false,
        )
        expect(await text('a/b')).toBe(isReplaced ? 'new' : 'old')
      })
    })

    describe('removing', () => {
      test('takes an object away, and its neighbours stay', async () => {
        for (const path of ['a/b', 'a/bb', 'a/c']) await store.putOnce(path, utf8(path))
        await (await open()).remove('a/b')
        expect(await store.get('a/b')).toBeNull()
        expect(await collected(store.list(''))).toEqual(['a/bb', 'a/c'])
      })

      test('makes room for other bytes', async () => {
        await store.putOnce('a/b', utf8('old'))
        await store.remove('a/b')
        await store.putOnce('a/b', utf8('new'))
        expect(await text('a/b')).toBe('new')
      })

      test('does nothing where there is nothing', async () => {
        await store.remove('a/b')
        await store.putOnce('a/b/c', utf8('x'))
        await store.remove('a/b/d')
        expect(await collected(store.list(''))).toEqual(['a/b/c'])
      })
    })

    describe('listing', () => {
      test('gives whole paths in the order of their letters, folders among files', async () => {
        const paths = [
          '0',
          'a-b',
          'a.b',
          'a/b',
          'a/b.c',
          'a0',
          'aB',
          'a_',
          'ab',
          'tile/0/000.p/12',
          'tile/0/000',
          'tile/0/0001',
        ]
        for (const path of [...paths].reverse()) await store.putOnce(path, utf8(path))
        expect(await collected(store.list(''))).toEqual([...paths].sort())
      })

      test('takes a prefix as whole parts', async () => {
        for (const path of ['a/b', 'a/c/d', 'ab/c', 'a.b', 'b/a']) await store.putOnce(path, utf8(path))
        expect(await collected(store.list('a'))).toEqual(['a/b', 'a/c/d'])
        expect(await collected(store.list('a/c'))).toEqual(['a/c/d'])
        expect(await collected(store.list('a/b'))).toEqual([])
        expect(await collected(store.list('none'))).toEqual([])
      })

      test('gives more than any page holds, each once', async () => {
        const paths = Array.from({ length: 1_050 }, (_, at) => `${at % 10}/${String(at).padStart(4, '0')}`).sort()
        for (let at = 0; at < paths.length; at += 50) {
          await Promise.all(paths.slice(at, at + 50).map((path) => store.putOnce(path, utf8('x'))))
        }
        expect(await collected(store.list(''))).toEqual(paths)
      })

      test('may be broken off', async () => {
        for (const path of ['a', 'b', 'c']) await store.putOnce(path, utf8(path))
        for await (const path of store.list('')) {
          expect(path).toBe('a')
          break
        }
        expect(await text('c')).toBe('c')
      })
    })

    describeLocks(abilities, () => store, open)

    test.for(HOSTILE_PATHS)('refuses $name for a path, whatever it is asked to do', async ({ path }) => {
      const refused = { name: 'ObjectStoreError', code: 'bad_path' }
      await expect(store.putOnce(path, utf8('x'))).rejects.toMatchObject(refused)
      await expect(store.replace(path, utf8('x'))).rejects.toMatchObject(refused)
      await expect(store.get(path)).rejects.toMatchObject(refused)
      await expect(store.remove(path)).rejects.toMatchObject(refused)
      await expect(store.hold(path, true)).rejects.toMatchObject(refused)
      if (path !== '') await expect(collected(store.list(path))).rejects.toMatchObject(refused)
    })

    test('does what a plain map does, whatever is done to it', { timeout: 60_000 }, async () => {
      await testAgainstMap(async () => {
        const fresh = await make()
        const handle = await fresh.open()
        return {
          store: handle,
          remove: async () => {
            await handle.close()
            await fresh.remove()
          },
        }
      }, abilities.modelRuns ?? 60)
    })
  })
}

const HOSTILE_PATHS: readonly { readonly name: string; readonly path: string }[] = [
  { name: 'nothing', path: '' },
  { name: 'a slash', path: '/' },
  { name: 'a whole path', path: '/etc/passwd' },
  { name: 'the folder above', path: '..' },
  { name: 'a way out', path: '../out' },
  { name: 'a way out behind a folder', path: 'a/../../out' },
  { name: 'a way back', path: 'a/..' },
  { name: 'a folder itself', path: 'a/.' },
  { name: 'a hidden name', path: '.hidden' },
  { name: 'a hidden folder', path: 'a/.hidden/b' },
  { name: 'an empty part', path: 'a//b' },
  { name: 'a slash at the end', path: 'a/' },
  { name: 'backslashes', path: 'a\\..\\b' },
  { name: 'a blank', path: 'a b' },
  { name: 'a new line', path: 'a\nb' },
  { name: 'a new line at the end', path: 'a\n' },
  { name: 'a zero', path: 'a\u0000b' },
  { name: 'a letter outside ASCII', path: 'ä' },
  { name: 'an escaped slash', path: 'a%2fb' },
  { name: 'a query', path: 'a?versionId=1' },
  { name: 'a fragment', path: 'a#b' },
  { name: 'a name of 256 letters', path: 'a'.repeat(256) },
  { name: 'a path of 601 letters', path: `${'a/'.repeat(300)}a` },
]
