import type { Tally } from './object-verifier.ts'

/** What has been verified of one repository under one set of keys, so that it need not be again. */
export interface Remembered {
  /** Commits that were verified together with everything that they reach. */
  readonly commits: readonly string[]
  readonly tags: readonly string[]
  /** How all of it turned out. */
  readonly tally: Tally
}

/**
 * Keeps what was verified. An object's id is a hash of its content, so an answer under the same keys stays the answer. Nothing
 * of a shallow clone may be remembered: what its commits reach is more once the clone is whole.
 *
 * `recall` returns nothing remembered, rather than failing, when what is stored cannot be read: then everything is verified again.
 * `remember` replaces what was stored, whole or not at all.
 */
export interface VerifiedMemory {
  recall(): Promise<Remembered>
  remember(remembered: Remembered): Promise<void>
}
