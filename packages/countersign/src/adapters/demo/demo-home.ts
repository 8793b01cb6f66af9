import { execFile } from 'node:child_process'
import { accessSync, constants, statSync } from 'node:fs'
import { mkdir, mkdtemp } from 'node:fs/promises'
import { devNull, tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { Problem } from '../../workflows/problem.ts'

/** Folders of the demo, all below one that is its own. */
export interface DemoHome {
  readonly folder: string
  readonly estate: string
  readonly keys: string
  readonly gnupg: string
  readonly environment: NodeJS.ProcessEnv
}

/** The programs that the demo runs. */
export const DEMO_PROGRAMS: readonly string[] = ['git', 'ssh-keygen', 'gpg', 'gpgconf']

/** gpg-agent puts a socket below its home, and the name of a socket has at most 107 bytes. */
const LONGEST_TEMPORARY_FOLDER = 60

/** Makes an empty folder of its own, with a short name. Rejects with `Problem` `write_failed` where none can be made. */
export async function makeDemoFolder(): Promise<string> {
  const wanted = tmpdir()
  const parent = wanted.length > LONGEST_TEMPORARY_FOLDER ? '/tmp' : wanted
  try {
    return await mkdtemp(join(parent, 'countersign-demo-'))
  } catch (cause) {
    throw new Problem('write_failed', `no folder can be made below ${parent}`, { cause })
  }
}

/** Throws `Problem` `program_missing`, naming the first of these programs that is not on PATH. */
export function requirePrograms(names: readonly string[]): void {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
  const missing = names.find((name) => !folders.some((folder) => isProgram(join(folder, name))))
  if (missing !== undefined) throw new Problem('program_missing', `${missing} is not on PATH, and the demo runs it`)
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}

/** Lays the demo's folders out, so that nothing of the user's own configuration, keys or agents is seen or touched. */
export async function openDemoHome(folder: string): Promise<DemoHome> {
  const gnupg = join(folder, 'gnupg')
  const home = { folder, estate: join(folder, 'estate'), keys: join(folder, 'keys'), gnupg }
  await Promise.all([home.estate, home.keys].map((made) => mkdir(made)))
  await mkdir(gnupg, { mode: 0o700 })
  const { PATH, TMPDIR } = process.env
  return {
    ...home,
    environment: {
      PATH,
      ...(TMPDIR === undefined ? {} : { TMPDIR }),
      HOME: folder,
      GNUPGHOME: gnupg,
      GIT_CONFIG_GLOBAL: devNull,
      GIT_CONFIG_NOSYSTEM: '1',
      LC_ALL: 'C',
      TZ: 'UTC',
    },
  }
}

/** Runs a program in the demo's own environment and returns what it printed, without the last line break. */
export function runProgram(
  home: DemoHome,
  program: string,
  args: readonly string[],
  options: { readonly environment?: NodeJS.ProcessEnv; readonly input?: string } = {},
): Promise<string> {
  const env = { ...home.environment, ...options.environment }
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, { cwd: home.estate, env }, (error, out, talk) => {
      if (error === null) resolve(out.trimEnd())
      else reject(programProblem(program, args, talk, error))
    })
    child.stdin?.on('error', () => undefined)
    child.stdin?.end(options.input ?? '')
  })
}

function programProblem(program: string, args: readonly string[], talk: string, cause: Error): Error {
  const said = talk.trim().split('\n').slice(-3).join('; ')
  const text = `${program} ${args.filter((arg) => !arg.startsWith('-'))[0] ?? ''} failed: ${said || cause.message}`
  return new Problem(program === 'git' ? 'git_failed' : 'program_failed', text, { cause })
}
