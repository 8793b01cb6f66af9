import { hash } from 'node:crypto'
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Where the bench keeps what is slow to make: a folder of the system's temporary directory, safe to delete. */
export function cacheRoot(): string {
  const root = join(tmpdir(), 'countersign-bench')
  mkdirSync(root, { recursive: true })
  return root
}

/**
 * The folder that belongs to a description, filled by `make` unless an earlier run has.
 *
 * The folder appears under its name only when `make` has returned, so a run that was stopped leaves no half of it.
 */
export function cachedFolder(description: string, make: (folder: string) => void): string {
  const folder = join(cacheRoot(), hash('sha256', description).slice(0, 16))
  if (existsSync(folder)) return folder
  const unfinished = `${folder}.${process.pid}`
  rmSync(unfinished, { recursive: true, force: true })
  mkdirSync(unfinished)
  make(unfinished)
  renameSync(unfinished, folder)
  return folder
}
