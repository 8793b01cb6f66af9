import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { utf8 } from '../bytes/encoding.ts'
import {
  decodeBundle,
  decodeTile,
  encodeBundle,
  MAX_ENTRY_BYTES,
  parseTilePath,
  type Tile,
  tilePath,
  tilesOfGrowth,
  tilesOfTree,
} from './tile.ts'

describe('a tile path', () => {
  test.for([
    { tile: { level: 0, index: 0, width: 256 }, path: 'tile/0/000' },
    { tile: { level: 0, index: 0, width: 5 }, path: 'tile/0/000.p/5' },
    { tile: { level: 'entries', index: 273, width: 112 }, path: 'tile/entries/273.p/112' },
    { tile: { level: 1, index: 999, width: 256 }, path: 'tile/1/999' },
    { tile: { level: 1, index: 1_000, width: 256 }, path: 'tile/1/x001/000' },
    { tile: { level: 5, index: 1_234_067, width: 255 }, path: 'tile/5/x001/x234/067.p/255' },
    { tile: { level: 63, index: Number.MAX_SAFE_INTEGER, width: 1 }, path: 'tile/63/x009/x007/x199/x254/x740/991.p/1' },
  ] as const)('$path is written and read back', ({ tile, path }) => {
    expect(tilePath(tile)).toBe(path)
    expect(parseTilePath(path)).toEqual(tile)
  })

  test.for([
    { name: 'nothing', path: '' },
    { name: 'a level past 63', path: 'tile/64/000' },
    { name: 'a level with a leading zero', path: 'tile/00/000' },
    { name: 'a level of three digits', path: 'tile/100/000' },
    { name: 'a negative level', path: 'tile/-1/000' },
    { name: 'an index of two digits', path: 'tile/0/00' },
    { name: 'groups without x', path: 'tile/0/123/456/078' },
    { name: 'x on the last group', path: 'tile/0/x123/x456' },
    { name: 'a leading group of zeros', path: 'tile/0/x000/001' },
    { name: 'an index past 2^53 - 1', path: 'tile/0/x009/x007/x199/x254/x740/992' },
    { name: 'seven groups', path: 'tile/0/x001/x001/x001/x001/x001/x001/001' },
    { name: 'an empty width', path: 'tile/0/000.p/' },
    { name: 'no width at all', path: 'tile/0/000.p' },
    { name: 'a width of none', path: 'tile/0/000.p/0' },
    { name: 'a full width as a partial one', path: 'tile/0/000.p/256' },
    { name: 'a width with a leading zero', path: 'tile/0/000.p/05' },
    { name: 'a folder above', path: '../tile/0/000' },
    { name: 'a slash before', path: '/tile/0/000' },
    { name: 'a newline after', path: 'tile/0/000\n' },
    { name: 'a slash after', path: 'tile/0/000/' },
    { name: 'digits of another script', path: 'tile/٣/000' },
    { name: 'another kind of tile', path: 'tile/data/000' },
    { name: 'a million groups', path: `tile/0/${'x001/'.repeat(200_000)}001` },
  ])('is refused with $name', ({ path }) => {
    expect(() => parseTilePath(path)).toThrow(expect.objectContaining({ name: 'TlogError', code: 'malformed_path' }))
  })

  test('names one tile, and every tile has one', () => {
    const level = fc.oneof(fc.nat(63), fc.constant('entries' as const))
    const tile = fc.record({ level, index: fc.maxSafeNat(), width: fc.integer({ min: 1, max: 256 }) })
    fc.assert(
      fc.property(tile, (given) => {
        expect(parseTilePath(tilePath(given))).toEqual(given)
      }),
      { numRuns: 200 },
    )
  })

  test('that is arbitrary is read or refused with a code', () => {
    const piece = fc.constantFrom('tile', '/', 'entries', '000', 'x001', '.p', '12', '-', '\n', '9'.repeat(30))
    const path = fc.oneof(
      fc.string(),
      fc.array(piece, { maxLength: 12 }).map((parts) => parts.join('')),
    )
    fc.assert(
      fc.property(path, (text) => codedOnly(() => parseTilePath(text))),
      { numRuns: 500 },
    )
  })
})

