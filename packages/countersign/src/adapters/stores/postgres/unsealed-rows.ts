import type { EvidenceTerms } from '../../../workflows/ports/evidence-log.ts'
import { type LogRow, LogStoreError } from '../../../workflows/ports/log-store.ts'
import { type TermColumns, unpackTerms } from './bundles.ts'
import type { Connections } from './connections.ts'
import type { SchemaShape } from './schema-tables.ts'
import type { StoreStatements } from './statements.ts'

/** The tables of a store and how to ask them. */
export interface StoreGround {
  readonly shape: SchemaShape
  readonly connections: Connections
  readonly statements: StoreStatements
}

/**
 * The newest rows of the record, which the index does not hold yet, as a process that commits must know them: a commit is checked
 * against the index by the database and against these here.
 */
export class UnsealedRows {
  readonly #ground: StoreGround
  #start = 0
  #terms: EvidenceTerms[] = []
  readonly #digests = new Set<string>()
  readonly #keys = new Set<string>()
  #isLoaded = false
  #generation = 0

  constructor(ground: StoreGround) {
    this.#ground = ground
  }

  /** Where the first row is: the border of a block. */
  get start(): number {
    return this.#start
  }

  get size(): number {
    return this.#start + this.#terms.length
  }

  /** Changes whenever what is here may not continue what was here before. */
  get generation(): number {
    return this.#generation
  }

  /**
   * Takes in what others wrote, up to a size that the record is believed to have. Rejects with {@link LogStoreError} `head_moved` when it
   * has fewer rows.
   */
  async follow(size: number): Promise<void> {
    if (!this.#isLoaded || size < this.size) {
      this.forget()
      this.#start = await this.#border()
      this.#isLoaded = true
    }
    while (this.size < size) {
      const { connections, statements } = this.#ground
      const rows = await connections.read<TermColumns>(statements.terms, [this.size, size, BUNDLES_PER_PAGE])
      for (const { terms } of rows.flatMap(unpackTerms)) this.#keep(terms)
      if (rows.length === 0) throw new LogStoreError('head_moved', `the log has fewer than ${size} entries`)
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

  /** Takes in rows that were committed at the end. */
  add(rows: readonly LogRow[]): void {
    for (const { terms } of rows) this.#keep(terms)
  }

  /** The terms of a block's rows; all of them are here. */
  block(first: number): readonly EvidenceTerms[] {
    const at = first - this.#start
    return this.#terms.slice(at, at + this.#ground.shape.blockRows)
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

  /** Nothing that is here is to be relied on any more. */
  forget(): void {
    this.#generation += 1
    this.#isLoaded = false
    this.#terms = []
    this.#digests.clear()
    this.#keys.clear()
  }

  #keep(terms: EvidenceTerms): void {
    this.#terms.push(terms)
    this.#digests.add(terms.digest)
    if (terms.idempotencyKey !== null) this.#keys.add(terms.idempotencyKey)
  }

  async #border(): Promise<number> {
    const { connections, statements, shape } = this.#ground
    const [row] = await connections.read<{ sealed: string }>(statements.sealed, [])
    return Number(row?.sealed ?? 0) * shape.blockRows
  }
}

const BUNDLES_PER_PAGE = 64
