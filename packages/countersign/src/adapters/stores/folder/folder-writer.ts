import { randomBytes } from 'node:crypto'
import { dirname, join } from 'node:path'
import { ObjectStoreError } from '../../../workflows/ports/object-store.ts'
import type { Disk } from './disk.ts'
import { durableFolders } from './durable-folders.ts'

/** Puts files below a root so that a crash at any instant leaves each either absent or whole. */
export interface FolderWriter {
  /** Stores a file where none is, durably. False when there is one; nothing is then changed. */
  placeNew(path: string, bytes: Uint8Array): Promise<boolean>
  /** Stores a file or replaces it, durably. */
  place(path: string, bytes: Uint8Array): Promise<void>
  /** Resolves when the name of a file that is there would survive a power cut. */
  makeDurable(path: string): Promise<void>
  /** Removes a file. Its folder stays: somebody else may be putting a file there at this moment. */
  remove(path: string): Promise<void>
}

/** Writes below `root`, a whole path, and makes it when it is needed. Rejects with the system's own errors. */
export function folderWriter(root: string, disk: Disk): FolderWriter {
  const folders = durableFolders(root, disk)
  const waitingFolder = join(root, WAITING_FOLDER)
  let isSwept = false

  /** Writes the bytes aside, moves them into place and makes that durable. */
  const write = async (path: string, bytes: Uint8Array, by: Disk['link']): Promise<void> => {
    const file = join(root, path)
    await folders.make(waitingFolder)
    // Leftovers that cannot be removed are no reason to store nothing.
    if (!isSwept) await sweep(waitingFolder, disk).catch(() => {})
    isSwept = true
    const waiting = join(waitingFolder, `${Date.now()}-${randomBytes(12).toString('hex')}`)
    try {
      await disk.create(waiting, bytes)
      await folders.make(dirname(file))
      await by(waiting, file)
      await folders.sync(dirname(file))
    } finally {
      // What could not be removed is swept later.
      await disk.remove(waiting).catch(() => {})
    }
  }

  return {
    placeNew: async (path, bytes) => {
      let isTaken = false
      await write(path, bytes, async (from, to) => {
        isTaken = await isNameTaken(disk.link(from, to))
      })
      return !isTaken
    },
    place: (path, bytes) => write(path, bytes, disk.rename),
    makeDurable: (path) => folders.sync(dirname(join(root, path))),
    remove: async (path) => {
      await disk.remove(join(root, path))
      await disk.syncFolder(dirname(join(root, path)))
    },
  }
}

/** Where the folder keeps files that are not yet in their place, each `milliseconds-random`. */
export const WAITING_FOLDER = '.waiting'
const WAITING_NAME = /^([0-9]{13})-[0-9a-f]{24}$/
/** Far longer than a write takes. */
const LEFT_BEHIND_MS = 60 * 60 * 1000

/** Removes what processes that ended half-way left behind. One that is merely slow is told `ENOENT` and reports a failure. */
async function sweep(waitingFolder: string, disk: Disk): Promise<void> {
  const before = Date.now() - LEFT_BEHIND_MS
  for (const { name } of await disk.list(waitingFolder)) {
    const begun = WAITING_NAME.exec(name)?.[1]
    if (begun !== undefined && Number(begun) < before) await disk.remove(join(waitingFolder, name))
  }
}

async function isNameTaken(linked: Promise<void>): Promise<boolean> {
  try {
    await linked
    return false
  } catch (cause) {
    if (codeOf(cause) === 'EEXIST') return true
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(codeOf(cause))) throw cause
    throw new ObjectStoreError('write_failed', 'this file system makes no hard links, so nothing can be stored once', {
      cause,
    })
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}