describe('the tiles of a tree', () => {
  const paths = (tiles: Iterable<Tile>): string[] => Array.from(tiles, tilePath)

  test('of 70,000 leaves are those that the specification counts', () => {
    const counted = paths(tilesOfTree(70_000))
    const level = (prefix: string): string[] => counted.filter((path) => path.startsWith(prefix))
    expect(level('tile/entries/')).toHaveLength(274)
    expect(level('tile/0/')).toHaveLength(274)
    expect(level('tile/0/').at(-1)).toBe('tile/0/273.p/112')
    expect(level('tile/1/')).toEqual(['tile/1/000', 'tile/1/001.p/17'])
    expect(level('tile/2/')).toEqual(['tile/2/000.p/1'])
    expect(counted).toHaveLength(274 + 274 + 2 + 1)
  })

  test.for([
    { name: 'nothing grew', from: 5, to: 5, written: [] },
    { name: 'the first entry', from: 0, to: 1, written: ['tile/entries/000.p/1', 'tile/0/000.p/1'] },
    { name: 'one more entry', from: 5, to: 6, written: ['tile/entries/000.p/6', 'tile/0/000.p/6'] },
    { name: 'a tile fills', from: 255, to: 256, written: ['tile/entries/000', 'tile/0/000', 'tile/1/000.p/1'] },
    { name: 'the next tile begins', from: 256, to: 257, written: ['tile/entries/001.p/1', 'tile/0/001.p/1'] },
    {
      name: 'two tiles are crossed',
      from: 250,
      to: 520,
      written: [
        'tile/entries/000',
        'tile/entries/001',
        'tile/entries/002.p/8',
        'tile/0/000',
        'tile/0/001',
        'tile/0/002.p/8',
        'tile/1/000.p/2',
      ],
    },
    {
      name: 'two levels fill at once',
      from: 65_535,
      to: 65_536,
      written: ['tile/entries/255', 'tile/0/255', 'tile/1/000', 'tile/2/000.p/1'],
    },
  ])('that growth must write, when $name', ({ from, to, written }) => {
    expect(paths(tilesOfGrowth(from, to))).toEqual(written)
  })

  test('written by any two steps of growth cover those of the whole', () => {
    const step = fc.nat(1_500)
    fc.assert(
      fc.property(step, step, (first, second) => {
        const written = new Set([...paths(tilesOfGrowth(0, first)), ...paths(tilesOfGrowth(first, first + second))])
        return paths(tilesOfTree(first + second)).every((path) => written.has(path))
      }),
      { numRuns: 100 },
    )
  })
})

describe('an entry bundle', () => {
  const bundle = encodeBundle([utf8('one'), utf8(''), utf8('three')])

  test('holds big-endian lengths and the entries', () => {
    expect(Buffer.from(bundle).toString('latin1')).toBe('\0\x03one\0\0\0\x05three')
    expect(decodeBundle(bundle, 3).map((entry) => Buffer.from(entry).toString())).toEqual(['one', '', 'three'])
  })

  test('takes the longest entry and refuses one byte more', () => {
    expect(decodeBundle(encodeBundle([new Uint8Array(MAX_ENTRY_BYTES)]), 1)[0]).toHaveLength(MAX_ENTRY_BYTES)
    expect(() => encodeBundle([new Uint8Array(MAX_ENTRY_BYTES + 1)])).toThrow(
      expect.objectContaining({ name: 'TlogError', code: 'entry_too_large' }),
    )
  })

  test.for([
    { name: 'an entry too few', bytes: bundle, width: 4 },
    { name: 'an entry too many', bytes: bundle, width: 2 },
    { name: 'a last entry cut short', bytes: bundle.subarray(0, -1), width: 3 },
    { name: 'a length cut short', bytes: Uint8Array.of(0), width: 1 },
    { name: 'half a length of zero after it', bytes: Uint8Array.of(0, 0, 0), width: 2 },
    { name: 'a byte after it', bytes: Uint8Array.of(...bundle, 0), width: 3 },
    { name: 'nothing', bytes: new Uint8Array(0), width: 1 },
  ])('is refused with $name', ({ bytes, width }) => {
    expect(() => decodeBundle(bytes, width)).toThrow(expect.objectContaining({ code: 'malformed_bundle' }))
  })

  test('is read back as it was written', () => {
    const entries = fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 256 })
    fc.assert(
      fc.property(entries, (given) => {
        expect(decodeBundle(encodeBundle(given), given.length).map((entry) => [...entry])).toEqual(
          given.map((entry) => [...entry]),
        )
      }),
      { numRuns: 50 },
    )
  })

  test('that is arbitrary is read or refused with a code', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(256), (bytes, width) => {
        codedOnly(() => decodeBundle(bytes, width))
        codedOnly(() => decodeTile(bytes, width))
      }),
      { numRuns: 500 },
    )
  })
})

test.for([
  { name: 'a byte short', bytes: 63, width: 2 },
  { name: 'a hash more', bytes: 96, width: 2 },
  { name: 'empty', bytes: 0, width: 1 },
])('a tile is refused when it is $name', ({ bytes, width }) => {
  expect(() => decodeTile(new Uint8Array(bytes), width)).toThrow(expect.objectContaining({ code: 'malformed_tile' }))
})

function codedOnly(read: () => unknown): void {
  try {
    read()
  } catch (error) {
    expect(error).toMatchObject({ name: 'TlogError', code: expect.any(String) })
  }
}
