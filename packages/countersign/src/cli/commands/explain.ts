import { changeResult } from '../../api/documents.ts'
import { Problem } from '../../workflows/problem.ts'
import { formatChange, formatExplanation } from '../output/change-rows.ts'
import type { Terminal } from '../terminal.ts'
import { withLedger } from '../with-ledger.ts'
import { selectEntries } from './select-entries.ts'

/** The options of `countersign explain`, as the grammar reads them. */
export interface ExplainOptions {
  readonly data?: string
  readonly output: 'table' | 'json'
}

/** Shows why a recorded decision is what it is: the whole tree, from the stored decision and never judged anew. */
export function explain(options: ExplainOptions, terminal: Terminal, operands: readonly string[]): Promise<number> {
  return withLedger(options.data, async (ledger) => {
    const entry = (await selectEntries(ledger, operands)).at(-1)
    if (entry === undefined) throw new Problem('change_not_found', 'nothing has been recorded yet')
    const { decision } = await ledger.read(entry.index)
    const tree = formatChange({ ...decision, rules: [] }, entry, terminal) + formatExplanation(decision, terminal)
    await terminal.data(
      options.output === 'json' ? `${JSON.stringify(changeResult(decision, entry), null, 2)}\n` : tree,
    )
    return 0
  })
}
