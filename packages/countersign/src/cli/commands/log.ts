import { formatEvidenceKey } from '@countersign/verify'
import { API_VERSION } from '../../api/documents.ts'
import type { LogKeyring } from '../../judge/log-keys/log-keyring.ts'
import { CHECK_NOTES, fsckLog } from '../../wire/check-log.ts'
import { dataFolder, openKeys, rotateLogKey } from '../../wire.ts'
import { Problem } from '../../workflows/problem.ts'
import type { Terminal } from '../terminal.ts'
import { withLedger } from '../with-ledger.ts'

/** The options of `countersign log …`, as the grammar reads them. */
export interface LogOptions {
  readonly data?: string
  readonly output: 'table' | 'jsonl'
}

/** The options of `countersign log key`. */
export interface LogKeyOptions extends LogOptions {
  readonly evidence?: true
  readonly all?: true
}

/** Prints the verifier key, which others check this log's checkpoints with, every one that there was, or the key that signs evidence. */
export async function logKey({ data, evidence, all }: LogKeyOptions, terminal: Terminal): Promise<number> {
  if (evidence && all) throw new Problem('usage', '--evidence and --all ask for different keys')
  const { verifierKey, evidenceKey, logKeyring } = await openKeys(dataFolder(data))
  if (all) await terminal.data(keyringText(logKeyring))
  else await terminal.data(evidence ? formatEvidenceKey(evidenceKey.publicKey) : `${verifierKey}\n`)
  return 0
}

/** Gives the log a new key and prints every key that it has had. A change that was cut off is finished. */
export async function logRotateKey({ data }: LogOptions, terminal: Terminal): Promise<number> {
  const keyring = await rotateLogKey(dataFolder(data), (text) => terminal.talk(`log rotate-key: ${text}\n`))
  terminal.talk('log rotate-key: tell those who check or cosign this log its new key\n')
  await terminal.data(keyringText(keyring))
  return 0
}

/** One key a line, oldest first: the verifier key, and the smallest and largest checkpoint that it signs; a dash for no end. */
function keyringText({ keys }: LogKeyring): string {
  return keys.map(({ verifierKey, from, until }) => `${verifierKey}\t${from}\t${until ?? '-'}\n`).join('')
}

/** Prints the newest checkpoint, as the signed note that the log publishes. */
export function logCheckpoint(options: LogOptions, terminal: Terminal): Promise<number> {
  return withLedger(options.data, async (ledger) => {
    await terminal.data(await ledger.checkpointNote())
    return 0
  })
}

/** The options of `countersign log fsck`. */
export interface LogFsckOptions extends LogOptions {
  readonly sinceLast?: true
}

/**
 * Checks the whole log: what is published, the record, that all bytes which evidence names are there, and the index; or what was added
 * since it was last found sound. Returns 1 when anything is wrong. What is only not published yet is noted and is nothing wrong.
 */
export async function logFsck({ data, output, sinceLast }: LogFsckOptions, terminal: Terminal): Promise<number> {
  const checking = fsckLog(dataFolder(data), sinceLast ? 'since-last' : 'all')
  let [findings, notes] = [0, 0]
  let step = await checking.next()
  for (; !step.done; step = await checking.next()) {
    const { file, code, message } = step.value
    const isNote = CHECK_NOTES.includes(code)
    if (isNote) notes += 1
    else findings += 1
    const line = { apiVersion: API_VERSION, kind: 'LogFinding', file, code, message }
    await terminal.data(
      output === 'jsonl'
        ? `${JSON.stringify(line)}\n`
        : `${terminal.paint(isNote ? 'yellow' : 'red', code)} ${file}: ${message}\n`,
    )
  }
  const leftover = notes === 0 ? '' : `; left for the next check to publish: ${notes}`
  const from = sinceLast ? ` from entry ${step.value} on` : ''
  terminal.talk(`log fsck: ${findings === 0 ? 'nothing wrong' : `${findings} findings`}${from}${leftover}\n`)
  return findings === 0 ? 0 : 1
}
