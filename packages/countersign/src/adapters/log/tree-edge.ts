import { HASH_BYTES, type NodeReader, nodeHash, rangeRoot, TILE_WIDTH, type Tile } from '@countersign/verify'

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
  const rows = edge.rows.map(({ first, hashes }) => ({ first, hashes: [...hashes] }))
  for (const leaf of leaves) {
    let carried = leaf
    for (let level = 0; ; level++) {
      rows[level] ??= { first: 0, hashes: [] }
      const { first, hashes } = rows[level] as { first: number; hashes: Uint8Array[] }
      hashes.push(carried)
      if ((first + hashes.length) % 2 === 1) break
      // Rows begin where a tile begins, so the left half of every pair is kept.
      carried = nodeHash(hashes.at(-2) as Uint8Array, carried)
    }
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
      if (within > 0) kept = pairs(kept)
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

/** The bytes of a tile of hashes that the edge keeps. */
export function edgeTile(edge: TreeEdge, level: number, { index, width }: Tile): Uint8Array {
  const node = edgeNodes(edge)
  const bytes = Buffer.allocUnsafe(width * HASH_BYTES)
  for (let at = 0; at < width; at++) bytes.set(node(level * TILE_BITS, index * TILE_WIDTH + at), at * HASH_BYTES)
  return bytes
}

const TILE_BITS = 8

function firstOfEdgeTile(size: number, level: number): number {
  const within = level % TILE_BITS
  const tile = Math.floor(size / 2 ** (level - within + TILE_BITS))
  return tile * 2 ** (TILE_BITS - within)
}

function pairs(hashes: readonly Uint8Array[]): readonly Uint8Array[] {
  return Array.from({ length: Math.floor(hashes.length / 2) }, (_, at) =>
    nodeHash(hashes[2 * at] as Uint8Array, hashes[2 * at + 1] as Uint8Array),
  )
}
