import { createHmac, timingSafeEqual } from 'node:crypto'
import { open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import type { LedgerEntry } from '../../workflows/evidence-ledger.ts'
import type { EvidenceIndex, IndexWitness } from '../../workflows/ports/evidence-index.ts'
import { Problem } from '../../workflows/problem.ts'
import { parseEntry } from './parse-entry.ts'

/**
 * An index as JSON lines in `index.jsonl`, each `{"mac":…,"entry":…}` with an HMAC-SHA256 over the entry's JSON: whoever can
 * write the file and lacks the key cannot make a line that is believed. The first line that is not ours ends what is loaded,
 * and the rest is made again from the log. Rejects with `Problem` `data_folder_unusable` or `disk_full`.
 */
export function openIndexFile(dataFolder: string, key: Uint8Array): EvidenceIndex {
  const file = join(dataFolder, FILE)
  const toLines = (entries: readonly LedgerEntry[]): string => entries.map((entry) => lineOf(entry, key)).join('')
  return {
    async load() {
      const text = await readText(file)
      const { entries, kept } = parseLines(text, key)
      // What follows the damage would otherwise hide behind it for ever.
      if (kept !== text) await write(file, 'replace', kept)
      return entries
    },
    append: (entries) => write(file, 'append', toLines(entries)),
  }
}

/**
 * The same index as it stands now, for whoever only reads: nothing is ever written, and what is missing stays in memory. To be
 * read before the log is opened, so that it is never ahead of a log that is being written.
 */
export async function readIndexFile(dataFolder: string, key: Uint8Array): Promise<EvidenceIndex & IndexWitness> {
  const text = await readText(join(dataFolder, FILE))
  const lines = text.split('\n')
  const cut = lines.pop() ?? ''
  return {
    load: async () => parseLines(text, key).entries,
    append: async () => {},
    lines: lines.length,
    differs(entry) {
      const own = lineOf(entry, key)
      const line = lines[entry.index]
      if (line !== undefined) return `${line}\n` !== own
      // A crash cuts the last line short; that is no forgery.
      return entry.index === lines.length && !own.startsWith(cut)
    },
  }
}

const FILE = 'index.jsonl'

function lineOf(entry: LedgerEntry, key: Uint8Array): string {
  const json = JSON.stringify(entry)
  return `{"mac":"${macOf(json, key).toString('hex')}","entry":${json}}\n`
}

function macOf(json: string, key: Uint8Array): Buffer {
  return createHmac('sha256', key).update(json).digest()
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return ''
    throw new Problem('data_folder_unusable', `${file} cannot be read`, { cause })
  }
}

/** The entries before the first line that is not ours, and their lines. */
function parseLines(
  text: string,
  key: Uint8Array,
): { readonly entries: readonly LedgerEntry[]; readonly kept: string } {
  const entries: LedgerEntry[] = []
  let kept = ''
  for (const line of text.split('\n')) {
    const entry = parseLine(line, key)
    if (entry === null || entry.index !== entries.length) break
    entries.push(entry)
    kept += `${line}\n`
  }
  return { entries, kept }
}

const LINE = /^\{"mac":"([0-9a-f]{64})","entry":(.*)\}$/

function parseLine(line: string, key: Uint8Array): LedgerEntry | null {
  const [, mac, json] = LINE.exec(line) ?? []
  if (mac === undefined || json === undefined) return null
  return timingSafeEqual(Buffer.from(mac, 'hex'), macOf(json, key)) ? parseEntry(json) : null
}

async function write(file: string, how: 'append' | 'replace', text: string): Promise<void> {
  if (text === '' && how === 'append') return
  const target = how === 'append' ? file : `${file}.new`
  try {
    const handle = await open(target, how === 'append' ? 'a' : 'w', 0o600)
    try {
      await handle.writeFile(text)
      await handle.sync()
    } finally {
      await handle.close()
    }
    if (how === 'replace') await rename(target, file)
  } catch (cause) {
    const full = cause instanceof Error && 'code' in cause && cause.code === 'ENOSPC'
    throw new Problem(full ? 'disk_full' : 'data_folder_unusable', `${file} cannot be written`, { cause })
  }
}
