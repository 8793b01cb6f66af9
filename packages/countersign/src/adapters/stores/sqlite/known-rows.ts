import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { EvidenceTerms } from '../../../workflows/ports/evidence-log.ts'
import type { KnownEvidence, LogRow } from '../../../workflows/ports/log-store.ts'
import { type TermColumns, termsOfRow } from './evidence-rows.ts'
import { keyOf, keysOf } from './term-keys.ts'

/** A row that is not in the index yet, with what it will be found by there. */
export interface UnindexedRow {
  readonly index: number
  readonly recordedAt: string
  readonly keys: readonly number[]
}

/**
 * What a database knows of digests and keys: the rows that are in the index, and in memory the few newer ones. Unless it is followed
 * inside a transaction, what it says may be a moment old.
 */
export class KnownRows {
  readonly #indexedRows: StatementSync
  readonly #newerRows: StatementSync
  readonly #byDigest = new Map<string, KnownEvidence>()
  readonly #byKey = new Map<string, KnownEvidence>()
  #unindexed: UnindexedRow[] = []
  /** Between which places the rows in memory lie. */
  #from = 0
  #to = 0

  constructor(db: DatabaseSync) {
    this.#indexedRows = db.prepare(
      'SELECT e.seq, e.digest, e.idem_key FROM term t JOIN evidence e ON e.seq = t.seq WHERE t.hash = ?',
    )
    this.#newerRows = db.prepare(
      'SELECT seq, digest, idem_key, recorded_at, terms FROM evidence WHERE seq >= ? AND seq < ? ORDER BY seq',
    )
  }

  /** The rows that are not in the index, in order. */
  get unindexed(): readonly UnindexedRow[] {
    return this.#unindexed
  }

  /** Takes in what others wrote, and forgets what they put into the index. */
  follow(indexed: number, size: number): void {
    if (indexed !== this.#from || size < this.#to) this.#forget(indexed)
    if (size === this.#to) return
    for (const columns of this.#newerRows.iterate(this.#to, size)) {
      const { index, terms } = termsOfRow(columns as unknown as TermColumns)
      this.#keep(index, terms)
    }
    this.#to = size
  }

  /** Takes in rows that are being written. Whoever cannot finish that must {@link forget} them. */
  add(rows: readonly LogRow[]): void {
    for (const { index, terms } of rows) this.#keep(index, terms)
  }

  /** Forgets everything, to be followed anew. */
  forget(): void {
    this.#forget(0)
  }

  byDigest(digest: string): KnownEvidence | null {
    return this.#byDigest.get(digest) ?? this.#indexed(keyOf('digest', digest), (one) => one.digest === digest)
  }

  byKey(key: string): KnownEvidence | null {
    return this.#byKey.get(key) ?? this.#indexed(keyOf('key', key), (one) => one.idempotencyKey === key)
  }

  #indexed(hash: number, isMeant: (one: KnownEvidence) => boolean): KnownEvidence | null {
    // More than one only where different terms share a key of the index.
    for (const row of this.#indexedRows.all(hash)) {
      const one = knownOf(row as unknown as TermColumns)
      if (isMeant(one)) return one
    }
    return null
  }

  #keep(index: number, terms: EvidenceTerms): void {
    const { digest, idempotencyKey, recordedAt } = terms
    const known = { index, digest, idempotencyKey }
    this.#unindexed.push({ index, recordedAt, keys: keysOf(terms) })
    this.#byDigest.set(digest, known)
    if (idempotencyKey !== null) this.#byKey.set(idempotencyKey, known)
    this.#to = index + 1
  }

  #forget(from: number): void {
    this.#byDigest.clear()
    this.#byKey.clear()
    this.#unindexed = []
    this.#from = from
    this.#to = from
  }
}

function knownOf({ seq, digest, idem_key }: TermColumns): KnownEvidence {
  return { index: seq, digest, idempotencyKey: idem_key }
}
