import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { chown, mkdir, open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { EstateError } from './estate-error.ts'
import { keeperMark, keepGroup, releaseGroup } from './keeper-link.ts'
import { KEEPER_MARK } from './keeper-mark.ts'

/** What to start, where, and how to ask it whether it is ready. */
export interface ProgramSpec {
  /** For logs and errors. */
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  /** Added to a small clean environment (PATH, HOME = its folder, TMPDIR, LANG), not to that of the test process. */
  readonly env?: Readonly<Record<string, string>>
  /** Its own working folder, made when missing; what it prints goes to `<folder>/<name>.log`. */
  readonly folder: string
  /** Runs it as somebody else, who then owns the folder. PostgreSQL and Gitea refuse root. */
  readonly user?: { readonly uid: number; readonly gid: number }
  /** Asks the program itself. False and a rejection both mean "not yet". */
  readonly ready: () => Promise<boolean>
  readonly readyWithinMs?: number
}

/** A program that runs, in its own process group. */
export interface Program {
  readonly name: string
  readonly pid: number
  /** What it printed so far, stdout and stderr in one. */
  log(): Promise<string>
  /** To the program itself, not to its children. Does nothing once it has ended. */
  signal(signal: NodeJS.Signals): void
  /** The most memory that the program itself (not its children) held so far, in KiB; null where the system does not say. */
  peakMemoryKiB(): Promise<number | null>
  /** TERM, and KILL after five seconds; resolves when it has ended and its process group is gone. May be called twice. */
  stop(): Promise<void>
  /** Its exit code, or null when a signal ended it. */
  readonly exited: Promise<number | null>
}

const POLL_MS = 25
/** Far more than any takes (docs/estate.md): other work on the machine must not fail a test. */
const READY_WITHIN_MS = 120_000
const TERM_WITHIN_MS = 5_000
/** A program that takes a question and never answers may answer the next one. */
const ANSWER_WITHIN_MS = 5_000
const LOG_TAIL_LINES = 30
const GROUP_ROUNDS = 20

// Waits until the keeper knows the process group; a test process that dies before that closes descriptor 3, and nothing starts.
const GATE = 'read -r go <&3 && [ "$go" = go ] || exit 125; exec 3<&-; exec "$@"'

/**
 * Starts a program and waits until it says that it is ready.
 *
 * It does not outlive the test process, however that ends. Rejects with {@link EstateError} `program_exited` when it ends
 * before it is ready and `program_not_ready` when it takes too long; it is stopped then, and the message has its last lines.
 */
export async function startProgram(spec: ProgramSpec): Promise<Program> {
  await prepareFolders(spec)
  const child = launch(spec)
  const program = new RunningProgram(spec, child, await pidOf(spec, child))
  await program.open()
  await waitUntilReady(spec, program)
  return program
}

class RunningProgram implements Program {
  readonly name: string
  readonly pid: number
  readonly exited: Promise<number | null>
  readonly #child: ChildProcess
  readonly #logFile: string
  #hasExited = false
  #peak: number | null = null
  #stopping: Promise<void> | null = null

  constructor(spec: ProgramSpec, child: ChildProcess, pid: number) {
    this.name = spec.name
    this.pid = pid
    this.#child = child
    this.#logFile = logFileOf(spec)
    this.exited = new Promise((resolve) => {
      child.once('exit', (code) => {
        this.#hasExited = true
        resolve(code)
      })
    })
    // A program that crashed leaves its children; they are in its group, and whoever stops it ends them.
    this.exited.then(() => this.stop()).catch(() => {})
  }

  get hasExited(): boolean {
    return this.#hasExited
  }

  /** Lets it run, now that it cannot be orphaned. */
  async open(): Promise<void> {
    await keepGroup(this.pid)
    const gate = this.#child.stdio[3] as Writable
    gate.on('error', () => {})
    gate.end('go\n')
  }

  async log(): Promise<string> {
    return await readFile(this.#logFile, 'utf8')
  }

  signal(signal: NodeJS.Signals): void {
    if (!this.#hasExited) this.#child.kill(signal)
  }

  async peakMemoryKiB(): Promise<number | null> {
    if (!this.#hasExited) {
      const status = await readFile(`/proc/${this.pid}/status`, 'utf8').catch(() => '')
      const peak = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]
      if (peak !== undefined) this.#peak = Number(peak)
    }
    return this.#peak
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#end()
    return this.#stopping
  }

  async #end(): Promise<void> {
    await this.peakMemoryKiB()
    this.signal('SIGTERM')
    const inTime = new AbortController()
    const late = sleep(TERM_WITHIN_MS, undefined, { signal: inTime.signal, ref: false }).catch(() => {})
    await Promise.race([this.exited, late])
    inTime.abort()
    killGroup(this.pid)
    await this.exited
    // Bounded: where nobody reaps orphans (a container without an init), a dead member stays in the group for ever.
    for (let round = 0; round < GROUP_ROUNDS && killGroup(this.pid); round += 1) await sleep(5)
    await releaseGroup(this.pid)
  }
}

/** Returns whether the group had a member left. */
function killGroup(pid: number): boolean {
  try {
    return process.kill(-pid, 'SIGKILL')
  } catch {
    return false
  }
}

async function prepareFolders({ folder, user }: ProgramSpec): Promise<void> {
  const temporary = join(folder, 'tmp')
  await mkdir(temporary, { recursive: true })
  if (user === undefined || process.getuid?.() === user.uid) return
  for (const path of [folder, temporary]) await chown(path, user.uid, user.gid)
}

function launch(spec: ProgramSpec): ChildProcess {
  const { command, args, env, folder, user } = spec
  const log = openSync(logFileOf(spec), 'a')
  try {
    return spawn('/bin/sh', ['-c', GATE, spec.name, command, ...args], {
      cwd: folder,
      env: {
        PATH: process.env['PATH'] ?? '/usr/bin:/bin',
        HOME: folder,
        TMPDIR: join(folder, 'tmp'),
        LANG: 'C.UTF-8',
        ...env,
        [KEEPER_MARK]: keeperMark,
      },
      stdio: ['ignore', log, log, 'pipe'],
      // Its own process group, so that its children end with it and a Ctrl-C is ours to handle.
      detached: true,
      ...(user === undefined ? {} : { uid: user.uid, gid: user.gid }),
    })
  } finally {
    closeSync(log)
  }
}

async function pidOf(spec: ProgramSpec, child: ChildProcess): Promise<number> {
  if (child.pid !== undefined) return child.pid
  const error = await new Promise((resolve) => child.once('error', resolve))
  throw new EstateError('program_exited', `${spec.name} could not be started: ${String(error)}`)
}

async function waitUntilReady(spec: ProgramSpec, program: RunningProgram): Promise<void> {
  const within = spec.readyWithinMs ?? READY_WITHIN_MS
  const deadline = performance.now() + within
  let lastError: unknown = null
  for (;;) {
    if (program.hasExited) {
      const code = await program.exited
      const how = code === null ? 'was ended by a signal' : `ended with exit code ${code}`
      throw new EstateError('program_exited', `${spec.name} ${how} before it was ready\n${await tailOf(spec)}`)
    }
    try {
      if (await withDeadline(spec.ready(), deadline)) return
      lastError = null
    } catch (error) {
      lastError = error
    }
    if (performance.now() >= deadline) break
    await sleep(POLL_MS)
  }
  await program.stop()
  const said = lastError instanceof Error ? ` (${lastError.message})` : ''
  throw new EstateError(
    'program_not_ready',
    `${spec.name} was not ready within ${within} ms${said}\n${await tailOf(spec)}`,
  )
}

async function withDeadline(answer: Promise<boolean>, deadline: number): Promise<boolean> {
  const done = new AbortController()
  const patience = Math.min(ANSWER_WITHIN_MS, Math.max(0, deadline - performance.now()))
  const late = sleep(patience, false, { signal: done.signal })
  late.catch(() => {})
  try {
    return await Promise.race([answer, late])
  } finally {
    done.abort()
  }
}

function logFileOf({ folder, name }: ProgramSpec): string {
  return join(folder, `${name}.log`)
}

async function tailOf(spec: ProgramSpec): Promise<string> {
  const file = await open(logFileOf(spec), 'r')
  try {
    const { size } = await file.stat()
    const length = Math.min(size, 64 * 1024)
    const { buffer } = await file.read({ buffer: Buffer.alloc(length), position: size - length })
    const lines = buffer.toString('utf8').trimEnd().split('\n').slice(-LOG_TAIL_LINES)
    return `the end of ${logFileOf(spec)}:\n${lines.join('\n')}`
  } finally {
    await file.close()
  }
}
