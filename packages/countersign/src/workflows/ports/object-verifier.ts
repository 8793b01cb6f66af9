import type { TrustMaterial } from '@countersign/verify'

/** What to judge signatures by; the same for every object of a run. */
export interface VerifierSettings {
  readonly trust: TrustMaterial
  /** Unix seconds, captured once for the run. */
  readonly now: number
}

/** How many objects got which answer: keys such as `verdict:pass`, `git:G`, `status:good`, `reason:verified`. */
export type Tally = Readonly<Record<string, number>>

/** The outcome for a run of objects: their JSON lines, in the order asked for, each ending in LF. */
export interface VerifiedLines {
  readonly lines: string
  readonly tally: Tally
}

/**
 * Verifies commits and annotated tags by id.
 *
 * Yields outcomes in the order of the ids, whatever runs at the same time. Rejects with `Problem` `objects_missing` when an
 * id cannot be read, and then yields nothing after the last complete run. Memory does not grow with the number of ids.
 */
export interface ObjectVerifier {
  verify(ids: AsyncIterable<readonly string[]>): AsyncIterable<VerifiedLines>
}
