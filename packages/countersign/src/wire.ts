import { availableParallelism, homedir } from 'node:os'
import { join, resolve } from 'node:path'
import type { TrustMaterial } from '@countersign/verify'
import type { TrustFiles } from './adapters/trust/trust-files.ts'
import type { GitRepository } from './workflows/ports/git-repository.ts'
import type { ObjectVerifier } from './workflows/ports/object-verifier.ts'
import type { VerifiedMemory } from './workflows/ports/verified-memory.ts'

/**
 * The only file that names concrete adapters. Each is loaded when it is first asked for, because a command line that verifies
 * one commit must not wait for what it does not use.
 */

/** More threads than this would wait for git, not for cores. */
const MAX_THREADS = 8

export function now(): number {
  return Math.floor(Date.now() / 1000)
}

/** The folder for log, keys and index: `--data`, else `COUNTERSIGN_DATA`, else the XDG data folder. */
export function dataFolder(given: string | undefined): string {
  const { COUNTERSIGN_DATA: variable, XDG_DATA_HOME: xdg } = process.env
  return resolve(
    given ??
      variable ??
      join(xdg === undefined || xdg === '' ? join(homedir(), '.local', 'share') : xdg, 'countersign'),
  )
}

export async function openRepository(folder: string): Promise<GitRepository> {
  const { openGitRepository } = await import('./adapters/git/git-repository.ts')
  return openGitRepository(folder)
}

export async function readTrust(files: TrustFiles): Promise<TrustMaterial> {
  const { readTrustFiles } = await import('./adapters/trust/trust-files.ts')
  return readTrustFiles(files)
}

export async function openVerifier(
  repository: GitRepository,
  trust: TrustMaterial,
  options: { readonly now: number; readonly threads: number | undefined },
): Promise<ObjectVerifier> {
  const { createThreadedVerifier } = await import('./adapters/git/threaded-verifier.ts')
  const { folder, objectFormat } = repository
  const threads = options.threads ?? Math.min(availableParallelism(), MAX_THREADS)
  return createThreadedVerifier({ folder, objectFormat, trust, now: options.now }, threads)
}

export async function openMemory(
  data: string,
  repository: GitRepository,
  trust: TrustMaterial,
): Promise<VerifiedMemory> {
  const { openVerifiedMemory } = await import('./adapters/memory/verified-memory-file.ts')
  return openVerifiedMemory(data, repository.folder, trust)
}
