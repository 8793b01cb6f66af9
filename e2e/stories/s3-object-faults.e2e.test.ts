import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { utf8 } from '@countersign/verify'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { collected, plain } from '../../packages/countersign/src/adapters/stores/object-store-model.contract.ts'
import { openS3Objects } from '../../packages/countersign/src/adapters/stores/s3/object-store.ts'
import type { ObjectStore } from '../../packages/countersign/src/workflows/ports/object-store.ts'
import { type Fault, type FaultyProxy, startFaultyProxy } from '../estate/s3/faulty-proxy.ts'
import { type S3Handle, startS3 } from '../estate/s3/start-s3.ts'

const PATIENCE = { attempts: 4, firstWaitMs: 5, longestWaitMs: 20, requestMs: 10_000 }
/** For faults that nothing but a clock can see. A busy machine may be as slow as they are, so it takes more attempts. */
const HASTE = { ...PATIENCE, attempts: 6, requestMs: 600 }
const patienceFor = (fault: Fault): typeof PATIENCE =>
  fault === 'request-late' || fault === 'reply-stuck' ? HASTE : PATIENCE

let folder: string
let s3: S3Handle
let proxy: FaultyProxy
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 's3-object-faults-'))
  s3 = await startS3({ folder })
  proxy = await startFaultyProxy(s3.endpoint)
})
afterAll(async () => {
  await proxy?.stop()
  await s3?.stop()
  await rm(folder, { recursive: true, force: true })
})
beforeEach(() => {
  proxy.plan(null)
  vi.stubEnv('AWS_ACCESS_KEY_ID', s3.root.access)
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', s3.root.secret)
})

/** A store that is reached through the proxy and holds `old` and `checkpoint`, and the same store without a proxy. */
async function begun(
  kind: 'locked' | 'plain',
  patience = PATIENCE,
): Promise<{ readonly store: ObjectStore; readonly sound: ObjectStore }> {
  const bucket = await s3.createBucket(kind)
  const open = (endpoint: string, patient: typeof PATIENCE): Promise<ObjectStore> =>
    openS3Objects(`s3://${bucket}/log?endpoint=${endpoint}`, patient)
  const [store, sound] = [await open(proxy.endpoint, patience), await open(s3.endpoint, PATIENCE)]
  await sound.putOnce('old', utf8('old bytes'))
  await sound.replace('checkpoint', utf8('size 1'))
  return { store, sound }
}

/** What is done, and what is then read at a path. */
interface Work {
  readonly name: string
  readonly path: string
  readonly before: string | null
  readonly after: string | null
  readonly run: (store: ObjectStore) => Promise<unknown>
}

const WORK: readonly Work[] = [
  {
    name: 'putting an object',
    path: 'new',
    before: null,
    after: 'new bytes',
    run: (store) => store.putOnce('new', utf8('new bytes')),
  },
  {
    name: 'putting an object again',
    path: 'old',
    before: 'old bytes',
    after: 'old bytes',
    run: (store) => store.putOnce('old', utf8('old bytes')),
  },
  {
    name: 'replacing the checkpoint',
    path: 'checkpoint',
    before: 'size 1',
    after: 'size 2',
    run: (store) => store.replace('checkpoint', utf8('size 2')),
  },
  {
    name: 'removing an object',
    path: 'old',
    before: 'old bytes',
    after: null,
    run: (store) => store.remove('old'),
  },
  {
    name: 'reading an object',
    path: 'old',
    before: 'old bytes',
    after: 'old bytes',
    run: async (store) => expect(plain(await store.get('old'))).toBe('old bytes'),
  },
  {
    name: 'reading the checkpoint',
    path: 'checkpoint',
    before: 'size 1',
    after: 'size 1',
    run: async (store) => expect(plain(await store.get('checkpoint'))).toBe('size 1'),
  },
  {
    name: 'reading what is not there',
    path: 'none',
    before: null,
    after: null,
    run: async (store) => expect(await store.get('none')).toBeNull(),
  },
  {
    name: 'listing',
    path: 'old',
    before: 'old bytes',
    after: 'old bytes',
    run: async (store) => expect(await collected(store.list(''))).toEqual(['checkpoint', 'old']),
  },
]

const FAULTS: readonly Fault[] = [
  'request-lost',
  'request-late',
  'request-changed',
  'reply-lost',
  'reply-stuck',
  'reply-cut',
  'reply-changed',
  'slow',
  'busy',
]

/** Only a put has bytes that can be changed on the way without the whole request becoming another one. */
const canHit = (fault: Fault, method: string): boolean => fault !== 'request-changed' || method === 'PUT'

