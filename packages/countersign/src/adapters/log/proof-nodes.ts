import { HASH_BYTES, type NodeReader, TILE_WIDTH } from '@countersign/verify'
import { perfectRoot } from './tile-reader.ts'

/** Gives the first `width` hashes of a tile. */
export type TileSource = (level: number, index: number, width: number) => Promise<readonly Uint8Array[]>

/**
 * Works something out from nodes of a tree of `size` leaves. The work is done twice: first to see which nodes it asks for, then with
 * them; what it does may not depend on what they are.
 */
export async function withNodes<Value>(
  size: number,
  tiles: TileSource,
  work: (nodes: NodeReader) => Value,
): Promise<Value> {
  const asked = new Map<string, Uint8Array>()
  const wanted: { readonly level: number; readonly index: number }[] = []
  work((level, index) => {
    wanted.push({ level, index })
    return UNKNOWN
  })
  const tilesRead = new Map<string, Promise<readonly Uint8Array[]>>()
  for (const { level, index } of wanted) {
    const within = level % TILE_BITS
    const tileLevel = (level - within) / TILE_BITS
    const first = index * 2 ** within
    const tile = Math.floor(first / TILE_WIDTH)
    const width = Math.min(TILE_WIDTH, Math.floor(size / TILE_WIDTH ** tileLevel) - tile * TILE_WIDTH)
    const key = `${tileLevel}/${tile}`
    const read = tilesRead.get(key) ?? tiles(tileLevel, tile, width)
    tilesRead.set(key, read)
    const start = first % TILE_WIDTH
    asked.set(`${level}/${index}`, perfectRoot((await read).slice(start, start + 2 ** within)))
  }
  return work((level, index) => asked.get(`${level}/${index}`) as Uint8Array)
}

const TILE_BITS = 8
const UNKNOWN = new Uint8Array(HASH_BYTES)
