import { type ChildProcess, spawn } from 'node:child_process'
import { EstateError } from './estate-error.ts'
import { keeperMark } from './keeper-link.ts'
import { KEEPER_MARK } from './keeper-mark.ts'

export interface RunSpec {
  readonly command: string
  readonly args: readonly string[]
  readonly folder: string
  /** Added to PATH, HOME (the folder) and LANG. */
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string
  readonly withinMs?: number
}

export interface Ran {
  readonly stdout: string
  readonly stderr: string
}

const WITHIN_MS = 60_000

/**
 * Runs a program to its end. Rejects with {@link EstateError} `program_failed`, with what it said, when it ends with another
 * exit code than 0 or does not end in time.
 */
export function runProgram({ command, args, folder, env, input = '', withinMs = WITHIN_MS }: RunSpec): Promise<Ran> {
  const child = spawn(command, args, {
    cwd: folder,
    env: {
      PATH: process.env['PATH'] ?? '/usr/bin:/bin',
      HOME: folder,
      LANG: 'C.UTF-8',
      ...env,
      [KEEPER_MARK]: keeperMark,
    },
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: withinMs,
    killSignal: 'SIGKILL',
  })
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  return outcome(child, `${command} ${args.slice(0, 4).join(' ')}`)
}

function outcome(child: ChildProcess, called: string): Promise<Ran> {
  const out: Buffer[] = []
  const err: Buffer[] = []
  child.stdout?.on('data', (chunk: Buffer) => out.push(chunk))
  child.stderr?.on('data', (chunk: Buffer) => err.push(chunk))
  return new Promise((resolve, reject) => {
    child.once('error', (cause) => reject(new EstateError('program_failed', `${called}: ${cause.message}`, { cause })))
    child.once('close', (code) => {
      const ran = { stdout: Buffer.concat(out).toString('utf8'), stderr: Buffer.concat(err).toString('utf8') }
      if (code === 0) return resolve(ran)
      const how = code === null ? 'did not end in time' : `ended with exit code ${code}`
      reject(new EstateError('program_failed', `${called} ${how}: ${`${ran.stderr}${ran.stdout}`.trim()}`))
    })
  })
}
