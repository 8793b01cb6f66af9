import {
  type Checkpoint,
  decodeBundle,
  decodeTile,
  equalBytes,
  HASH_BYTES,
  leafHash,
  TILE_WIDTH,
  TlogError,
  tilePath,
} from '@countersign/verify'
import type { FileReader, Finding } from './fsck-finding.ts'
import { CHECKPOINT } from './published-checkpoint.ts'
import { hashesOnLevel, perfectRoot } from './tile-reader.ts'
import { edgeFromTiles, edgeRoot } from './tree-edge.ts'

type Hashes = readonly Uint8Array[]

/** Two witnesses of the same hashes: a tile's own file, and what lies below it. Null when one cannot testify. */
interface Testimony {
  readonly level: number
  readonly index: number
  readonly stored: Hashes | null
  readonly below: Hashes | null
}

/**
 * Recomputes the tree from its entries and holds every tile against it. Where a tile and what lies below it disagree, the node
 * above decides which of the two is damaged; at the right edge, the signed root does.
 */
export async function* checkTree({ size, root }: Checkpoint, read: FileReader): AsyncGenerator<Finding> {
  const unfinished: Uint8Array[][] = []
  for (let index = 0; index * TILE_WIDTH < size - (size % TILE_WIDTH); index++) {
    let testimony: Testimony = yield* testimonyOf(0, index, TILE_WIDTH, null, read)
    for (let level = 1; ; level++) {
      const above = unfinished[level] ?? []
      unfinished[level] = above
      above.push(perfectRoot(yield* settleFull(testimony, size, read)))
      if (above.length < TILE_WIDTH) break
      unfinished[level] = []
      testimony = yield* testimonyOf(level, Math.floor(testimony.index / TILE_WIDTH), TILE_WIDTH, above, read)
    }
  }
  const edge: Testimony[] = []
  for (let level = 0; hashesOnLevel(size, level) > 0; level++) {
    const count = hashesOnLevel(size, level)
    const [index, width] = [Math.floor(count / TILE_WIDTH), count % TILE_WIDTH]
    if (width === 0) edge.push({ level, index, stored: [], below: [] })
    else edge.push(yield* testimonyOf(level, index, width, unfinished[level] ?? null, read))
  }
  yield* settleEdge(edge, size, root)
}

/** Hears both witnesses of one tile. `computed` is what lies below it; null for level 0, where that is the bundle. */
async function* testimonyOf(
  level: number,
  index: number,
  width: number,
  computed: Hashes | null,
  read: FileReader,
): AsyncGenerator<Finding, Testimony> {
  const stored = yield* readParts(tilePath({ level, index, width }), (bytes) => decodeTile(bytes, width), read)
  if (level > 0) return { level, index, stored, below: computed }
  const bundle = tilePath({ level: 'entries', index, width })
  const below = yield* readParts(bundle, (bytes) => decodeBundle(bytes, width).map(leafHash), read)
  return { level, index, stored, below }
}

async function* readParts(
  file: string,
  decode: (bytes: Uint8Array) => Hashes,
  read: FileReader,
): AsyncGenerator<Finding, Hashes | null> {
  const { bytes, ...rest } = await read(file)
  if (bytes === null) {
    if ('finding' in rest) yield rest.finding
    return null
  }
  try {
    return decode(bytes)
  } catch (error) {
    if (!(error instanceof TlogError)) throw error
    yield { file, code: 'malformed', message: error.message }
    return null
  }
}

/** Decides which hashes of a full tile to go on with. */
async function* settleFull(testimony: Testimony, size: number, read: FileReader): AsyncGenerator<Finding, Hashes> {
  const { level, index, stored, below } = testimony
  if (stored !== null && below !== null && sameHashes(stored, below)) return stored
  const decided = await readNodeAbove(level, index, size, read)
  const holds = (hashes: Hashes): boolean => decided !== null && equalBytes(perfectRoot(hashes), decided)
  const isUndecided = decided === null && (stored === null || below === null)
  if (stored !== null && !holds(stored) && !isUndecided) yield storedDiffers(testimony, TILE_WIDTH)
  if (below !== null && !holds(below) && decided !== null) yield* belowDiffers(testimony, TILE_WIDTH)
  if (stored !== null && holds(stored)) return stored
  return below ?? stored ?? UNKNOWN_TILE
}

/** The hash of a full tile as the tile above it has it, or null when that cannot be read; it is reported when its turn comes. */
async function readNodeAbove(level: number, index: number, size: number, read: FileReader): Promise<Uint8Array | null> {
  const above = Math.floor(index / TILE_WIDTH)
  const width = Math.min(TILE_WIDTH, hashesOnLevel(size, level + 1) - above * TILE_WIDTH)
  const { bytes } = await read(tilePath({ level: level + 1, index: above, width }))
  if (bytes?.length !== width * HASH_BYTES) return null
  const start = (index % TILE_WIDTH) * HASH_BYTES
  return bytes.subarray(start, start + HASH_BYTES)
}

/** Decides among the witnesses of the partial tiles by the signed root: one choice of them must lead to it. */
function* settleEdge(edge: readonly Testimony[], size: number, root: Uint8Array): Generator<Finding> {
  const choices = choicesOf(edge)
  const right = choices.find((hashes) => equalBytes(edgeRoot(edgeFromTiles(size, hashes)), root))
  if (choices.length > 0 && right === undefined) {
    yield { file: CHECKPOINT, code: 'differs', message: 'its root is not that of the tiles and entries' }
  }
  for (const [level, testimony] of edge.entries()) {
    const { stored, below } = testimony
    const width = hashesOnLevel(size, level) % TILE_WIDTH
    const decided = right?.[level] ?? below
    if (decided === null) continue
    if (stored !== null && !sameHashes(stored, decided)) yield storedDiffers(testimony, width)
    if (below !== null && !sameHashes(below, decided)) yield* belowDiffers(testimony, width)
  }
}

/** Every way to believe one witness per level. */
function choicesOf(edge: readonly Testimony[]): readonly (readonly Hashes[])[] {
  return edge.reduce<readonly (readonly Hashes[])[]>(
    (choices, { stored, below }) => {
      const witnesses = [stored, below].filter((hashes) => hashes !== null)
      return choices.flatMap((chosen) => witnesses.map((hashes) => [...chosen, hashes]))
    },
    [[]],
  )
}

function storedDiffers({ level, index }: Testimony, width: number): Finding {
  return differs(tilePath({ level, index, width }))
}

function* belowDiffers({ level, index, stored, below }: Testimony, width: number): Generator<Finding> {
  if (level === 0) yield differs(tilePath({ level: 'entries', index, width }))
  for (const [at, hash] of level === 0 ? [] : (below ?? []).entries()) {
    const expected = stored?.[at]
    if (expected === undefined || equalBytes(hash, expected)) continue
    yield differs(tilePath({ level: level - 1, index: index * TILE_WIDTH + at, width: TILE_WIDTH }))
  }
}

function differs(file: string): Finding {
  return { file, code: 'differs', message: 'contradicts the tree that the log signed' }
}

function sameHashes(a: Hashes, b: Hashes): boolean {
  return a.length === b.length && a.every((hash, at) => equalBytes(hash, b[at] as Uint8Array))
}

const UNKNOWN_TILE: Hashes = Array(TILE_WIDTH).fill(new Uint8Array(HASH_BYTES))
