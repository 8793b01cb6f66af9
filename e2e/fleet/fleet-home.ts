import { execFile, spawnSync } from 'node:child_process'
import { mkdir, rm } from 'node:fs/promises'
import { devNull, tmpdir } from 'node:os'
import { join } from 'node:path'
import { keeperMark, makeKeptFolder, releaseFolder } from '../estate/keeper-link.ts'
import { KEEPER_MARK } from '../estate/keeper-mark.ts'

/** Where the people of a fleet keep their keys and their clones, apart from those of whoever runs the tests. */
export interface FleetHome {
  readonly folder: string
  readonly keys: string
  /** Runs a program and returns what it printed, without the last line break. Rejects with what it said last. */
  run(program: string, args: readonly string[], how?: RunOptions): Promise<string>
  /** Ends gpg's agent and removes the folder. */
  close(): Promise<void>
}

export interface RunOptions {
  readonly folder?: string
  readonly input?: string
  readonly environment?: Readonly<Record<string, string>>
}

/** A program ended with an error. The message has its last lines. */
export class ProgramSaysNoError extends Error {
  override readonly name = 'ProgramSaysNoError'
  readonly code: number | null
  readonly out: string
  readonly err: string

  constructor(command: string, code: number | null, out: string, err: string) {
    super(`${command} ended with ${code ?? 'a signal'}: ${err.trim().split('\n').slice(-8).join('\n')}`)
    this.code = code
    this.out = out
    this.err = err
  }
}

const MAX_OUTPUT_BYTES = 64 * 1024 * 1024

/** Makes an empty home. Its name is short, because gpg-agent puts a socket below it, which may have 107 bytes at most. */
export async function openFleetHome(): Promise<FleetHome> {
  const parent = tmpdir().length > 60 ? '/tmp' : tmpdir()
  const folder = await makeKeptFolder(join(parent, 'csn-fleet-'), 0o755)
  const [keys, gnupg] = [join(folder, 'keys'), join(folder, 'gnupg')]
  await Promise.all([mkdir(keys, { mode: 0o700 }), mkdir(gnupg, { mode: 0o700 })])
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: folder,
    GNUPGHOME: gnupg,
    GIT_CONFIG_GLOBAL: devNull,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    LC_ALL: 'C.UTF-8',
    TZ: 'UTC',
    // gpg starts an agent of its own: by this the keeper finds it, should the test end in the middle.
    [KEEPER_MARK]: keeperMark,
  }
  return {
    folder,
    keys,
    run: (program, args, how = {}) =>
      runIn({ cwd: how.folder ?? folder, env: { ...env, ...how.environment } }, program, args, how.input),
    async close() {
      spawnSync('gpgconf', ['--kill', 'gpg-agent'], { env, stdio: 'ignore' })
      await rm(folder, { recursive: true, force: true, maxRetries: 5 })
      await releaseFolder(folder)
    },
  }
}

function runIn(
  where: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
  program: string,
  args: readonly string[],
  input = '',
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, { ...where, maxBuffer: MAX_OUTPUT_BYTES }, (error, out, err) => {
      if (error === null) resolve(out.trimEnd())
      else reject(new ProgramSaysNoError(nameOf(program, args), codeOf(error), out, err || error.message))
    })
    child.stdin?.on('error', () => undefined)
    child.stdin?.end(input)
  })
}

function codeOf({ code }: { code?: number | string | null }): number | null {
  return typeof code === 'number' ? code : null
}

/** The program and its command, without what might be secret in the rest. */
function nameOf(program: string, args: readonly string[]): string {
  return [program, ...args.filter((arg) => /^[a-z-]+$/.test(arg)).slice(0, 2)].join(' ')
}
