import { loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { evidenceLog } from './log.ts'
import { goalLine, type MeasureResult, machineLine } from './measure/report.ts'
import { sshHistory } from './v1-ssh-history.ts'
import { rawLimit } from './v2-raw-limit.ts'
import { openpgp } from './v4-openpgp.ts'
import { incremental } from './v5-incremental.ts'
import { memory } from './v6-memory.ts'
import { agreement } from './v7-agreement.ts'

interface Options {
  readonly full: boolean
  readonly save: string | null
}

type Measure = (options: Options) => Promise<MeasureResult>

/** In the order in which they run: agreement first, since it gates the others. */
const MEASURES: ReadonlyMap<string, Measure> = new Map<string, Measure>([
  ['v7', ({ save }) => agreement(save)],
  ['v1', ({ full }) => sshHistory(full)],
  ['v2', () => rawLimit()],
  ['v4', ({ full }) => openpgp(full)],
  ['v5', () => incremental()],
  ['v6', () => memory()],
  ['log', ({ full }) => evidenceLog(full)],
])

const USAGE = `usage: npm run bench -- [${[...MEASURES.keys()].join('|')}]… [--full] [--save DIR]`

/** Runs the named measures, or all; returns 1 when anything disagrees with git, whatever the timings say. */
async function main(args: readonly string[]): Promise<number> {
  const options = { full: { type: 'boolean', default: false }, save: { type: 'string' } } as const
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true })
  const unknown = positionals.find((name) => !MEASURES.has(name))
  if (unknown !== undefined) {
    process.stderr.write(`no measure is called ${unknown}\n${USAGE}\n`)
    return 2
  }
  process.stdout.write(`${machineLine()}\n`)
  let disagreements = 0
  for (const [name, measure] of MEASURES) {
    if (positionals.length > 0 && !positionals.includes(name)) continue
    process.stderr.write(`${name}\n`)
    const result = await measure({ full: values.full, save: values.save ?? null })
    disagreements += result.disagreements
    const count = `${result.disagreements} disagreements (load ${loadavg()[0]?.toFixed(2)})`
    process.stdout.write(`\n${result.name}\n${[...result.lines, ...result.goals.map(goalLine), count].join('\n')}\n`)
  }
  return disagreements === 0 ? 0 : 1
}

process.exitCode = await main(process.argv.slice(2))
