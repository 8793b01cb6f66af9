import type { LogRow } from '../../../workflows/ports/log-store.ts'
import { bundlesOf, endsOf, packEntries, termLine } from '../bundles.ts'
import { idempotencyHash } from '../term-keys.ts'
import { bigintArray, byteaArray, integerArray } from './binary-arrays.ts'

/** Rows that lie next to each other as the columns of the table `bundle`, in its order; no bundle crosses the border of a block. */
export function bundleValues(rows: readonly LogRow[], blockRows: number): readonly Buffer[] {
  const bundles = bundlesOf(rows, blockRows)
  const packed = bundles.map(packEntries)
  const terms = bundles.map((bundle) => bundle.map((row) => Buffer.from(termLine(row))))
  return [
    bigintArray(bundles.map(([row]) => row?.index ?? 0)),
    integerArray(bundles.map(({ length }) => length)),
    byteaArray(packed.map(({ leafHashes }) => leafHashes)),
    byteaArray(bundles.map((bundle) => Buffer.from(bundle.map((row) => row.terms.digest).join(''), 'hex'))),
    byteaArray(bundles.map(idempotencyHashes)),
    byteaArray(packed.map(({ entries }) => entries)),
    byteaArray(packed.map(({ entryEnds }) => entryEnds)),
    byteaArray(terms.map((lines) => Buffer.concat(lines))),
    byteaArray(terms.map(endsOf)),
  ]
}

/** 32 bytes a row, zeros for one without a key; null where none has one. */
function idempotencyHashes(rows: readonly LogRow[]): Buffer | null {
  const keys = rows.map(({ terms }) => terms.idempotencyKey)
  if (keys.every((key) => key === null)) return null
  return Buffer.concat(keys.map((key) => (key === null ? NO_KEY : idempotencyHash(key))))
}

const NO_KEY = Buffer.alloc(32)
