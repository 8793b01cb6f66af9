import {
  encodeBundle,
  equalBytes,
  type LogTrust,
  TILE_WIDTH,
  type Tile,
  tilePath,
  tilesOfGrowth,
} from '@countersign/verify'
import { EvidenceLogError, type SignedCheckpoint } from '../../workflows/ports/evidence-log.ts'
import type { LogStore } from '../../workflows/ports/log-store.ts'
import { type ObjectStore, ObjectStoreError } from '../../workflows/ports/object-store.ts'
import { CHECKPOINT, readPublished } from './published-checkpoint.ts'
import { isSameHead, publishedEdge } from './standing.ts'
import { leafHashesFrom } from './tile-source.ts'
import { EMPTY_EDGE, edgeRoot, edgeTile, growEdge, pruneEdge, type TreeEdge } from './tree-edge.ts'

/** What is published, from where, to where. */
export interface PublisherParts {
  readonly store: LogStore
  readonly objects: ObjectStore
  readonly trust: LogTrust
}

/**
 * Makes the tiles of a log from its record and publishes them, the checkpoint last. What is published already is left as it is; what a
 * crash left out is made up for. Resolves when strangers can see all that the checkpoint covers, with the edge that is then published.
 * `last` is what an earlier call resolved with, if there was one. Rejects with {@link EvidenceLogError} `log_corrupt`, and as the
 * stores do.
 */
export async function publish(
  { note, checkpoint }: SignedCheckpoint,
  parts: PublisherParts,
  last: TreeEdge | null,
): Promise<TreeEdge | null> {
  const { store, objects, trust } = parts
  const published = (await readPublished(objects, trust))?.checkpoint ?? null
  // Another process may have published more; going back would look like a log that was put back.
  if (published !== null && published.size >= checkpoint.size) return last
  let edge = EMPTY_EDGE
  if (published !== null) {
    const isOurs = last !== null && isSameHead({ size: last.size, root: edgeRoot(last) }, published)
    edge = isOurs ? last : await publishedEdge(published, store, objects)
  }
  const before = edge.size
  while (edge.size < checkpoint.size) {
    const to = Math.min((Math.floor(edge.size / RUN) + 1) * RUN, checkpoint.size)
    edge = await publishFull(edge, to, parts)
  }
  if (!equalBytes(edgeRoot(edge), checkpoint.root)) {
    throw new EvidenceLogError('log_corrupt', `the record does not lead to the signed root of size ${checkpoint.size}`)
  }
  await publishPartial(before, edge, parts)
  await objects.replace(CHECKPOINT, Buffer.from(note))
  await removeOutgrown(before, checkpoint.size, objects)
  return edge
}

/** How many entries are held in memory at once: whole tiles. */
const RUN = 16 * TILE_WIDTH
const AT_ONCE = 16

/** Publishes the tiles that a run of entries fills. Returns the edge behind them. */
async function publishFull(edge: TreeEdge, to: number, { store, objects }: PublisherParts): Promise<TreeEdge> {
  const grown = growEdge(edge, await leafHashesFrom(store, edge.size, to))
  const start = edge.size - (edge.size % TILE_WIDTH)
  const end = to - (to % TILE_WIDTH)
  const entries = await entriesFrom(store, start, end)
  const tiles = [...tilesOfGrowth(edge.size, to)].filter(({ width }) => width === TILE_WIDTH)
  await putAll(tiles, objects, (tile) => {
    if (tile.level !== 'entries') return edgeTile(grown, tile.level, tile)
    const first = tile.index * TILE_WIDTH - start
    return encodeBundle(entries.slice(first, first + TILE_WIDTH))
  })
  return pruneEdge(grown)
}

/** Publishes the unfinished tiles, of every level that has grown since `before`. */
async function publishPartial(before: number, edge: TreeEdge, { store, objects }: PublisherParts): Promise<void> {
  const bundle = encodeBundle(await entriesFrom(store, edge.size - (edge.size % TILE_WIDTH), edge.size))
  const tiles: Tile[] = []
  for (const tile of tilesOfGrowth(before, edge.size)) if (tile.width < TILE_WIDTH) tiles.push(tile)
  await putAll(tiles, objects, (tile) => (tile.level === 'entries' ? bundle : edgeTile(edge, tile.level, tile)))
}

async function putAll(
  tiles: readonly Tile[],
  objects: ObjectStore,
  bytesOf: (tile: Tile) => Uint8Array,
): Promise<void> {
  for (let at = 0; at < tiles.length; at += AT_ONCE) {
    await allSettled(tiles.slice(at, at + AT_ONCE).map((tile) => objects.putOnce(tilePath(tile), bytesOf(tile))))
  }
}

async function entriesFrom(store: LogStore, from: number, to: number): Promise<readonly Uint8Array[]> {
  const entries: Uint8Array[] = []
  for await (const run of store.entries(from, to)) {
    for (const { index, entry } of run) if (index === from + entries.length) entries.push(entry)
  }
  if (entries.length === to - from) return entries
  throw new EvidenceLogError('log_corrupt', `the record lacks entry ${from + entries.length}`)
}

/** Removes the partial tiles that have become full; nobody needs them any more, and they may stay where that fails. */
async function removeOutgrown(before: number, size: number, objects: ObjectStore): Promise<void> {
  try {
    for (const { level, index, width } of tilesOfGrowth(before, size)) {
      // Only where the tree ended before can there be partial tiles of one that is full now.
      const count = level === 'entries' ? before : Math.floor(before / TILE_WIDTH ** level)
      if (width < TILE_WIDTH || count % TILE_WIDTH === 0 || index !== Math.floor(count / TILE_WIDTH)) continue
      for await (const path of objects.list(`${tilePath({ level, index, width })}.p`)) await objects.remove(path)
    }
  } catch (error) {
    if (!(error instanceof ObjectStoreError)) throw error
  }
}

/** Waits for all, so that nothing is still being written when the first failure is reported. */
async function allSettled(work: readonly Promise<unknown>[]): Promise<void> {
  for (const result of await Promise.allSettled(work)) {
    if (result.status === 'rejected') throw result.reason
  }
}
