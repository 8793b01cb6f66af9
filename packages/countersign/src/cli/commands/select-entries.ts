import type { EvidenceLedger, LedgerEntry } from '../../workflows/evidence-ledger.ts'
import type { EvidenceQuery, EvidenceTerms } from '../../workflows/ports/evidence-log.ts'
import { Problem } from '../../workflows/problem.ts'

/**
 * The ledger entries that operands name: an index in the log, or an object id or the beginning of one (at least 4 digits).
 * Without operands, all of them. Rejects with `Problem` `evidence_not_found` for an operand that names none.
 */
export async function selectEntries(
  ledger: EvidenceLedger,
  operands: readonly string[],
): Promise<readonly LedgerEntry[]> {
  const entries = await ledger.entries()
  if (operands.length === 0) return entries
  return operands.flatMap((operand) => {
    const found = entries.filter((entry) => isNamed(entry, operand))
    if (found.length === 0) throw new Problem('evidence_not_found', `nothing in the log is named "${operand}"`)
    return found
  })
}

function isNamed(entry: LedgerEntry, operand: string): boolean {
  if (isIndex(operand) && String(entry.index) === operand) return true
  return isDigest(operand) && (entry.change.object.startsWith(operand) || entry.digest.startsWith(operand))
}

/**
 * The places of evidence of every type that operands name, as {@link selectEntries} reads them; streamed, and all of it without operands.
 * Rejects with `Problem` `evidence_not_found` for an operand that names none.
 */
export async function* selectEvidence(ledger: EvidenceLedger, operands: readonly string[]): AsyncGenerator<number> {
  if (operands.length === 0) for await (const { index } of ledger.findAll()) yield index
  for (const operand of operands) {
    let isFound = false
    for await (const { index, terms } of ledger.findAll(queryOf(operand))) {
      if (!isTermsNamed(index, terms, operand)) continue
      isFound = true
      yield index
    }
    if (!isFound) throw new Problem('evidence_not_found', `nothing in the log is named "${operand}"`)
  }
}

/** What the index can be asked for; the beginning of an id is looked for in everything. */
function queryOf(operand: string): EvidenceQuery {
  return isDigest(operand) || !isIndex(operand) ? {} : { after: Number(operand) - 1, limit: 1 }
}

function isTermsNamed(index: number, { digest, subjects }: EvidenceTerms, operand: string): boolean {
  if (isIndex(operand) && String(index) === operand) return true
  return (
    isDigest(operand) &&
    (digest.startsWith(operand) ||
      subjects.some((one) => one.startsWith(`gitCommit:${operand}`) || one.startsWith(`gitTag:${operand}`)))
  )
}

function isIndex(operand: string): boolean {
  return /^\d{1,9}$/.test(operand)
}

function isDigest(operand: string): boolean {
  return /^[0-9a-f]{4,64}$/.test(operand)
}
