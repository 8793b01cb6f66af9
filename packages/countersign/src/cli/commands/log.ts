import { formatEvidenceKey } from '@countersign/verify'
import { API_VERSION } from '../../api/documents.ts'
import { dataFolder, fsckLog, openKeys } from '../../wire.ts'
import type { Terminal } from '../terminal.ts'
import { withLedger } from '../with-ledger.ts'

/** The options of `countersign log …`, as the grammar reads them. */
export interface LogOptions {
  readonly data?: string
  readonly output: 'table' | 'jsonl'
}

/** Prints the verifier key, which others check this log's checkpoints with, or the key that signs evidence. */
export async function logKey(options: LogOptions & { readonly evidence?: true }, terminal: Terminal): Promise<number> {
  const { verifierKey, evidenceKey } = await openKeys(dataFolder(options.data))
  await terminal.data(options.evidence ? formatEvidenceKey(evidenceKey.publicKey) : `${verifierKey}\n`)
  return 0
}

/** Prints the newest checkpoint, as the signed note that the log publishes. */
export function logCheckpoint(options: LogOptions, terminal: Terminal): Promise<number> {
  return withLedger(options.data, async (ledger) => {
    await terminal.data(await ledger.checkpointNote())
    return 0
  })
}

/**
 * Checks the whole log, that all bytes which evidence names are there, and the index. Returns 1 when anything is wrong. What a
 * crash or a full disk left beyond the checkpoint is noted and is nothing wrong.
 */
export async function logFsck(options: LogOptions, terminal: Terminal): Promise<number> {
  let [findings, notes] = [0, 0]
  for await (const { file, code, message } of fsckLog(dataFolder(options.data))) {
    const isNote = code === 'beyond_checkpoint'
    if (isNote) notes += 1
    else findings += 1
    const line = { apiVersion: API_VERSION, kind: 'LogFinding', file, code, message }
    await terminal.data(
      options.output === 'jsonl'
        ? `${JSON.stringify(line)}\n`
        : `${terminal.paint(isNote ? 'yellow' : 'red', code)} ${file}: ${message}\n`,
    )
  }
  const leftover = notes === 0 ? '' : `; leftovers that the next check removes: ${notes}`
  terminal.talk(`log fsck: ${findings === 0 ? 'nothing wrong' : `${findings} findings`}${leftover}\n`)
  return findings === 0 ? 0 : 1
}
