import type { EvidenceTerms } from '../../../workflows/ports/evidence-log.ts'
import { bigintArray, byteaArray, textArray } from './binary-arrays.ts'
import { indexKeysOf, knownKeysOf } from './term-keys.ts'

/** What the index says of a block, all of whose rows are there. */
export interface SealedBlock {
  readonly block: number
  /** In which of its rows each key occurs, a byte a row; by key, ascending. */
  readonly places: ReadonlyMap<number, Uint8Array>
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
  // In the order of the tree, neighbours are written to the same page while it is at hand.
  const sorted = [...places].sort(([a], [b]) => a - b)
  return {
    block,
    places: new Map(sorted.map(([key, found]) => [key, Uint8Array.from(found)])),
    recordedMin,
    recordedMax,
    known: terms.flatMap(({ digest, idempotencyKey: own }, place) =>
      knownKeysOf([digest], own === null ? [] : [own]).map((key) => ({ key, seq: first + place })),
    ),
  }
}

/** The parameters of `seal_blocks`, in its order. */
export function sealValues(blocks: readonly SealedBlock[]): readonly Buffer[] {
  const known = blocks.flatMap((block) => block.known).sort((a, b) => a.key - b.key)
  const postings = blocks.flatMap(({ block, places }) => Array.from(places, ([key, found]) => ({ key, block, found })))
  return [
    bigintArray(postings.map(({ key }) => key)),
    bigintArray(postings.map(({ block }) => block)),
    byteaArray(postings.map(({ found }) => found)),
    bigintArray(blocks.map(({ block }) => block)),
    textArray(blocks.map(({ recordedMin }) => recordedMin)),
    textArray(blocks.map(({ recordedMax }) => recordedMax)),
    bigintArray(known.map(({ key }) => key)),
    bigintArray(known.map(({ seq }) => seq)),
  ]
}
