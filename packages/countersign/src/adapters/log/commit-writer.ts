import { dirname, join } from 'node:path'
import { tilePath } from '@countersign/verify'
import { EvidenceLogError } from '../../workflows/ports/evidence-log.ts'
import type { PlannedFile } from './commit-plan.ts'
import type { Disk } from './disk.ts'
import { hashesOnLevel } from './tile-reader.ts'

/** The most entries that one commit takes. It bounds how far beyond the checkpoint a crash can leave files. */
export const MAX_COMMIT_ENTRIES = 65_536

/** Where the log's folder keeps files that are not yet in their place; nobody reads them but the writer. */
export const WAITING_FOLDER = '.tmp'
export const CHECKPOINT = 'checkpoint'
/** A signed checkpoint that is being published. Its tiles are durable, so it can always be published later. */
export const WAITING_CHECKPOINT = `${WAITING_FOLDER}/${CHECKPOINT}`

/** Puts files into the log's folder so that a crash at any instant leaves each either absent or whole. */
export interface CommitWriter {
  /** Resolves when all tiles are in their place and durable. They mean nothing before a checkpoint covers them. */
  placeTiles(files: readonly PlannedFile[]): Promise<void>
  /** Resolves when the checkpoint is published and durable. A rejection leaves open whether it is. */
  publish(note: string): Promise<void>
  /** Removes what crashed or failed commits left beyond a tree of this size. */
  removeBeyond(size: number): Promise<void>
  /** Removes folders of partial tiles that full ones have replaced. */
  removeOutgrown(folders: readonly string[]): Promise<void>
}

/** Writes below `root`, which exists. Every method rejects with {@link EvidenceLogError} `disk_full` or `write_failed`. */
export function commitWriter(root: string, disk: Disk): CommitWriter {
  const madeDurable = new Set([root])

  /** Makes a folder and those above it, and returns the folders whose names are not durable yet. */
  const makeFolder = async (folder: string): Promise<readonly string[]> => {
    if (madeDurable.has(folder)) return []
    const above = await makeFolder(dirname(folder))
    await disk.makeFolder(folder)
    return [...above, folder]
  }

  const placeTiles = async (files: readonly PlannedFile[]): Promise<void> => {
    const folders = new Set(files.map(({ path }) => dirname(join(root, path))))
    const made = new Set<string>()
    for (const folder of folders) for (const fresh of await makeFolder(folder)) made.add(fresh)
    for (let start = 0; start < files.length; start += AT_ONCE) {
      await allSettled(
        files.slice(start, start + AT_ONCE).map(async ({ path, bytes }, at) => {
          const waiting = join(root, WAITING_FOLDER, String(at))
          await disk.write(waiting, bytes)
          await disk.rename(waiting, join(root, path))
        }),
      )
    }
    await allSettled([...new Set([...folders, ...Array.from(made, dirname)])].map(disk.syncFolder))
    for (const folder of made) madeDurable.add(folder)
  }

  const publish = async (note: string): Promise<void> => {
    const waiting = join(root, WAITING_CHECKPOINT)
    await disk.write(waiting, Buffer.from(note))
    // From here on a restart finds the signed checkpoint and publishes it, so that no other is ever signed for its sizes.
    await disk.syncFolder(join(root, WAITING_FOLDER))
    await disk.rename(waiting, join(root, CHECKPOINT))
    await disk.syncFolder(root)
  }

  const removeBeyond = async (size: number): Promise<void> => {
    for (const { folder, names } of placesBeyond(size)) {
      const present = await disk.list(join(root, folder))
      const excess = present.filter((name) => names(name))
      for (const name of excess) {
        await disk.remove(join(root, folder, name))
        madeDurable.delete(join(root, folder, name))
      }
      if (excess.length > 0) await disk.syncFolder(join(root, folder))
    }
  }

  const removeOutgrown = async (folders: readonly string[]): Promise<void> => {
    for (const folder of folders) {
      await disk.remove(join(root, folder))
      madeDurable.delete(join(root, folder))
    }
  }

  return {
    placeTiles: (files) => translated(() => placeTiles(files)),
    publish: (note) => translated(() => publish(note)),
    removeBeyond: (size) => translated(() => removeBeyond(size)),
    removeOutgrown: (folders) => translated(() => removeOutgrown(folders)),
  }
}

/** Runs file work, turning what the system says into an {@link EvidenceLogError} `disk_full` or `write_failed`. */
export async function translated<Value>(work: () => Promise<Value>): Promise<Value> {
  try {
    return await work()
  } catch (cause) {
    if (cause instanceof EvidenceLogError) throw cause
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
    const isFull = code === 'ENOSPC' || code === 'EDQUOT'
    throw new EvidenceLogError(isFull ? 'disk_full' : 'write_failed', `the log's disk failed (${code ?? 'no code'})`, {
      cause,
    })
  }
}

/** How many files are written at the same time. */
const AT_ONCE = 16

interface PlaceBeyond {
  readonly folder: string
  readonly names: (name: string) => boolean
}

/** Lists the folders that may hold tiles beyond a size, with what tells those from the others. */
function placesBeyond(size: number): readonly PlaceBeyond[] {
  const places: PlaceBeyond[] = []
  const reach = size + MAX_COMMIT_ENTRIES
  for (let level = 0; hashesOnLevel(reach, level) > 0; level++) {
    places.push(...placesBeyondOnLevel(level, hashesOnLevel(size, level), hashesOnLevel(reach, level)))
    if (level === 0) places.push(...placesBeyondOnLevel('entries', size, reach))
  }
  return places
}

function placesBeyondOnLevel(level: number | 'entries', count: number, reach: number): readonly PlaceBeyond[] {
  const edge = Math.floor(count / 256)
  const width = count % 256
  const excess = new Map<string, Set<string>>()
  for (let index = edge; index <= Math.floor(reach / 256); index++) {
    const path = tilePath({ level, index, width: 256 })
    const [folder, name] = [dirname(path), path.slice(-3)]
    const names = excess.get(folder) ?? new Set()
    excess.set(folder, names.add(name))
    if (index > edge || width === 0) names.add(`${name}.p`)
  }
  const places: PlaceBeyond[] = Array.from(excess, ([folder, names]) => ({ folder, names: (name) => names.has(name) }))
  if (width === 0) return places
  const partial = `${tilePath({ level, index: edge, width: 256 })}.p`
  return [...places, { folder: partial, names: (name) => !(Number(name) <= width) }]
}

/** Waits for all, so that nothing is still being written when the first failure is reported. */
async function allSettled(work: readonly Promise<unknown>[]): Promise<void> {
  for (const result of await Promise.allSettled(work)) {
    if (result.status === 'rejected') throw result.reason
  }
}
