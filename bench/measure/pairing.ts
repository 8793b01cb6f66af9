import type { Cost } from './timed-run.ts'

/** The median; throws for an empty list. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle]
  if (upper === undefined) throw new Error('no values to take a median of')
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2
}

/** Something to measure: a name and one whole run. */
export interface Contender {
  readonly name: string
  run(): Promise<Cost>
}

/** Every counted run of one contender. */
export interface Series {
  readonly name: string
  readonly runs: readonly Cost[]
}

/** Counted runs per contender, after one that warms caches and does not count. */
export const RUNS = 5

/**
 * Runs the contenders in turn (A, B, A, B …), so that what else the machine does in the meantime falls on each alike.
 * The first round is not counted.
 */
export async function alternate(contenders: readonly Contender[], runs = RUNS): Promise<Series[]> {
  const costs = contenders.map((): Cost[] => [])
  for (let round = 0; round <= runs; round += 1) {
    for (const [index, contender] of contenders.entries()) {
      process.stderr.write(`  ${round === 0 ? 'warm-up' : `run ${round}/${runs}`}: ${contender.name}\n`)
      const cost = await contender.run()
      if (round > 0) costs[index]?.push(cost)
    }
  }
  return contenders.map(({ name }, index) => ({ name, runs: costs[index] ?? [] }))
}

/** The median of one figure over the runs of a series. */
export function medianOf({ runs }: Series, figure: (cost: Cost) => number): number {
  return median(runs.map(figure))
}

export const wall = (cost: Cost): number => cost.wallMs
export const cpu = (cost: Cost): number => cost.userMs + cost.sysMs

/** The median of B/A over the pairs of one round each, so that slow minutes cancel out. */
export function pairedRatio(a: Series, b: Series, figure: (cost: Cost) => number): number {
  return median(a.runs.map((cost, index) => figure(b.runs[index] as Cost) / figure(cost)))
}
