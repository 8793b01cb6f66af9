import type { EvidenceTerms } from '../../workflows/ports/evidence-log.ts'
import type { LogRow } from '../../workflows/ports/log-store.ts'
import { type SealedBlock, sealBlock } from './seal-block.ts'

/** The newest rows of the record, which its index does not hold yet, as a process knows them. */
export class UnsealedRows {
  #start = 0
  #terms: EvidenceTerms[] = []
  readonly #digests = new Map<string, number>()
  readonly #keys = new Map<string, number>()
  #isReliable = false
  #generation = 0

  /** Where the first row is: the border of a block. */
  get start(): number {
    return this.#start
  }

  get size(): number {
    return this.#start + this.#terms.length
  }

  get isReliable(): boolean {
    return this.#isReliable
  }

  /** Changes whenever what is here may not continue what was here before. */
  get generation(): number {
    return this.#generation
  }

  /** Nothing that is here is to be relied on any more. */
  forget(): void {
    this.#generation += 1
    this.#isReliable = false
    this.#terms = []
    this.#digests.clear()
    this.#keys.clear()
  }

  /** Begins anew at the border of the index. */
  restart(border: number): void {
    this.forget()
    this.#start = border
    this.#isReliable = true
  }

  /** Takes in the terms of rows at the end. */
  add(added: readonly EvidenceTerms[]): void {
    for (const terms of added) {
      this.#digests.set(terms.digest, this.size)
      if (terms.idempotencyKey !== null) this.#keys.set(terms.idempotencyKey, this.size)
      this.#terms.push(terms)
    }
  }

  /** Whether a digest or a key of these rows stands in them twice or is here already. */
  holdsAnyOf(rows: readonly LogRow[]): boolean {
    const [digests, keys] = [new Set<string>(), new Set<string>()]
    for (const { terms } of rows) {
      const { digest, idempotencyKey: key } = terms
      if (this.#digests.has(digest) || digests.has(digest)) return true
      if (key !== null && (this.#keys.has(key) || keys.has(key))) return true
      digests.add(digest)
      if (key !== null) keys.add(key)
    }
    return false
  }

  /** Where the rows are that go by these digests and keys. */
  placesOf(digests: readonly string[], idempotencyKeys: readonly string[]): readonly number[] {
    const places = [
      ...digests.map((one) => this.#digests.get(one)),
      ...idempotencyKeys.map((one) => this.#keys.get(one)),
    ]
    return places.filter((place) => place !== undefined)
  }

  /** The terms of rows that are here, from one place up to another. */
  slice(from: number, to: number): readonly EvidenceTerms[] {
    return this.#terms.slice(Math.max(0, from - this.#start), Math.max(0, to - this.#start))
  }

  /** The first full blocks of so many rows, `most` of them at most, as the index will hold them. */
  sealed(blockRows: number, most: number): readonly SealedBlock[] {
    const count = Math.min(Math.floor(this.#terms.length / blockRows), most)
    return Array.from({ length: count }, (_, at) => {
      const first = this.#start + at * blockRows
      return sealBlock(first / blockRows, first, this.slice(first, first + blockRows))
    })
  }

  /** Lets go of the rows below a border: they are in the index now. */
  drop(border: number): void {
    const dropped = this.#terms.splice(0, border - this.#start)
    for (const { digest, idempotencyKey } of dropped) {
      this.#digests.delete(digest)
      if (idempotencyKey !== null) this.#keys.delete(idempotencyKey)
    }
    this.#start = border
  }
}
