import { HASH_BYTES, type NodeReader, parentHashes, rangeRoot, TILE_WIDTH, type Tile } from '@countersign/verify'

/**
 * The part of a tree that growing it can still touch: on every level, the nodes of the rightmost tile. It is enough to append,
 * to compute the root, and to prove the inclusion of every leaf since the edge was last pruned, without reading anything.
 */
export interface TreeEdge {
  readonly size: number
  /** By binary level, leaves first. `first` is the index, on its level, of the first hash that is kept. */
  readonly rows: readonly Row[]
}

/** The edge of the tree without leaves. */
export const EMPTY_EDGE: TreeEdge = { size: 0, rows: [] }

interface Row {
  readonly first: number
  readonly hashes: readonly Uint8Array[]
}

/** Returns the edge with more leaves; the given one stays as it was. Nodes that were kept are still kept. */
export function growEdge(edge: TreeEdge, leaves: readonly Uint8Array[]): TreeEdge {
  const rows: Row[] = []
  let added = leaves
  for (let level = 0; level < edge.rows.length || added.length > 0; level++) {
    const { first, hashes: kept } = edge.rows[level] ?? { first: 0, hashes: [] }
    const hashes = [...kept, ...added]
    rows.push({ first, hashes })
    // Rows begin where a tile begins, so the left half of every pair is kept.
    added = parents(hashes.slice(kept.length - ((first + kept.length) % 2)))
  }
  return { size: edge.size + leaves.length, rows }
}

/** Forgets the nodes of tiles that are full. */
export function pruneEdge({ size, rows }: TreeEdge): TreeEdge {
  const pruned = rows.map((row, level) => {
    const first = firstOfEdgeTile(size, level)
    return { first, hashes: row.hashes.slice(first - row.first) }
  })
  return { size, rows: pruned }
}

/** Rebuilds the edge of a tree from its rightmost tiles: `tiles[l]` holds the hashes of level `l`, none when the last one is full. */
export function edgeFromTiles(size: number, tiles: readonly (readonly Uint8Array[])[]): TreeEdge {
  const rows = tiles.flatMap((hashes, tileLevel) => {
    let kept = hashes
    return Array.from({ length: TILE_BITS }, (_, within) => {
      if (within > 0) kept = parents(kept)
      return { first: firstOfEdgeTile(size, tileLevel * TILE_BITS + within), hashes: kept }
    })
  })
  return { size, rows }
}

/** Reads the nodes that the edge keeps. */
export function edgeNodes({ rows }: TreeEdge): NodeReader {
  return (level, index) => {
    const { first, hashes } = rows[level] as Row
    return hashes[index - first] as Uint8Array
  }
}

export function edgeRoot(edge: TreeEdge): Uint8Array {
  return rangeRoot(0, edge.size, edgeNodes(edge))
}

/** The root over the leaves from `begin`, a multiple of a power of two that reaches beyond the end, up to the end of the tree. */
export function edgeRange(edge: TreeEdge, begin: number): Uint8Array {
  return rangeRoot(begin, edge.size, edgeNodes(edge))
}

/** The bytes of a tile of hashes that the edge keeps. */
export function edgeTile(edge: TreeEdge, level: number, { index, width }: Tile): Uint8Array {
  const node = edgeNodes(edge)
  const bytes = Buffer.allocUnsafe(width * HASH_BYTES)
  for (let at = 0; at < width; at++) bytes.set(node(level * TILE_BITS, index * TILE_WIDTH + at), at * HASH_BYTES)
  return bytes
}

/** The roots of the perfect subtrees of an edge's tree, lowest first, 32 bytes each: all that appending needs. */
export function encodeEdge({ size, rows }: TreeEdge): Uint8Array {
  const peaks = rows.filter((_, level) => isOdd(countOn(size, level))).map(({ hashes }) => hashes.at(-1) as Uint8Array)
  return Buffer.concat(peaks)
}

/**
 * The edge of a tree of `size` leaves from what {@link encodeEdge} wrote: enough to append, to compute the root and to prove what is
 * appended, and not to prove older leaves. Null when the bytes are not as many as such a tree has peaks.
 */
export function decodeEdge(size: number, bytes: Uint8Array): TreeEdge | null {
  const rows: Row[] = []
  let at = 0
  for (let level = 0; countOn(size, level) > 0; level++) {
    const count = countOn(size, level)
    const end = isOdd(count) ? at + HASH_BYTES : at
    rows.push({ first: isOdd(count) ? count - 1 : count, hashes: end === at ? [] : [bytes.subarray(at, end)] })
    at = end
  }
  return at === bytes.length ? { size, rows } : null
}

const TILE_BITS = 8

function countOn(size: number, level: number): number {
  return Math.floor(size / 2 ** level)
}

function isOdd(count: number): boolean {
  return count % 2 === 1
}

function firstOfEdgeTile(size: number, level: number): number {
  const within = level % TILE_BITS
  const tile = Math.floor(size / 2 ** (level - within + TILE_BITS))
  return tile * 2 ** (TILE_BITS - within)
}

/** The nodes above each two of some hashes that stand next to each other; one that is left over has none yet. */
function parents(hashes: readonly Uint8Array[]): readonly Uint8Array[] {
  const count = Math.floor(hashes.length / 2)
  if (count === 0) return []
  const row = parentHashes(Buffer.concat(hashes.slice(0, 2 * count)))
  return Array.from({ length: count }, (_, at) => row.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES))
}
