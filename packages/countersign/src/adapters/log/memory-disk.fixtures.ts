import { dirname } from 'node:path'
import type { Disk } from './disk.ts'

/** A disk for tests that knows what a power cut would leave of it. */
export interface MemoryDisk extends Disk {
  /** What is on the disk now, by path. Folders have no bytes. */
  readonly files: ReadonlyMap<string, Uint8Array | null>
  /** The disk after a power cut that kept nothing but what was synced. */
  afterPowerCut(): MemoryDisk
  /** The disk after its user was killed: all that was done is there. */
  afterKill(): MemoryDisk
}

/** Something that a test makes go wrong. */
export interface Fault {
  /** The call that it happens to, counting those that change the disk from 0. */
  readonly call: number
  /** Whether the call does nothing, half, or all of its work before it fails. */
  readonly done: 'none' | 'half' | 'all'
  readonly code: 'EIO' | 'ENOSPC'
  /** Whether everything after it fails as well, as if the process had ended. */
  readonly isFinal: boolean
}

type Names = Map<string, Uint8Array | null>

/**
 * A disk in memory, from what is on it and what of that is synced. Names become durable when their folder is synced, bytes when
 * they are written, and a rename is durable as a whole or not at all.
 */
export function memoryDisk(files: Names = new Map(), durable: Names = new Map(files)): MemoryDisk {
  let renames: { readonly from: string; readonly to: string }[] = []

  const syncFolder = (folder: string): void => {
    for (const { from, to } of renames.filter(({ from, to }) => [dirname(from), dirname(to)].includes(folder))) {
      durable.delete(from)
      const bytes = files.get(to)
      if (bytes !== undefined) durable.set(to, bytes)
    }
    renames = renames.filter(({ from, to }) => ![dirname(from), dirname(to)].includes(folder))
    for (const path of durable.keys()) if (dirname(path) === folder && !files.has(path)) durable.delete(path)
    for (const [path, bytes] of files) if (dirname(path) === folder) durable.set(path, bytes)
  }

  return {
    files,
    afterPowerCut: () => {
      const isReachable = (path: string): boolean =>
        !path.includes('/') || dirname(path) === '/' || (durable.has(dirname(path)) && isReachable(dirname(path)))
      const kept: Names = new Map([...durable].filter(([path]) => isReachable(path)))
      return memoryDisk(kept, new Map(kept))
    },
    afterKill: () => memoryDisk(new Map(files), new Map(durable)),
    read: async (path) => files.get(path) ?? null,
    write: async (path, bytes) => {
      const copy = Uint8Array.from(bytes)
      files.set(path, copy)
      if (durable.has(path)) durable.set(path, copy)
    },
    rename: async (from, to) => {
      files.set(to, files.get(from) ?? null)
      files.delete(from)
      renames.push({ from, to })
    },
    makeFolder: async (path) => {
      files.set(path, null)
    },
    syncFolder: async (path) => syncFolder(path),
    list: async (path) =>
      [...files.keys()]
        .filter((file) => dirname(file) === path)
        .map((file) => file.slice(path.length + 1))
        .sort(),
    remove: async (path) => {
      for (const file of files.keys()) if (file === path || file.startsWith(`${path}/`)) files.delete(file)
    },
  }
}

/** A disk on which one call goes wrong. `calls` counts those that change it. */
export function faultyDisk(disk: Disk, fault: Fault | null): Disk & { readonly calls: () => number } {
  let calls = 0
  const attempt = async (work: () => Promise<void>, half: () => Promise<void> = work): Promise<void> => {
    const call = calls++
    if (fault === null || call < fault.call || (call > fault.call && !fault.isFinal)) return work()
    if (call === fault.call && fault.done !== 'none') await (fault.done === 'half' ? half() : work())
    throw Object.assign(new Error(fault.code), { code: fault.code })
  }
  return {
    ...disk,
    calls: () => calls,
    write: (path, bytes) =>
      attempt(
        () => disk.write(path, bytes),
        () => disk.write(path, bytes.subarray(0, bytes.length / 2)),
      ),
    rename: (from, to) => attempt(() => disk.rename(from, to)),
    makeFolder: (path) => attempt(() => disk.makeFolder(path)),
    syncFolder: (path) => attempt(() => disk.syncFolder(path)),
    remove: (path) => attempt(() => disk.remove(path)),
  }
}
