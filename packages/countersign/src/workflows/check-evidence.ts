import type { EvidenceLedger } from './evidence-ledger.ts'
import type { IndexWitness } from './ports/evidence-index.ts'

/** Something that is wrong with a piece of evidence or the index, and where it lies. */
export interface EvidenceFinding {
  readonly file: string
  readonly code: string
  readonly message: string
}

/**
 * Reads every piece of evidence, and everything that it names by digest; yields what cannot be read or does not fit its name,
 * then `index_differs` when the index says anything that the log does not.
 */
export async function* checkEvidence(ledger: EvidenceLedger, witness: IndexWitness): AsyncIterable<EvidenceFinding> {
  const seen = new Set<string>()
  const size = await ledger.size()
  const differing: number[] = []
  for (let index = 0; index < size; index++) {
    try {
      const { entry, decision } = await ledger.read(index)
      if (witness.differs(entry)) differing.push(index + 1)
      const named = [decision.inputs.sha256, ...(decision.policy === null ? [] : [decision.policy.sha256])]
      for (const digest of named.filter((one) => !seen.has(one))) {
        seen.add(digest)
        await ledger.blob(digest)
      }
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'
      yield { file: `evidence ${index}`, code, message: error instanceof Error ? error.message : String(error) }
    }
  }
  for (let line = size + 1; line <= witness.lines; line++) differing.push(line)
  if (differing.length === 0) return
  const others = differing.length === 1 ? '' : ` (${differing.length} such lines)`
  const message = `line ${differing[0]} is not what the log says${others}; the next check makes it again from the log`
  yield { file: 'index.jsonl', code: 'index_differs', message }
}
