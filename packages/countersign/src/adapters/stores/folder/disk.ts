import { constants } from 'node:fs'
import { link, lstat, mkdir, open, readdir, realpath, rename, rm } from 'node:fs/promises'

/** What a folder holds under a name. A symbolic link, a socket and the like are `other`. */
export interface DiskEntry {
  readonly name: string
  readonly kind: 'file' | 'folder' | 'other'
}

/**
 * The few things that a folder of objects asks of a file system, so that tests can make each of them fail.
 * Paths are whole paths. Everything rejects with the system's own error.
 */
export interface Disk {
  /** The folder's path without symbolic links; null when there is no such folder. */
  truePath(path: string): Promise<string | null>
  /** The file's bytes, or null when there is none. Rejects with `ELOOP` for a symbolic link and `EISDIR` for what is no file. */
  read(path: string): Promise<Uint8Array | null>
  /** Writes a file that was not there, and resolves when its bytes (not yet its name) would survive a power cut. */
  create(path: string, bytes: Uint8Array): Promise<void>
  /** Gives a file a second name. Rejects with `EEXIST` when that is taken. */
  link(from: string, to: string): Promise<void>
  /** Moves a file, replacing what was there, in one step. */
  rename(from: string, to: string): Promise<void>
  /** Makes a folder for its owner alone in one that exists; an existing folder is fine. */
  makeFolder(path: string): Promise<void>
  /** Resolves when the names in the folder would survive a power cut. */
  syncFolder(path: string): Promise<void>
  /** What is in a folder, in no order; nothing when there is no such folder. */
  list(path: string): Promise<readonly DiskEntry[]>
  /** Removes a file; absence is fine. */
  remove(path: string): Promise<void>
}

/** The file system of this machine. */
export const nodeDisk: Disk = {
  truePath: (path) => realpath(path).catch(orWhen(['ENOENT', 'ENOTDIR'], null)),
  read: async (path) => {
    // Without O_NONBLOCK a pipe that somebody put there would hold us for ever.
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
      orWhen(['ENOENT', 'ENOTDIR'], null),
    )
    if (file === null) return null
    try {
      if (!(await file.stat()).isFile()) throw Object.assign(new Error('not a file'), { code: 'EISDIR' })
      return await file.readFile()
    } finally {
      await file.close()
    }
  },
  create: async (path, bytes) => {
    const file = await open(path, 'wx', 0o600)
    try {
      await file.writeFile(bytes)
      await file.datasync()
    } finally {
      await file.close()
    }
  },
  link,
  rename,
  makeFolder: async (path) => {
    await mkdir(path, 0o700).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST' || !(await lstat(path)).isDirectory()) throw error
    })
  },
  syncFolder: async (path) => {
    const folder = await open(path, constants.O_RDONLY | constants.O_DIRECTORY)
    try {
      await folder.sync()
    } finally {
      await folder.close()
    }
  },
  list: async (path) => {
    const entries = await readdir(path, { withFileTypes: true }).catch(orWhen(['ENOENT', 'ENOTDIR'], []))
    return entries.map((entry) => ({
      name: entry.name,
      kind: entry.isFile() ? 'file' : entry.isDirectory() ? 'folder' : 'other',
    }))
  },
  remove: (path) => rm(path, { force: true }),
}

function orWhen<Value>(codes: readonly string[], value: Value): (error: NodeJS.ErrnoException) => Value {
  return (error) => {
    if (codes.includes(error.code ?? '')) return value
    throw error
  }
}
