import { leafHash } from '@countersign/verify'
import { EvidenceLogError, type NewEvidence, type Receipt } from '../../workflows/ports/evidence-log.ts'
import type { KnownEvidence, LogCommit, LogHead, LogRow } from '../../workflows/ports/log-store.ts'
import { edgeRoot, encodeEdge, growEdge, type TreeEdge } from './tree-edge.ts'

/** Somebody who waits for evidence to be appended. */
export interface WaitingAppend {
  readonly evidence: readonly NewEvidence[]
  readonly resolve: (receipts: readonly Receipt[]) => void
  readonly reject: (error: unknown) => void
}

/** Where one piece of evidence comes to lie, or lies already. */
export interface Place {
  readonly index: number
  readonly isDuplicate: boolean
}

/** Everything that one commit will do, worked out before any of it is done. */
export interface GroupPlan {
  readonly placed: readonly { readonly append: WaitingAppend; readonly places: readonly Place[] }[]
  readonly refused: readonly { readonly append: WaitingAppend; readonly error: EvidenceLogError }[]
  readonly commit: LogCommit
  /** The edge as it will be, with every node that a proof for the new leaves needs. */
  readonly grown: TreeEdge
}

/** What is planned on. */
export interface PlanGround {
  readonly head: LogHead
  readonly edge: TreeEdge
  readonly fence: bigint | null
  /** What the log is known to hold of this evidence; the rest is taken for new, and the store says if it is not. */
  readonly known: readonly KnownEvidence[]
}

/** Plans one commit for all who wait. An append is placed whole or refused whole, and keeps nobody else from being placed. */
export function planGroup(group: readonly WaitingAppend[], { head, edge, fence, known }: PlanGround): GroupPlan {
  const places = new Places(head.size, known)
  const placed: { append: WaitingAppend; places: readonly Place[] }[] = []
  const refused: { append: WaitingAppend; error: EvidenceLogError }[] = []
  for (const append of group) {
    const error = places.conflictOf(append.evidence)
    if (error === null) placed.push({ append, places: append.evidence.map((one) => places.placeOf(one)) })
    else refused.push({ append, error })
  }
  const { rows } = places
  const leaves = rows.map((row) => row.leafHash)
  const grown = growEdge(edge, leaves)
  const to = { origin: head.origin, size: grown.size, root: edgeRoot(grown), edge: encodeEdge(grown) }
  return { placed, refused, commit: { from: head, to, rows, fence }, grown }
}

class Places {
  readonly rows: LogRow[] = []
  readonly #size: number
  readonly #byDigest = new Map<string, number>()
  readonly #digestOfKey = new Map<string, string>()

  constructor(size: number, known: readonly KnownEvidence[]) {
    this.#size = size
    for (const { index, digest, idempotencyKey } of known) {
      this.#byDigest.set(digest, index)
      if (idempotencyKey !== null) this.#digestOfKey.set(idempotencyKey, digest)
    }
  }

  /** What forbids an append: a key that was used for other content, by another append or within this one. */
  conflictOf(evidence: readonly NewEvidence[]): EvidenceLogError | null {
    const own = new Map<string, string>()
    for (const { terms } of evidence) {
      const { digest, idempotencyKey: key } = terms
      if (key === null) continue
      const used = this.#digestOfKey.get(key) ?? own.get(key) ?? digest
      if (used !== digest) return new EvidenceLogError('duplicate_differs', 'the key was used for other evidence')
      own.set(key, digest)
    }
    return null
  }

  placeOf({ entry, terms }: NewEvidence): Place {
    const there = this.#byDigest.get(terms.digest)
    if (there !== undefined) return { index: there, isDuplicate: true }
    const index = this.#size + this.rows.length
    this.rows.push({ index, entry, terms, leafHash: leafHash(entry) })
    this.#byDigest.set(terms.digest, index)
    if (terms.idempotencyKey !== null) this.#digestOfKey.set(terms.idempotencyKey, terms.digest)
    return { index, isDuplicate: false }
  }
}
