import { execFileSync } from 'node:child_process'
import { cpus, loadavg, totalmem } from 'node:os'
import { cpu, medianOf, type Series, wall } from './pairing.ts'

/** A figure that has a goal. Timings that miss it are printed, and fail nothing. */
export interface Goal {
  readonly what: string
  readonly value: number
  readonly goal: number
  readonly unit: string
  readonly better: 'more' | 'less'
}

/** What a measure found. Only disagreements make the bench fail. */
export interface MeasureResult {
  readonly name: string
  readonly lines: readonly string[]
  readonly goals: readonly Goal[]
  readonly disagreements: number
}

/** A goal as one line: value, goal and PASS or MISS. */
export function goalLine({ what, value, goal, unit, better }: Goal): string {
  const met = better === 'more' ? value >= goal : value <= goal
  return `${met ? 'PASS' : 'MISS'}  ${what}: ${figure(value)}${unit} (goal ${better === 'more' ? '≥' : '≤'} ${figure(goal)}${unit})`
}

/** The medians of a series as one line, with the spread of the wall time. */
export function seriesLine(series: Series): string {
  const walls = series.runs.map(wall)
  const spread = `${figure(Math.min(...walls) / 1000)} to ${figure(Math.max(...walls) / 1000)}`
  const peak = medianOf(series, ({ peakKiB }) => peakKiB / 1024)
  const seconds = `wall ${figure(medianOf(series, wall) / 1000)} s (${spread}), cpu ${figure(medianOf(series, cpu) / 1000)} s`
  return `${series.name}: ${seconds}, peak ${figure(peak)} MiB, median of ${walls.length}`
}

/** Three significant digits at least, never an exponent. */
export function figure(value: number): string {
  if (Math.abs(value) >= 100) return value.toFixed(0)
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 3)
}

/** The machine and the programs that the figures belong to. */
export function machineLine(): string {
  const version = (program: string, args: readonly string[]) => {
    try {
      return execFileSync(program, args, { stdio: 'pipe' }).toString().split('\n')[0]?.trim() ?? ''
    } catch {
      return `${program} missing`
    }
  }
  const cores = cpus()
  return [
    `${cores.length} × ${cores[0]?.model.trim() ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB`,
    `load ${loadavg()[0]?.toFixed(2)}`,
    `node ${process.version} (OpenSSL ${process.versions.openssl})`,
    version('git', ['--version']),
    version('gpg', ['--version']),
    version('sh', ['-c', 'ssh -V 2>&1']),
    version('openssl', ['version']),
  ].join(' · ')
}
