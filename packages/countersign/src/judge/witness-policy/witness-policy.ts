import type { NoteKey } from '@countersign/verify'

/** A log that a policy names. Its origin line is the name of its key. */
export interface PolicyLog {
  readonly key: NoteKey
  readonly verifierKey: string
  /** The public key, 32 raw bytes. */
  readonly publicKey: Uint8Array
  readonly url: string | null
}

/** A witness that a policy names. The name means nothing outside the policy. */
export interface PolicyWitness {
  readonly kind: 'witness'
  readonly name: string
  readonly key: NoteKey
  readonly verifierKey: string
  /** What stands in front of `/add-checkpoint`; null where the policy is only for checking. */
  readonly url: string | null
}

/** At least `threshold` of the members must have cosigned. */
export interface PolicyGroup {
  readonly kind: 'group'
  readonly name: string
  readonly threshold: number
  readonly members: readonly QuorumPart[]
}

export type QuorumPart = PolicyWitness | PolicyGroup

/** Whose signatures a checkpoint needs (c2sp.org/tlog-policy). */
export interface WitnessPolicy {
  readonly logs: readonly PolicyLog[]
  readonly witnesses: readonly PolicyWitness[]
  /** Null for `quorum none`. */
  readonly quorum: QuorumPart | null
}

/** A witness policy that cannot be used. Nothing of it may be. */
export class WitnessPolicyError extends Error {
  override readonly name = 'WitnessPolicyError'
  readonly code:
    | 'policy_too_long'
    | 'bad_character'
    | 'line_unfinished'
    | 'unknown_keyword'
    | 'wrong_item_count'
    | 'malformed_key'
    | 'wrong_key_type'
    | 'malformed_url'
    | 'duplicate_key'
    | 'duplicate_name'
    | 'reserved_name'
    | 'unknown_name'
    | 'member_twice'
    | 'bad_threshold'
    | 'too_many_definitions'
    | 'second_quorum'
    | 'quorum_missing'
  /** Counted from 1. */
  readonly line: number

  constructor(code: WitnessPolicyError['code'], line: number, message: string) {
    super(`line ${line}: ${message}`)
    this.code = code
    this.line = line
  }
}
