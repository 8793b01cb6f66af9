import {
  decodeBundle,
  decodeTile,
  HASH_BYTES,
  parentHashes,
  TILE_WIDTH,
  type Tile,
  TlogError,
  tilePath,
} from '@countersign/verify'
import { EvidenceLogError } from '../../workflows/ports/evidence-log.ts'

/** Reads the tiles of a log. What it returns has the right shape; whether it fits the tree is for the caller to check. */
export interface TileReader {
  /** The first `width` hashes of a tile. Rejects with {@link EvidenceLogError} `log_corrupt`. */
  hashes(level: number, index: number, width: number): Promise<readonly Uint8Array[]>
  /** The first `width` entries of a bundle. Rejects with {@link EvidenceLogError} `log_corrupt`. */
  entries(index: number, width: number): Promise<readonly Uint8Array[]>
}

/** A reader of tiles through something that gives a file by its path below the log, or null. */
export function tileReader(readFile: (path: string) => Promise<Uint8Array | null>): TileReader {
  // A partial tile disappears once its tile is full, perhaps between a caller's look at the size and this read.
  const read = async (tile: Tile): Promise<{ readonly bytes: Uint8Array; readonly width: number }> => {
    for (const width of new Set([tile.width, TILE_WIDTH])) {
      const bytes = await readFile(tilePath({ ...tile, width }))
      if (bytes !== null) return { bytes, width }
    }
    throw new EvidenceLogError('log_corrupt', `${tilePath(tile)} is missing`)
  }
  const readParts = async (
    tile: Tile,
    decode: (bytes: Uint8Array, width: number) => readonly Uint8Array[],
  ): Promise<readonly Uint8Array[]> => {
    const { bytes, width } = await read(tile)
    try {
      return decode(bytes, width).slice(0, tile.width)
    } catch (cause) {
      if (!(cause instanceof TlogError)) throw cause
      throw new EvidenceLogError('log_corrupt', `${tilePath({ ...tile, width })}: ${cause.message}`, { cause })
    }
  }
  return {
    hashes: (level, index, width) => readParts({ level, index, width }, decodeTile),
    entries: (index, width) => readParts({ level: 'entries', index, width }, decodeBundle),
  }
}

/** How many hashes stand on a tile level of a tree, full tiles and the partial one together. */
export function hashesOnLevel(size: number, level: number): number {
  return Math.floor(size / TILE_WIDTH ** level)
}

/** Reads the rightmost tile of every level, as `edgeFromTiles` wants them. */
export async function readEdgeTiles(tiles: TileReader, size: number): Promise<readonly (readonly Uint8Array[])[]> {
  const edge: (readonly Uint8Array[])[] = []
  for (let level = 0; hashesOnLevel(size, level) > 0; level++) {
    const count = hashesOnLevel(size, level)
    const width = count % TILE_WIDTH
    edge.push(width === 0 ? [] : await tiles.hashes(level, Math.floor(count / TILE_WIDTH), width))
  }
  return edge
}

/** The root over a power of two of hashes. */
export function perfectRoot(hashes: readonly Uint8Array[]): Uint8Array {
  let row: Uint8Array = Buffer.concat(hashes)
  while (row.length > HASH_BYTES) row = parentHashes(row)
  return row.length === 0 ? new Uint8Array(HASH_BYTES) : row
}
