import { dirname } from 'node:path'
import type { Disk } from './disk.ts'

/** Folders below a root, made when they are needed, and remembered once their names would survive a power cut. */
export interface DurableFolders {
  /** Makes a folder and those above it. */
  make(folder: string): Promise<void>
  /** Makes a folder, and resolves when all that is in it and all above it are names that would survive a power cut. */
  sync(folder: string): Promise<void>
}

/** Makes `root`, a whole path, as well. Rejects with the system's own errors. */
export function durableFolders(root: string, disk: Disk): DurableFolders {
  const durable = new Set<string>()

  /** Makes folders and returns those in which a name may be new, lowest first. */
  const make = async (folder: string): Promise<readonly string[]> => {
    if (durable.has(folder)) return []
    if (folder === root) {
      await makeRoot(root, disk)
      durable.add(root)
      return []
    }
    const above = await make(dirname(folder))
    await disk.makeFolder(folder)
    return [dirname(folder), ...above]
  }

  return {
    make: async (folder) => {
      await make(folder)
    },
    sync: async (folder) => {
      // Also for folders that were there: another process may have made them a moment ago.
      for (const changed of [folder, ...(await make(folder))]) await disk.syncFolder(changed)
      for (let above = folder; above !== root; above = dirname(above)) durable.add(above)
    },
  }
}

/** Makes the root and what is missing above it, each name durable. */
async function makeRoot(root: string, disk: Disk): Promise<void> {
  if ((await disk.truePath(root)) !== null || dirname(root) === root) return
  await makeRoot(dirname(root), disk)
  await disk.makeFolder(root)
  await disk.syncFolder(dirname(root))
}
