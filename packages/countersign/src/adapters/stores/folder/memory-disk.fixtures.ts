import { dirname } from 'node:path'
import type { Disk } from './disk.ts'

/** A disk for tests that knows what a power cut may leave of it. */
export interface MemoryDisk extends Disk {
  /** What is on the disk now, by path. Folders have no bytes. */
  readonly files: ReadonlyMap<string, Uint8Array | null>
  /** Every disk that a power cut may leave: what was synced, and each selection of the changes of names that were not. */
  afterPowerCut(): readonly MemoryDisk[]
  /** The disk after its user was killed: all that was done is there. */
  afterKill(): MemoryDisk
}

type Names = Map<string, Uint8Array | null>

/** A change of names that is not yet durable. Syncing any of its folders makes it so, whole. */
interface Change {
  readonly folders: readonly string[]
  apply(names: Names): void
}

/** A disk in memory, on which `root` is a folder. Bytes are durable when they are written, names when their folder is synced. */
export function memoryDisk(
  root: string,
  files: Names = new Map([[root, null]]),
  durable: Names = new Map(files),
): MemoryDisk {
  let waiting: Change[] = []
  const change = (folders: readonly string[], apply: (names: Names) => void): void => {
    apply(files)
    waiting.push({ folders, apply })
  }
  const failUnlessFolder = (path: string): void => {
    if (files.get(path) !== null) throw failure(files.has(path) ? 'ENOTDIR' : 'ENOENT')
  }

  return {
    files,
    afterPowerCut: () => {
      const selections = Array.from({ length: 2 ** Math.min(waiting.length, MAX_SELECTED) }, (_, bits) =>
        waiting.filter((_change, at) => (bits >> at) & 1),
      )
      return selections.map((changes) => {
        const left: Names = new Map(durable)
        for (const { apply } of changes) apply(left)
        for (const path of [...left.keys()].sort())
          if (path !== root && left.get(dirname(path)) !== null) left.delete(path)
        return memoryDisk(root, left, new Map(left))
      })
    },
    afterKill: () => memoryDisk(root, new Map(files), new Map(files)),
    truePath: async (path) => (files.get(path) === null ? path : null),
    read: async (path) => {
      if (files.get(path) === null) throw failure('EISDIR')
      return files.get(path) ?? null
    },
    create: async (path, bytes) => {
      failUnlessFolder(dirname(path))
      if (files.has(path)) throw failure('EEXIST')
      const copy = Uint8Array.from(bytes)
      change([dirname(path)], (names) => names.set(path, copy))
    },
    link: async (from, to) => {
      const bytes = files.get(from)
      if (bytes === undefined || bytes === null) throw failure('ENOENT')
      failUnlessFolder(dirname(to))
      if (files.has(to)) throw failure('EEXIST')
      change([dirname(to)], (names) => names.set(to, bytes))
    },
    rename: async (from, to) => {
      const bytes = files.get(from)
      if (bytes === undefined || bytes === null) throw failure('ENOENT')
      failUnlessFolder(dirname(to))
      if (files.get(to) === null) throw failure('EISDIR')
      change([dirname(from), dirname(to)], (names) => {
        names.set(to, bytes)
        names.delete(from)
      })
    },
    makeFolder: async (path) => {
      failUnlessFolder(dirname(path))
      if (files.get(path) === null) return
      if (files.has(path)) throw failure('EEXIST')
      change([dirname(path)], (names) => names.set(path, null))
    },
    syncFolder: async (path) => {
      failUnlessFolder(path)
      for (const { folders, apply } of waiting) if (folders.includes(path)) apply(durable)
      waiting = waiting.filter(({ folders }) => !folders.includes(path))
    },
    list: async (path) =>
      [...files]
        .filter(([file]) => dirname(file) === path && file !== path)
        .map(([file, bytes]) => ({ name: file.slice(path.length + 1), kind: bytes === null ? 'folder' : 'file' })),
    remove: async (path) => change([dirname(path)], (names) => names.delete(path)),
  }
}

/** More changes than one operation makes are not told apart, or there would be too many selections. */
const MAX_SELECTED = 8

/** Something that a test makes go wrong. */
export interface Fault {
  /** The call that it happens to, counting those that change the disk from 0. */
  readonly call: number
  /** Whether the call does nothing, half, or all of its work before it fails. */
  readonly done: 'none' | 'half' | 'all'
  readonly code: string
  /** Whether everything after it fails as well, as if the process had ended. */
  readonly isFinal: boolean
}

/** A disk on which one call goes wrong. `calls` counts those that change it. */
export function faultyDisk(disk: Disk, fault: Fault | null): Disk & { readonly calls: () => number } {
  let calls = 0
  const attempt = async (work: () => Promise<void>, half: () => Promise<void> = work): Promise<void> => {
    const call = calls++
    if (fault === null || call < fault.call || (call > fault.call && !fault.isFinal)) return work()
    if (call === fault.call && fault.done !== 'none') await (fault.done === 'half' ? half() : work())
    throw failure(fault.code)
  }
  return {
    ...disk,
    calls: () => calls,
    create: (path, bytes) =>
      attempt(
        () => disk.create(path, bytes),
        () => disk.create(path, bytes.subarray(0, bytes.length / 2)),
      ),
    link: (from, to) => attempt(() => disk.link(from, to)),
    rename: (from, to) => attempt(() => disk.rename(from, to)),
    makeFolder: (path) => attempt(() => disk.makeFolder(path)),
    syncFolder: (path) => attempt(() => disk.syncFolder(path)),
    remove: (path) => attempt(() => disk.remove(path)),
  }
}

/** A disk whose calls take a while and end in another order than they began. `wait` says how long, in milliseconds. */
export function slowDisk(disk: Disk, wait: () => number): Disk {
  const later = async <Value>(work: () => Promise<Value>): Promise<Value> => {
    await new Promise((resolve) => setTimeout(resolve, wait()))
    const value = await work()
    await new Promise((resolve) => setTimeout(resolve, wait()))
    return value
  }
  return {
    truePath: (path) => later(() => disk.truePath(path)),
    read: (path) => later(() => disk.read(path)),
    create: (path, bytes) => later(() => disk.create(path, bytes)),
    link: (from, to) => later(() => disk.link(from, to)),
    rename: (from, to) => later(() => disk.rename(from, to)),
    makeFolder: (path) => later(() => disk.makeFolder(path)),
    syncFolder: (path) => later(() => disk.syncFolder(path)),
    list: (path) => later(() => disk.list(path)),
    remove: (path) => later(() => disk.remove(path)),
  }
}

function failure(code: string): Error {
  return Object.assign(new Error(code), { code })
}
