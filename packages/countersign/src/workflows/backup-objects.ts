import type { ObjectStore } from './ports/object-store.ts'

/** What lies beside a log's tiles: the bytes that evidence names, what senders were shown, and what retention keeps. */
export const KEPT_OBJECTS: readonly string[] = ['blobs', 'senders', 'holds', 'retention.yaml']

const AT_ONCE = 16

/**
 * Copies objects from one store to another: those named, and those below the folders named. Returns how many there were. What the other
 * store has already is left as it is; other bytes in its place are refused with `ObjectStoreError` `object_differs`.
 */
export async function copyObjects(from: ObjectStore, to: ObjectStore, places: readonly string[]): Promise<number> {
  let copied = 0
  let waiting: Promise<void>[] = []
  const copy = async (path: string): Promise<void> => {
    const bytes = await from.get(path)
    // Pruned while it was listed: the log says so, or will.
    if (bytes === null) return
    await (path.split('/').at(-1) === 'checkpoint' ? to.replace(path, bytes) : to.putOnce(path, bytes))
    copied += 1
  }
  for (const place of places) {
    // One that is named itself is no folder, and in a bucket may be both.
    if (place.includes('.') || place === 'checkpoint') waiting.push(copy(place))
    else {
      for await (const path of from.list(place)) {
        waiting.push(copy(path))
        if (waiting.length < AT_ONCE) continue
        await Promise.all(waiting)
        waiting = []
      }
    }
  }
  await Promise.all(waiting)
  return copied
}
