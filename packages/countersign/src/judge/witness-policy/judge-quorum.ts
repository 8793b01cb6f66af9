import { type Cosignature, verifyCosignatures } from '@countersign/verify'
import type { PolicyWitness, QuorumPart, WitnessPolicy } from './witness-policy.ts'

/** Whether enough witnesses have cosigned. */
export interface QuorumJudgement {
  readonly isReached: boolean
  /** The witnesses that the quorum could still use, in the policy's order; empty when it is reached. */
  readonly missing: readonly PolicyWitness[]
}

/** Says whether the witnesses that have cosigned are enough for a policy. */
export function judgeQuorum(
  { quorum, witnesses }: WitnessPolicy,
  cosigned: ReadonlySet<PolicyWitness>,
): QuorumJudgement {
  if (quorum === null || isReached(quorum, cosigned)) return { isReached: true, missing: [] }
  const useful = new Set(openWitnesses(quorum, cosigned))
  return { isReached: false, missing: witnesses.filter((witness) => useful.has(witness)) }
}

/** What the cosignatures on a note are worth. */
export interface WitnessedJudgement extends QuorumJudgement {
  readonly cosignatures: ReadonlyMap<PolicyWitness, Cosignature>
}

/**
 * Verifies the cosignatures on a checkpoint and says whether they are enough for a policy. The log's own signature is not looked
 * at: see `verifyCheckpoint`. Throws `TlogError` as `verifyCosignatures` does, also when a single known cosignature is false.
 */
export function judgeWitnessed(policy: WitnessPolicy, note: string): WitnessedJudgement {
  const keys = policy.witnesses.map(({ key }) => key)
  const byKey = new Map(verifyCosignatures(note, keys).map((made) => [`${made.name}+${made.keyId}`, made]))
  const cosignatures = new Map<PolicyWitness, Cosignature>()
  for (const witness of policy.witnesses) {
    const made = byKey.get(`${witness.key.name}+${witness.key.keyId}`)
    if (made !== undefined) cosignatures.set(witness, made)
  }
  return { ...judgeQuorum(policy, new Set(cosignatures.keys())), cosignatures }
}

function isReached(part: QuorumPart, cosigned: ReadonlySet<PolicyWitness>): boolean {
  if (part.kind === 'witness') return cosigned.has(part)
  return part.members.filter((member) => isReached(member, cosigned)).length >= part.threshold
}

/** The witnesses that have not cosigned, below every part that is not reached: those of a reached part would add nothing. */
function openWitnesses(part: QuorumPart, cosigned: ReadonlySet<PolicyWitness>): readonly PolicyWitness[] {
  if (isReached(part, cosigned)) return []
  return part.kind === 'witness' ? [part] : part.members.flatMap((member) => openWitnesses(member, cosigned))
}
