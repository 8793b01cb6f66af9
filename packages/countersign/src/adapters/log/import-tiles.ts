import { emptyRoot, equalBytes, type LogTrust, leafHash, TILE_WIDTH } from '@countersign/verify'
import { EvidenceLogError, type EvidenceTerms } from '../../workflows/ports/evidence-log.ts'
import type { LogHead, LogRow, LogStore } from '../../workflows/ports/log-store.ts'
import type { ObjectStore } from '../../workflows/ports/object-store.ts'
import { translated } from './log-errors.ts'
import { readPublished } from './published-checkpoint.ts'
import { isSameHead } from './standing.ts'
import { tileReader } from './tile-reader.ts'
import { EMPTY_EDGE, edgeRoot, encodeEdge, growEdge, pruneEdge } from './tree-edge.ts'

/** A published log, and the empty record that it is to be read into. */
export interface ImportParts {
  readonly objects: ObjectStore
  readonly trust: LogTrust
  readonly store: LogStore
  /** What an entry is found by, worked out from itself. */
  readonly termsOf: (entry: Uint8Array) => Promise<EvidenceTerms>
}

/**
 * Makes the record of a log again from its published tiles, and returns how many entries it has. Nothing is signed: the record must lead to
 * the root of the published checkpoint. Rejects with {@link EvidenceLogError} `log_corrupt`, `wrong_key` or `wrong_origin`, and as the
 * stores and `termsOf` do; the record is then not to be used.
 */
export function importTiles({ objects, trust, store, termsOf }: ImportParts): Promise<number> {
  return translated(async () => {
    const published = (await readPublished(objects, trust))?.checkpoint
    if (published === undefined) throw new EvidenceLogError('log_corrupt', 'the log has no checkpoint')
    const tiles = tileReader((path) => objects.get(path))
    let edge = EMPTY_EDGE
    let head: LogHead = { origin: trust.origin, size: 0, root: emptyRoot(), edge: encodeEdge(edge) }
    if (!isSameHead(await store.begin(head), head)) throw new EvidenceLogError('log_corrupt', 'the record is not empty')
    while (head.size < published.size) {
      const width = Math.min(TILE_WIDTH, published.size - head.size)
      const rows: LogRow[] = []
      for (const entry of await tiles.entries(head.size / TILE_WIDTH, width)) {
        rows.push({ index: head.size + rows.length, entry, leafHash: leafHash(entry), terms: await termsOf(entry) })
      }
      const grown = growEdge(
        edge,
        rows.map((row) => row.leafHash),
      )
      const to = { origin: trust.origin, size: grown.size, root: edgeRoot(grown), edge: encodeEdge(grown) }
      await store.commit({ from: head, to, rows, fence: null })
      edge = pruneEdge(grown)
      head = to
    }
    if (equalBytes(head.root, published.root)) return head.size
    throw new EvidenceLogError('log_corrupt', `the entries do not lead to the published root of size ${head.size}`)
  })
}
