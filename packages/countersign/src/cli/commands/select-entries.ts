import type { EvidenceLedger, LedgerEntry } from '../../workflows/evidence-ledger.ts'
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
  if (/^\d{1,9}$/.test(operand) && String(entry.index) === operand) return true
  return (
    /^[0-9a-f]{4,64}$/.test(operand) && (entry.change.object.startsWith(operand) || entry.digest.startsWith(operand))
  )
}
