import {
  type ChangeDecision,
  indexSigners,
  readTrustRoots,
  type SignerIndex,
  type TrustRoots,
} from '@countersign/verify'
import type { ChangeFacts, CommitFact, TagFact } from '../judge/change.ts'
import { type Judgement, judgeChange } from '../judge/judge-change.ts'
import { type ChangeInputs, readFacts } from '../judge/read-facts.ts'
import { ENGINE } from './engine.ts'
import type { SealedPolicy } from './policy-bundle.ts'
import { Problem } from './problem.ts'

/** What a decision says, before it is told when and under which digest its inputs were recorded. */
export type Decided = Omit<ChangeDecision, 'inputs' | 'recordedAt'>

/** A policy made ready for many changes: keys parsed and people indexed once. */
export interface ReadyPolicy {
  readonly sealed: SealedPolicy
  readonly roots: TrustRoots
  readonly signers: SignerIndex
}

/**
 * Prepares a sealed policy. Keys in it that cannot be read are left out of the trust, so that nothing they sign is good.
 * Throws `Problem` `policy_malformed` for a revocation list or a root that cannot be read.
 */
export function readyPolicy(sealed: SealedPolicy): ReadyPolicy {
  const { trust, identities } = sealed.bundle
  try {
    return { sealed, roots: readTrustRoots(trust).roots, signers: indexSigners(identities) }
  } catch (cause) {
    throw new Problem('policy_malformed', `keys/: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}

/**
 * Decides on one change. Pure: the same inputs and policy give the same decision, which is what `replay` relies on.
 *
 * Without a policy the verdict is `not_applicable` with the basis `no_policy_in_force`: nobody had said yet what is demanded.
 */
export function makeDecision(inputs: ChangeInputs, policy: ReadyPolicy | null): Decided {
  const roots = policy === null ? readTrustRoots(NO_TRUST).roots : policy.roots
  const facts = readFacts(inputs, roots)
  const judgement = policy === null ? NO_JUDGEMENT : judgeChange(facts, policy.sealed.bundle.policy, policy.signers)
  return {
    change: facts.change,
    verdict: policy === null && facts.unreadable.length > 0 ? 'indeterminate' : judgement.verdict,
    basis: basisOf(facts, policy, inputs.basis ?? null),
    rules: judgement.results,
    signatures: [...facts.commits, ...(facts.tag === null ? [] : [facts.tag])].map((signed) =>
      recordSignature(signed, judgement),
    ),
    controls: judgement.controls,
    policy: policy === null ? null : { sha256: policy.sealed.digest },
    engine: ENGINE,
    occurredAt: occurredAt(facts),
    evaluatedAt: toRfc3339(inputs.evaluatedAt),
  }
}

/** Why the verdict does not rest on the policy of the base commit alone; null where it does. */
function basisOf(facts: ChangeFacts, policy: ReadyPolicy | null, told: string | null): string | null {
  if (facts.unreadable.some(({ reason }) => reason === 'policy_malformed')) return 'policy_malformed_at_base'
  return policy === null ? 'no_policy_in_force' : told
}

const NO_TRUST = { allowedSigners: [], keyrings: [], x509Roots: [], revoked: [] }
const NO_JUDGEMENT: Judgement = { verdict: 'not_applicable', results: [], controls: [], signerOf: () => null }

function recordSignature(signed: CommitFact | TagFact, judgement: Judgement): ChangeDecision['signatures'][number] {
  const { scheme, status, git, key, principal, reason } = signed.signature
  const type = 'committer' in signed ? 'commit' : 'tag'
  return {
    object: signed.object,
    type,
    scheme,
    status,
    git,
    key,
    principal,
    reason,
    signer: judgement.signerOf(signed),
  }
}

function occurredAt(facts: ChangeFacts): string | null {
  const time = facts.tag?.tagger?.time ?? facts.commits[0]?.committer.time
  return time === undefined ? null : toRfc3339(time)
}

/** A Unix time in seconds as RFC 3339 in UTC. Times past the year 9999, which it cannot say, become its last second. */
export function toRfc3339(seconds: number): string {
  const milliseconds = Math.min(seconds * 1000, 253_402_300_799_000)
  return new Date(milliseconds).toISOString().replace('.000Z', 'Z')
}
