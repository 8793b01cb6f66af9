import { hash } from 'node:crypto'
import { sha256 } from '../bytes/digest.ts'
import { equalBytes } from '../bytes/encoding.ts'
import { TlogError } from './tlog-error.ts'

/** The length of every hash in the tree: SHA-256. */
export const HASH_BYTES = 32

/**
 * Reads the root of a perfect subtree: the leaves from `index * 2^level` up to `(index + 1) * 2^level`.
 * Only asked for subtrees that lie wholly inside the tree.
 */
export type NodeReader = (level: number, index: number) => Uint8Array

/** A tree reduced to what appending needs: its size and the roots of its perfect subtrees, largest first. */
export interface Frontier {
  readonly size: number
  readonly peaks: readonly Uint8Array[]
}

/** The tree without leaves. */
export const EMPTY_FRONTIER: Frontier = { size: 0, peaks: [] }

/** Hashes a log entry as a leaf: SHA-256 of 0x00 and the entry (RFC 6962 §2.1). */
export function leafHash(entry: Uint8Array): Uint8Array {
  const length = 1 + entry.length
  const input = length > leafInput.length ? Buffer.alloc(length) : leafInput.subarray(0, length)
  input.set(entry, 1)
  return sha256(input)
}

/** Hashes an interior node: SHA-256 of 0x01, left, right (RFC 6962 §2.1). Both must be 32 bytes. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  nodeInput.set(left, 1)
  nodeInput.set(right, 1 + HASH_BYTES)
  return sha256(nodeInput)
}

/** The nodes above an even number of hashes that lie one behind the other: as {@link nodeHash} of each two, without an array for each. */
export function parentHashes(hashes: Uint8Array): Uint8Array {
  const words = new Int32Array(new Uint8Array(hashes).buffer)
  let parents = ''
  for (let at = 0; at < words.length; at += nodeWords.length) {
    for (let word = 0; word < nodeWords.length; word++) nodeWords[word] = words[at + word] as number
    parents += hash('sha256', nodeInput, 'binary')
  }
  return Buffer.from(parents, 'latin1')
}

/** The root of the tree without leaves: SHA-256 of nothing. */
export function emptyRoot(): Uint8Array {
  return sha256(new Uint8Array(0))
}

/** Returns the frontier with one more leaf; the given one stays as it was. */
export function appendLeaf(frontier: Frontier, leaf: Uint8Array): Frontier {
  const peaks = frontier.peaks.slice()
  let carried = leaf
  for (let count = frontier.size; isOdd(count); count = half(count)) {
    carried = nodeHash(peaks.pop() as Uint8Array, carried)
  }
  peaks.push(carried)
  return { size: frontier.size + 1, peaks }
}

/** The root of the tree that a frontier stands for. */
export function frontierRoot(frontier: Frontier): Uint8Array {
  return frontier.size === 0 ? emptyRoot() : frontier.peaks.reduceRight((right, left) => nodeHash(left, right))
}

/**
 * Computes the tree root that an inclusion proof implies; the caller compares it with a root that it already trusts.
 * `proof` holds the sibling hashes from leaf to root. Throws {@link TlogError} `index_out_of_range`, `bad_hash`,
 * `proof_too_long` or `proof_too_short` (RFC 9162 §2.1.3.2).
 */
export function rootFromInclusionProof(
  leaf: Uint8Array,
  index: number,
  size: number,
  proof: readonly Uint8Array[],
): Uint8Array {
  if (!isCount(index) || !isCount(size) || index >= size) {
    throw new TlogError('index_out_of_range', `leaf ${index} is not in a tree of ${size} leaves`)
  }
  requireHashes(leaf, ...proof.slice(0, MAX_PROOF))
  let [node, last, root] = [index, size - 1, leaf]
  for (const sibling of proof) {
    if (last === 0) throw new TlogError('proof_too_long', `${proof.length} hashes for leaf ${index} of ${size}`)
    if (isOdd(node) || node === last) {
      root = nodeHash(sibling, root)
      // A node on the right edge without a sibling is carried up unchanged: skip those levels.
      while (!isOdd(node) && node !== 0) [node, last] = [half(node), half(last)]
    } else {
      root = nodeHash(root, sibling)
    }
    ;[node, last] = [half(node), half(last)]
  }
  if (last !== 0) throw new TlogError('proof_too_short', `${proof.length} hashes for leaf ${index} of ${size}`)
  return root
}

/** Throws as {@link rootFromInclusionProof} does, and `root_mismatch` when the proof leads to another root. */
export function checkInclusion(
  leaf: Uint8Array,
  index: number,
  size: number,
  proof: readonly Uint8Array[],
  root: Uint8Array,
): void {
  if (!equalBytes(rootFromInclusionProof(leaf, index, size, proof), root)) {
    throw new TlogError('root_mismatch', `the proof for leaf ${index} does not lead to the root of size ${size}`)
  }
}

/**
 * Establishes that the tree of `size2` leaves begins with the tree of `size1` leaves (RFC 9162 §2.1.4.2).
 * A proof between equal sizes, or from the empty tree, is empty. Throws {@link TlogError} `size_out_of_range`, `bad_hash`,
 * `proof_too_long`, `proof_too_short` or `root_mismatch`.
 */
