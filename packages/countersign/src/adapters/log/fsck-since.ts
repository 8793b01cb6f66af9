import { equalBytes, HASH_BYTES, leafHash, parseTilePath, TILE_WIDTH, tilePath, utf8 } from '@countersign/verify'
import { EvidenceLogError, type SignedCheckpoint } from '../../workflows/ports/evidence-log.ts'
import type { ObjectStore } from '../../workflows/ports/object-store.ts'
import type { Finding } from './fsck-finding.ts'
import { type PublisherParts, publish } from './publish.ts'
import { CHECKPOINT, readPublished } from './published-checkpoint.ts'
import { isSameHead } from './standing.ts'
import { hashesOnLevel } from './tile-reader.ts'
import { leafHashesFrom } from './tile-source.ts'

/** Something that is wrong with what was added to a log; as {@link Finding}, and `shrunk` where it has less than it had. */
export interface AddedFinding {
  readonly file: string
  readonly code: Finding['code'] | 'shrunk'
  readonly message: string
}

/**
 * Checks what was published since an earlier checkpoint, up to which everything was checked then, and that the log still continues that
 * one. What lies before it is not read again, but for the tiles on the edge between the two. Rejects as the stores do.
 */
export async function* fsckSince(
  parts: PublisherParts,
  { note, checkpoint: before }: SignedCheckpoint,
): AsyncGenerator<AddedFinding> {
  const published = await readPublished(parts.objects, parts.trust)
  const size = published?.checkpoint.size ?? 0
  if (published === null || size < before.size) {
    const message = `${before.size} entries were published when it was last checked, and now ${size} are`
    yield { file: CHECKPOINT, code: 'shrunk', message }
    return
  }
  if (size === before.size && !isSameHead(published.checkpoint, before)) {
    yield { file: CHECKPOINT, code: 'differs', message: `another tree of ${size} entries was checked before` }
    return
  }
  const findings: AddedFinding[] = []
  try {
    // What would be published is what must be there.
    await publish(
      published,
      { ...parts, objects: comparing({ objects: parts.objects, note: utf8(note), size }, findings) },
      null,
    )
    yield* findings
    yield* changedEntries(parts, before.size, size)
  } catch (error) {
    yield* findings
    if (!(error instanceof EvidenceLogError)) throw error
    yield { file: CHECKPOINT, code: 'differs', message: error.message }
  }
}

interface Compared {
  readonly objects: ObjectStore
  readonly note: Uint8Array
  /** How many entries are published now. */
  readonly size: number
}

/** A store where what is put must be there already, and whose checkpoint is an older one. Changes nothing. */
function comparing({ objects, note, size }: Compared, findings: AddedFinding[]): ObjectStore {
  return {
    get: async (path) =>
      path === CHECKPOINT ? note : ((await objects.get(path)) ?? (await beginningOf(path, size, objects))),
    putOnce: async (file, bytes) => {
      const stored = await objects.get(file)
      if (stored === null) findings.push({ file, code: 'missing', message: 'no such file' })
      else if (!equalBytes(stored, bytes)) findings.push({ file, code: 'differs', message: 'contradicts the record' })
    },
    replace: async () => {},
    list: async function* () {},
    remove: async () => {},
    hold: async () => {},
    close: async () => {},
  }
}

/** A partial tile of hashes that was removed when a wider one took its place, which begins as it did; null where there is none. */
async function beginningOf(path: string, size: number, objects: ObjectStore): Promise<Uint8Array | null> {
  const tile = parseTilePath(path)
  if (tile.level === 'entries') return null
  const width = Math.min(TILE_WIDTH, hashesOnLevel(size, tile.level) - tile.index * TILE_WIDTH)
  const wider = width > tile.width ? await objects.get(tilePath({ ...tile, width })) : null
  return wider === null ? null : wider.subarray(0, tile.width * HASH_BYTES)
}

/** Entries of the record that do not have the leaf hash that it has for them, and that the tree is made of. */
async function* changedEntries({ store }: PublisherParts, from: number, to: number): AsyncGenerator<AddedFinding> {
  for (let start = from; start < to; start += RUN) {
    const hashes = await leafHashesFrom(store, start, Math.min(start + RUN, to))
    for await (const run of store.entries(start, Math.min(start + RUN, to))) {
      for (const { index, entry } of run) {
        if (equalBytes(leafHash(entry), hashes[index - start] ?? new Uint8Array(0))) continue
        const message = `entry ${index} does not have the leaf hash that the record has for it`
        yield { file: 'evidence.db', code: 'differs', message }
      }
    }
  }
}

const RUN = 1_024
