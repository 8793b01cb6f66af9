import {
  appendLeaf,
  type Checkpoint,
  EMPTY_FRONTIER,
  emptyRoot,
  equalBytes,
  frontierRoot,
  HASH_BYTES,
  leafHash,
} from '@countersign/verify'
import type { LogHead, LogStore } from '../../workflows/ports/log-store.ts'
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
  let frontier = EMPTY_FRONTIER
  let isWhole = true
  if (published?.size === 0) yield* publishedDiffers(emptyRoot(), published)
  for await (const { index, entry, stored } of places(store, head.size)) {
    if (stored === null) yield { code: 'missing', message: `the leaf hash of entry ${index} is gone` }
    if (entry === null) yield { code: 'missing', message: `entry ${index} is gone` }
    const computed = entry === null ? null : leafHash(entry)
    if (stored !== null && computed !== null && !equalBytes(stored, computed)) {
      yield { code: 'differs', message: `entry ${index} does not have the leaf hash that the record has for it` }
    }
    const leaf = computed ?? stored
    if (leaf === null) isWhole = false
    else frontier = appendLeaf(frontier, leaf)
    if (isWhole && published?.size === frontier.size) yield* publishedDiffers(frontierRoot(frontier), published)
  }
  if (isWhole) yield* headDiffers(head, frontierRoot(frontier))
  if (published !== null && published.size > head.size) {
    yield { code: 'missing', message: `${published.size} entries were published, and the record has ${head.size}` }
  }
}

interface PlaceOfRecord {
  readonly index: number
  readonly entry: Uint8Array | null
  readonly stored: Uint8Array | null
}

/** Every place from 0 up to `size` with its entry and leaf hash, null where there is none. */
async function* places(store: LogStore, size: number): AsyncGenerator<PlaceOfRecord> {
  for (let start = 0; start < size; start += RUN) {
    const end = Math.min(start + RUN, size)
    const hashes = await hashesFrom(store, start, end)
    const entries = new Map<number, Uint8Array>()
    for await (const { index, entry } of store.entries(start, end)) entries.set(index, entry)
    for (let index = start; index < end; index++) {
      yield { index, entry: entries.get(index) ?? null, stored: hashes[index - start] ?? null }
    }
  }
}

const RUN = 1_024

/** The leaf hashes of a run; read one by one where some are gone, to see which. */
async function hashesFrom(store: LogStore, from: number, to: number): Promise<readonly (Uint8Array | null)[]> {
  const bytes = await joined(store.leafHashes(from, to))
  if (bytes.length === (to - from) * HASH_BYTES) {
    return Array.from({ length: to - from }, (_, at) => bytes.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES))
  }
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
