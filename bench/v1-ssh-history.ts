import { join } from 'node:path'
import { withScratch } from './measure/countersign.ts'
import { benchHistory, gitOver, notGood, oursOver } from './measure/histories.ts'
import { alternate, cpu, pairedRatio, type Series, wall } from './measure/pairing.ts'
import { type MeasureResult, seriesLine } from './measure/report.ts'

const COMMITS = 20_000
const GIT_COMMITS = 500

/**
 * V1: the whole SSH history against git, whole process.
 *
 * git needs minutes for 20,000 commits, so it is paired over its newest 500, where its cost per commit is lowest: the ratio
 * flatters git. With `full`, git also runs once over the same 20,000.
 */
export function sshHistory(full: boolean): Promise<MeasureResult> {
  return withScratch(async (folder) => {
    const history = benchHistory('ssh-ed25519', COMMITS)
    const answers = join(folder, 'answers.jsonl')
    const contenders = [oursOver(history, 'ssh-ed25519', answers), gitOver(history, GIT_COMMITS, 'ssh-ed25519')]
    const [ours, git] = (await alternate(contenders)) as [Series, Series]
    const scale = COMMITS / GIT_COMMITS
    const wallRatio = pairedRatio(ours, git, wall) * scale
    const lines = [
      seriesLine(ours),
      seriesLine(git),
      `cpu per commit against git: ${(pairedRatio(ours, git, cpu) * scale).toFixed(0)}×`,
    ]
    const goals = [
      {
        what: 'V1 wall per commit, against git over 500',
        value: wallRatio,
        goal: 200,
        unit: '×',
        better: 'more',
      } as const,
    ]
    if (!full) return { name: 'V1', lines, goals, disagreements: notGood(answers, COMMITS) }
    const once = await gitOver(history, COMMITS, 'ssh-ed25519').run()
    const whole = { name: `git log %G?, the same ${COMMITS}`, runs: [once] }
    const medianOurs = ours.runs.map(wall).sort((a, b) => a - b)[Math.floor(ours.runs.length / 2)] as number
    const goal = {
      what: 'V1 wall on the same 20,000',
      value: once.wallMs / medianOurs,
      goal: 200,
      unit: '×',
      better: 'more',
    } as const
    return {
      name: 'V1',
      lines: [...lines, seriesLine(whole)],
      goals: [...goals, goal],
      disagreements: notGood(answers, COMMITS),
    }
  })
}
