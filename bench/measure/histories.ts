import { readFileSync } from 'node:fs'
import { type HistoryScheme, type SignedHistory, signedHistory } from '../history/history.ts'
import { isolatedEnv } from '../history/repository.ts'
import { verifyCommand } from './countersign.ts'
import type { Contender } from './pairing.ts'
import { timedRun } from './timed-run.ts'

/** The histories that every measure shares. */
export const SEED = 'bench'

export function benchHistory(scheme: HistoryScheme, commits: number): SignedHistory {
  process.stderr.write(`  history: ${commits} commits, ${scheme}\n`)
  return signedHistory({ scheme, commits, seed: SEED })
}

/** Arguments that trust every signer of a history. */
export function trustArgs(history: SignedHistory, scheme: HistoryScheme): string[] {
  return scheme === 'ssh-ed25519' ? ['--allowed-signers', history.allowedSigners] : ['--keyring', history.keyring]
}

/** `countersign verify` over a whole history, its answers kept in a file so that they can be checked. */
export function oursOver(
  history: SignedHistory,
  scheme: HistoryScheme,
  stdoutFile: string,
  pollTree = false,
): Contender {
  const args = ['--rev', 'refs/heads/main', ...trustArgs(history, scheme)]
  const command = verifyCommand(history.repository, args, { stdoutFile, pollTree })
  return { name: `countersign verify, ${history.commits} ${scheme}`, run: () => timedRun(command) }
}

/** `git log` with signature letters over the newest commits. */
export function gitOver(history: SignedHistory, count: number, scheme: HistoryScheme, env = isolatedEnv()): Contender {
  const setting = scheme === 'ssh-ed25519' ? ['-c', `gpg.ssh.allowedSignersFile=${history.allowedSigners}`] : []
  const log = ['log', `--max-count=${count}`, '--format=%H %G? %GK %GS', 'refs/heads/main']
  const command = { program: 'git', args: ['-C', history.repository, ...setting, ...log], env }
  return { name: `git log %G?, newest ${count} ${scheme}`, run: () => timedRun(command) }
}

/** How many of a history's commits the answers in a file do not call good: missing lines count as well. */
export function notGood(stdoutFile: string, commits: number): number {
  const good = readFileSync(stdoutFile, 'utf8').split('"git":"G"').length - 1
  return Math.abs(commits - good)
}
