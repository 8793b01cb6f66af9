import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cacheRoot } from '../history/cache.ts'
import { isolatedEnv } from '../history/repository.ts'
import type { Command } from './timed-run.ts'

/** The command line as it is published: `npm run bench` builds it first. */
const PROGRAM = fileURLToPath(new URL('../../packages/countersign/dist/bin/countersign.js', import.meta.url))

/** Verdicts other than "pass" are answers too: 1 refused, 3 could not tell, 5 warnings, 8 pending. */
const ANSWERED = [0, 1, 3, 5, 8]

/** `countersign verify … -o jsonl` as a command, run by the node that runs the bench. */
export function verifyCommand(repository: string, args: readonly string[], more: Partial<Command> = {}): Command {
  const verify = [PROGRAM, 'verify', '--repo', repository, ...args, '-o', 'jsonl']
  // A user has a cache folder, and compiled code is kept there.
  const env = isolatedEnv({ XDG_CACHE_HOME: cacheRoot() })
  return { program: process.execPath, args: verify, env, allowedExits: ANSWERED, ...more }
}

/** Runs with a new empty folder and removes it afterwards. */
export async function withScratch<T>(run: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'csb-run-'))
  try {
    return await run(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
