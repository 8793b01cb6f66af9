import type { EvidenceLedger } from './evidence-ledger.ts'

/** Something that is wrong with a piece of evidence, and where it lies. */
export interface EvidenceFinding {
  readonly file: string
  readonly code: string
  readonly message: string
}

/** Reads every piece of evidence, and everything that it names by digest; yields what cannot be read or does not fit its name. */
export async function* checkEvidence(ledger: EvidenceLedger): AsyncIterable<EvidenceFinding> {
  const seen = new Set<string>()
  for (const { index } of ledger.entries) {
    try {
      const { decision } = await ledger.read(index)
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
}
