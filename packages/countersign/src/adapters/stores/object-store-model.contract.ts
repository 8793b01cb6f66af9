import { array, assert, asyncProperty, constant, constantFrom, oneof, record, uint8Array } from 'fast-check'
import { expect } from 'vitest'
import type { ObjectStore } from '../../workflows/ports/object-store.ts'

type Step =
  | { readonly does: 'putOnce'; readonly path: string; readonly bytes: Uint8Array }
  | { readonly does: 'replace'; readonly path: string; readonly bytes: Uint8Array }
  | { readonly does: 'get'; readonly path: string }
  | { readonly does: 'remove'; readonly path: string }
  | { readonly does: 'list'; readonly prefix: string }

// Few paths and few bytes, so that steps meet.
const oncePath = constantFrom('a/b', 'a/b-c', 'a.b', 'a/c/d', 'ab', 'tile/0/x001/000.p/17', 'tile/0/x001/000')
const changingPath = constantFrom('checkpoint', 'a/checkpoint')
const bytes = oneof(constantFrom(Buffer.from(''), Buffer.from('x'), Buffer.from('y')), uint8Array({ maxLength: 40 }))

const step = oneof(
  record({ does: constant('putOnce' as const), path: oncePath, bytes }),
  record({ does: constant('replace' as const), path: changingPath, bytes }),
  record({ does: constantFrom('get' as const, 'remove' as const), path: oneof(oncePath, changingPath) }),
  record({ does: constant('list' as const), prefix: constantFrom('', 'a', 'a/c', 'tile/0', 'tile/0/x001/000.p', 'b') }),
)

/** Does random things to empty stores and to a plain map, and expects the same answers. */
export async function testAgainstMap(
  make: () => Promise<{ readonly store: ObjectStore; readonly remove: () => Promise<void> }>,
  numRuns: number,
): Promise<void> {
  const property = asyncProperty(array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
    const { store, remove } = await make()
    try {
      const model = new Map<string, Uint8Array>()
      for (const one of steps) await take(one, store, model)
      for await (const path of store.list('')) expect(plain(await store.get(path))).toEqual(plain(model.get(path)))
      expect(await collected(store.list(''))).toEqual([...model.keys()].sort())
    } finally {
      await remove()
    }
  })
  await assert(property, { numRuns })
}

async function take(one: Step, store: ObjectStore, model: Map<string, Uint8Array>): Promise<void> {
  if (one.does === 'list') {
    const below = [...model.keys()].filter((path) => one.prefix === '' || path.startsWith(`${one.prefix}/`)).sort()
    expect(await collected(store.list(one.prefix))).toEqual(below)
    return
  }
  const present = model.get(one.path)
  if (one.does === 'get') {
    expect(plain(await store.get(one.path))).toEqual(plain(present))
  } else if (one.does === 'remove') {
    await store.remove(one.path)
    model.delete(one.path)
  } else if (one.does === 'replace' || present === undefined || Buffer.compare(present, one.bytes) === 0) {
    await store[one.does](one.path, one.bytes)
    model.set(one.path, one.bytes)
  } else {
    await expect(store.putOnce(one.path, one.bytes)).rejects.toMatchObject({ code: 'object_differs' })
  }
}

/** All that a list gives. */
export async function collected(paths: AsyncIterable<string>): Promise<readonly string[]> {
  const all: string[] = []
  for await (const path of paths) all.push(path)
  return all
}

/** Bytes in a form that is compared by value, whichever array they came in. */
export function plain(bytes: Uint8Array | null | undefined): string | null {
  return bytes === null || bytes === undefined ? null : Buffer.from(bytes).toString('latin1')
}
