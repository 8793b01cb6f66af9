import { type LogRow, LogStoreError } from '../../../workflows/ports/log-store.ts'
import { type TermColumns, unpackTerms } from '../bundles.ts'
import { Sieve, type Suspect } from '../sieve.ts'
import { knownKeysOfRows } from '../term-keys.ts'
import { bigintArray } from './binary-arrays.ts'
import type { StoreGround } from './follow-rows.ts'
import { OWN_STATES } from './postgres-errors.ts'

/**
 * The rows in all partitions of the index that are full: they never change, so a process looks for duplicates among them before it
 * commits, and not while others wait. A process that commits often learns their keys and then asks the database for few of them; the
 * effort of a commit so does not grow with the record.
 */
export class OlderRows {
  readonly #ground: StoreGround
  readonly #sieve: Sieve
  #commits = 0
  #learning: Promise<void> | null = null
  #isStopped = false

  constructor(ground: StoreGround) {
    this.#ground = ground
    this.#sieve = new Sieve(ground.shape.partitionRows * KEYS_PER_ROW)
  }

  /**
   * Whether a digest or a key of these rows is known in the full partitions before a border of blocks. Rejects as reading does, and with
   * the state "unvouched" as its cause where the index does not reach as far any more.
   */
  async holdAnyOf(rows: readonly LogRow[], border: number): Promise<boolean> {
    const { shape, connections, statements } = this.#ground
    const suspects = this.#suspects(knownKeysOfRows(rows), Math.floor(border / shape.partitionRows))
    if (suspects.length === 0) return false
    const values = [
      bigintArray(suspects.map(({ key }) => key)),
      bigintArray(suspects.map(({ first }) => first * shape.partitionRows)),
      bigintArray(suspects.map(({ end }) => end * shape.partitionRows)),
    ]
    const [there] = await connections.read<PlaceColumns>(statements.older, values)
    requireReach(there, border - (border % shape.partitionRows))
    if (there === undefined || there.places.length === 0) return false
    const found = (await connections.read<TermColumns>(statements.places, [there.places])).flatMap(unpackTerms)
    const digests = new Set(rows.map(({ terms }) => terms.digest))
    const keys = new Set(rows.map(({ terms }) => terms.idempotencyKey).filter((key) => key !== null))
    return found.some(({ terms: { digest, idempotencyKey: key } }) => {
      return digests.has(digest) || (key !== null && keys.has(key))
    })
  }

  /** Goes on learning behind a commit, up to a border of blocks; returns at once. */
  learn(border: number): void {
    const parts = Math.floor(border / this.#ground.shape.partitionRows)
    this.#commits += 1
    // Whoever commits now and then asks the database each time, and does without the memory.
    if (this.#commits < OFTEN || this.#sieve.parts >= parts) return
    this.#learning ??= this.#learnUpTo(parts)
      // What is not learned is asked for.
      .catch(() => {})
      .finally(() => {
        this.#learning = null
      })
  }

  /** Ends the learning. Never rejects. */
  async stop(): Promise<void> {
    this.#isStopped = true
    await this.#learning
  }

  /** Where keys may be: where the sieve says so, and everywhere that it does not know yet. */
  #suspects(keys: readonly number[], parts: number): readonly Suspect[] {
    const sieved = this.#sieve.suspects(keys, parts)
    const first = this.#sieve.parts
    return first >= parts ? sieved : [...sieved, ...keys.map((key) => ({ key, first, end: parts }))]
  }

  async #learnUpTo(parts: number): Promise<void> {
    while (this.#sieve.parts < parts) await this.#learnNext()
  }

  async #learnNext(): Promise<void> {
    const { shape, connections, statements } = this.#ground
    const first = this.#sieve.parts * shape.partitionRows
    const end = first + shape.partitionRows
    const runs = Math.ceil((shape.partitionRows * KEYS_PER_ROW) / KEYS_PER_RUN)
    for (let run = 0; run < runs; run++) {
      if (this.#isStopped) throw new LogStoreError('store_unavailable', 'the store is being closed')
      const bounds = [run, run + 1].map((one) => Math.ceil((one * ALL_KEYS) / runs))
      const [row] = await connections.read<KeyColumns>(statements.keys, [first, end, ...bounds])
      requireReach(row, end)
      this.#sieve.add(keysIn(row?.keys ?? Buffer.alloc(0)))
    }
    this.#sieve.finishPart()
  }
}

/** A digest and an idempotency key. */
const KEYS_PER_ROW = 2
const KEYS_PER_RUN = 16_384
const ALL_KEYS = 2 ** 52
const OFTEN = 16

interface PlaceColumns {
  readonly places: readonly string[]
  readonly border: string
}

interface KeyColumns {
  readonly keys: Buffer | null
  readonly border: string
}

/**
 * A database that crashed may have lost the end of its index and get it back from another process a moment later: what was asked in
 * between says nothing. Throws {@link LogStoreError} `store_unavailable` with the state "unvouched" as its cause.
 */
function requireReach(row: { readonly border: string } | undefined, end: number): void {
  if (Number(row?.border ?? 0) >= end) return
  throw new LogStoreError('store_unavailable', 'the index ends before rows that it held', {
    cause: OWN_STATES.unvouched,
  })
}

/** Keys of eight bytes each, one behind the other. */
function keysIn(bytes: Buffer): readonly number[] {
  return Array.from({ length: bytes.length / 8 }, (_, at) => {
    return bytes.readUInt32BE(at * 8) * 2 ** 32 + bytes.readUInt32BE(at * 8 + 4)
  })
}
