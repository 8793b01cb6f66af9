import { open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import type { LedgerEntry } from '../../workflows/evidence-ledger.ts'
import type { EvidenceIndex } from '../../workflows/ports/evidence-index.ts'
import { Problem } from '../../workflows/problem.ts'

/** An index as JSON lines in `index.jsonl`. A last line that a crash cut short is dropped and made again from the log. */
export function openIndexFile(dataFolder: string): EvidenceIndex {
  const file = join(dataFolder, 'index.jsonl')
  return {
    async load() {
      const text = await readText(file)
      const entries = parseLines(text)
      const kept = entries.map((entry) => `${JSON.stringify(entry)}\n`).join('')
      // What follows the damage would otherwise hide behind it for ever.
      if (kept !== text) await write(file, 'replace', kept)
      return entries
    },
    append: (entries) => write(file, 'append', toLines(entries)),
    replace: (entries) => write(file, 'replace', toLines(entries)),
  }
}

function toLines(entries: readonly LedgerEntry[]): string {
  return entries.map((entry) => `${JSON.stringify(entry)}\n`).join('')
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return ''
    throw new Problem('data_folder_unusable', `${file} cannot be read`, { cause })
  }
}

function parseLines(text: string): readonly LedgerEntry[] {
  const entries: LedgerEntry[] = []
  for (const line of text.split('\n')) {
    const entry = parseLine(line)
    if (entry === null || entry.index !== entries.length) break
    entries.push(entry)
  }
  return entries
}

function parseLine(line: string): LedgerEntry | null {
  try {
    return JSON.parse(line) as LedgerEntry
  } catch {
    return null
  }
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