for (const kind of ['locked', 'plain'] as const) {
  describe.for(WORK)(`$name, in a ${kind} bucket`, ({ path, after, run }) => {
    test.for(FAULTS)('is done when one request, whichever it is, meets: %s', async (fault) => {
      const counted = await begun(kind)
      proxy.plan(null)
      await run(counted.store)
      const requests = proxy.requests
      expect(requests).toBeGreaterThan(0)
      for (let at = 0; at < requests; at++) {
        const { store, sound } = await begun(kind, patienceFor(fault))
        proxy.plan({ fault, hits: (request, method) => request === at && canHit(fault, method), afterMs: 900 })
        await run(store)
        proxy.plan(null)
        expect(plain(await sound.get(path)), `request ${at}`).toBe(after)
        await proxy.settled()
        expect(plain(await sound.get(path)), `request ${at}, when all has arrived`).toBe(after)
      }
    })
  })
}

describe.for(WORK)('$name', ({ path, before, after, run }) => {
  test.for(FAULTS.filter((fault) => fault !== 'slow' && fault !== 'request-changed'))(
    'ends with a refusal when every request meets: %s; and is done afterwards',
    async (fault) => {
      const { store, sound } = await begun('locked', patienceFor(fault))
      proxy.plan({ fault, hits: () => true, afterMs: 700 })
      const refusal = await run(store).then(
        () => null,
        (error: unknown) => error,
      )
      expect(refusal).toMatchObject({
        name: 'ObjectStoreError',
        code: expect.stringMatching(/^(store_unavailable|object_corrupt)$/),
      })
      expect(proxy.requests).toBeLessThanOrEqual(3 * HASTE.attempts)
      proxy.plan(null)
      await proxy.settled()
      expect([before, after]).toContain(plain(await sound.get(path)))
      await run(store)
      expect(plain(await sound.get(path))).toBe(after)
    },
  )
})

describe('putting other bytes at a path', () => {
  test.for(FAULTS)('is refused whatever one request meets: %s', async (fault) => {
    const { store, sound } = await begun('locked', patienceFor(fault))
    proxy.plan({ fault, hits: (request, method) => request === 0 && canHit(fault, method), afterMs: 900 })
    await expect(store.putOnce('old', utf8('other bytes'))).rejects.toMatchObject({ code: 'object_differs' })
    await proxy.settled()
    expect(plain(await sound.get('old'))).toBe('old bytes')
  })
})

test.for(['locked', 'plain'] as const)(
  'an old checkpoint that arrives late does not replace a newer one, in a %s bucket',
  async (kind) => {
    const { store, sound } = await begun(kind, HASTE)
    proxy.plan({ fault: 'request-late', hits: (_request, method) => method === 'PUT', afterMs: 6_000 })
    const replacing = store.replace('checkpoint', utf8('size 2'))
    await vi.waitUntil(() => proxy.requests >= 2, { timeout: 10_000 })
    await sound.replace('checkpoint', utf8('size 3'))
    await expect(replacing).rejects.toMatchObject({ code: 'store_unavailable' })
    await proxy.settled()
    expect(plain(await sound.get('checkpoint'))).toBe('size 3')
  },
)

test('of two that replace the checkpoint at once, the one that is overtaken is told', async () => {
  const { store, sound } = await begun('locked')
  proxy.plan({ fault: 'slow', hits: (_request, method) => method === 'PUT', afterMs: 3_000 })
  const replacing = store.replace('checkpoint', utf8('size 2'))
  await vi.waitUntil(() => proxy.requests >= 2, { interval: 5, timeout: 10_000 })
  await sound.replace('checkpoint', utf8('size 3'))
  await expect(replacing).rejects.toMatchObject({ code: 'write_failed' })
  expect(plain(await sound.get('checkpoint'))).toBe('size 3')
})

test('bytes that are changed on the way to us are never returned', async () => {
  const { store } = await begun('locked')
  proxy.plan({ fault: 'reply-changed', hits: (_request, method) => method === 'GET' })
  for (const path of ['old', 'checkpoint']) {
    await expect(store.get(path)).rejects.toMatchObject({ name: 'ObjectStoreError' })
  }
  await expect(store.get('checkpoint')).rejects.toMatchObject({ code: 'object_corrupt' })
})

test('a service that is not there is given up in bounded time', async () => {
  const store = await openS3Objects('s3://bucket/log?endpoint=http://127.0.0.1:1', PATIENCE)
  const start = performance.now()
  await expect(store.get('a')).rejects.toMatchObject({ code: 'store_unavailable' })
  expect(performance.now() - start).toBeLessThan(10_000)
})

test('many objects at once arrive over a line that loses every fifth request or reply', async () => {
  const { store, sound } = await begun('locked')
  for (const fault of ['request-lost', 'reply-lost'] as const) {
    proxy.plan({ fault, hits: (request) => request % 5 === 0 })
    const paths = Array.from({ length: 40 }, (_, at) => `${fault}/${at}`)
    const results = await Promise.allSettled(paths.map((path) => store.putOnce(path, utf8(path))))
    proxy.plan(null)
    for (const [at, path] of paths.entries()) {
      if (results[at]?.status === 'rejected') await store.putOnce(path, utf8(path))
      expect(plain(await sound.get(path))).toBe(path)
    }
    expect(results.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThan(30)
  }
})
