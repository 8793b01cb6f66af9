/**
 * The keeper: a process beside the test process that outlives it for a moment, to end what it started and remove what it
 * wrote. It learns on stdin, one line each: `+PID` a program runs in its own process group, `-PID` it has ended, `*PATH` a
 * temporary folder, `/PATH` it was removed. When stdin closes, whatever the reason, it kills and removes what is left.
 *
 * Linux only: processes that left their group are found by the mark in their environment (first argument).
 */
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { KEEPER_MARK } from './keeper-mark.ts'

const ROUNDS = 20
const REMOVALS = 100
const REMOVE_AGAIN_MS = 100

/** Processes whose environment carries the mark, and the descendants of the given ones. */
function strays(mark: string, roots: ReadonlySet<number>): readonly number[] {
  if (process.platform !== 'linux') return []
  const found = new Set<number>(roots)
  const ids = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid)
    .sort((a, b) => a - b)
  for (const pid of ids) {
    try {
      if (readFileSync(`/proc/${pid}/environ`, 'latin1').includes(`${KEEPER_MARK}=${mark}\0`)) found.add(pid)
      // The name, in brackets, may hold spaces: what follows its last bracket is state and parent.
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
      if (found.has(Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]))) found.add(pid)
      if (stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z')) found.delete(pid)
    } catch {
      // It ended while it was looked at.
    }
  }
  return [...found].filter((pid) => !roots.has(pid))
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It ended by itself.
  }
}

function end(mark: string, groups: ReadonlySet<number>): void {
  for (let round = 0; round < ROUNDS; round += 1) {
    const left = strays(mark, groups)
    for (const pid of groups) kill(-pid)
    for (const pid of left) kill(pid)
    if (round > 0 && left.length === 0) break
  }
}

/** A short-lived program that nobody registered may still write there: tried again until it is gone. */
async function remove(folder: string): Promise<void> {
  for (let attempt = 0; attempt < REMOVALS && existsSync(folder); attempt += 1) {
    if (attempt > 0) await sleep(REMOVE_AGAIN_MS)
    try {
      rmSync(folder, { recursive: true, force: true })
    } catch {
      // Something was written while it was being removed.
    }
  }
}

function keep(mark: string): void {
  const groups = new Set<number>()
  const folders = new Set<string>()
  // Ctrl-C in a terminal reaches the keeper too, and must not end it before its work is done.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})
  const lines = createInterface({ input: process.stdin })
  lines.on('line', (line) => {
    const rest = line.slice(1)
    if (line.startsWith('+')) groups.add(Number(rest))
    else if (line.startsWith('-')) groups.delete(Number(rest))
    else if (line.startsWith('*')) folders.add(rest)
    else if (line.startsWith('/')) folders.delete(rest)
  })
  lines.on('close', async () => {
    end(mark, groups)
    await Promise.all([...folders].map(remove))
  })
}

keep(process.argv[2] ?? '')
