import type { IndexedTerms, LoggedEntry } from '../../workflows/ports/evidence-log.ts'
import { type LogRow, LogStoreError } from '../../workflows/ports/log-store.ts'
import { parseTerms } from './evidence-rows.ts'

/** Rows that lie next to each other, in the groups that are packed together. None crosses a multiple of `most`; few are long. */
export function bundlesOf(rows: readonly LogRow[], most: number): readonly (readonly LogRow[])[] {
  const bundles: LogRow[][] = []
  let bytes = 0
  for (const row of rows) {
    bytes += row.entry.length
    const own = bundles.at(-1)
    if (own !== undefined && row.index % most !== 0 && bytes <= MOST_BYTES) {
      own.push(row)
    } else {
      bundles.push([row])
      bytes = row.entry.length
    }
  }
  return bundles
}

const MOST_BYTES = 2 ** 20

/** Leaf hashes and entries of a bundle, one behind the other, and where each entry ends, four bytes each. */
export interface PackedEntries {
  readonly leafHashes: Buffer
  readonly entries: Buffer
  readonly entryEnds: Buffer
}

export function packEntries(rows: readonly LogRow[]): PackedEntries {
  const entries = rows.map(({ entry }) => entry)
  return {
    leafHashes: Buffer.concat(rows.map(({ leafHash }) => leafHash)),
    entries: Buffer.concat(entries),
    entryEnds: endsOf(entries),
  }
}

/** Where each of some parts ends that lie one behind the other, four bytes each. */
export function endsOf(parts: readonly Uint8Array[]): Buffer {
  const ends = Buffer.allocUnsafe(parts.length * END_BYTES)
  let end = 0
  for (const [at, part] of parts.entries()) {
    end += part.length
    ends.writeUInt32BE(end, at * END_BYTES)
  }
  return ends
}

const END_BYTES = 4

/** A row's terms as a line of JSON, which has no line breaks of its own. */
export function termLine({ terms }: LogRow): string {
  return `${JSON.stringify(terms)}\n`
}

/** A bundle's entries, as a driver gives them. */
export interface EntryColumns {
  readonly first: string | number
  readonly entries: Uint8Array
  readonly entry_ends: Uint8Array
}

export function unpackEntries({ first, entries, entry_ends }: EntryColumns): readonly LoggedEntry[] {
  const ends = new DataView(entry_ends.buffer, entry_ends.byteOffset, entry_ends.length)
  const unpacked: LoggedEntry[] = []
  let start = 0
  for (let at = 0; at + END_BYTES <= ends.byteLength; at += END_BYTES) {
    const end = ends.getUint32(at)
    unpacked.push({ index: Number(first) + at / END_BYTES, entry: entries.subarray(start, end) })
    start = end
  }
  return unpacked
}

/** A bundle's terms, a line of JSON each, as a driver gives them. */
export interface TermColumns {
  readonly first: string | number
  readonly lines: string
}

/** Throws {@link LogStoreError} `store_corrupt` when what lies there are no terms. */
export function unpackTerms(columns: TermColumns): readonly IndexedTerms[] {
  return termsWithin(columns, 0, Number.POSITIVE_INFINITY)
}

/** As {@link unpackTerms}, for the rows from one place up to another. */
export function termsWithin({ first, lines }: TermColumns, from: number, to: number): readonly IndexedTerms[] {
  const start = Math.max(Number(first), from)
  const wanted = lines
    .split('\n')
    .slice(0, -1)
    .slice(start - Number(first), Math.max(0, to - Number(first)))
  return wanted.map((line, at) => ({ index: start + at, terms: parseTerms(String(start + at), line) }))
}

/** Throws {@link LogStoreError} `write_failed` where something that should be a SHA-256 in hex is none. */
export function requireDigests(rows: readonly LogRow[]): void {
  const odd = rows.find(({ terms }) => !/^[0-9a-f]{64}$/.test(terms.digest))
  if (odd !== undefined) throw new LogStoreError('write_failed', `row ${odd.index} has a digest that is none`)
}
