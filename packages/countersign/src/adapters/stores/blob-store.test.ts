import { sha256Hex, utf8 } from '@countersign/verify'
import { describe, expect, test } from 'vitest'
import { type ObjectStore, ObjectStoreError } from '../../workflows/ports/object-store.ts'
import { blobStoreOver } from './blob-store.ts'
import { memoryObjects } from './memory/object-store.ts'
import { collected } from './object-store-model.contract.ts'

const HELLO = '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824'
const PLACE = `blobs/${HELLO.slice(0, 2)}/${HELLO.slice(2, 4)}/${HELLO}`

function failing(part: 'putOnce' | 'get', code: ObjectStoreError['code']): ObjectStore {
  return { ...memoryObjects(), [part]: () => Promise.reject(new ObjectStoreError(code, 'broken')) }
}

describe('a store of blobs', () => {
  test('keeps bytes under their digest, two levels down', async () => {
    const objects = memoryObjects()
    const blobs = blobStoreOver(objects)
    expect(await blobs.put(utf8('hello'))).toBe(HELLO)
    expect(await collected(objects.list(''))).toEqual([PLACE])
    expect(await blobs.get(HELLO)).toEqual(new Uint8Array(utf8('hello')))
  })

  test('keeps the same bytes once, also when many store them at once', async () => {
    const objects = memoryObjects()
    const digests = await Promise.all(Array.from({ length: 8 }, () => blobStoreOver(objects).put(utf8('hello'))))
    expect(new Set(digests)).toEqual(new Set([HELLO]))
    expect(await collected(objects.list(''))).toEqual([PLACE])
  })

  test('keeps nothing at all and a megabyte as well', async () => {
    const blobs = blobStoreOver(memoryObjects())
    for (const bytes of [new Uint8Array(0), new Uint8Array(1_000_000).fill(7)]) {
      expect(await blobs.get(await blobs.put(bytes))).toEqual(bytes)
    }
  })

  test('answers null for what it never had', async () => {
    expect(await blobStoreOver(memoryObjects()).get(sha256Hex(utf8('never')))).toBeNull()
  })

  test('refuses changed bytes, and is healed by storing the right ones', async () => {
    const objects = memoryObjects()
    const blobs = blobStoreOver(objects)
    await blobs.put(utf8('hello'))
    await objects.replace(PLACE, utf8('hellO'))
    await expect(blobs.get(HELLO)).rejects.toMatchObject({ name: 'BlobStoreError', code: 'blob_corrupt' })
    await blobs.put(utf8('hello'))
    expect(await blobs.get(HELLO)).toEqual(new Uint8Array(utf8('hello')))
  })

  test('says that other bytes lie there when the store keeps them from being healed', async () => {
    const objects = memoryObjects()
    await objects.putOnce(PLACE, utf8('hellO'), { legalHold: true })
    await expect(blobStoreOver(objects).put(utf8('hello'))).rejects.toMatchObject({
      name: 'BlobStoreError',
      code: 'blob_corrupt',
    })
  })

  test.for([
    { name: 'a path', digest: '../../etc/passwd' },
    { name: 'upper case', digest: HELLO.toUpperCase() },
    { name: 'half a digest', digest: HELLO.slice(32) },
    { name: 'a newline after it', digest: `${HELLO}\n` },
  ])('refuses $name for a digest', async ({ digest }) => {
    await expect(blobStoreOver(memoryObjects()).get(digest)).rejects.toMatchObject({ code: 'bad_digest' })
  })

  test.for([
    { part: 'putOnce', code: 'disk_full', refused: 'disk_full' },
    { part: 'putOnce', code: 'write_failed', refused: 'write_failed' },
    { part: 'putOnce', code: 'store_unavailable', refused: 'write_failed' },
    { part: 'get', code: 'read_failed', refused: 'read_failed' },
    { part: 'get', code: 'store_unavailable', refused: 'read_failed' },
    { part: 'get', code: 'object_corrupt', refused: 'blob_corrupt' },
  ] as const)('calls it $refused when $part says $code', async ({ part, code, refused }) => {
    const blobs = blobStoreOver(failing(part, code))
    const work = part === 'get' ? blobs.get(HELLO) : blobs.put(utf8('hello'))
    await expect(work).rejects.toMatchObject({ name: 'BlobStoreError', code: refused })
  })
})
