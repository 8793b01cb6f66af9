import { type Checkpoint, equalBytes } from '@countersign/verify'
import { EvidenceLogError } from '../../workflows/ports/evidence-log.ts'
import type { LogHead, LogStore } from '../../workflows/ports/log-store.ts'
import type { ObjectStore } from '../../workflows/ports/object-store.ts'
import { readEdgeTiles, tileReader } from './tile-reader.ts'
import { leafHashesFrom } from './tile-source.ts'
import { EMPTY_EDGE, edgeFromTiles, edgeRoot, growEdge, pruneEdge, type TreeEdge } from './tree-edge.ts'

/** Where a log stands: its head, and the edge of the tree that the head is the root of. */
export interface Standing {
  readonly head: LogHead
  readonly edge: TreeEdge
}

/**
 * The standing of a log that is opened: the record must continue what was published, or the log would fork. Rejects with
 * {@link EvidenceLogError} `log_corrupt`.
 */
export async function standAt(
  head: LogHead,
  published: Checkpoint | null,
  { store, objects }: { readonly store: LogStore; readonly objects: ObjectStore },
): Promise<Standing> {
  if (published !== null && published.size > head.size) {
    const lost = `${published.size} entries were published, and the record has ${head.size}`
    throw new EvidenceLogError('log_corrupt', `${lost}: it was lost, or put back as it was before`)
  }
  const edge = published === null ? EMPTY_EDGE : await publishedEdge(published, store, objects)
  return advance({ head, edge }, head, store)
}

/** Follows the record to a newer head. Rejects with {@link EvidenceLogError} `log_corrupt` unless it continues the one before. */
export async function advance({ edge }: Standing, head: LogHead, store: LogStore): Promise<Standing> {
  const grown = await growFromRecord(edge, head.size, store)
  if (head.size < edge.size || !equalBytes(edgeRoot(grown), head.root)) {
    throw new EvidenceLogError(
      'log_corrupt',
      `the record of ${head.size} entries does not continue that of ${edge.size}`,
    )
  }
  return { head, edge: grown }
}

/** The edge of what is published, from its tiles; where those are damaged or gone, from the record. */
export async function publishedEdge(
  { size, root }: Checkpoint,
  store: LogStore,
  objects: ObjectStore,
): Promise<TreeEdge> {
  const tiles = tileReader((path) => objects.get(path))
  try {
    const edge = edgeFromTiles(size, await readEdgeTiles(tiles, size))
    if (equalBytes(edgeRoot(edge), root)) return edge
  } catch (error) {
    if (!(error instanceof EvidenceLogError)) throw error
  }
  const edge = await growFromRecord(EMPTY_EDGE, size, store)
  if (equalBytes(edgeRoot(edge), root)) return edge
  throw new EvidenceLogError('log_corrupt', `the record does not lead to the published root of size ${size}`)
}

async function growFromRecord(edge: TreeEdge, size: number, store: LogStore): Promise<TreeEdge> {
  let grown = edge
  while (grown.size < size) {
    const to = Math.min(grown.size + RUN, size)
    grown = pruneEdge(growEdge(grown, await leafHashesFrom(store, grown.size, to)))
  }
  return grown
}

const RUN = 8_192

/** Whether two heads are the same. */
export function isSameHead(one: Pick<LogHead, 'size' | 'root'>, other: Pick<LogHead, 'size' | 'root'>): boolean {
  return one.size === other.size && equalBytes(one.root, other.root)
}
