import { dirname, join, resolve } from 'node:path'
import { equalBytes } from '@countersign/verify'
import { type ObjectStore, ObjectStoreError } from '../../../workflows/ports/object-store.ts'
import { isObjectPart, partsOfPath, partsOfPrefix } from '../object-path.ts'
import { retentionEnd } from '../object-terms.ts'
import { type Disk, type DiskEntry, nodeDisk } from './disk.ts'
import { folderWriter } from './folder-writer.ts'

/**
 * Keeps objects as files below a folder, which is made when the first object is stored: folders of mode 0700, files of mode 0600.
 * Any number of processes may use the folder at once. Names that begin with a dot are the store's own; what else it did not put
 * there (links, pipes, names that are no part of a path) is never read, listed or followed.
 *
 * A folder enforces no retention, since its owner may remove any file: `retainUntil` is not kept, a legal hold is refused with
 * `lock_unsupported`. The file system must have hard links, without which nothing can be stored once: `write_failed` says so.
 */
export function openFolderObjects(folder: string, disk: Disk = nodeDisk): ObjectStore {
  const root = resolve(folder)
  const writer = folderWriter(root, disk)

  const get = async (path: string): Promise<Uint8Array | null> => {
    const file = join(root, ...partsOfPath(path))
    return (await isInPlace(dirname(file))) ? await disk.read(file) : null
  }

  /** Whether a folder is there, and is where its path says: not reached through a link that somebody put below the root. */
  const isInPlace = async (place: string): Promise<boolean> => {
    const found = await disk.truePath(place)
    if (found === null) return false
    if (found !== join((await disk.truePath(root)) ?? '', place.slice(root.length))) {
      throw new ObjectStoreError('bad_path', 'a symbolic link below the root is not followed')
    }
    return true
  }

  async function* list(parts: readonly string[]): AsyncGenerator<string> {
    const place = join(root, ...parts)
    if (!(await isInPlace(place))) return
    for (const { name, kind } of (await disk.list(place)).filter(isOurs).sort(byPath)) {
      if (kind === 'file') yield [...parts, name].join('/')
      else yield* list([...parts, name])
    }
  }

  return {
    putOnce: (path, bytes, terms = {}) =>
      translated('write_failed', async () => {
        retentionEnd(terms)
        const present = await get(path)
        if (terms.legalHold) throw noHolds()
        if (present === null && (await writer.placeNew(path, bytes))) return
        const stored = present ?? (await get(path))
        if (stored === null || !equalBytes(stored, bytes)) {
          throw new ObjectStoreError('object_differs', `${path} holds other bytes`)
        }
        // Another process may have put it there a moment ago, and its name may not be durable yet.
        await writer.makeDurable(path)
      }),
    replace: (path, bytes) =>
      translated('write_failed', async () => {
        await get(path)
        await writer.place(path, bytes)
      }),
    get: (path) => translated('read_failed', () => get(path)),
    list: async function* (prefix) {
      const paths = list(partsOfPrefix(prefix))
      for (;;) {
        const next = await translated('read_failed', () => paths.next())
        if (next.done) return
        yield next.value
      }
    },
    remove: (path) =>
      translated('write_failed', async () => {
        if ((await get(path)) !== null) await writer.remove(path)
      }),
    hold: (path) =>
      translated('write_failed', async () => {
        partsOfPath(path)
        throw noHolds()
      }),
    close: async () => {},
  }
}

function noHolds(): ObjectStoreError {
  return new ObjectStoreError('lock_unsupported', 'a folder cannot keep its owner from removing a file')
}

function isOurs({ name, kind }: DiskEntry): boolean {
  return kind !== 'other' && isObjectPart(name)
}

/** Orders what a folder holds as the whole paths are ordered: `000.p/1` behind `000`, and before `0001`. */
function byPath(one: DiskEntry, other: DiskEntry): number {
  const [a, b] = [one, other].map(({ name, kind }) => (kind === 'folder' ? `${name}/` : name)) as [string, string]
  return a < b ? -1 : 1
}

const FULL = ['ENOSPC', 'EDQUOT']
const NO_PATH = ['ELOOP', 'EISDIR', 'ENOTDIR', 'EEXIST', 'ENAMETOOLONG']

/** Runs file work, turning what the system says into an {@link ObjectStoreError}. */
async function translated<Value>(
  otherwise: 'write_failed' | 'read_failed',
  work: () => Promise<Value>,
): Promise<Value> {
  try {
    return await work()
  } catch (cause) {
    if (cause instanceof ObjectStoreError) throw cause
    const system = cause instanceof Error && 'code' in cause ? String(cause.code) : 'no code'
    const code = FULL.includes(system) ? 'disk_full' : NO_PATH.includes(system) ? 'bad_path' : otherwise
    throw new ObjectStoreError(code, `the folder's disk failed (${system})`, { cause })
  }
}
