import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fromHex, toHex, utf8 } from '../bytes/encoding.ts'
import {
  appendLeaf,
  checkConsistency,
  checkInclusion,
  consistencyProof,
  EMPTY_FRONTIER,
  emptyRoot,
  frontierRoot,
  inclusionProof,
  leafHash,
  type NodeReader,
  nodeHash,
  parentHashes,
  rangeRoot,
  rootFromInclusionProof,
} from './merkle.ts'

const LARGEST = 255
const leaves = Array.from({ length: LARGEST + 1 }, (_, index) => leafHash(utf8(`entry ${index}`)))
// The definition of RFC 6962 §2.1, word for word and without any cleverness.
const roots = Array.from({ length: LARGEST + 1 }, (_, size) => naiveRoot(leaves.slice(0, size)))
const root = (size: number): Uint8Array => roots[size] as Uint8Array
const leaf = (index: number): Uint8Array => leaves[index] as Uint8Array
const node = memoised((level, index) => naiveRoot(leaves.slice(index * 2 ** level, (index + 1) * 2 ** level)))
const zeros = new Uint8Array(32)

test('the empty tree has the root of RFC 6962', () => {
  expect(toHex(emptyRoot())).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
})

test('the published RFC 6962 leaves lead to the published roots', () => {
  let frontier = EMPTY_FRONTIER
  for (const { entry, root: published } of PUBLISHED) {
    frontier = appendLeaf(frontier, leafHash(fromHex(entry)))
    expect(toHex(frontierRoot(frontier))).toBe(published)
  }
})

test('a frontier has the root of the recursive tree at every size', () => {
  let frontier = EMPTY_FRONTIER
  for (let size = 0; size <= LARGEST; size++) {
    expect(frontier.size).toBe(size)
    expect(frontierRoot(frontier)).toEqual(root(size))
    expect(rangeRoot(0, size, node)).toEqual(root(size))
    frontier = appendLeaf(frontier, leaf(size))
  }
})

test('the nodes above a row of hashes are those of each pair', () => {
  for (const count of [0, 2, 4, 256]) {
    const above = Array.from({ length: count / 2 }, (_, at) => nodeHash(leaf(2 * at), leaf(2 * at + 1)))
    expect(toHex(parentHashes(Buffer.concat(leaves.slice(0, count))))).toBe(above.map(toHex).join(''))
  }
})

test('every leaf of every size has an inclusion proof that leads to the recursive root', () => {
  for (let size = 1; size <= LARGEST; size++) {
    for (let index = 0; index < size; index++) {
      const proof = inclusionProof(index, size, node)
      if (!same(rootFromInclusionProof(leaf(index), index, size, proof), root(size))) {
        expect.fail(`leaf ${index} of ${size}`)
      }
    }
  }
})

test('every pair of sizes has a consistency proof that holds', () => {
  for (let size2 = 1; size2 <= LARGEST; size2++) {
    for (let size1 = 1; size1 <= size2; size1++) {
      checkConsistency(size1, size2, root(size1), root(size2), consistencyProof(size1, size2, node))
    }
  }
})

const inclusion = { leaf: leaf(6), index: 6, size: 7, proof: inclusionProof(6, 7, node), root: root(7) }

test.for([
  { name: 'an index past the end', change: { index: 7 }, code: 'index_out_of_range' },
  { name: 'a negative index', change: { index: -1 }, code: 'index_out_of_range' },
  { name: 'a fractional index', change: { index: 1.5 }, code: 'index_out_of_range' },
  { name: 'an empty tree', change: { index: 0, size: 0 }, code: 'index_out_of_range' },
  { name: 'a size past 2^53', change: { size: 2 ** 53 }, code: 'index_out_of_range' },
  { name: 'no hashes', change: { proof: [] }, code: 'proof_too_short' },
  { name: 'one hash too few', change: { proof: inclusion.proof.slice(1) }, code: 'proof_too_short' },
  { name: 'one hash too many', change: { proof: [...inclusion.proof, zeros] }, code: 'proof_too_long' },
  { name: 'a hundred thousand hashes', change: { proof: Array(100_000).fill(zeros) }, code: 'proof_too_long' },
  { name: 'a short hash', change: { proof: [zeros.subarray(1), ...inclusion.proof.slice(1)] }, code: 'bad_hash' },
  { name: 'a long leaf hash', change: { leaf: new Uint8Array(33) }, code: 'bad_hash' },
  { name: 'another leaf', change: { leaf: leaf(5) }, code: 'root_mismatch' },
  { name: 'another root', change: { root: root(6) }, code: 'root_mismatch' },
  { name: 'hashes in another order', change: { proof: inclusion.proof.toReversed() }, code: 'root_mismatch' },
  { name: 'an interior node as leaf', change: { leaf: nodeHash(leaf(4), leaf(5)) }, code: 'root_mismatch' },
])('an inclusion proof is refused for $name: $code', ({ change, code }) => {
  const given = { ...inclusion, ...change }
  expect(() => checkInclusion(given.leaf, given.index, given.size, given.proof, given.root)).toThrow(
    expect.objectContaining({ name: 'TlogError', code }),
  )
})

