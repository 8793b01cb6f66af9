import type { LogCommit } from '../../../workflows/ports/log-store.ts'
import { knownKeysOfRows } from '../term-keys.ts'
import { bigintArray } from './binary-arrays.ts'
import { bundleValues } from './bundle-values.ts'

/** What goes with a commit into the same transaction. */
export interface CommitExtras {
  readonly blockRows: number
  /** Whether a digest or a key is known to stand twice, in the commit itself or in the rows that are vouched for. */
  readonly isTwice: boolean
  /**
   * From where on the rows before the commit were looked through for that. Those in the partitions before this place were too; the
   * database looks through the others.
   */
  readonly vouchedFrom: number
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
    extras.vouchedFrom,
    bigintArray(knownKeysOfRows(rows)),
    ...bundleValues(rows, extras.blockRows),
    bigintArray(rows.flatMap(({ terms }) => extras.settles(terms.digest))),
  ]
}
