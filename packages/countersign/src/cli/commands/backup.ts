import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { API_VERSION } from '../../api/documents.ts'
import { backupData, restoreData } from '../../wire/backup-data.ts'
import { CHECK_NOTES, type LogFinding } from '../../wire/check-log.ts'
import { dataFolder, now } from '../../wire.ts'
import { Problem } from '../../workflows/problem.ts'
import type { Terminal } from '../terminal.ts'

/** The options of `countersign backup`, as the grammar reads them. */
export interface BackupOptions {
  readonly data?: string
  readonly withKeys?: boolean
}

/** Copies the log to a folder, also while others write it. */
export async function backup(
  { data, withKeys = false }: BackupOptions,
  terminal: Terminal,
  [target = '']: readonly string[],
): Promise<number> {
  const manifest = await backupData(dataFolder(data), resolve(target), { withKeys, now: now() })
  await terminal.data(`${JSON.stringify(manifest, null, 2)}\n`)
  if (!withKeys) {
    terminal.talk('backup: without the private keys; keep a copy of keys/ elsewhere, or nothing can be added again\n')
  }
  return 0
}

/** The options of `countersign restore`, as the grammar reads them. */
export interface RestoreOptions {
  readonly data?: string
  readonly checkpoint?: string
  readonly output: 'table' | 'jsonl'
}

/** Puts a backup into an empty data folder and checks the whole log there. Returns 1 when anything is wrong with it. */
export async function restore(
  { data, checkpoint, output }: RestoreOptions,
  terminal: Terminal,
  [source = '']: readonly string[],
): Promise<number> {
  const newest = checkpoint === undefined ? null : await readCheckpoint(checkpoint)
  const restoring = restoreData(resolve(source), dataFolder(data), { newest })
  let findings = 0
  for (;;) {
    const step = await restoring.next()
    if (!step.done) {
      if (!CHECK_NOTES.includes(step.value.code)) findings += 1
      await terminal.data(findingText(step.value, output))
      continue
    }
    const { size, madeAt, root } = step.value
    if (findings > 0) {
      terminal.talk(`restore: ${findings} findings: the record was set aside, and nothing can be added to this log\n`)
      return 1
    }
    terminal.talk(
      `restore: ${size} entries as of ${madeAt}, root ${root}: checked from the first to the last\n${MEANING}`,
    )
    return 0
  }
}

const MEANING = `
What was appended after the backup was made is not in this log any more. Whoever was given a receipt, a packet or a
checkpoint of it can show that it was there. Before anything is added:
- compare the size above with the newest checkpoint that anybody holds: readers, auditors, witnesses;
- where one is longer, do not add to this log: it would be two logs under one name, and every witness would refuse it.
  Look for a newer backup, or begin a new log in an empty folder and keep this one for reading;
- countersign restore --checkpoint FILE makes this comparison, and refuses.
`

function findingText({ file, code, message }: LogFinding, output: RestoreOptions['output']): string {
  if (output === 'jsonl')
    return `${JSON.stringify({ apiVersion: API_VERSION, kind: 'LogFinding', file, code, message })}\n`
  return `${code} ${file}: ${message}\n`
}

async function readCheckpoint(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw new Problem('file_unreadable', `${file} cannot be read`, { cause })
  }
}
