import { HASH_BYTES, TILE_WIDTH } from '@countersign/verify'
import { EvidenceLogError } from '../../workflows/ports/evidence-log.ts'
import type { LogStore } from '../../workflows/ports/log-store.ts'
import { type ObjectStore, ObjectStoreError } from '../../workflows/ports/object-store.ts'
import type { TileSource } from './proof-nodes.ts'
import { perfectRoot, tileReader } from './tile-reader.ts'
import { edgeNodes, type TreeEdge } from './tree-edge.ts'

/** Where the hashes of a log are: in the record, and in the tiles that were published of it. */
export interface HashPlaces {
  readonly store: LogStore
  readonly objects: ObjectStore
}

/**
 * The tiles of a log for its proofs: the unfinished ones from the edge, the others as they were published, and what is not published
 * yet, or cannot be read, from the record. Nothing is checked here: a proof that is made from it must be.
 */
export function tileSource({ store, objects }: HashPlaces): (edge: TreeEdge) => TileSource {
  const published = tileReader((path) => objects.get(path))
  const kept = new Map<string, readonly Uint8Array[]>()

  const fullTile = async (level: number, index: number): Promise<readonly Uint8Array[]> => {
    const key = `${level}/${index}`
    const known = kept.get(key)
    if (known !== undefined) return known
    const hashes = await published.hashes(level, index, TILE_WIDTH).catch((error: unknown) => {
      if (error instanceof EvidenceLogError || error instanceof ObjectStoreError) return fromRecord(level, index)
      throw error
    })
    kept.set(key, hashes)
    const [oldest] = kept.keys()
    if (kept.size > MOST_KEPT && oldest !== undefined) kept.delete(oldest)
    return hashes
  }

  const fromRecord = async (level: number, index: number): Promise<readonly Uint8Array[]> => {
    const first = index * TILE_WIDTH
    if (level === 0) return leafHashesFrom(store, first, first + TILE_WIDTH)
    const hashes: Uint8Array[] = []
    for (let at = 0; at < TILE_WIDTH; at++) hashes.push(perfectRoot(await fullTile(level - 1, first + at)))
    return hashes
  }

  return (edge) => {
    const node = edgeNodes(edge)
    return async (level, index, width) => {
      if (width === TILE_WIDTH) return fullTile(level, index)
      return Array.from({ length: width }, (_, at) => node(level * TILE_BITS, index * TILE_WIDTH + at))
    }
  }
}

/** The leaf hashes from `from` up to `to`, one by one. Rejects with `log_corrupt` unless all are there. */
export async function leafHashesFrom(store: LogStore, from: number, to: number): Promise<readonly Uint8Array[]> {
  const hashes: Uint8Array[] = []
  for await (const run of store.leafHashes(from, to)) {
    for (let at = 0; at < run.length; at += HASH_BYTES) hashes.push(run.subarray(at, at + HASH_BYTES))
  }
  if (hashes.length === to - from) return hashes
  throw new EvidenceLogError('log_corrupt', `the record lacks leaf hashes from ${from} up to ${to}`)
}

const TILE_BITS = 8
const MOST_KEPT = 64
