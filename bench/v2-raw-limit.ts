import { join } from 'node:path'
import { withScratch } from './measure/countersign.ts'
import { benchHistory, notGood, oursOver } from './measure/histories.ts'
import { type Contender, cpu, median, RUNS } from './measure/pairing.ts'
import { rawVerificationLimit } from './measure/raw-limit.ts'
import { figure, type MeasureResult } from './measure/report.ts'

const SMALL = 20_000
const LARGE = 200_000

interface Round {
  readonly limit: number
  readonly steady: number
  readonly smallRate: number
  readonly largeRate: number
  /** How much of the CPU time that each further commit costs is the verification itself, percent. */
  readonly cpuShare: number
}

/**
 * V2: verified commits per second as a share of the raw limit of the same library on all cores.
 *
 * Each round takes the limit before and after both histories. The steady state is what each further commit costs once the
 * process runs: (T(200,000) − T(20,000)) / 180,000. The whole-process share counts the start as well. The share of CPU time
 * does not depend on who else uses the machine.
 */
export function rawLimit(): Promise<MeasureResult> {
  return withScratch(async (folder) => {
    const answers = { small: join(folder, 'small.jsonl'), large: join(folder, 'large.jsonl') }
    const small = oursOver(benchHistory('ssh-ed25519', SMALL), 'ssh-ed25519', answers.small)
    const large = oursOver(benchHistory('ssh-ed25519', LARGE), 'ssh-ed25519', answers.large)
    const rounds: Round[] = []
    for (let round = 0; round <= RUNS; round += 1) {
      process.stderr.write(`  ${round === 0 ? 'warm-up' : `round ${round}/${RUNS}`}\n`)
      const figures = await oneRound(small, large)
      if (round > 0) rounds.push(figures)
    }
    const of = (value: (round: Round) => number) => median(rounds.map(value))
    return {
      name: 'V2',
      lines: roundLines((value) => figure(of(value))),
      goals: [
        {
          what: 'V2 steady state, share of the raw limit',
          value: of(({ steady, limit }) => (100 * steady) / limit),
          goal: 90,
          unit: ' %',
          better: 'more',
        },
      ],
      disagreements: notGood(answers.small, SMALL) + notGood(answers.large, LARGE),
    }
  })
}

async function oneRound(small: Contender, large: Contender): Promise<Round> {
  const before = await rawVerificationLimit()
  const [a, b] = [await small.run(), await large.run()]
  const after = await rawVerificationLimit()
  const cpuEach = (cpu(b) - cpu(a)) / (LARGE - SMALL)
  return {
    limit: (before.perSecond + after.perSecond) / 2,
    steady: ((LARGE - SMALL) / (b.wallMs - a.wallMs)) * 1000,
    smallRate: (SMALL / a.wallMs) * 1000,
    largeRate: (LARGE / b.wallMs) * 1000,
    cpuShare: (50 * (before.cpuMsEach + after.cpuMsEach)) / cpuEach,
  }
}

function roundLines(of: (value: (round: Round) => number) => string): string[] {
  const shares = [SMALL, LARGE].map((size) => {
    const rate = (round: Round) => (size === SMALL ? round.smallRate : round.largeRate)
    return `whole process, ${size}: ${of(rate)} commits/s, ${of((round) => (100 * rate(round)) / round.limit)} % of the limit`
  })
  return [
    `raw limit on all cores: ${of(({ limit }) => limit)}/s, median of ${RUNS} rounds`,
    `steady state: ${of(({ steady }) => steady)} commits/s; ${of(({ cpuShare }) => cpuShare)} % of its CPU time is verification itself`,
    ...shares,
    `time per commit at ${LARGE} over ${SMALL}: ${of(({ smallRate, largeRate }) => smallRate / largeRate)}`,
  ]
}
