import { API_VERSION } from '../../api/documents.ts'
import { readFixedPolicy } from '../../wire.ts'
import { type Replayed, replayDecisions } from '../../workflows/replay-decisions.ts'
import { paintVerdict } from '../output/paint-verdict.ts'
import type { Terminal } from '../terminal.ts'
import { withLedger } from '../with-ledger.ts'
import { selectEntries } from './select-entries.ts'

/** The options of `countersign replay`, as the grammar reads them. */
export interface ReplayOptions {
  readonly data?: string
  readonly policy?: string
  readonly last?: number
  readonly output: 'table' | 'jsonl'
}

/**
 * Makes recorded decisions again. Returns 0 when each is the same (or, under another policy, always), 1 when one differs.
 */
export function replay(options: ReplayOptions, terminal: Terminal, operands: readonly string[]): Promise<number> {
  return withLedger(options.data, async (ledger) => {
    const instead = options.policy === undefined ? null : await readFixedPolicy(options.policy)
    const entries = selectEntries(ledger, operands).slice(options.last === undefined ? 0 : -options.last)
    let differing = 0
    for await (const replayed of replayDecisions(ledger, entries, instead)) {
      if (!replayed.same) differing += 1
      await terminal.data(options.output === 'jsonl' ? line(replayed) : row(replayed, terminal))
    }
    terminal.talk(`replayed ${entries.length}: ${entries.length - differing} the same, ${differing} different\n`)
    return differing > 0 && instead === null ? 1 : 0
  })
}

function row({ entry, recorded, again, same }: Replayed, terminal: Terminal): string {
  const what = same ? 'same' : `was ${recorded.verdict}`
  return `${String(entry.index).padStart(6)} ${paintVerdict(again.verdict, terminal)} ${entry.change.object.slice(0, 10)} ${what}\n`
}

function line({ entry, recorded, again, same }: Replayed): string {
  const { index, digest, change } = entry
  const result = { index, digest, change, recorded: recorded.verdict, again: again.verdict, same }
  return `${JSON.stringify({ apiVersion: API_VERSION, kind: 'ReplayResult', ...result })}\n`
}
