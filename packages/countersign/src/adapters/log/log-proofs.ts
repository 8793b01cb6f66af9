import {
  checkConsistency,
  checkInclusion,
  consistencyProof,
  formatTlogProof,
  inclusionProof,
  rangeRoot,
  TlogError,
} from '@countersign/verify'
import { EvidenceLogError, type Receipt, type SignedCheckpoint } from '../../workflows/ports/evidence-log.ts'
import { withNodes } from './proof-nodes.ts'
import type { Standing } from './standing.ts'
import { type HashPlaces, leafHashesFrom, tileSource } from './tile-source.ts'

/** A standing whose head was committed, with the checkpoint that says so. */
export interface SignedStanding extends Standing {
  readonly signed: SignedCheckpoint
}

/** Makes proofs, each checked before it is given out. Both reject with {@link EvidenceLogError} `index_out_of_range` or `log_corrupt`. */
export interface LogProofs {
  receipt(at: SignedStanding, index: number): Promise<Receipt>
  consistency(at: Standing, from: number, to: number): Promise<readonly Uint8Array[]>
}

export function logProofs(places: HashPlaces): LogProofs {
  const tilesUnder = tileSource(places)
  return {
    async receipt({ head, edge, signed }, index) {
      requireRange(index, index + 1, head.size)
      const [leafHash] = (await leafHashesFrom(places.store, index, index + 1)) as readonly [Uint8Array]
      const hashes = await withNodes(head.size, tilesUnder(edge), (node) => inclusionProof(index, head.size, node))
      checked(() => checkInclusion(leafHash, index, head.size, hashes, head.root))
      return { index, leafHash, ...provenBy(index, hashes, signed), isDuplicate: false }
    },
    async consistency({ head, edge }, from, to) {
      requireRange(from, to, head.size)
      if (from === 0 || from === to) return []
      const { hashes, roots } = await withNodes(head.size, tilesUnder(edge), (node) => ({
        hashes: consistencyProof(from, to, node),
        roots: [from, to, head.size].map((size) => rangeRoot(0, size, node)) as [Uint8Array, Uint8Array, Uint8Array],
      }))
      checked(() => {
        checkConsistency(from, to, roots[0], roots[1], hashes)
        checkConsistency(head.size, head.size, roots[2], head.root, [])
      })
      return hashes
    },
  }
}

/** Throws {@link EvidenceLogError} `index_out_of_range` unless the entries from `from` up to `to` are in a log of `size`. */
export function requireRange(from: number, to: number, size: number): void {
  if (Number.isSafeInteger(from) && Number.isSafeInteger(to) && 0 <= from && from <= to && to <= size) return
  throw new EvidenceLogError('index_out_of_range', `entries ${from} to ${to} of a log of ${size}`)
}

function provenBy(
  index: number,
  hashes: readonly Uint8Array[],
  { note }: SignedCheckpoint,
): Pick<Receipt, 'proof' | 'checkpoint'> {
  return { proof: formatTlogProof({ index, hashes, checkpoint: note, extra: null }), checkpoint: note }
}

function checked(check: () => void): void {
  try {
    check()
  } catch (cause) {
    if (!(cause instanceof TlogError)) throw cause
    throw new EvidenceLogError('log_corrupt', `the tiles do not lead to the signed root: ${cause.message}`, { cause })
  }
}
