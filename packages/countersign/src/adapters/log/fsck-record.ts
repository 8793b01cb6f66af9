import {
  appendLeaf,
  type Checkpoint,
  EMPTY_FRONTIER,
  emptyRoot,
  equalBytes,
  type Frontier,
  frontierRoot,
  HASH_BYTES,
  leafHash,
} from '@countersign/verify'
import type { LogHead, LogStore } from '../../workflows/ports/log-store.ts'
import { perfectRoot } from './tile-reader.ts'
import { decodeEdge, edgeRoot } from './tree-edge.ts'

/** Something that is wrong with the record of a log: `differs` from what its tree says, or `missing` in it. */
export interface RecordFinding {
  readonly code: 'differs' | 'missing'
  readonly message: string
}

/**
 * Recomputes the tree from the record's entries and holds hashes, head and the published checkpoint against it; gives every finding
 * as it comes, naming the entry. Reads only, and memory does not grow with the log. Rejects as the store does.
 */
export async function* fsckRecord(store: LogStore, published: Checkpoint | null): AsyncGenerator<RecordFinding> {
  const head = await store.head()
  if (head === null) {
    yield { code: 'missing', message: 'the record of this log is gone' }
    return
  }
  if (published?.size === 0) yield* publishedDiffers(emptyRoot(), published)
  // A tree whose leaves are the roots of whole runs, and behind it the peaks of the last, unfinished one.
  let runs: Frontier | null = EMPTY_FRONTIER
  let rest: readonly Uint8Array[] = []
  for (let start = 0; start < head.size; start += RUN) {
    const leaves: Uint8Array | null = yield* leavesOf(store, start, Math.min(start + RUN, head.size))
    if (leaves === null || runs === null) {
      runs = null
      continue
    }
    const within = (published?.size ?? 0) - start
    if (published !== null && within > 0 && within * HASH_BYTES <= leaves.length) {
      yield* publishedDiffers(rootOf(runs, peaksOf(leaves.subarray(0, within * HASH_BYTES))), published)
    }
    if (leaves.length === RUN * HASH_BYTES) runs = appendLeaf(runs, ...(peaksOf(leaves) as [Uint8Array]))
    else rest = peaksOf(leaves)
  }
  if (runs !== null) yield* headDiffers(head, rootOf(runs, rest))
  if (published !== null && published.size > head.size) {
    yield { code: 'missing', message: `${published.size} entries were published, and the record has ${head.size}` }
  }
}

/** Rows that are checked at once: a power of two, so that they are a subtree. */
const RUN = 1_024

/** The leaf hashes of a run, by its entries where those are there; null where the hash of an entry that is gone is gone too. */
async function* leavesOf(store: LogStore, from: number, to: number): AsyncGenerator<RecordFinding, Uint8Array | null> {
  const stored = await joined(store.leafHashes(from, to))
  const computed = Buffer.alloc((to - from) * HASH_BYTES)
  const isThere = new Uint8Array(to - from)
  for await (const run of store.entries(from, to)) {
    for (const { index, entry } of run) {
      computed.set(leafHash(entry), (index - from) * HASH_BYTES)
      isThere[index - from] = 1
    }
  }
  if (!isThere.includes(0) && computed.equals(stored)) return computed
  const hashes = await hashesFrom(store, from, to)
  let isWhole = true
  for (const [at, hash] of hashes.entries()) {
    const index = from + at
    const own = computed.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES)
    if (hash === null) yield { code: 'missing', message: `the leaf hash of entry ${index} is gone` }
    if (isThere[at] === 0) yield { code: 'missing', message: `entry ${index} is gone` }
    if (hash !== null && isThere[at] === 1 && !equalBytes(hash, own)) {
      yield { code: 'differs', message: `entry ${index} does not have the leaf hash that the record has for it` }
    }
    if (isThere[at] === 1) continue
    if (hash === null) isWhole = false
    else own.set(hash)
  }
  return isWhole ? computed : null
}

/** The leaf hashes of a run, one by one, to see which are gone. */
async function hashesFrom(store: LogStore, from: number, to: number): Promise<readonly (Uint8Array | null)[]> {
  const hashes: (Uint8Array | null)[] = []
  for (let index = from; index < to; index++) {
    const hash = await joined(store.leafHashes(index, index + 1))
    hashes.push(hash.length === HASH_BYTES ? hash : null)
  }
  return hashes
}

async function joined(runs: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for await (const run of runs) parts.push(run)
  return Buffer.concat(parts)
}

/** The roots of the perfect subtrees over some leaf hashes, largest first. */
function peaksOf(leaves: Uint8Array): readonly Uint8Array[] {
  const peaks: Uint8Array[] = []
  for (let at = 0; at < leaves.length; ) {
    const width = 2 ** Math.floor(Math.log2((leaves.length - at) / HASH_BYTES)) * HASH_BYTES
    peaks.push(perfectRoot([leaves.subarray(at, at + width)]))
    at += width
  }
  return peaks
}

function rootOf(runs: Frontier, rest: readonly Uint8Array[]): Uint8Array {
  return frontierRoot({ size: runs.size * RUN + rest.length, peaks: [...runs.peaks, ...rest] })
}

function* publishedDiffers(root: Uint8Array, { size, root: signed }: Checkpoint): Generator<RecordFinding> {
  if (equalBytes(root, signed)) return
  yield { code: 'differs', message: `the record does not lead to the published root of size ${size}` }
}

function* headDiffers({ size, root, edge }: LogHead, computed: Uint8Array): Generator<RecordFinding> {
  if (!equalBytes(root, computed)) {
    yield { code: 'differs', message: `the record does not lead to the root that it names for size ${size}` }
  }
  const peaks = decodeEdge(size, edge)
  if (peaks === null || !equalBytes(edgeRoot(peaks), computed)) {
    yield { code: 'differs', message: `the record does not lead to the edge that it keeps for size ${size}` }
  }
}
