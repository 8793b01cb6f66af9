import {
  appendLeaf,
  checkInclusion,
  decodeTile,
  EMPTY_FRONTIER,
  type Frontier,
  frontierRoot,
  inclusionProof,
  leafHash,
  TILE_WIDTH,
  tilesOfTree,
} from '@countersign/verify'
import { expect, test } from 'vitest'
import { testEntries } from './log.fixtures.ts'
import {
  decodeEdge,
  EMPTY_EDGE,
  edgeFromTiles,
  edgeNodes,
  edgeRoot,
  edgeTile,
  encodeEdge,
  growEdge,
  pruneEdge,
} from './tree-edge.ts'

const leaves = testEntries(0, 70_000).map(leafHash)
const sizes = [1, 2, 3, 255, 256, 257, 511, 512, 700, 65_535, 65_536, 65_537, 70_000]

test('an edge that grows and is pruned has the root of the tree, and proves what it gained', () => {
  let edge = EMPTY_EDGE
  let frontier: Frontier = EMPTY_FRONTIER
  for (const size of sizes) {
    const added = leaves.slice(edge.size, size)
    const grown = growEdge(edge, added)
    frontier = added.reduce(appendLeaf, frontier)
    const root = edgeRoot(grown)
    expect(root).toEqual(frontierRoot(frontier))
    for (let index = edge.size; index < size; index += Math.ceil(added.length / 50)) {
      checkInclusion(leaves[index] as Uint8Array, index, size, inclusionProof(index, size, edgeNodes(grown)), root)
    }
    edge = pruneEdge(grown)
    expect(edgeRoot(edge)).toEqual(root)
    expect(Math.max(...edge.rows.map(({ hashes }) => hashes.length))).toBeLessThan(TILE_WIDTH)
  }
})

test('an edge is the same when it is rebuilt from the tiles that it wrote', () => {
  for (const size of sizes) {
    const grown = growEdge(EMPTY_EDGE, leaves.slice(0, size))
    const partial = [...tilesOfTree(size)].filter(({ width, level }) => width < TILE_WIDTH && level !== 'entries')
    const levels = [0, 1, 2].filter((level) => size >= TILE_WIDTH ** level)
    const tiles = levels.map((level) => {
      const tile = partial.find((candidate) => candidate.level === level)
      return tile === undefined ? [] : decodeTile(edgeTile(grown, level, tile), tile.width)
    })
    const rebuilt = edgeFromTiles(size, tiles)
    const pruned = pruneEdge(grown)
    expect(rebuilt.rows.slice(0, pruned.rows.length)).toEqual(pruned.rows)
    const added = leaves.slice(0, 300)
    expect(edgeRoot(growEdge(rebuilt, added))).toEqual(edgeRoot(growEdge(pruned, added)))
  }
})

test('growing leaves the edge that it began with as it was', () => {
  const edge = growEdge(EMPTY_EDGE, leaves.slice(0, 300))
  const root = edgeRoot(edge)
  growEdge(edge, leaves.slice(300, 900))
  expect(edge.size).toBe(300)
  expect(edgeRoot(edge)).toEqual(root)
})

test('an edge that was written down and read again is enough to go on, and to prove what it gains', () => {
  for (const size of [0, ...sizes]) {
    const grown = growEdge(EMPTY_EDGE, leaves.slice(0, size))
    const bytes = encodeEdge(grown)
    expect(encodeEdge(pruneEdge(grown))).toEqual(bytes)
    const read = decodeEdge(size, bytes)
    if (read === null) throw new Error(`the edge of ${size} leaves cannot be read`)
    expect(edgeRoot(read)).toEqual(edgeRoot(grown))
    const added = leaves.slice(0, 300)
    const [onRead, onGrown] = [growEdge(read, added), growEdge(grown, added)]
    expect(encodeEdge(onRead)).toEqual(encodeEdge(onGrown))
    for (const index of [size, size + 1, size + 299]) {
      const proof = inclusionProof(index, size + 300, edgeNodes(onRead))
      checkInclusion(added[index - size] as Uint8Array, index, size + 300, proof, edgeRoot(onGrown))
    }
  }
})

test('bytes that are not as many as the tree has peaks are no edge', () => {
  const bytes = encodeEdge(growEdge(EMPTY_EDGE, leaves.slice(0, 7)))
  for (const changed of [bytes.subarray(1), bytes.subarray(0, 64), Buffer.concat([bytes, Buffer.alloc(32)])]) {
    expect(decodeEdge(7, changed)).toBeNull()
  }
  expect(decodeEdge(8, bytes)).toBeNull()
  expect(decodeEdge(0, new Uint8Array(0))).toEqual(EMPTY_EDGE)
})
