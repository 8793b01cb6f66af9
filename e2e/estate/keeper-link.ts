import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

/** What every program of this test process carries in its environment, so that the keeper finds it. */
export const keeperMark = randomUUID()

const groups = new Set<number>()
const folders = new Set<string>()
let keeper: ChildProcess | null = null

/** Puts a process group under the keeper; once this resolves, the group ends with the test process, whatever ends that. */
export function keepGroup(pid: number): Promise<void> {
  groups.add(pid)
  return tell(`+${pid}`)
}

export function releaseGroup(pid: number): Promise<void> {
  groups.delete(pid)
  return tell(`-${pid}`)
}

/**
 * Makes a temporary folder that is removed when the test process ends without having done it itself, and returns its path: the
 * prefix and eight letters. The keeper knows of it before it is there, so that no instant is left at which it would stay.
 */
export async function makeKeptFolder(prefix: string, mode: number): Promise<string> {
  const path = prefix + randomBytes(4).toString('hex')
  folders.add(path)
  await tell(`*${path}`)
  await mkdir(path, { mode })
  return path
}

export function releaseFolder(path: string): Promise<void> {
  folders.delete(path)
  return tell(`/${path}`)
}

/** Resolves when the line is in the pipe: the keeper reads it from there even if this process ends at once. */
function tell(line: string): Promise<void> {
  const { stdin } = runningKeeper()
  return new Promise((resolve, reject) => {
    if (stdin === null) return reject(new Error('the keeper has no stdin'))
    stdin.write(`${line}\n`, (error) => (error ? reject(error) : resolve()))
  })
}

function runningKeeper(): ChildProcess {
  if (keeper !== null) return keeper
  const started = spawn(process.execPath, [fileURLToPath(new URL('keeper.ts', import.meta.url)), keeperMark], {
    // Its own session: a signal to the test's process group must not reach it.
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    env: { PATH: process.env['PATH'] ?? '' },
  })
  keeper = started
  const forget = (): void => {
    if (keeper === started) keeper = null
  }
  started.once('exit', forget)
  started.once('error', forget)
  started.stdin?.on('error', forget)
  started.unref()
  if (started.stdin !== null && 'unref' in started.stdin) (started.stdin as unknown as { unref(): void }).unref()
  // A keeper that was started again must know what its predecessor knew.
  for (const pid of groups) started.stdin?.write(`+${pid}\n`)
  for (const path of folders) started.stdin?.write(`*${path}\n`)
  return started
}
