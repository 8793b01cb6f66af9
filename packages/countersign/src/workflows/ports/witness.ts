import { type NoteSignature, printable } from '@countersign/verify'
import type { PolicyWitness } from '../../judge/witness-policy/witness-policy.ts'
import type { SignedCheckpoint } from './evidence-log.ts'

/** The hashes that prove that the tree of `to` leaves continues that of `from`; what `EvidenceLog.consistency` does. */
export type ConsistencyProof = (from: number, to: number) => Promise<readonly Uint8Array[]>

/** What a log asks of a witness. */
export interface CosignRequest {
  readonly signed: SignedCheckpoint
  /** The size of this log that the witness is believed to have cosigned last; 0 when nothing is known. May be wrong. */
  readonly knownSize: number
  readonly consistency: ConsistencyProof
}

/** A cosignature that the witness's own key was found to have made. */
export interface WitnessCosignature {
  readonly signature: NoteSignature
  /** When it was made: Unix seconds, by the witness's clock. */
  readonly time: number
}

/** A witness that gave no cosignature which counts. The message can be printed, whatever the witness said. */
export class WitnessError extends Error {
  override readonly name = 'WitnessError'
  readonly code: /** The policy gives it no address that it could be asked at. */
    | 'witness_unaddressed'
    | 'witness_unreachable'
    | 'witness_slow'
    | 'witness_failed'
    /** It does not know the log, or not this key of it. */
    | 'log_unknown'
    | 'log_key_refused'
    | 'request_refused'
    | 'proof_refused'
    /** It has cosigned another tree of the same size: the log has forked, or was restored from a backup. */
    | 'tree_refused'
    /** It has cosigned a longer log than this checkpoint covers. */
    | 'witness_ahead'
    /** It named another size each time it was asked. */
    | 'size_unsettled'
    | 'answer_too_long'
    | 'answer_malformed'
    | 'cosignature_absent'
    | 'cosignature_invalid'
    /** It says that it signed at a time that is far from our own. */
    | 'cosignature_time'
    /** Our own log could not prove that it continues what the witness cosigned. */
    | 'proof_unavailable'

  constructor(code: WitnessError['code'], message: string, options?: ErrorOptions) {
    super(printable(message), options)
    this.code = code
  }
}

/** Somebody else who signs our checkpoints after checking that each continues the one before. */
export interface Witness {
  /** What the policy says of it: its name and the key that alone counts. */
  readonly identity: PolicyWitness

  /**
   * Resolves with its cosignature on a checkpoint, verified. Asks a second time when it turns out to know another size of the log.
   * Rejects with a {@link WitnessError} only, `witness_slow` when `signal` ends the wait.
   */
  cosign(request: CosignRequest, signal: AbortSignal): Promise<WitnessCosignature>
}

/**
 * Remembers, by verifier key, which size of the log each witness cosigned last. Only a hint: when it is lost or wrong, the next
 * request to the witness takes one round trip more.
 */
export interface WitnessSizes {
  load(): Promise<ReadonlyMap<string, number>>
  store(sizes: ReadonlyMap<string, number>): Promise<void>
}

/** A checkpoint with the cosignatures that it was given. */
export interface CosignedNote {
  /** The signed note with all cosignatures, in the order of the policy. */
  readonly note: string
  /** The names of the witnesses that the quorum could still use. Empty when the quorum is reached, and only then. */
  readonly missing: readonly string[]
}

/**
 * Has witnesses cosign a checkpoint that its log has signed and committed, before anybody else sees it. Rejects with `EvidenceLogError`
 * `witnesses_missing` where too few do and that is not allowed.
 */
export type Cosigner = (signed: SignedCheckpoint, consistency: ConsistencyProof) => Promise<SignedCheckpoint>
