import { toBase64 } from '@countersign/verify'
import type { Receipt, SignedCheckpoint } from '../../workflows/ports/evidence-log.ts'
import { edgeNodes, edgeRange, type TreeEdge } from './tree-edge.ts'

/**
 * Makes the receipts of leaves that have just been appended, from the nodes that growing the edge kept. The leaves of one commit share
 * most of their proofs, so that each hash is worked out and written once.
 */
export function receiptsOfNew(
  grown: TreeEdge,
  { note }: SignedCheckpoint,
): (index: number, leafHash: Uint8Array) => Receipt {
  const node = edgeNodes(grown)
  const lines: Map<number, string>[] = []
  const lineOf = (level: number, index: number): string => {
    lines[level] ??= new Map()
    const known = lines[level].get(index)
    if (known !== undefined) return known
    const isWhole = (index + 1) * 2 ** level <= grown.size
    const line = `${toBase64(isWhole ? node(level, index) : edgeRange(grown, index * 2 ** level))}\n`
    lines[level].set(index, line)
    return line
  }
  return (index, leafHash) => {
    let proof = `${HEADER}\nindex ${index}\n`
    // From the leaf upwards, the sibling at every level, where the tree has one (RFC 6962 2.1.1).
    for (let [level, at] = [0, index]; 2 ** level < grown.size; level++, at = Math.floor(at / 2)) {
      const sibling = at % 2 === 0 ? at + 1 : at - 1
      if (sibling * 2 ** level < grown.size) proof += lineOf(level, sibling)
    }
    return { index, leafHash, proof: `${proof}\n${note}`, checkpoint: note, isDuplicate: false }
  }
}

const HEADER = 'c2sp.org/tlog-proof@v1'
