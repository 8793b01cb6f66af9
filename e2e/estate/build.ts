/**
 * `npm run estate:build [-- NAME…]`: builds the programs of the estate that are neither built nor provided otherwise, and says
 * first how much that is. `--list` prints where each comes from and builds nothing. Exit code 1 when one could not be built.
 */
import { statfsSync } from 'node:fs'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { withBuildLock } from './build-lock.ts'
import { cacheFolder, dataFolder, programFolder, readRecord } from './cache.ts'
import { EstateError } from './estate-error.ts'
import { buildProgram, clearWork, copyData, goVersion } from './go-build.ts'
import { findElsewhere, findProgram } from './locate.ts'
import { type DataName, isDataName, isProgramName, PROGRAMS, type ProgramName } from './programs.ts'

/** One thing to do: a program, its files, or both. */
interface Task {
  readonly name: ProgramName
  readonly program: boolean
  readonly data: DataName | null
}

const NAMES = Object.keys(PROGRAMS).filter(isProgramName)
const USAGE = `usage: npm run estate:build [-- [--list] NAME…]\nnames: ${NAMES.join(' ')}\n`
/** All programs together leave 20 GB in Go's own caches; each about as its share of the time. */
const GO_CACHE_MB_PER_SECOND = 18
const REPORT_EVERY_MS = 30_000

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { list: { type: 'boolean', default: false } },
    allowPositionals: true,
  })
  const unknown = positionals.find((name) => !isProgramName(name))
  if (unknown !== undefined) {
    process.stderr.write(`no program is called ${unknown}\n${USAGE}`)
    return 2
  }
  const wanted = positionals.length === 0 ? NAMES : NAMES.filter((name) => positionals.includes(name))
  return values.list ? await list(wanted) : await buildMissing(wanted)
}

async function list(names: readonly ProgramName[]): Promise<number> {
  for (const name of names) {
    const found = await findProgram(name)
    const needsData = isDataName(name) && readRecord(dataFolder(name)) === null
    const place = found === null ? 'not built' : `${found.path} (${found.from})`
    process.stdout.write(
      `${name.padEnd(24)} ${PROGRAMS[name].version.padEnd(8)} ${place}${needsData ? ', without its files' : ''}\n`,
    )
  }
  return 0
}

async function buildMissing(names: readonly ProgramName[]): Promise<number> {
  if ((await plan(names)).length === 0) {
    say(`every program is there (${cacheFolder()})`)
    return 0
  }
  const onWait = (): void => say(`another build works in ${cacheFolder()}; waiting for it`)
  return await withBuildLock(cacheFolder(), onWait, async () => {
    await clearWork()
    // Whoever held the lock before may have built what we need.
    const tasks = await plan(names)
    say(estimate(tasks))
    let failures = 0
    for (const [index, task] of tasks.entries()) {
      const isBuilt = await perform(task, `[${index + 1}/${tasks.length}] ${task.name} ${PROGRAMS[task.name].version}`)
      failures += isBuilt ? 0 : 1
    }
    say(failures === 0 ? `done: ${cacheFolder()}` : `${failures} of ${tasks.length} could not be built`)
    return failures === 0 ? 0 : 1
  })
}

/** What is missing, or was built by another Go than the one that is here now. */
async function plan(names: readonly ProgramName[]): Promise<readonly Task[]> {
  const tasks: Task[] = []
  for (const name of names) {
    const data = isDataName(name) && readRecord(dataFolder(name)) === null ? name : null
    const program = (await findElsewhere(name)) === null && !(await isCurrent(name))
    if (program || data !== null) tasks.push({ name, program, data })
  }
  return tasks
}

async function isCurrent(name: ProgramName): Promise<boolean> {
  const record = readRecord(programFolder(name))
  if (record === null) return false
  // Where Go is not there at all, what it once built is what there is.
  const go = await goVersion(name).catch(() => record.go)
  return go === record.go
}

function estimate(tasks: readonly Task[]): string {
  const programs = tasks.filter(({ program }) => program).map(({ name }) => PROGRAMS[name])
  const seconds = programs.reduce((sum, { coldSeconds }) => sum + coldSeconds, 0)
  const megabytes = programs.reduce((sum, program) => sum + program.megabytes, 0)
  const caches = seconds * GO_CACHE_MB_PER_SECOND
  const lines = [
    `to build: ${tasks.map(({ name, program }) => (program ? name : `${name} (its files alone)`)).join(', ')}`,
    `about ${megabytes} MB of programs; with empty Go caches about ${minutes(seconds)} on two cores (there are ${cpus().length} here)` +
      ` and ${(caches / 1000).toFixed(1)} GB in Go's caches; seconds each where Go has compiled them before`,
  ]
  const free = freeMegabytes()
  if (free !== null && free < megabytes + caches)
    lines.push(`only ${(free / 1000).toFixed(1)} GB are free where it goes`)
  return lines.join('\n')
}

async function perform({ name, program, data }: Task, title: string): Promise<boolean> {
  const startedAt = performance.now()
  const elapsed = (): string => `${Math.round((performance.now() - startedAt) / 1000)} s`
  let fetched = 0
  const tick = (): void => {
    const line = `${title}: ${elapsed()}${fetched > 0 ? `, ${fetched} modules fetched` : ''}`
    process.stderr.write(process.stderr.isTTY ? `\r${line} ` : `${line}\n`)
  }
  const timer = setInterval(tick, process.stderr.isTTY ? 1_000 : REPORT_EVERY_MS)
  try {
    const go = await goVersion(name)
    let size = ''
    if (program) {
      const { bytes } = await buildProgram(name, go, (count) => {
        fetched = count
      })
      size = `, ${Math.round(bytes / 1e6)} MB`
    }
    if (data !== null) await copyData(data, go)
    say(`${process.stderr.isTTY ? '\r' : ''}${title}: built in ${elapsed()}${size}`)
    return true
  } catch (error) {
    if (!(error instanceof EstateError)) throw error
    say(`${title}: ${error.message}`)
    return false
  } finally {
    clearInterval(timer)
  }
}

function freeMegabytes(): number | null {
  try {
    const { bavail, bsize } = statfsSync(cacheFolder())
    return (bavail * bsize) / 1e6
  } catch {
    return null
  }
}

function minutes(seconds: number): string {
  return seconds < 90 ? `${seconds} s` : `${Math.round(seconds / 60)} min`
}

function say(line: string): void {
  process.stderr.write(`${line}\n`)
}

process.exitCode = await main(process.argv.slice(2))
