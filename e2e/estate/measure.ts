/**
 * `npm run estate:measure [-- ROUNDS]`: how long the estate takes to start, warm, and what its programs hold at most, as the
 * tables of docs/estate.md. Exit code 1 when Kubernetes, Flux and Gitea take more than ten seconds in the median.
 */
import { cpus, loadavg } from 'node:os'
import type { EstateWish } from './estate-wish.ts'
import { startEstate } from './start-estate.ts'

interface Measured {
  readonly readyMs: number
  readonly stopMs: number
  readonly services: ReadonlyMap<string, number>
  readonly peaks: ReadonlyMap<string, number | null>
}

const BAR_MS = 10_000
const ROUNDS = 5
const THREE = { kubernetes: true, flux: true, gitea: true } as const satisfies EstateWish
const ALL = {
  ...THREE,
  audit: true,
  argocd: true,
  git: true,
  s3: true,
  postgres: true,
  smtp: true,
  oidc: true,
} as const satisfies EstateWish

async function measureOnce(wish: EstateWish): Promise<Measured> {
  const askedAt = performance.now()
  const estate = await startEstate(wish)
  const readyAt = performance.now()
  const peaks = new Map((await estate.peakMemory()).map(({ program, peakKiB }) => [program, peakKiB]))
  const stoppedFrom = performance.now()
  await estate.stop()
  return { readyMs: readyAt - askedAt, stopMs: performance.now() - stoppedFrom, services: estate.startTimes, peaks }
}

async function measure(name: string, wish: EstateWish, rounds: number): Promise<number> {
  const all: Measured[] = []
  for (let round = 0; round < rounds; round += 1) all.push(await measureOnce(wish))
  const times = all.map(({ readyMs }) => readyMs)
  const load = loadavg()[0]?.toFixed(2)
  print(
    `\n${name}: ready in ${seconds(median(times))} s (median of ${rounds}; ${times.map(seconds).join(', ')}; load ${load}),`,
  )
  print(`stopped in ${seconds(median(all.map(({ stopMs }) => stopMs)))} s`)
  print('\n| service | ready after |\n|---|---|')
  for (const service of all[0]?.services.keys() ?? []) {
    print(`| ${service} | ${seconds(median(all.map(({ services }) => services.get(service) ?? 0)))} s |`)
  }
  print('\n| program | peak memory when ready |\n|---|---|')
  for (const program of all[0]?.peaks.keys() ?? []) {
    const peak = Math.max(...all.map(({ peaks }) => peaks.get(program) ?? 0))
    print(`| ${program} | ${peak === 0 ? 'not told here' : `${Math.round(peak / 1024)} MiB`} |`)
  }
  return median(times)
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2
}

function seconds(milliseconds: number): string {
  return (milliseconds / 1000).toFixed(1)
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

const rounds = Number(process.argv[2] ?? ROUNDS)
if (!Number.isInteger(rounds) || rounds < 1) {
  process.stderr.write('usage: npm run estate:measure [-- ROUNDS]\n')
  process.exitCode = 2
} else {
  print(`${cpus().length} cores, ${cpus()[0]?.model}, node ${process.version}`)
  const ready = await measure('Kubernetes, Flux and Gitea', THREE, rounds)
  await measure('Everything', ALL, rounds)
  process.exitCode = ready <= BAR_MS ? 0 : 1
}
