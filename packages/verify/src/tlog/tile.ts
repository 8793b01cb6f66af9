import { parseCount } from './checkpoint.ts'
import { HASH_BYTES } from './merkle.ts'
import { TlogError } from './tlog-error.ts'

/** How many hashes, or entries, a full tile holds: a subtree of height eight. */
export const TILE_WIDTH = 256

/** The longest entry that a bundle can carry. */
export const MAX_ENTRY_BYTES = 65_535

/** A tile of hashes, or a bundle of entries (`level: 'entries'`). It is partial when its width is below 256. */
export interface Tile {
  readonly level: number | 'entries'
  readonly index: number
  readonly width: number
}

/** The path below the log's prefix, as c2sp.org/tlog-tiles lays it out: `tile/0/x001/067.p/5`. */
export function tilePath({ level, index, width }: Tile): string {
  const digits = String(index)
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, '0').match(/.{3}/g) ?? []
  const folders = groups.map((group, at) => (at === groups.length - 1 ? group : `x${group}`)).join('/')
  return `tile/${level}/${folders}${width === TILE_WIDTH ? '' : `.p/${width}`}`
}

/** Reads a tile's path; the opposite of {@link tilePath}, one spelling a tile. Throws {@link TlogError} `malformed_path`. */
export function parseTilePath(path: string): Tile {
  const [, level, groups, partial] =
    /^tile\/(entries|\d{1,2})\/((?:x\d{3}\/){0,5}\d{3})(?:\.p\/(\d{1,3}))?$/.exec(path) ?? []
  if (level === undefined || groups === undefined) throw new TlogError('malformed_path', 'not the path of a tile')
  const tile: Tile = {
    level: level === 'entries' ? level : parseCount(level, 'malformed_path'),
    index: Number(groups.replaceAll(/[x/]/g, '')),
    width: partial === undefined ? TILE_WIDTH : parseCount(partial, 'malformed_path'),
  }
  const isInRange = Number.isSafeInteger(tile.index) && (tile.level === 'entries' || tile.level < 64)
  if (
    !isInRange ||
    (partial !== undefined && (tile.width < 1 || tile.width >= TILE_WIDTH)) ||
    tilePath(tile) !== path
  ) {
    throw new TlogError('malformed_path', 'a tile that cannot be, or another spelling of its path')
  }
  return tile
}

/** Lists every tile that a tree of `size` leaves has, lowest level first, entries before hashes, without holding them all. */
export function tilesOfTree(size: number): Generator<Tile> {
  return tilesOfGrowth(0, size)
}

/** Lists the tiles that must be written when a tree grows from `oldSize` to `newSize`, in the order of {@link tilesOfTree}. */
export function* tilesOfGrowth(oldSize: number, newSize: number): Generator<Tile> {
  yield* tilesOfLevel('entries', oldSize, newSize)
  let [from, to] = [oldSize, newSize]
  for (let level = 0; to > 0; level++) {
    yield* tilesOfLevel(level, from, to)
    ;[from, to] = [Math.floor(from / TILE_WIDTH), Math.floor(to / TILE_WIDTH)]
  }
}

/** Packs entries into a bundle. Throws {@link TlogError} `entry_too_large` past {@link MAX_ENTRY_BYTES}. */
export function encodeBundle(entries: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(entries.flatMap((entry) => [entryLength(entry), entry]))
}

/** Unpacks a bundle of `width` entries, as views on it. Throws {@link TlogError} `malformed_bundle`. */
export function decodeBundle(bundle: Uint8Array, width: number): readonly Uint8Array[] {
  const entries: Uint8Array[] = []
  let at = 0
  for (let count = 0; count < width; count++) {
    const length = ((bundle[at] ?? 0) << 8) | (bundle[at + 1] ?? 0)
    const end = at + 2 + length
    if (end > bundle.length) throw new TlogError('malformed_bundle', `entry ${count} of ${width} is cut short`)
    entries.push(bundle.subarray(at + 2, end))
    at = end
  }
  if (at !== bundle.length)
    throw new TlogError('malformed_bundle', `${bundle.length - at} bytes follow ${width} entries`)
  return entries
}

/** Unpacks a tile of `width` hashes, as views on it. Throws {@link TlogError} `malformed_tile`. */
export function decodeTile(bytes: Uint8Array, width: number): readonly Uint8Array[] {
  if (bytes.length !== width * HASH_BYTES) {
    throw new TlogError('malformed_tile', `${bytes.length} bytes where ${width} hashes belong`)
  }
  return Array.from({ length: width }, (_, at) => bytes.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES))
}

function* tilesOfLevel(level: Tile['level'], from: number, to: number): Generator<Tile> {
  if (from === to) return
  for (let index = Math.floor(from / TILE_WIDTH); index * TILE_WIDTH < to; index++) {
    yield { level, index, width: Math.min(TILE_WIDTH, to - index * TILE_WIDTH) }
  }
}

function entryLength({ length }: Uint8Array): Uint8Array {
  if (length > MAX_ENTRY_BYTES) throw new TlogError('entry_too_large', `an entry of ${length} bytes`)
  return Uint8Array.of(length >> 8, length & 0xff)
}
