import { setTimeout as sleep } from 'node:timers/promises'
import { utf8 } from '@countersign/verify'
import { describe, expect, test } from 'vitest'
import type { ObjectStore } from '../../workflows/ports/object-store.ts'
import { plain } from './object-store-model.contract.ts'

/** What a store does about holds and retentions. */
export interface LockAbilities {
  /** Whether a legal hold keeps an object, or is refused with `lock_unsupported`. */
  readonly holds: boolean
  /** Whether a retention keeps an object, is refused with `lock_unsupported`, or is not kept, as where the owner can remove any file. */
  readonly retention: 'kept' | 'refused' | 'ignored'
}

/** The part of the suite that is about holds and retentions. `store` and `open` give handles on the store of the running test. */
export function describeLocks(
  abilities: LockAbilities,
  store: () => ObjectStore,
  open: () => Promise<ObjectStore>,
): void {
  describe('a hold', () => (abilities.holds ? testHolds(store, open) : testNoHolds(store)))
  describe('a retention', () => {
    if (abilities.retention === 'kept') testRetention(store, open)
    if (abilities.retention === 'refused') testNoRetention(store)
    test.for(['tomorrow', '2999-13-01T00:00:00Z', '2999-01-01', '2999-01-01T00:00:00+02:00', ''])(
      'that is no time in UTC is refused: "%s"',
      async (retainUntil) => {
        await expect(store().putOnce('a/b', utf8('x'), { retainUntil })).rejects.toMatchObject({ code: 'write_failed' })
        expect(await store().get('a/b')).toBeNull()
      },
    )
  })
}

function testHolds(store: () => ObjectStore, open: () => Promise<ObjectStore>): void {
  test('keeps an object from being removed until it is lifted', async () => {
    await store().putOnce('a/b', utf8('held'), { legalHold: true })
    await store().putOnce('a/c', utf8('held'))
    await store().hold('a/c', true)
    for (const path of ['a/b', 'a/c']) {
      await expect((await open()).remove(path)).rejects.toMatchObject({ code: 'object_locked' })
      expect(plain(await store().get(path))).toBe('held')
      await store().hold(path, false)
      await store().remove(path)
      expect(await store().get(path)).toBeNull()
    }
  })

  test('is placed on what was stored before without one, and stays when it is stored again', async () => {
    await store().putOnce('a/b', utf8('held'))
    await store().putOnce('a/b', utf8('held'), { legalHold: true })
    await store().putOnce('a/b', utf8('held'))
    await expect(store().remove('a/b')).rejects.toMatchObject({ code: 'object_locked' })
    await store().hold('a/b', false)
  })

  test('is refused where there is nothing to hold', async () => {
    await expect(store().hold('a/b', true)).rejects.toMatchObject({ code: 'write_failed' })
  })
}

function testNoHolds(store: () => ObjectStore): void {
  test('is refused, and what was to be held is not stored', async () => {
    const refused = { code: 'lock_unsupported' }
    await expect(store().putOnce('a/b', utf8('held'), { legalHold: true })).rejects.toMatchObject(refused)
    expect(await store().get('a/b')).toBeNull()
    await store().putOnce('a/b', utf8('not held'))
    await expect(store().hold('a/b', true)).rejects.toMatchObject(refused)
  })
}

function testRetention(store: () => ObjectStore, open: () => Promise<ObjectStore>): void {
  test('keeps an object until its end', async () => {
    const end = wholeSecond(Date.now() + 1_000)
    await store().putOnce('a/b', utf8('kept'), { retainUntil: new Date(end).toISOString() })
    await expect((await open()).remove('a/b')).rejects.toMatchObject({ code: 'object_locked' })
    expect(plain(await store().get('a/b'))).toBe('kept')
    await sleep(end - Date.now() + 300)
    await store().remove('a/b')
    expect(await store().get('a/b')).toBeNull()
  })

  test('is made longer by storing again, never shorter', async () => {
    const short = new Date(wholeSecond(Date.now() + 1_000)).toISOString()
    await store().putOnce('a/b', utf8('kept'), { retainUntil: short })
    await store().putOnce('a/b', utf8('kept'), { retainUntil: new Date(Date.now() + 3_600_000).toISOString() })
    await store().putOnce('a/b', utf8('kept'), { retainUntil: short })
    await store().putOnce('a/b', utf8('kept'))
    await sleep(Date.parse(short) - Date.now() + 300)
    await expect(store().remove('a/b')).rejects.toMatchObject({ code: 'object_locked' })
  })

  test('that has ended keeps nothing', async () => {
    await store().putOnce('a/b', utf8('old'), { retainUntil: '2001-01-01T00:00:00Z' })
    expect(plain(await store().get('a/b'))).toBe('old')
    await store().remove('a/b')
    expect(await store().get('a/b')).toBeNull()
  })
}

/** The next full second: a store may keep an object until then when it is asked to for a part of it. */
function wholeSecond(time: number): number {
  return Math.ceil(time / 1_000) * 1_000
}

function testNoRetention(store: () => ObjectStore): void {
  test('is refused, and what was to be kept is not stored', async () => {
    await expect(store().putOnce('a/b', utf8('x'), { retainUntil: '2999-01-01T00:00:00Z' })).rejects.toMatchObject({
      code: 'lock_unsupported',
    })
    expect(await store().get('a/b')).toBeNull()
  })
}
