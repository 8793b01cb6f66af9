import { randomBytes } from 'node:crypto'
import { lstat, mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { encodePacketZip } from '@countersign/verify'
import { Problem } from '../../workflows/problem.ts'

/**
 * Writes a packet as a folder, or as a zip when `target` ends in `.zip`. It appears whole or not at all.
 *
 * Rejects with `Problem` `already_there` when there is something at `target`, with `disk_full`, or with `write_failed`; then
 * nothing is left behind. Throws `EvidenceError` `too_large` for a zip that would have to be larger than a zip can be.
 */
export async function writePacket(files: ReadonlyMap<string, Uint8Array>, target: string): Promise<void> {
  await requireFree(target)
  const draft = `${target}.${randomBytes(6).toString('hex')}.partial`
  const zip = target.endsWith('.zip') ? encodePacketZip(files) : null
  try {
    if (zip === null) await writeFolder(files, draft)
    else await writeDurably(draft, zip)
    await requireFree(target)
    await rename(draft, target)
  } catch (cause) {
    await rm(draft, { recursive: true, force: true })
    throw asProblem(cause, target)
  }
}

async function requireFree(target: string): Promise<void> {
  const found = await lstat(target).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return null
    throw asProblem(cause, target)
  })
  if (found !== null) throw new Problem('already_there', `${target} exists`)
}

async function writeFolder(files: ReadonlyMap<string, Uint8Array>, folder: string): Promise<void> {
  await mkdir(folder)
  for (const path of files.keys()) await mkdir(join(folder, dirname(path)), { recursive: true })
  for (const [path, bytes] of files) await writeDurably(join(folder, path), bytes)
}

async function writeDurably(file: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(file, 'wx', 0o644)
  try {
    await handle.writeFile(bytes)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function asProblem(cause: unknown, target: string): unknown {
  if (cause instanceof Problem || !(cause instanceof Error) || !('code' in cause)) return cause
  const isFull = cause.code === 'ENOSPC' || cause.code === 'EDQUOT'
  return new Problem(isFull ? 'disk_full' : 'write_failed', `${target} cannot be written: ${cause.code}`, { cause })
}
