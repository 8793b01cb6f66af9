import type { IndexedTerms, LoggedEntry } from '../../../workflows/ports/evidence-log.ts'
import { type LogRow, LogStoreError } from '../../../workflows/ports/log-store.ts'
import { parseTerms } from './evidence-rows.ts'
import { idempotencyHash } from './term-keys.ts'

/** Rows that lie next to each other within one block, as a row of the table `bundle`. */
export interface Bundle {
  readonly first: number
  readonly count: number
  readonly leafHashes: Buffer
  readonly digests: Buffer
  /** 32 bytes a row, zeros for one without a key; null where none has one. */
  readonly idemHashes: Buffer | null
  readonly entries: Buffer
  readonly entryEnds: Buffer
  readonly terms: Buffer
  readonly termEnds: Buffer
}

/** Packs rows that lie next to each other. No bundle crosses the border of a block, and few are longer than {@link MOST_BYTES}. */
export function packRows(rows: readonly LogRow[], blockRows: number): readonly Bundle[] {
  const bundles: Bundle[] = []
  let own: LogRow[] = []
  let bytes = 0
  for (const row of rows) {
    if (own.length > 0 && (row.index % blockRows === 0 || bytes + row.entry.length > MOST_BYTES)) {
      bundles.push(packBundle(own))
      own = []
      bytes = 0
    }
    own.push(row)
    bytes += row.entry.length
  }
  if (own.length > 0) bundles.push(packBundle(own))
  return bundles
}

const MOST_BYTES = 2 ** 20
const HASH_BYTES = 32
const NO_KEY = Buffer.alloc(HASH_BYTES)

function packBundle(rows: readonly LogRow[]): Bundle {
  const entries = rows.map(({ entry }) => entry)
  const terms = rows.map((row) => Buffer.from(`${JSON.stringify(row.terms)}\n`))
  const keys = rows.map((row) => row.terms.idempotencyKey)
  return {
    first: rows[0]?.index ?? 0,
    count: rows.length,
    leafHashes: Buffer.concat(rows.map(({ leafHash }) => leafHash)),
    digests: Buffer.from(rows.map((row) => row.terms.digest).join(''), 'hex'),
    idemHashes: keys.every((key) => key === null)
      ? null
      : Buffer.concat(keys.map((key) => (key === null ? NO_KEY : idempotencyHash(key)))),
    entries: Buffer.concat(entries),
    entryEnds: endsOf(entries),
    terms: Buffer.concat(terms),
    termEnds: endsOf(terms),
  }
}

function endsOf(parts: readonly Uint8Array[]): Buffer {
  const ends = Buffer.allocUnsafe(parts.length * END_BYTES)
  let end = 0
  for (const [at, part] of parts.entries()) {
    end += part.length
    ends.writeUInt32BE(end, at * END_BYTES)
  }
  return ends
}

const END_BYTES = 4

/** A bundle's entries, as the driver gives them. */
export interface EntryColumns {
  readonly first: string
  readonly entries: Buffer
  readonly entry_ends: Buffer
}

export function unpackEntries({ first, entries, entry_ends: ends }: EntryColumns): readonly LoggedEntry[] {
  return Array.from({ length: ends.length / END_BYTES }, (_, at) => {
    const start = at === 0 ? 0 : ends.readUInt32BE((at - 1) * END_BYTES)
    return { index: Number(first) + at, entry: entries.subarray(start, ends.readUInt32BE(at * END_BYTES)) }
  })
}

/** A bundle's terms, a line of JSON each, as the driver gives them. */
export interface TermColumns {
  readonly first: string
  readonly lines: string
}

/** Throws {@link LogStoreError} `store_corrupt` when what lies there are no terms. */
export function unpackTerms({ first, lines }: TermColumns): readonly IndexedTerms[] {
  // JSON has no line breaks of its own.
  const all = lines.split('\n').slice(0, -1)
  return all.map((line, at) => ({ index: Number(first) + at, terms: parseTerms(String(Number(first) + at), line) }))
}

/** Throws {@link LogStoreError} `write_failed` where something that should be a SHA-256 in hex is none. */
export function requireDigests(rows: readonly LogRow[]): void {
  const odd = rows.find(({ terms }) => !/^[0-9a-f]{64}$/.test(terms.digest))
  if (odd !== undefined) throw new LogStoreError('write_failed', `row ${odd.index} has a digest that is none`)
}
