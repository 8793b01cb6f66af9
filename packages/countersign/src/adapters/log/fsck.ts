import {
  BytesError,
  type Checkpoint,
  decodeBundle,
  decodeTile,
  equalBytes,
  fromUtf8,
  type LogTrust,
  leafHash,
  parseTilePath,
  TILE_WIDTH,
  type Tile,
  TlogError,
  tilePath,
  verifyCheckpoint,
} from '@countersign/verify'
import type { ObjectStore } from '../../workflows/ports/object-store.ts'
import { type FileReader, type Finding, fileReader } from './fsck-finding.ts'
import { checkTree } from './fsck-tree.ts'
import { CHECKPOINT } from './published-checkpoint.ts'
import { hashesOnLevel, perfectRoot } from './tile-reader.ts'

/**
 * Checks what was published of a log against its own signed checkpoint, reading only, and gives every finding as it comes. Memory does
 * not grow with the log. A log that is being written meanwhile may seem to hold tiles `beyond_checkpoint`.
 */
export async function* fsckTiles(objects: ObjectStore, trust: LogTrust): AsyncGenerator<Finding> {
  const read = fileReader(objects)
  const file = await read(CHECKPOINT)
  const checkpoint = file.bytes === null ? file.finding : readCheckpoint(file.bytes, trust)
  if ('code' in checkpoint) {
    yield { ...checkpoint, code: 'checkpoint_refused' }
    return
  }
  yield* checkTree(checkpoint, read)
  yield* checkOtherFiles(checkpoint, objects, read)
}

function readCheckpoint(bytes: Uint8Array, trust: LogTrust): Checkpoint | Finding {
  try {
    return verifyCheckpoint(fromUtf8(bytes), trust)
  } catch (error) {
    if (!(error instanceof TlogError || error instanceof BytesError)) throw error
    return { file: CHECKPOINT, code: 'checkpoint_refused', message: error.message }
  }
}

/** Finds files that the tree does not need: strays, tiles beyond the checkpoint, and partial tiles that have been outgrown. */
async function* checkOtherFiles({ size }: Checkpoint, objects: ObjectStore, read: FileReader): AsyncGenerator<Finding> {
  for await (const file of objects.list('')) {
    // Blobs may be kept in the same store; what is in them is checked with the evidence that names them.
    if (file === CHECKPOINT || file.startsWith('blobs/')) continue
    const finding = await checkOtherFile(file, size, read)
    if (finding !== null) yield finding
  }
}

async function checkOtherFile(file: string, size: number, read: FileReader): Promise<Finding | null> {
  const tile = tileOf(file)
  if (tile === null) return { file, code: 'stray', message: 'no file of a log' }
  const count = tile.level === 'entries' ? size : hashesOnLevel(size, tile.level)
  const width = Math.min(TILE_WIDTH, count - tile.index * TILE_WIDTH)
  if (tile.width > width)
    return { file, code: 'beyond_checkpoint', message: `not covered by a checkpoint of size ${size}` }
  return tile.width === width ? null : checkOutgrown(file, tile, width, read)
}

/** A partial tile that a wider one has replaced may stay, if it is how that one begins. */
async function checkOutgrown(file: string, tile: Tile, width: number, read: FileReader): Promise<Finding | null> {
  const [outgrown, whole] = [await read(file), await read(tilePath({ ...tile, width }))]
  if (outgrown.bytes === null) return outgrown.finding
  if (whole.bytes === null) return null
  const hashes = hashesOf(outgrown.bytes, tile)
  if (typeof hashes === 'string') return { file, code: 'malformed', message: hashes }
  if (equalBytes(outgrown.bytes, whole.bytes.subarray(0, outgrown.bytes.length))) return null
  // One of the two is damaged. If the outgrown one fits the rest of the tree it is the whole one, which has been named already.
  const witnessed = await witnessOf(tile, width, read)
  if (witnessed !== null && hashes.every((hash, at) => equalBytes(hash, witnessed[at] ?? new Uint8Array(0))))
    return null
  return { file, code: 'differs', message: 'not how the wider tile begins' }
}

/** What other files say that a tile's hashes, or the hashes of a bundle's entries, are; null when they cannot. */
async function witnessOf(tile: Tile, width: number, read: FileReader): Promise<readonly Uint8Array[] | null> {
  const { level, index } = tile
  if (level === 'entries' || level === 0) {
    return readHashes({ level: level === 0 ? 'entries' : 0, index, width }, read)
  }
  const roots: Uint8Array[] = []
  for (let at = 0; at < tile.width; at++) {
    const hashes = await readHashes({ level: level - 1, index: index * TILE_WIDTH + at, width: TILE_WIDTH }, read)
    if (hashes === null) return null
    roots.push(perfectRoot(hashes))
  }
  return roots
}

async function readHashes(tile: Tile, read: FileReader): Promise<readonly Uint8Array[] | null> {
  const { bytes } = await read(tilePath(tile))
  const hashes = bytes === null ? '' : hashesOf(bytes, tile)
  return typeof hashes === 'string' ? null : hashes
}

/** The hashes that a tile holds, or those of a bundle's entries; what is wrong when its bytes are neither. */
function hashesOf(bytes: Uint8Array, { level, width }: Tile): readonly Uint8Array[] | string {
  try {
    return level === 'entries' ? decodeBundle(bytes, width).map(leafHash) : decodeTile(bytes, width)
  } catch (error) {
    if (!(error instanceof TlogError)) throw error
    return error.message
  }
}

function tileOf(file: string): Tile | null {
  try {
    return parseTilePath(file)
  } catch (error) {
    if (!(error instanceof TlogError)) throw error
    return null
  }
}
