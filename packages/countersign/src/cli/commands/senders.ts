import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { API_VERSION, listOf } from '../../api/documents.ts'
import { dataFolder, openSenders } from '../../wire.ts'
import { Problem } from '../../workflows/problem.ts'
import { jsonText } from '../output/json-text.ts'
import type { Terminal } from '../terminal.ts'

/** The options of `countersign log trust-sender`, `retire-sender` and `senders`, as the grammar reads them. */
export interface SenderOptions {
  readonly data?: string
  readonly name?: string
  readonly output: 'table' | 'json' | 'jsonl'
}

/** Trusts the key in a file, so that evidence which it signed is taken. */
export async function trustSender(
  { data, name }: SenderOptions,
  terminal: Terminal,
  [file = '']: readonly string[],
): Promise<number> {
  const pem = await readFile(file, 'latin1').catch((cause: unknown) => {
    throw new Problem('file_unreadable', `${file} cannot be read`, { cause })
  })
  const senders = await openSenders(dataFolder(data))
  const sender = await senders.trust(name ?? basename(file).replace(/\.[^.]*$/, ''), pem)
  await terminal.data(`${sender.name} ${sender.key.keyId}\n`)
  return 0
}

/** Takes no more from a sender. What it sent is still read and believed. */
export async function retireSender(
  { data }: SenderOptions,
  terminal: Terminal,
  [name = '']: readonly string[],
): Promise<number> {
  await (await openSenders(dataFolder(data))).retire(name)
  terminal.talk(`log retire-sender: nothing more is taken from ${name}\n`)
  return 0
}

/** Lists senders, those that are retired too. */
export async function listSenders({ data, output }: SenderOptions, terminal: Terminal): Promise<number> {
  const items = (await (await openSenders(dataFolder(data))).list()).map(({ name, key, isRetired }) => ({
    ...({ apiVersion: API_VERSION, kind: 'Sender' } as const),
    ...{ name, keyId: key.keyId, isRetired },
  }))
  if (output === 'json') await terminal.data(`${jsonText(listOf(items), 2)}\n`)
  for (const item of output === 'json' ? [] : items) {
    const row = `${item.name.padEnd(20)} ${item.keyId}${item.isRetired ? ' retired' : ''}\n`
    await terminal.data(output === 'jsonl' ? `${jsonText(item)}\n` : row)
  }
  return 0
}
