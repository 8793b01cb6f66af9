import type { Verdict } from '@countersign/verify'
import { worstVerdict } from '@countersign/verify'
import { dataFolder, openKeys, openPolicies, openRepository, programVersion } from '../../wire.ts'
import { PROBLEMS, problemCodeOf } from '../../workflows/problem.ts'
import { exitCodeOf } from '../exit-code.ts'
import { paintVerdict } from '../output/paint-verdict.ts'
import type { Terminal } from '../terminal.ts'
import { withLedger } from '../with-ledger.ts'

/** The options of `countersign doctor`, as the grammar reads them. */
export interface DoctorOptions {
  readonly repo: string
  readonly data?: string
}

interface Finding {
  readonly verdict: Verdict
  readonly text: string
}

/** Looks at what Countersign stands on, one line each with a remedy. Returns the exit code of the worst. */
export async function doctor(options: DoctorOptions, terminal: Terminal): Promise<number> {
  const looks: readonly (readonly [string, () => Promise<Finding>])[] = [
    ['node', async () => ({ verdict: 'pass', text: process.versions.node })],
    ['git', () => program('git', ['--version'], 'fail')],
    ['ssh-keygen (for the demo)', () => program('ssh', ['-V'], 'warn')],
    ['gpg (for the demo)', () => program('gpg', ['--version'], 'warn')],
    ['repository', () => repository(options.repo)],
    ['policy', () => policy(options.repo)],
    ['data folder', async () => ({ verdict: 'pass', text: dataFolder(options.data) })],
    ['keys', async () => ({ verdict: 'pass', text: (await openKeys(dataFolder(options.data))).verifierKey })],
    [
      'log',
      () => withLedger(options.data, async (ledger) => ({ verdict: 'pass', text: `${await ledger.size()} entries` })),
    ],
  ]
  const verdicts: Verdict[] = []
  for (const [name, look] of looks) {
    const { verdict, text } = await look().catch(explained)
    verdicts.push(verdict)
    await terminal.data(`${paintVerdict(verdict, terminal)} ${name.padEnd(26)} ${text}\n`)
  }
  return exitCodeOf(worstVerdict(verdicts), 'fail')
}

async function program(name: string, args: readonly string[], without: Verdict): Promise<Finding> {
  const version = await programVersion(name, args)
  return version === null
    ? { verdict: without, text: `not on PATH; ${PROBLEMS.program_missing.remedy}` }
    : { verdict: 'pass', text: version }
}

async function repository(folder: string): Promise<Finding> {
  const opened = await openRepository(folder)
  const shallow = (await opened.shallowBoundary()).size > 0
  return {
    verdict: shallow ? 'warn' : 'pass',
    text: `${await opened.name()} (${opened.objectFormat}${shallow ? ', shallow' : ''})`,
  }
}

async function policy(folder: string): Promise<Finding> {
  const opened = await openRepository(folder)
  const head = await opened.resolve('HEAD^{commit}')
  const [tree] = head === null ? [null] : await opened.entriesAt([head], '.countersign')
  const sealed = await (await openPolicies(opened)).at(tree ?? null)
  if (sealed === null) return { verdict: 'warn', text: `none at HEAD; ${PROBLEMS.policy_absent.remedy}` }
  return {
    verdict: 'pass',
    text: `${sealed.bundle.identities.identities.length} identities, sha256 ${sealed.digest.slice(0, 16)}`,
  }
}

function explained(error: unknown): Finding {
  const code = problemCodeOf(error)
  const text = error instanceof Error ? error.message : String(error)
  // Before the first check there is no log, and nothing is wrong with that.
  const verdict = code === 'data_folder_absent' ? 'warn' : 'fail'
  return { verdict, text: code === null ? text : `${text}; ${PROBLEMS[code].remedy}` }
}