export function checkConsistency(
  size1: number,
  size2: number,
  root1: Uint8Array,
  root2: Uint8Array,
  proof: readonly Uint8Array[],
): void {
  if (!isCount(size1) || !isCount(size2) || size1 > size2) {
    throw new TlogError('size_out_of_range', `a tree of ${size2} leaves cannot extend one of ${size1}`)
  }
  requireHashes(root1, root2, ...proof.slice(0, MAX_PROOF))
  if (size1 === 0 || size1 === size2) {
    if (proof.length !== 0) throw new TlogError('proof_too_long', `${proof.length} hashes where none are needed`)
    requireRoot(size1, root1, size1 === 0 ? emptyRoot() : root2)
    if (size2 === 0) requireRoot(size2, root2, emptyRoot())
    return
  }
  const [implied1, implied2] = rootsFromConsistencyProof(size1, size2, root1, proof)
  requireRoot(size1, root1, implied1)
  requireRoot(size2, root2, implied2)
}

/** Lists the sibling hashes that prove leaf `index` in the tree of `size` leaves. Requires `0 <= index < size`. */
export function inclusionProof(index: number, size: number, node: NodeReader): readonly Uint8Array[] {
  const proof: Uint8Array[] = []
  let begin = 0
  let end = size
  while (end - begin > 1) {
    const middle = begin + splitPoint(end - begin)
    if (index < middle) {
      proof.push(rangeRoot(middle, end, node))
      end = middle
    } else {
      proof.push(rangeRoot(begin, middle, node))
      begin = middle
    }
  }
  return proof.reverse()
}

/** Lists the hashes that prove the tree of `size2` leaves to extend that of `size1`. Requires `0 < size1 <= size2`. */
export function consistencyProof(size1: number, size2: number, node: NodeReader): readonly Uint8Array[] {
  const proof: Uint8Array[] = []
  let begin = 0
  let end = size2
  while (size1 !== end) {
    const middle = begin + splitPoint(end - begin)
    if (size1 <= middle) {
      proof.push(rangeRoot(middle, end, node))
      end = middle
    } else {
      proof.push(rangeRoot(begin, middle, node))
      begin = middle
    }
  }
  // The old root itself is left out when it is a node of the new tree: the verifier has it.
  if (begin !== 0) proof.push(rangeRoot(begin, end, node))
  return proof.reverse()
}

/** The root over the leaves from `begin` up to `end`, where `begin` is a multiple of a power of two not below `end - begin`. */
export function rangeRoot(begin: number, end: number, node: NodeReader): Uint8Array {
  const length = end - begin
  if (length === 0) return emptyRoot()
  const level = Math.floor(Math.log2(length))
  const width = 2 ** level
  const left = node(level, begin / width)
  return width === length ? left : nodeHash(left, rangeRoot(begin + width, end, node))
}

// A tree of 2^53 leaves has proofs of at most 54 hashes; whatever is longer is refused by its length alone.
const MAX_PROOF = 64
// A leaf begins with 0x00 and a node with 0x01. The hashes of a node lie where they can be copied four bytes at a time.
const leafInput = Buffer.alloc(4_096)
const nodeWords = new Int32Array(new ArrayBuffer(8 + 2 * HASH_BYTES), 8)
const nodeInput = new Uint8Array(nodeWords.buffer, 7).fill(1, 0, 1)

function rootsFromConsistencyProof(
  size1: number,
  size2: number,
  root1: Uint8Array,
  proof: readonly Uint8Array[],
): readonly [Uint8Array, Uint8Array] {
  let node = size1 - 1
  let last = size2 - 1
  while (isOdd(node)) [node, last] = [half(node), half(last)]
  // An old tree that is a perfect subtree of the new one starts the path itself.
  const path = node === 0 ? [root1, ...proof.slice(0, MAX_PROOF)] : proof
  const [start, ...rest] = path
  if (start === undefined) throw new TlogError('proof_too_short', `no hashes from size ${size1} to ${size2}`)
  let old = start
  let grown = start
  for (const sibling of rest) {
    if (last === 0) throw new TlogError('proof_too_long', `${proof.length} hashes from size ${size1} to ${size2}`)
    if (isOdd(node) || node === last) {
      old = nodeHash(sibling, old)
      grown = nodeHash(sibling, grown)
      while (!isOdd(node) && node !== 0) [node, last] = [half(node), half(last)]
    } else {
      grown = nodeHash(grown, sibling)
    }
    ;[node, last] = [half(node), half(last)]
  }
  if (last !== 0) throw new TlogError('proof_too_short', `${proof.length} hashes from size ${size1} to ${size2}`)
  return [old, grown]
}

function requireRoot(size: number, given: Uint8Array, implied: Uint8Array): void {
  if (!equalBytes(given, implied))
    throw new TlogError('root_mismatch', `the proof leads to another root of size ${size}`)
}

function requireHashes(...hashes: readonly Uint8Array[]): void {
  for (const { length } of hashes) {
    if (length !== HASH_BYTES) throw new TlogError('bad_hash', `a hash of ${length} bytes, not ${HASH_BYTES}`)
  }
}

/** The largest power of two below `length`, for `length` of at least two. */
function splitPoint(length: number): number {
  return 2 ** Math.floor(Math.log2(length - 1))
}

// Not `>> 1` and `& 1`: those cut a number to 32 bits, and a log may outgrow them.
const half = (n: number): number => Math.floor(n / 2)
const isOdd = (n: number): boolean => n % 2 === 1
const isCount = (n: number): boolean => Number.isSafeInteger(n) && n >= 0
