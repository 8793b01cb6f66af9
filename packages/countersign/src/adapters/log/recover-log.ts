import { dirname, join } from 'node:path'
import {
  BytesError,
  type Checkpoint,
  encodeBundle,
  equalBytes,
  fromUtf8,
  type LogTrust,
  leafHash,
  TILE_WIDTH,
  TlogError,
  verifyCheckpoint,
} from '@countersign/verify'
import { EvidenceLogError, type SignedCheckpoint } from '../../workflows/ports/evidence-log.ts'
import type { LogTail } from './commit-plan.ts'
import { CHECKPOINT, type CommitWriter, WAITING_CHECKPOINT, WAITING_FOLDER } from './commit-writer.ts'
import type { Disk } from './disk.ts'
import { readEdgeTiles, type TileReader } from './tile-reader.ts'
import { edgeFromTiles, edgeRoot } from './tree-edge.ts'

/** A log as a writer needs it to go on. */
export interface LogState {
  readonly signed: SignedCheckpoint
  readonly tail: LogTail
}

/** A log folder and what it takes to bring it into order. */
export interface LogFolder {
  readonly root: string
  readonly disk: Disk
  readonly tiles: TileReader
  readonly writer: CommitWriter
  readonly trust: LogTrust
  /** Signs the checkpoint of the empty log, with which a new folder begins. */
  readonly signEmpty: () => string
}

/**
 * Brings a log folder into the state of its newest signed checkpoint, whatever instant its writer died at: publishes a
 * checkpoint that was signed and not yet published, removes tiles that no checkpoint covers, and makes a new folder a log.
 * Rejects with {@link EvidenceLogError} `log_corrupt`, `wrong_key`, `wrong_origin`, `disk_full` or `write_failed`.
 */
export async function recoverLog(log: LogFolder): Promise<LogState> {
  const { root, disk, writer } = log
  await disk.makeFolder(join(root, WAITING_FOLDER))
  await disk.syncFolder(dirname(root))
  const published = (await readCheckpoint(log, CHECKPOINT)) ?? (await beginLog(log))
  const waiting = await readWaitingCheckpoint(log)
  const isAhead = waiting !== null && waiting.checkpoint.size > published.checkpoint.size
  const signed = isAhead ? waiting : published
  const tail = await readTail(log, signed.checkpoint)
  if (isAhead) await writer.publish(signed.note)
  await writer.removeBeyond(signed.checkpoint.size)
  return { signed, tail }
}

async function beginLog(log: LogFolder): Promise<SignedCheckpoint> {
  // The first checkpoint is durable before the first tile. Beginning again would fork a log that lost its checkpoint.
  if ((await log.disk.list(join(log.root, 'tile'))).length > 0) {
    throw new EvidenceLogError('log_corrupt', 'the log has tiles and no checkpoint')
  }
  const note = log.signEmpty()
  await log.writer.publish(note)
  return { note, checkpoint: verifyCheckpoint(note, log.trust) }
}

/** The signed checkpoint whose publishing was cut off, if there is one; half a file, never published, is none. */
async function readWaitingCheckpoint(log: LogFolder): Promise<SignedCheckpoint | null> {
  try {
    return await readCheckpoint(log, WAITING_CHECKPOINT)
  } catch (error) {
    if (error instanceof EvidenceLogError && error.code !== 'write_failed') return null
    throw error
  }
}

/** Reads a checkpoint file; null when there is none. Rejects with `log_corrupt`, `wrong_key` or `wrong_origin`. */
export async function readCheckpoint(
  { root, disk, trust }: Pick<LogFolder, 'root' | 'disk' | 'trust'>,
  path: string,
): Promise<SignedCheckpoint | null> {
  const bytes = await disk.read(join(root, path))
  if (bytes === null) return null
  try {
    const note = fromUtf8(bytes)
    return { note, checkpoint: verifyCheckpoint(note, trust) }
  } catch (cause) {
    if (cause instanceof TlogError) throw refusedCheckpoint(path, cause)
    if (cause instanceof BytesError) throw new EvidenceLogError('log_corrupt', `${path}: ${cause.message}`, { cause })
    throw cause
  }
}

function refusedCheckpoint(path: string, cause: TlogError): EvidenceLogError {
  const codes: Partial<Record<TlogError['code'], EvidenceLogError['code']>> = {
    no_known_signature: 'wrong_key',
    wrong_origin: 'wrong_origin',
  }
  return new EvidenceLogError(codes[cause.code] ?? 'log_corrupt', `${path}: ${cause.message}`, { cause })
}

/** Reads the end of the tree that a checkpoint covers. Rejects with `log_corrupt` unless it leads to the checkpoint's root. */
export async function readTail({ tiles }: Pick<LogFolder, 'tiles'>, { size, root }: Checkpoint): Promise<LogTail> {
  const levels = await readEdgeTiles(tiles, size)
  const edge = edgeFromTiles(size, levels)
  if (!equalBytes(edgeRoot(edge), root)) {
    throw new EvidenceLogError('log_corrupt', `the tiles do not lead to the checkpoint's root of size ${size}`)
  }
  const width = size % TILE_WIDTH
  const entries = width === 0 ? [] : await tiles.entries(Math.floor(size / TILE_WIDTH), width)
  const hashes = levels[0] ?? []
  if (!entries.every((entry, at) => equalBytes(leafHash(entry), hashes[at] ?? new Uint8Array(0)))) {
    throw new EvidenceLogError('log_corrupt', 'the last entries do not have the hashes that the tree has for them')
  }
  return { edge, bundle: encodeBundle(entries) }
}
