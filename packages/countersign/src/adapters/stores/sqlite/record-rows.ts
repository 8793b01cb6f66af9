import type { DatabaseSync, SQLOutputValue } from 'node:sqlite'
import type { IndexedTerms, LoggedEntry } from '../../../workflows/ports/evidence-log.ts'
import { type LogRow, LogStoreError } from '../../../workflows/ports/log-store.ts'
import {
  bundlesOf,
  type EntryColumns,
  packEntries,
  type TermColumns,
  termLine,
  termsWithin,
  unpackEntries,
} from '../bundles.ts'

/** The rows of the record in a database. What it throws is SQLite's, and `LogStoreError` `store_corrupt`. */
export interface RecordRows {
  /** Writes rows that lie behind all that are there, as part of a transaction. */
  add(rows: readonly LogRow[]): void
  /** The entries from one place up to another, in order. */
  entries(from: number, to: number): readonly LoggedEntry[]
  /** The leaf hashes from one place up to another: those that are there, one behind the other. */
  leafHashes(from: number, to: number): Uint8Array
  /** The terms of the rows from one place up to another, in order. */
  terms(from: number, to: number): readonly IndexedTerms[]
  /** The terms of rows, in the order that is asked for; nothing for those that are not there. */
  termsAt(places: readonly number[]): readonly IndexedTerms[]
}

export function recordRows(db: DatabaseSync): RecordRows {
  const insert = db.prepare(
    'INSERT INTO bundle (first, leaf_hashes, entry_ends, entries, terms) VALUES (?, ?, ?, ?, ?)',
  )
  const columns = `first, length(leaf_hashes) / ${HASH_BYTES} AS count, terms AS lines`
  const within = 'FROM bundle WHERE first >= ? AND first < ? ORDER BY first'
  const [entries, hashes, terms] = [
    db.prepare(`SELECT first, entry_ends, entries ${within}`),
    db.prepare(`SELECT first, leaf_hashes ${within}`),
    db.prepare(`SELECT ${columns} ${within}`),
  ]
  const bundleAt = db.prepare(
    `SELECT ${columns} FROM bundle WHERE first <= ? AND first >= ? ORDER BY first DESC LIMIT 1`,
  )
  return {
    add: (rows) => {
      for (const bundle of bundlesOf(rows, BUNDLE_ROWS)) {
        const packed = packEntries(bundle)
        const lines = bundle.map(termLine).join('')
        insert.run(bundle[0]?.index ?? 0, packed.leafHashes, packed.entryEnds, packed.entries, lines)
      }
    },
    entries: (from, to) => {
      const bundles = entries.all(borderBelow(from), to).map(sound) as unknown as readonly EntryColumns[]
      return bundles.flatMap(unpackEntries).filter(({ index }) => index >= from && index < to)
    },
    leafHashes: (from, to) => {
      const bundles = hashes.all(borderBelow(from), to).map(sound) as unknown as readonly HashColumns[]
      return Buffer.concat(
        bundles.map(({ first, leaf_hashes: all }) =>
          all.subarray(Math.max(0, from - first) * HASH_BYTES, Math.max(0, to - first) * HASH_BYTES),
        ),
      )
    },
    terms: (from, to) => {
      const bundles = terms.all(borderBelow(from), to).map(sound) as unknown as readonly CountedTerms[]
      return bundles.flatMap((bundle) => termsWithin(whole(bundle), from, to))
    },
    termsAt: (places) => {
      let bundle: CountedTerms | undefined
      return places.flatMap((place) => {
        if (bundle === undefined || place < bundle.first || place >= bundle.first + bundle.count) {
          const found = bundleAt.get(place, borderBelow(place))
          bundle = found && (sound(found) as unknown as CountedTerms)
        }
        return bundle === undefined ? [] : termsWithin(whole(bundle), place, place + 1)
      })
    },
  }
}

const BUNDLE_ROWS = 32
const HASH_BYTES = 32

interface HashColumns {
  readonly first: number
  readonly leaf_hashes: Uint8Array
}

/** Where a bundle may begin that holds a place. */
function borderBelow(place: number): number {
  return place - (place % BUNDLE_ROWS)
}

interface CountedTerms extends TermColumns {
  readonly first: number
  readonly count: number
}

/** Throws {@link LogStoreError} `store_corrupt` where a column holds something else than is written there. */
function sound(columns: Record<string, SQLOutputValue>): Record<string, SQLOutputValue> {
  for (const [name, value] of Object.entries(columns)) {
    const isSound = NUMBERS.has(name)
      ? Number.isSafeInteger(value)
      : name === 'lines'
        ? typeof value === 'string'
        : value instanceof Uint8Array
    if (!isSound) throw new LogStoreError('store_corrupt', `the bundle from evidence ${columns['first']} is damaged`)
  }
  return columns
}

const NUMBERS = new Set(['first', 'count'])

/** Throws {@link LogStoreError} `store_corrupt` unless there is a line for each row. */
function whole(bundle: CountedTerms): TermColumns {
  const { first, count, lines } = bundle
  if (lines.split('\n').length === count + 1) return bundle
  throw new LogStoreError('store_corrupt', `the terms of evidence ${first} and behind it are not ${count} lines`)
}
