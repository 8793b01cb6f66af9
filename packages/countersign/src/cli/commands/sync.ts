import { realpath } from 'node:fs/promises'
import { API_VERSION, listOf } from '../../api/documents.ts'
import { type DataParts, dataFolder, now, openData, openKeys, openSenders } from '../../wire.ts'
import { localRecipient } from '../../workflows/local-recipient.ts'
import { Problem } from '../../workflows/problem.ts'
import { type SyncedEvidence, syncSpool } from '../../workflows/sync-spool.ts'
import { jsonText } from '../output/json-text.ts'
import type { Terminal } from '../terminal.ts'

/** The options of `countersign sync`, as the grammar reads them. */
export interface SyncOptions {
  readonly data?: string
  readonly to: string
  readonly dryRun?: true
  readonly output: 'table' | 'json' | 'jsonl'
}

/** Delivers what another log does not have. Returns 0 once it has everything; what is refused ends the run with its own code. */
export async function sync(options: SyncOptions, terminal: Terminal): Promise<number> {
  const [from, to] = [dataFolder(options.data), dataFolder(options.to)]
  await openKeys(from)
  await refuseItself(from, to)
  const isRehearsal = options.dryRun === true
  // A log is begun for whoever is trusted to send to it, and never by a path that was misspelt.
  if (isRehearsal || (await (await openSenders(to)).list()).length === 0) await openKeys(to)
  const spool = await openData(from, 'read')
  try {
    const target = await openData(to, isRehearsal ? 'read' : 'write', (text) => terminal.talk(`sync: ${text}\n`))
    try {
      return await run({ ...options, isRehearsal }, spool, target, terminal)
    } finally {
      await target.log.close()
    }
  } finally {
    await spool.log.close()
  }
}

async function run(
  { output, isRehearsal }: Pick<SyncOptions, 'output'> & { readonly isRehearsal: boolean },
  spool: DataParts,
  target: DataParts,
  terminal: Terminal,
): Promise<number> {
  const senders = [
    { name: 'this log itself', key: target.envelopeKey, isOwn: true },
    ...target.senders.flatMap(({ name, key, isRetired }) => (isRetired ? [] : [{ name, key, isOwn: false }])),
  ]
  const recipient = localRecipient({ ...target, senders, now })
  const counts = { delivered: 0, would_deliver: 0, there: 0, kept: 0 }
  const items: ReturnType<typeof documentOf>[] = []
  try {
    for await (const synced of syncSpool({ isRehearsal }, spool, recipient)) {
      counts[synced.outcome] += 1
      if (synced.outcome === 'there') continue
      if (output === 'json') items.push(documentOf(synced))
      else await terminal.data(output === 'jsonl' ? `${jsonText(documentOf(synced))}\n` : rowOf(synced))
    }
  } finally {
    if (output === 'json') await terminal.data(`${jsonText(listOf(items), 2)}\n`)
    const sent = isRehearsal ? `${counts.would_deliver} would be delivered` : `${counts.delivered} delivered`
    terminal.talk(`sync: ${sent}, ${counts.there} there already, ${counts.kept} kept in the spool\n`)
  }
  return 0
}

/** Two ways to write one folder must not make a log its own spool. */
async function refuseItself(from: string, to: string): Promise<void> {
  const isSame = from === to || (await realpath(from)) === (await realpath(to).catch(() => null))
  if (isSame) throw new Problem('usage', '--data and --to name the same folder')
}

function documentOf({ index, terms, outcome, place }: SyncedEvidence) {
  const { digest, type } = terms
  return { apiVersion: API_VERSION, kind: 'SyncedEvidence', index, digest, type, outcome, place } as const
}

function rowOf({ index, terms, outcome, place }: SyncedEvidence): string {
  const where = place === null ? '' : ` as ${place}`
  const type = terms.type.split('/').at(-2) ?? terms.type
  return `${String(index).padStart(6)} ${outcome.replace('_', ' ').padEnd(13)} ${terms.digest.slice(0, 16)} ${type}${where}\n`
}
