import type { LogTrust } from '@countersign/verify'
import { type EvidenceLog, EvidenceLogError, type SignedCheckpoint } from '../../workflows/ports/evidence-log.ts'
import { type LogStore, LogStoreError } from '../../workflows/ports/log-store.ts'
import type { ObjectStore } from '../../workflows/ports/object-store.ts'
import { fsckTiles } from './fsck.ts'
import { fsckRecord } from './fsck-record.ts'
import { translated } from './log-errors.ts'
import { readPublished } from './published-checkpoint.ts'
import { sealTerms } from './sealed-terms.ts'
import { openSequencedLog, readSequencedLog } from './sequenced-log.ts'
import type { LogKey } from './sign-head.ts'

/** What a log on this machine is made of. */
export interface LocalLogParts {
  readonly origin: string
  readonly key: LogKey
  readonly trust: LogTrust
  /** The secret that what evidence is found by is sealed with. */
  readonly indexKey: Uint8Array
  readonly openStore: () => LogStore | Promise<LogStore>
  readonly objects: ObjectStore
}

/** Opens a log with sealed terms. Whatever fails, nothing is left open. Rejects with {@link EvidenceLogError}. */
export function openLocalLog(
  { openStore, indexKey, ...parts }: LocalLogParts,
  mode: 'read' | 'write',
): Promise<EvidenceLog> {
  return translated(async () => {
    const store = sealTerms(await openStore(), indexKey)
    try {
      return await (mode === 'write' ? openSequencedLog : readSequencedLog)({ ...parts, store })
    } catch (error) {
      await store.close()
      throw error
    }
  })
}

/** A log that is checked, file by file. */
export interface CheckedLog {
  readonly objects: ObjectStore
  readonly trust: LogTrust
  /** What the database itself finds wrong with its file. */
  readonly checkFile: () => Iterable<string> | Promise<Iterable<string>>
  readonly openStore: () => LogStore | Promise<LogStore>
  /** What findings call the record; `evidence.db` unless told. */
  readonly record?: string
}

interface LocalFinding {
  readonly file: string
  readonly code: string
  readonly message: string
}

/**
 * Checks what a log has published, and its record. Gives every finding as it comes; returns whether the evidence itself can be
 * looked at.
 */
export async function* fsckLocalLog(log: CheckedLog): AsyncGenerator<LocalFinding, boolean> {
  let isSound = true
  for await (const { file, code, message } of fsckTiles(log.objects, log.trust)) {
    if (code !== 'beyond_checkpoint') isSound = false
    yield { file: `log/${file}`, code, message }
  }
  for await (const finding of recordFindings(log)) {
    if (finding.code !== 'not_published') isSound = false
    yield finding
  }
  return isSound
}

async function* recordFindings(log: CheckedLog): AsyncGenerator<LocalFinding> {
  const { objects, trust, checkFile, openStore, record = RECORD } = log
  try {
    for (const message of await checkFile()) yield { file: record, code: 'damaged', message }
    const published = await readPublished(objects, trust).catch(orWhenRefused)
    const store = await openStore()
    try {
      for await (const { code, message } of fsckRecord(store, published?.checkpoint ?? null)) {
        yield { file: record, code, message }
      }
      const waiting = ((await store.head())?.size ?? 0) - (published?.checkpoint.size ?? 0)
      const message = `${waiting} entries of the record are not published yet`
      if (waiting > 0) yield { file: 'log/checkpoint', code: 'not_published', message }
    } finally {
      await store.close()
    }
  } catch (error) {
    if (!(error instanceof LogStoreError)) throw error
    yield { file: record, code: error.code, message: error.message }
  }
}

/** A checkpoint that is refused was named before. */
function orWhenRefused(error: unknown): SignedCheckpoint | null {
  if (error instanceof EvidenceLogError) return null
  throw error
}

const RECORD = 'evidence.db'
