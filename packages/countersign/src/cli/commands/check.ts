import { type Verdict, worstVerdict } from '@countersign/verify'
import { dataFolder, now, openLedger, openPolicies, openRepository, readFixedPolicy } from '../../wire.ts'
import { checkChanges } from '../../workflows/check-changes.ts'
import { exitCodeOf } from '../exit-code.ts'
import { printChanges } from '../output/change-printer.ts'
import type { ChangeFormat } from '../output/formats.ts'
import { startProgress } from '../progress.ts'
import type { Terminal } from '../terminal.ts'

/** The options of `countersign check`, as the grammar reads them. */
export interface CheckOptions {
  readonly repo: string
  readonly ref?: readonly string[]
  readonly policy?: string
  readonly data?: string
  readonly record: boolean
  readonly failOn: 'fail' | 'warn'
  readonly at?: number
  readonly name?: string
  readonly output: ChangeFormat
  readonly quiet?: true
  readonly progress: boolean
}

/** Judges every change since the last look, records the decisions, prints them. Returns the exit code of the worst. */
export async function check(options: CheckOptions, terminal: Terminal): Promise<number> {
  const repository = await openRepository(options.repo)
  const fixedPolicy = options.policy === undefined ? null : await readFixedPolicy(options.policy)
  const ledger = await openLedger(dataFolder(options.data), (text) => terminal.talk(`check: ${text}\n`))
  const progress = startProgress(terminal, 'changes judged', options.progress)
  const printer = printChanges(options.output, options.quiet === true, terminal)
  const verdicts: Partial<Record<Verdict, number>> = {}
  try {
    const request = {
      repository,
      policies: await openPolicies(repository),
      fixedPolicy,
      refs: options.ref?.map(fullRef) ?? null,
      ledger,
      record: options.record,
      now: options.at ?? now(),
      recordedAt: now(),
      name: options.name ?? null,
    }
    for await (const checked of checkChanges(request, progress.addTotal)) {
      progress.add(1)
      verdicts[checked.decision.verdict] = (verdicts[checked.decision.verdict] ?? 0) + 1
      await terminal.data(printer.one(checked))
    }
    await terminal.data(printer.end())
  } finally {
    progress.end()
    await ledger.close()
  }
  terminal.talk(`changes: ${summary(verdicts)}\n`)
  return exitCodeOf(worstVerdict(Object.keys(verdicts) as Verdict[]), options.failOn)
}

function fullRef(name: string): string {
  return name.startsWith('refs/') ? name : `refs/heads/${name}`
}

function summary(verdicts: Partial<Record<Verdict, number>>): string {
  const counts = Object.entries(verdicts).map(([verdict, count]) => `${count} ${verdict}`)
  return counts.length === 0 ? 'none since the last look' : counts.join(', ')
}
