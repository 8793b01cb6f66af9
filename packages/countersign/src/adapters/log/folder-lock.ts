import { randomBytes } from 'node:crypto'
import { mkdir, open, readdir, readFile, rm } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { EvidenceLogError } from '../../workflows/ports/evidence-log.ts'

/** Lets go of a lock. */
export type Release = () => Promise<void>

/**
 * Claims a folder for this process. Rejects with {@link EvidenceLogError} `log_locked`, naming the holder, when another claim
 * stands. A claim whose process is dead on this machine is cleared; one made on another machine is not ours to judge.
 *
 * A claim is an empty file whose name says who made it. Each claimant writes its own first and looks at the others' second,
 * so of two that race at least one sees the other; both may give way, and then both try again.
 */
export async function claimFolder(folder: string): Promise<Release> {
  const claims = join(folder, '.lock')
  await mkdir(claims, { recursive: true })
  const machine = machineName()
  for (let attempt = 1; ; attempt++) {
    const mine = `${machine}.${process.pid}.${await startOf('self')}.${randomBytes(8).toString('hex')}`
    await (await open(join(claims, mine), 'wx', 0o644)).close()
    const release = (): Promise<void> => rm(join(claims, mine), { force: true })
    const rival = await firstLivingRival(claims, mine, machine)
    if (rival === null) return release
    await release()
    if (attempt === ATTEMPTS) throw lockedBy(rival, claims)
    await new Promise((resolve) => setTimeout(resolve, 5 + Math.random() * 20))
  }
}

const ATTEMPTS = 4

interface Rival {
  readonly claim: string
  readonly pid: string
  readonly machine: string
}

async function firstLivingRival(claims: string, mine: string, machine: string): Promise<Rival | null> {
  for (const claim of await readdir(claims)) {
    if (claim === mine) continue
    const [on = '', pid = '', started = ''] = claim.split('.')
    if (on !== machine || (await isAlive(pid, started))) return { claim, pid, machine: on }
    // No living process can have made this file, and its name is never used again: removing it cannot free a held lock.
    await rm(join(claims, claim), { force: true })
  }
  return null
}

async function isAlive(pid: string, started: string): Promise<boolean> {
  if (!/^[1-9][0-9]*$/.test(pid)) return true
  const now = await startOf(pid)
  if (now !== UNKNOWN_START && started !== UNKNOWN_START) return now === started
  try {
    process.kill(Number(pid), 0)
    return true
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH')
  }
}

const UNKNOWN_START = '0'

/** When a process began, so that a later process with its number is not taken for it. */
async function startOf(pid: string): Promise<string> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8')
    // The name of the program, in parentheses, may hold anything; the fields after it are numbers.
    const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
    return `${boot.slice(0, 8)}-${ticks}`
  } catch {
    return UNKNOWN_START
  }
}

function machineName(): string {
  return hostname().replaceAll(/[^A-Za-z0-9-]/g, '_') || 'unknown'
}

function lockedBy({ claim, pid, machine }: Rival, claims: string): EvidenceLogError {
  return new EvidenceLogError(
    'log_locked',
    `process ${pid} on ${machine} writes this log; if it is gone for good, remove ${join(claims, claim)}`,
  )
}
