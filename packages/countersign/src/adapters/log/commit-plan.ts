import {
  encodeBundle,
  formatTlogProof,
  inclusionProof,
  leafHash,
  TILE_WIDTH,
  type Tile,
  tilePath,
  tilesOfGrowth,
} from '@countersign/verify'
import type { Receipt } from '../../workflows/ports/evidence-log.ts'
import { edgeNodes, edgeTile, growEdge, pruneEdge, type TreeEdge } from './tree-edge.ts'

/** What a writer keeps in memory: the tree's edge, and the partial bundle at the end as it stands on disk. */
export interface LogTail {
  readonly edge: TreeEdge
  readonly bundle: Uint8Array
}

/** A file of the log, its path below the log's folder. */
export interface PlannedFile {
  readonly path: string
  readonly bytes: Uint8Array
}

/** Everything that appending some entries will do to the log, worked out before any of it is done. */
export interface CommitPlan {
  readonly files: readonly PlannedFile[]
  /** Folders of partial tiles that these files make complete. */
  readonly outgrown: readonly string[]
  readonly leaves: readonly Uint8Array[]
  /** The edge as it will be, with every node that a proof for the new leaves needs. */
  readonly grown: TreeEdge
  /** The tail as it will be. */
  readonly tail: LogTail
}

/** Plans a commit. Requires at least one entry, none longer than `MAX_ENTRY_BYTES`. */
export function planCommit({ edge, bundle }: LogTail, entries: readonly Uint8Array[]): CommitPlan {
  const leaves = entries.map(leafHash)
  const grown = growEdge(edge, leaves)
  const tiles = [...tilesOfGrowth(edge.size, grown.size)]
  const bundles = new Map(
    tiles
      .filter(({ level }) => level === 'entries')
      .map((tile) => [tile.index, bundleBytes(tile, edge.size, bundle, entries)]),
  )
  const files = tiles.map((tile) => ({
    path: tilePath(tile),
    bytes: tile.level === 'entries' ? (bundles.get(tile.index) as Uint8Array) : edgeTile(grown, tile.level, tile),
  }))
  const tail = bundles.get(Math.floor(grown.size / TILE_WIDTH)) ?? new Uint8Array(0)
  const outgrown = tiles.filter(({ width }) => width === TILE_WIDTH).map((tile) => `${tilePath(tile)}.p`)
  return { files, outgrown, leaves, grown, tail: { edge: pruneEdge(grown), bundle: tail } }
}

/** The receipts of a plan's entries, under the checkpoint that was signed for it. */
export function planReceipts({ grown, leaves }: CommitPlan, checkpoint: string): readonly Receipt[] {
  const nodes = edgeNodes(grown)
  const first = grown.size - leaves.length
  return leaves.map((leaf, at) => {
    const hashes = inclusionProof(first + at, grown.size, nodes)
    const proof = formatTlogProof({ index: first + at, hashes, checkpoint, extra: null })
    return { index: first + at, leafHash: leaf, proof, checkpoint }
  })
}

function bundleBytes(
  { index, width }: Tile,
  oldSize: number,
  partial: Uint8Array,
  entries: readonly Uint8Array[],
): Uint8Array {
  const start = index * TILE_WIDTH
  const added = encodeBundle(entries.slice(Math.max(start - oldSize, 0), start + width - oldSize))
  return start < oldSize ? Buffer.concat([partial, added]) : added
}
