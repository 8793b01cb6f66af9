import { spawn } from 'node:child_process'
import { closeSync, existsSync, openSync, readdirSync, readFileSync } from 'node:fs'

/** What one whole process cost, start-up and every child that it waited for included. */
export interface Cost {
  readonly wallMs: number
  readonly userMs: number
  readonly sysMs: number
  /** The largest resident size that any one process of the tree reached, KiB, as the kernel accounts it. */
  readonly peakKiB: number
  /** The largest sum over the whole tree that polling saw, KiB; null when nobody asked. Shared pages count once per process. */
  readonly treePeakKiB: number | null
}

export interface Command {
  readonly program: string
  readonly args: readonly string[]
  readonly env: NodeJS.ProcessEnv
  readonly cwd?: string
  /** Where stdout goes; nowhere without it. */
  readonly stdoutFile?: string
  /** Exit codes that count as done; only 0 without it. */
  readonly allowedExits?: readonly number[]
  readonly pollTree?: boolean
  /** Ends the whole process group after this long, 10 minutes without it. A run that hangs is a failure, not a long run. */
  readonly timeoutMs?: number
}

const TIME = '/usr/bin/time'
const FORMAT = 'TIMED %U %S %M'
const TIMEOUT_MS = 600_000

/**
 * Runs a command to its end and says what it cost.
 *
 * GNU time starts it and reads the kernel's own account of it and its children (`wait4`), which no polling can miss.
 * Wall time is ours, on the monotonic clock, and so includes the start of GNU time itself, about a millisecond.
 * Throws when the command fails, does not end in time, or GNU time is not installed.
 */
export async function timedRun(command: Command): Promise<Cost> {
  if (!existsSync(TIME)) throw new Error(`${TIME} is missing: install GNU time`)
  const out = command.stdoutFile === undefined ? null : openSync(command.stdoutFile, 'w')
  const args = ['-q', '-f', FORMAT, command.program, ...command.args]
  const started = performance.now()
  const child = spawn(TIME, args, {
    env: command.env,
    stdio: ['ignore', out ?? 'ignore', 'pipe'],
    detached: true,
    ...(command.cwd !== undefined && { cwd: command.cwd }),
  })
  let stderr = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-4096)
  })
  const tree = command.pollTree ? pollTree(child.pid as number) : null
  let isLate = false
  const limit = setTimeout(() => {
    isLate = true
    endGroup(child.pid)
  }, command.timeoutMs ?? TIMEOUT_MS)
  const endWithBench = () => endGroup(child.pid)
  process.once('exit', endWithBench)
  const code = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve))
  clearTimeout(limit)
  process.off('exit', endWithBench)
  const wallMs = performance.now() - started
  if (out !== null) closeSync(out)
  const treePeakKiB = tree === null ? null : tree.stop()
  if (isLate) throw new Error(`${command.program} ${command.args.join(' ')} did not end in time`)
  const usage = /TIMED ([\d.]+) ([\d.]+) (\d+)\s*$/.exec(stderr)
  if (usage === null || !(command.allowedExits ?? [0]).includes(code ?? -1)) {
    throw new Error(`${command.program} ${command.args.join(' ')} ended with ${code}: ${stderr.trim()}`)
  }
  const [, user, sys, peak] = usage.map(Number)
  return { wallMs, userMs: Number(user) * 1000, sysMs: Number(sys) * 1000, peakKiB: Number(peak), treePeakKiB }
}

/** Ends a process and all that it started, which live in a group of their own. */
function endGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch {
    // It has ended already.
  }
}

const POLL_MS = 20

/** Watches the sum of the resident sizes of a process and its descendants until told to stop. */
function pollTree(root: number): { stop(): number } {
  let peak = 0
  const timer = setInterval(() => {
    peak = Math.max(peak, treeKiB(root))
  }, POLL_MS)
  return {
    stop: () => {
      clearInterval(timer)
      return peak
    },
  }
}

function treeKiB(root: number): number {
  let sum = 0
  const open = [root]
  for (let pid = open.pop(); pid !== undefined; pid = open.pop()) {
    try {
      for (const task of readdirSync(`/proc/${pid}/task`)) {
        const children = readFileSync(`/proc/${pid}/task/${task}/children`, 'latin1').trim()
        if (children !== '') open.push(...children.split(' ').map(Number))
      }
      sum += Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0)
    } catch {
      // The process ended between two reads.
    }
  }
  return sum
}
