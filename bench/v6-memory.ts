import { join } from 'node:path'
import { withScratch } from './measure/countersign.ts'
import { benchHistory, notGood, oursOver } from './measure/histories.ts'
import { alternate, median, medianOf, type Series } from './measure/pairing.ts'
import { figure, type MeasureResult, seriesLine } from './measure/report.ts'

const SMALL = 2_000
const LARGE = 200_000

/**
 * V6: peak memory at 200,000 commits against 2,000, same command.
 *
 * The goal is held against the largest process as the kernel accounts it. The sum over the tree, git included, is polled
 * and printed beside it.
 */
export function memory(): Promise<MeasureResult> {
  return withScratch(async (folder) => {
    const answers = { small: join(folder, 'small.jsonl'), large: join(folder, 'large.jsonl') }
    const contenders = [
      oursOver(benchHistory('ssh-ed25519', SMALL), 'ssh-ed25519', answers.small, true),
      oursOver(benchHistory('ssh-ed25519', LARGE), 'ssh-ed25519', answers.large, true),
    ]
    const [small, large] = (await alternate(contenders)) as [Series, Series]
    const mib = (series: Series) => medianOf(series, ({ peakKiB }) => peakKiB / 1024)
    const tree = (series: Series) => median(series.runs.map(({ treePeakKiB }) => (treePeakKiB ?? 0) / 1024))
    return {
      name: 'V6',
      lines: [
        seriesLine(small),
        seriesLine(large),
        `sum over the process tree, polled: ${figure(tree(small))} MiB at ${SMALL}, ${figure(tree(large))} MiB at ${LARGE}`,
      ],
      goals: [
        {
          what: `V6 peak at ${LARGE} over ${SMALL}`,
          value: mib(large) / mib(small),
          goal: 1.2,
          unit: '×',
          better: 'less',
        },
        { what: `V6 peak at ${LARGE}`, value: mib(large), goal: 128, unit: ' MiB', better: 'less' },
      ],
      disagreements: notGood(answers.small, SMALL) + notGood(answers.large, LARGE),
    }
  })
}
