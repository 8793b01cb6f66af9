import { type LogCommit, type LogRow, LogStoreError } from '../../../workflows/ports/log-store.ts'
import { bigintArray, byteaArray, integerArray, textArray } from './binary-arrays.ts'
import { termsText } from './evidence-rows.ts'
import { idempotencyHash, knownKeysOf } from './term-keys.ts'

/** What goes with a commit into the same transaction. */
export interface CommitExtras {
  readonly isTwice: boolean
  readonly settles: (digest: string) => readonly number[]
}

/** The parameters of `commit_rows`, in its order. */
export function commitValues({ from, to, rows, fence }: LogCommit, extras: CommitExtras): readonly unknown[] {
  return [
    from.size,
    Buffer.from(from.root),
    to.origin,
    to.size,
    Buffer.from(to.root),
    Buffer.from(to.edge),
    fence,
    extras.isTwice,
    ...rowValues(rows),
    ...knownValues(rows),
    bigintArray(rows.flatMap(({ terms }) => extras.settles(terms.digest))),
  ]
}

/** Throws {@link LogStoreError} `write_failed` where something that should be a SHA-256 in hex is none. */
export function requireDigests(rows: readonly LogRow[]): void {
  const odd = rows.find(({ terms }) => !/^[0-9a-f]{64}$/.test(terms.digest))
  if (odd !== undefined) throw new LogStoreError('write_failed', `row ${odd.index} has a digest that is none`)
}

/** Whether one digest or one key stands in two of the rows. */
export function isTwiceIn(rows: readonly LogRow[]): boolean {
  const digests = new Set(rows.map(({ terms }) => terms.digest))
  const keys = rows.map(({ terms }) => terms.idempotencyKey).filter((key) => key !== null)
  return digests.size < rows.length || new Set(keys).size < keys.length
}

function rowValues(rows: readonly LogRow[]): readonly Buffer[] {
  return [
    byteaArray(rows.map(({ leafHash }) => leafHash)),
    byteaArray(rows.map(({ entry }) => entry)),
    byteaArray(rows.map(({ terms }) => Buffer.from(terms.digest, 'hex'))),
    byteaArray(rows.map(({ terms: { idempotencyKey: key } }) => (key === null ? null : idempotencyHash(key)))),
    textArray(rows.map(({ terms }) => terms.recordedAt)),
    textArray(rows.map(({ terms }) => termsText(terms))),
  ]
}

function knownValues(rows: readonly LogRow[]): readonly Buffer[] {
  const known = rows.flatMap(({ terms: { digest, idempotencyKey: key } }, place) =>
    knownKeysOf([digest], key === null ? [] : [key]).map((found) => ({ found, place })),
  )
  return [bigintArray(known.map(({ found }) => found)), integerArray(known.map(({ place }) => place))]
}
