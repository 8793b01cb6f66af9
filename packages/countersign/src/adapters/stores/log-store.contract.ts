import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { EvidenceQuery, EvidenceTerms, IndexedTerms, LoggedEntry } from '../../workflows/ports/evidence-log.ts'
import type { LogStore } from '../../workflows/ports/log-store.ts'
import { allOf, commitOf, headOf, plainHead, rowOf, termsOf } from './log-rows.fixtures.ts'
import { matches, type StoreUnderTest, testAgainstArray } from './log-store-model.contract.ts'

export type { StoreUnderTest }

/** What every store of a log does. `make` gives an empty store each time; 60 random runs against a plain array are part of it. */
export function describeLogStore(name: string, make: () => Promise<StoreUnderTest>): void {
  describe(name, () => {
    let under: StoreUnderTest
    let store: LogStore
    let opened: LogStore[]
    const open = async (): Promise<LogStore> => {
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

    const begun = async (...terms: readonly EvidenceTerms[]): Promise<void> => {
      await store.begin(headOf(0))
      if (terms.length > 0) await store.commit(commitOf(0, terms))
    }
    const headSeenBy = async (handle: LogStore) => plainHead(await handle.head())
    const contents = async (handle: LogStore): Promise<unknown> => {
      const head = await headSeenBy(handle)
      const [entries, hashes] = [handle.entries(0, head?.size ?? 0), handle.leafHashes(0, head?.size ?? 0)]
      return {
        head,
        entries: (await allOf(entries)).flat(),
        hashes: joined(await allOf(hashes)),
        found: await found(handle, {}),
      }
    }

    describe('a new store', () => {
      test('has no head and nothing in it', async () => {
        expect(await store.head()).toBeNull()
        expect(await found(store, {})).toEqual([])
        expect(await store.known([termsOf('a').digest], ['key'])).toEqual([])
      })

      test('is begun once: who comes later is given the head that is there', async () => {
        expect(plainHead(await store.begin(headOf(0)))).toEqual(headOf(0))
        await store.commit(commitOf(0, [termsOf('a')]))
        expect(plainHead(await store.begin(headOf(0, 'other')))).toEqual(headOf(1))
        expect(await headSeenBy(store)).toEqual(headOf(1))
      })

      test('refuses a commit before it is begun: head_moved', async () => {
        await expect(store.commit(commitOf(0, [termsOf('a')]))).rejects.toMatchObject(error('head_moved'))
        expect(await store.head()).toBeNull()
      })
    })

    describe('a commit', () => {
      test('is read back as it was given', async () => {
        const terms = [
          termsOf('a', { idempotencyKey: 'k1', occurredAt: '2026-02-28T23:59:59Z', subjects: [], controls: [] }),
          termsOf('ü\u0000"\\ \u{1f511}', {
            source: 'line\nbreak',
            retention: '',
            subjects: ['ref:a', 'ref:b', 'ref:Ä'],
          }),
          termsOf('c', { summary: { z: [1, null, { y: 'text' }], a: true }, controls: ['nist@r5:CM-3', 'a@1:b'] }),
        ]
        await begun(...terms)
        const rows = commitOf(0, terms).rows
        expect(await headSeenBy(store)).toEqual(headOf(3))
        expect((await allOf(store.entries(0, 3))).flat().map(text)).toEqual(rows.map(text))
        expect(joined(await allOf(store.leafHashes(0, 3)))).toEqual(joined(rows.map(({ leafHash }) => leafHash)))
        // The order of members counts: a message authentication code is made over it.
        const texts = (await found(store, {})).map((one) => JSON.stringify(one.terms.summary))
        expect(texts).toEqual(terms.map(({ summary }) => JSON.stringify(summary)))
        expect(await found(store, {})).toEqual(terms.map((one, index) => ({ index, terms: one })))
      })

      test('holds entries of every length, byte for byte', async () => {
        await store.begin(headOf(0))
        const entries = [0, 1, 255, 256, 4_095, 65_535].map((length) => Buffer.alloc(length, length % 251))
        const rows = entries.map((entry, at) => ({ ...rowOf(at, termsOf(`${at}`)), entry }))
        await store.commit({ from: headOf(0), to: headOf(rows.length), rows, fence: null })
        const read = (await allOf(store.entries(0, rows.length))).flat()
        expect(read.map(({ entry }) => Buffer.from(entry).equals(entries.shift() as Buffer))).not.toContain(false)
      })

      test('of a thousand rows is one commit', async () => {
        const terms = Array.from({ length: 1_000 }, (_, at) => termsOf(`${at}`))
        await begun(...terms)
        expect((await store.head())?.size).toBe(1_000)
        expect((await found(store, {})).map(({ index }) => index)).toEqual(terms.map((_, at) => at))
      })

      test.for([
        { name: 'on an older head', from: headOf(1), size: 1 },
        { name: 'on a head that is not there yet', from: headOf(3), size: 3 },
        { name: 'on a head of the same size and another root', from: headOf(2, 'other'), size: 2 },
      ])('$name is refused and leaves nothing: head_moved', async ({ from, size }) => {
        await begun(termsOf('a'), termsOf('b'))
        const before = await contents(store)
        const late = commitOf(size, [termsOf('c')], { from })
        await expect(store.commit(late)).rejects.toMatchObject(error('head_moved'))
        expect(await contents(store)).toEqual(before)
      })

      test.for([
        { name: 'a digest that is there', terms: [termsOf('new'), termsOf('a', { idempotencyKey: 'k2' })] },
        { name: 'a key that is there', terms: [termsOf('new'), termsOf('c', { idempotencyKey: 'k1' })] },
        { name: 'the same digest twice', terms: [termsOf('c'), termsOf('c')] },
        {
          name: 'the same key twice',
          terms: [termsOf('c', { idempotencyKey: 'k3' }), termsOf('d', { idempotencyKey: 'k3' })],
        },
      ])('with $name is refused whole: duplicate', async ({ terms }) => {
        await begun(termsOf('a', { idempotencyKey: 'k1' }))
        const before = await contents(store)
        await expect(store.commit(commitOf(1, terms))).rejects.toMatchObject(error('duplicate'))
        expect(await contents(store)).toEqual(before)
        await store.commit(commitOf(1, [termsOf('after')]))
        expect((await store.head())?.size).toBe(2)
      })

      test('is head_moved rather than duplicate where it is both, so that who lost a race plans again', async () => {
        await begun(termsOf('a'))
        await expect(store.commit(commitOf(0, [termsOf('a')]))).rejects.toMatchObject(error('head_moved'))
      })
    })

    describe('known', () => {
      test('says where digests and keys lie, and nothing of those that are not there', async () => {
        await begun(termsOf('a', { idempotencyKey: 'k1' }), termsOf('b'), termsOf('c', { idempotencyKey: 'k3' }))
        const known = await store.known([termsOf('b').digest, termsOf('none').digest], ['k3', 'none'])
        expect([...known].sort((a, b) => a.index - b.index)).toEqual([
          { index: 1, digest: termsOf('b').digest, idempotencyKey: null },
          { index: 2, digest: termsOf('c').digest, idempotencyKey: 'k3' },
        ])
        expect(await store.known([], [])).toEqual([])
      })

      test('names a row once that is asked for by digest and by key', async () => {
        await begun(termsOf('a', { idempotencyKey: 'k1' }))
        expect(await store.known([termsOf('a').digest], ['k1'])).toHaveLength(1)
      })

      test('takes thousands at once', async () => {
        await begun(termsOf('a', { idempotencyKey: 'k1' }))
        const many = Array.from({ length: 40_000 }, (_, at) => termsOf(`none ${at}`).digest)
        expect(await store.known([...many, termsOf('a').digest], [])).toHaveLength(1)
        expect(await store.known([], [...many, 'k1'])).toHaveLength(1)
      })
    })

    describe('reading', () => {
      test('gives any range of entries and of hashes, in order', async () => {
        const terms = Array.from({ length: 600 }, (_, at) => termsOf(`${at}`))
        await begun(...terms)
        const { rows } = commitOf(0, terms)
        for (const [from, to] of [
          [0, 0],
          [0, 1],
          [255, 257],
          [599, 600],
          [0, 600],
        ] as const) {
          const wanted = rows.slice(from, to)
          const read = (await allOf(store.entries(from, to))).flat()
          expect(read.map(({ index }) => index)).toEqual(wanted.map(({ index }) => index))
          expect(joined(await allOf(store.leafHashes(from, to)))).toEqual(joined(wanted.map((row) => row.leafHash)))
        }
      })

      test('can be left before it ends, and the store goes on', async () => {
        await begun(...Array.from({ length: 300 }, (_, at) => termsOf(`${at}`)))
        for await (const _ of store.entries(0, 300)) break
        for await (const { index } of store.find({})) if (index === 3) break
        await store.commit(commitOf(300, [termsOf('after')]))
        expect(await found(store, { after: 299 })).toHaveLength(1)
      })

      test('goes on while others write', async () => {
        await begun(...Array.from({ length: 300 }, (_, at) => termsOf(`${at}`)))
        const other = await open()
        let [size, read] = [300, 0]
        for await (const run of store.entries(0, 300)) {
          read += run.length
          await other.commit(commitOf(size, [termsOf(`later ${size}`)]))
          size += 1
        }
        expect([read, (await store.head())?.size]).toEqual([300, size])
        expect(size).toBeGreaterThan(300)
      })
    })

    describe('find', () => {
      const terms = Array.from({ length: 60 }, (_, at) =>
        termsOf(`${at}`, {
          idempotencyKey: at % 10 === 0 ? `key ${at}` : null,
          type: at % 2 === 0 ? 'https://example.com/a/v1' : 'https://example.com/b/v1',
          subjects: [`change:${at % 7}`, 'repository:one', `change:${at % 7}`],
          controls: at % 3 === 0 ? ['soc2@2017:CC8.1', 'iso27001@2022:A.8.32'] : ['soc2@2017:CC8.1'],
          source: `source ${at % 4}`,
          recordedAt: `2026-03-${String(1 + Math.floor(at / 2)).padStart(2, '0')}T00:00:00Z`,
        }),
      )

      test.for<{ query: EvidenceQuery }>([
        { query: {} },
        { query: { digest: termsOf('7').digest } },
        { query: { digest: termsOf('none').digest } },
        { query: { idempotencyKey: 'key 20' } },
        { query: { type: 'https://example.com/b/v1' } },
        { query: { subject: 'change:3' } },
        { query: { subject: 'repository:one' } },
        { query: { subject: 'change' } },
        { query: { subject: 'change:%' } },
        { query: { control: 'iso27001@2022:A.8.32' } },
        { query: { control: 'CC8.1' } },
        { query: { source: 'source 2' } },
        { query: { recordedFrom: '2026-03-10T00:00:00Z' } },
        { query: { recordedBefore: '2026-03-10T00:00:00Z' } },
        { query: { recordedFrom: '2026-03-10T00:00:00Z', recordedBefore: '2026-03-12T00:00:00Z' } },
        { query: { subject: 'change:3', control: 'iso27001@2022:A.8.32' } },
        { query: { type: 'https://example.com/a/v1', source: 'source 2', subject: 'repository:one' } },
        { query: { limit: 0 } },
      ])('finds what matches $query, in both orders, whole and page by page', async ({ query }) => {
        await begun(...terms)
        const wanted = terms.map((one, index) => ({ index, terms: one })).filter((one) => matches(one, query))
        const limited = query.limit === undefined ? wanted : wanted.slice(0, query.limit)
        expect(await found(store, query)).toEqual(limited)
        expect(await found(store, { ...query, order: 'oldest-first' })).toEqual(limited)
        expect(await found(store, { ...query, order: 'newest-first' })).toEqual(limited.toReversed())
        if (query.limit !== undefined) return
        expect(await paged(store, { ...query, order: 'oldest-first' })).toEqual(wanted)
        expect(await paged(store, { ...query, order: 'newest-first' })).toEqual(wanted.toReversed())
      })
    })

    describe('several handles on one store', () => {
      test('see what one of them wrote', async () => {
        await begun(termsOf('a', { idempotencyKey: 'k1' }))
        const other = await open()
        expect(await contents(other)).toEqual(await contents(store))
        await other.commit(commitOf(1, [termsOf('b')]))
        expect(await contents(store)).toEqual(await contents(other))
        await expect(store.commit(commitOf(1, [termsOf('c')]))).rejects.toMatchObject(error('head_moved'))
        await store.commit(commitOf(2, [termsOf('c')]))
        expect(await contents(other)).toEqual(await contents(store))
      })

      test('that race win once a head', async () => {
        await begun()
        const handles = [store, await open(), await open(), await open()]
        for (let size = 0; size < 20; size++) {
          const tried = handles.map((handle, at) => handle.commit(commitOf(size, [termsOf(`${size} ${at}`)])))
          const outcomes = await Promise.allSettled(tried)
          const lost = outcomes.filter((outcome) => outcome.status === 'rejected')
          expect(lost.map(({ reason }) => reason.code)).toEqual(['head_moved', 'head_moved', 'head_moved'])
        }
        expect((await found(store, {})).map(({ index }) => index)).toEqual(Array.from({ length: 20 }, (_, at) => at))
      })

      test('that begin at once agree', async () => {
        const handles = [store, await open(), await open()]
        const heads = await Promise.all(handles.map((handle, at) => handle.begin(headOf(0, `branch ${at}`))))
        for (const head of heads) expect(plainHead(head)).toEqual(plainHead(heads[0] ?? null))
      })
    })

    test('keeps everything when it is closed and opened again', async () => {
      await begun(...Array.from({ length: 300 }, (_, at) => termsOf(`${at}`, { idempotencyKey: `key ${at}` })))
      const before = await contents(store)
      await store.close()
      const again = await open()
      expect(await contents(again)).toEqual(before)
      await again.commit(commitOf(300, [termsOf('after')]))
      expect((await again.head())?.size).toBe(301)
    })

    test('can be closed twice', async () => {
      await store.close()
      await store.close()
    })

    testAgainstArray(make)
  })
}

/** Every page of a query, each begun behind the one before. */
async function paged(store: LogStore, query: EvidenceQuery): Promise<readonly IndexedTerms[]> {
  const all: IndexedTerms[] = []
  for (;;) {
    const after = all.at(-1)?.index
    const page = await found(store, { ...query, limit: 7, ...(after === undefined ? {} : { after }) })
    all.push(...page)
    if (page.length < 7) return all
  }
}

function found(store: LogStore, query: EvidenceQuery): Promise<readonly IndexedTerms[]> {
  return allOf(store.find(query))
}

function error(code: string): { readonly name: string; readonly code: string } {
  return { name: 'LogStoreError', code }
}

function joined(parts: readonly Uint8Array[]): string {
  return Buffer.concat(parts).toString('hex')
}

function text({ index, entry }: LoggedEntry): string {
  return `${index} ${Buffer.from(entry).toString('hex')}`
}
