import { equalBytes, formatTlogProof, inclusionProof, leafHash, TILE_WIDTH } from '@countersign/verify'
import {
  EvidenceLogError,
  type LoggedEntry,
  type Receipt,
  type SignedCheckpoint,
} from '../../workflows/ports/evidence-log.ts'
import { translated } from './commit-writer.ts'
import { readProofNodes, type TileReader } from './tile-reader.ts'

/** Reads what a checkpoint covers. Both reject with {@link EvidenceLogError} `index_out_of_range` or `log_corrupt`. */
export interface LogReader {
  entries(signed: SignedCheckpoint, from: number, to: number): AsyncIterable<LoggedEntry>
  receipt(signed: SignedCheckpoint, index: number): Promise<Receipt>
}

/** A reader of a log's tiles that keeps the last bundle: whoever reads entries one by one mostly reads neighbours. */
export function logReader(tiles: TileReader): LogReader {
  let last: { readonly index: number; readonly entries: readonly Uint8Array[] } | null = null
  const readBundle = async (index: number, width: number): Promise<readonly Uint8Array[]> => {
    if (last?.index === index && last.entries.length === width) return last.entries
    const entries = await readCheckedBundle(tiles, index, width)
    last = { index, entries }
    return entries
  }
  return {
    async *entries({ checkpoint: { size } }, from, to) {
      requireRange(from, to, size)
      for (let index = Math.floor(from / TILE_WIDTH); index * TILE_WIDTH < to; index++) {
        const start = index * TILE_WIDTH
        const bundle = await readBundle(index, Math.min(TILE_WIDTH, size - start))
        for (let at = Math.max(start, from); at < Math.min(start + bundle.length, to); at++) {
          yield { index: at, entry: bundle[at - start] as Uint8Array }
        }
      }
    },
    async receipt({ note, checkpoint }, index) {
      requireRange(index, index + 1, checkpoint.size)
      const nodes = await translated(() => readProofNodes(tiles, index, checkpoint.size))
      const hashes = inclusionProof(index, checkpoint.size, nodes)
      const proof = formatTlogProof({ index, hashes, checkpoint: note, extra: null })
      return { index, leafHash: nodes(0, index), proof, checkpoint: note }
    },
  }
}

function readCheckedBundle(tiles: TileReader, index: number, width: number): Promise<readonly Uint8Array[]> {
  return translated(async () => {
    const [entries, hashes] = await Promise.all([tiles.entries(index, width), tiles.hashes(0, index, width)])
    if (entries.every((entry, at) => equalBytes(leafHash(entry), hashes[at] as Uint8Array))) return entries
    throw new EvidenceLogError('log_corrupt', `bundle ${index} does not have the hashes that the tree has for it`)
  })
}

function requireRange(from: number, to: number, size: number): void {
  if (Number.isSafeInteger(from) && Number.isSafeInteger(to) && 0 <= from && from <= to && to <= size) return
  throw new EvidenceLogError('index_out_of_range', `entries ${from} to ${to} of a log of ${size}`)
}
