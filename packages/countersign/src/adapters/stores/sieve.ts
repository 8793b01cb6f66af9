/** A key, and the parts from one up to another in which it may occur. */
export interface Suspect {
  readonly key: number
  readonly first: number
  readonly end: number
}

/**
 * Where in a record keys may occur that has parts of so many keys at most. What it does not name is nowhere; of what it names, one in ten
 * thousand is not there. Three bytes a key: a Bloom filter for every sixteen parts, and each key has all its bits in one line of the
 * processor's cache, because to fetch them from all over the memory takes longer than all the rest. To look in vain where a key is
 * not takes longer still.
 */
export class Sieve {
  readonly #lines: number
  readonly #filters: Uint32Array[] = []
  #parts = 0

  constructor(keysPerPart: number) {
    this.#lines = Math.ceil((keysPerPart * PARTS_PER_FILTER * BITS_PER_KEY) / LINE_BITS)
  }

  /** How many parts it knows whole: the first ones. */
  get parts(): number {
    return this.#parts
  }

  /** Takes in keys of the next part, whole numbers below 2^52. The same ones may come again. */
  add(keys: readonly number[]): void {
    const words = this.#nextFilter()
    for (const key of keys) {
      const start = this.#lineOf(key)
      let state = key % HALF
      for (let probe = 0; probe < PROBES; probe++) {
        state = next(state)
        const at = start + (state >>> WORD_SHIFT)
        words[at] = (words[at] ?? 0) | (1 << ((state >>> BIT_SHIFT) % WORD_BITS))
      }
    }
  }

  /** Nothing is missing of the next part any more. */
  finishPart(): void {
    this.#nextFilter()
    this.#parts += 1
  }

  /** In which parts below `end` keys may occur; a key that occurs in none of them is missing. */
  suspects(keys: readonly number[], end: number): readonly Suspect[] {
    const found: Suspect[] = []
    const last = Math.min(end, this.#parts)
    for (const [at, words] of this.#filters.entries()) {
      const first = at * PARTS_PER_FILTER
      if (first >= last) break
      for (const key of keys) {
        if (this.#holds(words, key)) found.push({ key, first, end: Math.min(first + PARTS_PER_FILTER, last) })
      }
    }
    return found
  }

  #holds(words: Uint32Array, key: number): boolean {
    const start = this.#lineOf(key)
    let state = key % HALF
    for (let probe = 0; probe < PROBES; probe++) {
      state = next(state)
      const word = words[start + (state >>> WORD_SHIFT)] ?? 0
      if ((word & (1 << ((state >>> BIT_SHIFT) % WORD_BITS))) === 0) return false
    }
    return true
  }

  /** Where the line of a key begins, by one half of its bits; the other half says which bits of it. Keys are hashes: both are random. */
  #lineOf(key: number): number {
    return (Math.floor(key / HALF) % this.#lines) * LINE_WORDS
  }

  #nextFilter(): Uint32Array {
    const at = Math.floor(this.#parts / PARTS_PER_FILTER)
    const words = this.#filters[at] ?? new Uint32Array(this.#lines * LINE_WORDS)
    this.#filters[at] = words
    return words
  }
}

const PARTS_PER_FILTER = 16
const BITS_PER_KEY = 24
const PROBES = 8
const LINE_BITS = 512
const WORD_BITS = 32
const LINE_WORDS = LINE_BITS / WORD_BITS
/** The upper four bits of a state say which word of a line, and the next five which bit of it. */
const WORD_SHIFT = 28
const BIT_SHIFT = 23
const HALF = 2 ** 26

/** A linear congruential generator; its upper bits are the good ones. */
function next(state: number): number {
  return (Math.imul(state, 1_664_525) + 1_013_904_223) | 0
}