const consistency = { size1: 6, size2: 7, root1: root(6), root2: root(7), proof: consistencyProof(6, 7, node) }

test.for([
  { name: 'a shrinking tree', change: { size1: 8 }, code: 'size_out_of_range' },
  { name: 'a negative size', change: { size1: -1 }, code: 'size_out_of_range' },
  { name: 'a fractional size', change: { size2: 7.5 }, code: 'size_out_of_range' },
  { name: 'no hashes', change: { proof: [] }, code: 'proof_too_short' },
  { name: 'one hash too few', change: { proof: consistency.proof.slice(0, -1) }, code: 'proof_too_short' },
  { name: 'one hash too many', change: { proof: [...consistency.proof, zeros] }, code: 'proof_too_long' },
  { name: 'hashes between equal sizes', change: { size1: 7, root1: root(7) }, code: 'proof_too_long' },
  { name: 'hashes from the empty tree', change: { size1: 0, root1: emptyRoot() }, code: 'proof_too_long' },
  { name: 'a short root', change: { root1: zeros.subarray(1) }, code: 'bad_hash' },
  { name: 'another old root', change: { root1: root(5) }, code: 'root_mismatch' },
  { name: 'another new root', change: { root2: root(5) }, code: 'root_mismatch' },
  { name: 'two roots of one size', change: { size1: 7, proof: [] }, code: 'root_mismatch' },
  { name: 'a root that the empty tree lacks', change: { size1: 0, proof: [] }, code: 'root_mismatch' },
  {
    name: 'two empty trees with a root that they lack',
    change: { size1: 0, root1: emptyRoot(), size2: 0, proof: [] },
    code: 'root_mismatch',
  },
])('a consistency proof is refused for $name: $code', ({ change, code }) => {
  const given = { ...consistency, ...change }
  expect(() => checkConsistency(given.size1, given.size2, given.root1, given.root2, given.proof)).toThrow(
    expect.objectContaining({ name: 'TlogError', code }),
  )
})

test('every tree extends the empty one and itself without a proof', () => {
  checkConsistency(0, 7, emptyRoot(), root(7), [])
  checkConsistency(7, 7, root(7), root(7), [])
})

test('no changed bit of a proof still leads to the root', () => {
  const place = fc.integer({ min: 2, max: LARGEST }).chain((size) => fc.tuple(fc.constant(size), fc.nat(size - 1)))
  fc.assert(
    fc.property(place, fc.nat(), fc.nat(7), ([size, index], seed, bit) => {
      const proof = inclusionProof(index, size, node).map((hash) => Uint8Array.from(hash))
      const hash = proof[seed % proof.length] as Uint8Array
      hash[seed % 32] = (hash[seed % 32] as number) ^ (1 << bit)
      return !same(rootFromInclusionProof(leaf(index), index, size, proof), root(size))
    }),
    { numRuns: 300 },
  )
})

test('arbitrary proofs are refused with a code, never with another error', () => {
  const hashes = fc.array(fc.uint8Array({ minLength: 31, maxLength: 33 }), { maxLength: 70 })
  fc.assert(
    fc.property(fc.double(), fc.double(), hashes, (index, size, proof) => {
      expect(() => checkInclusion(zeros, index, size, proof, zeros)).toThrow(
        expect.objectContaining({ name: 'TlogError' }),
      )
    }),
    { numRuns: 300 },
  )
})

// Leaf inputs and roots of github.com/transparency-dev/merkle testonly/constants.go; see testdata/tlog/README.md.
const PUBLISHED = [
  { entry: '', root: '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d' },
  { entry: '00', root: 'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125' },
  { entry: '10', root: 'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77' },
  { entry: '2021', root: 'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7' },
  { entry: '3031', root: '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4' },
  { entry: '40414243', root: '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef' },
  { entry: '5051525354555657', root: 'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c' },
  {
    entry: '606162636465666768696a6b6c6d6e6f',
    root: '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
  },
]

function naiveRoot(hashes: readonly Uint8Array[]): Uint8Array {
  if (hashes.length === 0) return emptyRoot()
  if (hashes.length === 1) return hashes[0] as Uint8Array
  let split = 1
  while (split * 2 < hashes.length) split *= 2
  return nodeHash(naiveRoot(hashes.slice(0, split)), naiveRoot(hashes.slice(split)))
}

function memoised(compute: NodeReader): NodeReader {
  const known = new Map<string, Uint8Array>()
  return (level, index) => {
    const key = `${level}/${index}`
    const hash = known.get(key) ?? compute(level, index)
    known.set(key, hash)
    return hash
  }
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}
