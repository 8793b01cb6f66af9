import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openTrustHome } from './corpus/trust-home.ts'
import type { HistoryScheme, SignedHistory } from './history/history.ts'
import { isolatedEnv } from './history/repository.ts'
import { withScratch } from './measure/countersign.ts'
import { benchHistory, gitOver, notGood, oursOver } from './measure/histories.ts'
import { alternate, type Contender, cpu, pairedRatio, type Series, wall } from './measure/pairing.ts'
import { figure, type Goal, type MeasureResult, seriesLine } from './measure/report.ts'
import { timedRun } from './measure/timed-run.ts'

const COMMITS = 20_000
const GIT_COMMITS = 500
const LIBRARY_COMMITS = 5_000
const RUNNER = fileURLToPath(new URL('./measure/openpgpjs-runner.ts', import.meta.url))

/**
 * V4: OpenPGP histories against git with gpg, and against openpgp.js on the same commits.
 *
 * git is paired over its newest 500 and openpgp.js over its newest 5,000, each by cost per commit; with `full` openpgp.js
 * takes all 20,000. openpgp.js runs in one thread and we in several, so the ratio of CPU time stands beside that of wall time.
 */
export async function openpgp(full: boolean): Promise<MeasureResult> {
  const results = [await oneScheme('openpgp-rsa4096', full), await oneScheme('openpgp-ed25519', full)]
  return {
    name: 'V4',
    lines: results.flatMap(({ lines }) => lines),
    goals: results.flatMap(({ goals }) => goals),
    disagreements: results.reduce((sum, { disagreements }) => sum + disagreements, 0),
  }
}

function oneScheme(scheme: HistoryScheme, full: boolean): Promise<Omit<MeasureResult, 'name'>> {
  return withScratch(async (folder) => {
    const history = benchHistory(scheme, COMMITS)
    const answers = join(folder, 'answers.jsonl')
    const home = openTrustHome({ keyring: history.keyring, roots: '/dev/null', zone: 'UTC' })
    const libraryCommits = full ? COMMITS : LIBRARY_COMMITS
    try {
      const contenders = [
        oursOver(history, scheme, answers),
        gitOver(history, GIT_COMMITS, scheme, home.env),
        libraryOver(history, libraryCommits),
      ]
      const [ours, git, library] = (await alternate(contenders)) as [Series, Series, Series]
      const perGit = COMMITS / GIT_COMMITS
      const perLibrary = COMMITS / libraryCommits
      const cpuRatios = [pairedRatio(ours, git, cpu) * perGit, pairedRatio(ours, library, cpu) * perLibrary].map(figure)
      const goal = (what: string, value: number, least: number): Goal => {
        return { what: `V4 ${scheme}, wall per commit, against ${what}`, value, goal: least, unit: '×', better: 'more' }
      }
      return {
        lines: [
          ...[ours, git, library].map(seriesLine),
          `cpu per commit: ${cpuRatios[0]}× git, ${cpuRatios[1]}× openpgp.js`,
        ],
        goals: [
          goal(`git over ${GIT_COMMITS}`, pairedRatio(ours, git, wall) * perGit, 40),
          goal(`openpgp.js over ${libraryCommits}`, pairedRatio(ours, library, wall) * perLibrary, 10),
        ],
        disagreements: notGood(answers, COMMITS),
      }
    } finally {
      home.remove()
    }
  })
}

function libraryOver({ repository, keyring }: SignedHistory, count: number): Contender {
  const args = [RUNNER, repository, keyring, String(count)]
  const command = { program: process.execPath, args, env: isolatedEnv() }
  return { name: `openpgp.js, newest ${count}`, run: () => timedRun(command) }
}
