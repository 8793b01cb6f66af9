import { cpSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { appendCommit } from './history/history.ts'
import { isolatedEnv } from './history/repository.ts'
import { verifyCommand, withScratch } from './measure/countersign.ts'
import { benchHistory, notGood, SEED } from './measure/histories.ts'
import { alternate, type Contender, medianOf, pairedRatio, type Series, wall } from './measure/pairing.ts'
import { figure, type Goal, type MeasureResult, seriesLine } from './measure/report.ts'
import { timedRun } from './measure/timed-run.ts'

const SIZES = [2_000, 20_000, 200_000] as const
const RUNS = 7

/**
 * V5: one new commit on a history that was verified before, against the bare start of node.
 *
 * Each run starts from a fresh copy of the state that the first verification left, so no run profits from the one before.
 */
export async function incremental(): Promise<MeasureResult> {
  const results: Omit<MeasureResult, 'name'>[] = []
  for (const commits of SIZES) results.push(await oneSize(commits))
  return {
    name: 'V5',
    lines: results.flatMap(({ lines }) => lines),
    goals: results.flatMap(({ goals }) => goals),
    disagreements: results.reduce((sum, { disagreements }) => sum + disagreements, 0),
  }
}

function oneSize(commits: number): Promise<Omit<MeasureResult, 'name'>> {
  return withScratch(async (folder) => {
    const cached = benchHistory('ssh-ed25519', commits)
    const repository = join(folder, 'repo.git')
    cpSync(cached.repository, repository, { recursive: true })
    const known = join(folder, 'known')
    const answers = join(folder, 'answers.jsonl')
    const args = (data: string) => [
      '--rev',
      'refs/heads/main',
      '--allowed-signers',
      cached.allowedSigners,
      '--new',
      '--data',
      data,
    ]
    await timedRun(verifyCommand(repository, args(known), { stdoutFile: answers }))
    const missing = notGood(answers, commits)
    const added = appendCommit(repository, { scheme: 'ssh-ed25519', commits, seed: SEED })
    let run = 0
    const ours: Contender = {
      name: `countersign verify --new, 1 commit on ${commits}`,
      run: () => {
        run += 1
        const state = join(folder, `state-${run}`)
        cpSync(known, state, { recursive: true })
        return timedRun(verifyCommand(repository, args(state), { stdoutFile: answers }))
      },
    }
    const bare = { program: process.execPath, args: ['-e', '0'], env: isolatedEnv() }
    const start: Contender = { name: 'node -e 0', run: () => timedRun(bare) }
    const [verify, node] = (await alternate([ours, start], RUNS)) as [Series, Series]
    const goal: Goal = {
      what: `V5 one new commit on ${commits}, times the start of node`,
      value: 1 / pairedRatio(verify, node, wall),
      goal: 2.5,
      unit: '×',
      better: 'less',
    }
    const lines = [
      seriesLine(verify),
      seriesLine(node),
      `one commit costs ${figure(medianOf(verify, wall) - medianOf(node, wall))} ms over node`,
    ]
    return { lines, goals: [goal], disagreements: missing + onlyThis(answers, added) }
  })
}

/** 0 when the answers are one good line about this commit, otherwise how many lines are wrong. */
function onlyThis(answers: string, id: string): number {
  const lines = readFileSync(answers, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
  const right = lines.filter((line) => line.includes(`"${id}"`) && line.includes('"git":"G"')).length
  return right === 1 ? lines.length - 1 : lines.length + 1
}
