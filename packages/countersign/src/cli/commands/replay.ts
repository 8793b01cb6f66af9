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
 * Makes recorded decisions again. Returns 0 when each is the same (or, under another policy, was made at all), 1 when one differs,
 * else 3 when one could not be made.
 */
export function replay(options: ReplayOptions, terminal: Terminal, operands: readonly string[]): Promise<number> {
  return withLedger(options.data, async (ledger) => {
    const instead = options.policy === undefined ? null : await readFixedPolicy(options.policy)
    const entries = (await selectEntries(ledger, operands)).slice(options.last === undefined ? 0 : -options.last)
    let [differing, faulty] = [0, 0]
    for await (const replayed of replayDecisions(ledger, entries, instead)) {
      if (replayed.fault !== null) faulty += 1
      else if (!replayed.same) differing += 1
      await terminal.data(options.output === 'jsonl' ? line(replayed) : row(replayed, terminal))
    }
    const lost = faulty === 0 ? '' : `, ${faulty} not replayable`
    const same = entries.length - differing - faulty
    terminal.talk(`replayed ${entries.length}: ${same} the same, ${differing} different${lost}\n`)
    if (differing > 0 && instead === null) return 1
    return faulty > 0 ? 3 : 0
  })
}

function row(replayed: Replayed, terminal: Terminal): string {
  const { index, change } = replayed.entry
  const verdict = replayed.fault === null ? replayed.again.verdict : 'indeterminate'
  return `${String(index).padStart(6)} ${paintVerdict(verdict, terminal)} ${change.object.slice(0, 10)} ${outcomeOf(replayed)}\n`
}

function outcomeOf(replayed: Replayed): string {
  if (replayed.fault !== null) return `not replayable: ${replayed.fault.code}: ${replayed.fault.message}`
  return replayed.same ? 'same' : `was ${replayed.recorded.verdict}`
}

function line(replayed: Replayed): string {
  const { index, digest, change, verdict } = replayed.entry
  const answer =
    replayed.fault === null
      ? { recorded: replayed.recorded.verdict, again: replayed.again.verdict, same: replayed.same }
      : { recorded: verdict, again: null, same: false, fault: replayed.fault }
  const result = { index, digest, change, ...answer }
  return `${JSON.stringify({ apiVersion: API_VERSION, kind: 'ReplayResult', ...result })}\n`
}
