import type { EvidenceTerms } from '../../workflows/ports/evidence-log.ts'
import { indexKeysOf, knownKeysOf } from './term-keys.ts'

/** What the index says of a block, all of whose rows are there. */
export interface SealedBlock {
  readonly block: number
  /** In which of its rows each key occurs, a byte a row. */
  readonly places: ReadonlyMap<number, readonly number[]>
  readonly recordedMin: string
  readonly recordedMax: string
  /** The keys of digests and idempotency keys, each with the place of its row in the log. */
  readonly known: readonly { readonly key: number; readonly seq: number }[]
}

/** `first` is the place in the log of the first of the block's rows. */
export function sealBlock(block: number, first: number, terms: readonly EvidenceTerms[]): SealedBlock {
  const places = new Map<number, number[]>()
  let [recordedMin, recordedMax] = ['', '']
  for (const [place, one] of terms.entries()) {
    for (const key of indexKeysOf(one)) {
      const known = places.get(key)
      if (known === undefined) places.set(key, [place])
      else known.push(place)
    }
    if (place === 0 || one.recordedAt < recordedMin) recordedMin = one.recordedAt
    if (one.recordedAt > recordedMax) recordedMax = one.recordedAt
  }
  return {
    block,
    places,
    recordedMin,
    recordedMax,
    known: terms.flatMap(({ digest, idempotencyKey: own }, place) =>
      knownKeysOf([digest], own === null ? [] : [own]).map((key) => ({ key, seq: first + place })),
    ),
  }
}

/** The rows of the index for some blocks, in the order of its trees: neighbours are written to the same page while it is at hand. */
export function indexRows(blocks: readonly SealedBlock[]): {
  readonly postings: readonly { readonly key: number; readonly block: number; readonly places: Uint8Array }[]
  readonly known: SealedBlock['known']
} {
  const postings = blocks.flatMap(({ block, places }) =>
    Array.from(places, ([key, found]) => ({ key, block, places: Uint8Array.from(found) })),
  )
  return {
    postings: postings.sort((a, b) => a.key - b.key || a.block - b.block),
    known: blocks.flatMap((block) => block.known).sort((a, b) => a.key - b.key),
  }
}
