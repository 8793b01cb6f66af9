import { dataFolder, readLedger } from '../wire.ts'
import type { EvidenceLedger } from '../workflows/evidence-ledger.ts'

/** Opens the ledger that `--data` names for reading, does something with it, and lets go of it whatever happens. */
export async function withLedger<T>(
  data: string | undefined,
  work: (ledger: EvidenceLedger) => Promise<T>,
): Promise<T> {
  const ledger = await readLedger(dataFolder(data))
  try {
    return await work(ledger)
  } finally {
    await ledger.close()
  }
}
