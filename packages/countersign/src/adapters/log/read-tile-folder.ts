import type { LogTrust } from '@countersign/verify'
import { type EvidenceLog, EvidenceLogError } from '../../workflows/ports/evidence-log.ts'
import { CHECKPOINT, translated } from './commit-writer.ts'
import { type Disk, nodeDisk } from './disk.ts'
import { logReader } from './log-reader.ts'
import { readCheckpoint, readTail } from './recover-log.ts'
import { tileReader } from './tile-reader.ts'

/**
 * Opens the log in a folder for reading, as its newest published checkpoint has it: nothing is written and no lock is taken, so
 * another process may be writing the log. Appending is refused with `log_closed`. Rejects with {@link EvidenceLogError}
 * `log_corrupt`, `wrong_key`, `wrong_origin` or `write_failed`.
 */
export async function readTileFolder(folder: string, trust: LogTrust, disk: Disk = nodeDisk): Promise<EvidenceLog> {
  const tiles = tileReader(folder, disk)
  const signed = await translated(async () => {
    const published = await readCheckpoint({ root: folder, disk, trust }, CHECKPOINT)
    if (published === null) throw new EvidenceLogError('log_corrupt', 'the log has no checkpoint')
    await readTail({ tiles }, published.checkpoint)
    return published
  })
  const reader = logReader(tiles)
  return {
    append: async () => {
      throw new EvidenceLogError('log_closed', 'the log was opened for reading only')
    },
    checkpoint: async () => signed,
    entries: (from, to) => reader.entries(signed, from, to),
    receipt: (index) => reader.receipt(signed, index),
    close: async () => {},
  }
}
