import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'

/**
 * The few things that the log asks of a file system, so that tests can make each of them fail.
 * Paths are whole paths. Everything rejects with the system's own error.
 */
export interface Disk {
  /** Returns the file's bytes, or `null` when there is no such file. */
  read(path: string): Promise<Uint8Array | null>
  /** Writes a file, replacing what was there, and resolves when its bytes (not yet its name) would survive a power cut. */
  write(path: string, bytes: Uint8Array): Promise<void>
  /** Moves a file, replacing what was there, in one step. */
  rename(from: string, to: string): Promise<void>
  /** Makes a folder in one that exists; an existing folder is fine. */
  makeFolder(path: string): Promise<void>
  /** Resolves when the names in the folder would survive a power cut. */
  syncFolder(path: string): Promise<void>
  /** Lists the names in a folder in order; none when there is no such folder. */
  list(path: string): Promise<readonly string[]>
  /** Removes a file, or a folder and all in it; absence is fine. */
  remove(path: string): Promise<void>
}

/** The file system of this machine. */
export const nodeDisk: Disk = {
  read: (path) => readFile(path).catch(orWhenAbsent(null)),
  write: async (path, bytes) => {
    const file = await open(path, 'w', 0o644)
    try {
      await file.writeFile(bytes)
      await file.datasync()
    } finally {
      await file.close()
    }
  },
  rename,
  makeFolder: async (path) => {
    await mkdir(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    })
  },
  syncFolder: async (path) => {
    const folder = await open(path, 'r')
    try {
      await folder.sync()
    } finally {
      await folder.close()
    }
  },
  list: async (path) => (await readdir(path).catch(orWhenAbsent([]))).sort(),
  remove: (path) => rm(path, { recursive: true, force: true }),
}

function orWhenAbsent<Value>(value: Value): (error: NodeJS.ErrnoException) => Value {
  return (error) => {
    if (error.code === 'ENOENT') return value
    throw error
  }
}
