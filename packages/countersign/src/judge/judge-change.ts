import {
  type Explanation,
  resolveSigner,
  type Signer,
  type SignerIndex,
  type Verdict,
  worstVerdict,
} from '@countersign/verify'
import type { ChangeFacts, CommitFact, TagFact } from './change.ts'
import { customTagsFor } from './controls/controls-for.ts'
import type { PolicyInForce } from './controls/policy-in-force.ts'
import type { RuleMode } from './policy.ts'
import type { Rule, RuleContext } from './rule.ts'
import { RULES } from './rules.ts'

/** What one rule said of a change, and what that counts for. */
export interface RuleResult {
  readonly rule: string
  readonly sentence: string
  readonly mode: RuleMode
  readonly controls: readonly string[]
  /** The rule's own answer. */
  readonly explanation: Explanation
  /** What that answer counts for under the rule's mode. */
  readonly verdict: Verdict
}

/** The judgement of one change: pure in the facts and the policy, so that anybody can make it again. */
export interface Judgement {
  readonly verdict: Verdict
  readonly results: readonly RuleResult[]
  /** Every control that some result supports, sorted. */
  readonly controls: readonly string[]
  /** The id of the identity that signed, or null where none is known. */
  readonly signerOf: (signed: CommitFact | TagFact) => string | null
}

/**
 * Judges a change by every rule that is not off.
 *
 * The verdict is the worst that counts: failures of rules in `warn` mode warn, rules in `observe` mode count for nothing. An object
 * that could not be read makes the whole `indeterminate` unless something failed: what was not seen is never approved.
 */
export function judgeChange(facts: ChangeFacts, policy: PolicyInForce, signers: SignerIndex): Judgement {
  const context = { policy, signers, signerOf: rememberSigners(facts, signers) }
  const results = RULES.flatMap((rule) => judgeRule(rule, facts, context, policy))
  const counted = results.filter((result) => result.mode !== 'observe').map((result) => result.verdict)
  const unread: readonly Verdict[] = facts.unreadable.length > 0 ? ['indeterminate'] : []
  return {
    verdict: worstVerdict([...counted, ...unread]),
    results,
    controls: [...new Set(results.flatMap((result) => (applies(result) ? result.controls : [])))].sort(),
    signerOf: (signed) => {
      const signer = context.signerOf(signed)
      return signer.kind === 'known' ? signer.identity : null
    },
  }
}

function judgeRule(rule: Rule, facts: ChangeFacts, context: RuleContext, policy: PolicyInForce): readonly RuleResult[] {
  const mode = policy.rules[rule.id]?.mode ?? 'off'
  if (mode === 'off') return []
  const explanation = rule.judge(facts, context)
  const { id, sentence } = rule
  const controls = [...new Set([...rule.controls, ...customTagsFor(rule.evidence, policy.controls)])]
  return [{ rule: id, sentence, mode, controls, explanation, verdict: underMode(explanation.verdict, mode) }]
}

function underMode(verdict: Verdict, mode: RuleMode): Verdict {
  if (mode === 'enforce' || verdict === 'pass' || verdict === 'not_applicable') return verdict
  return 'warn'
}

function applies(result: RuleResult): boolean {
  return result.verdict !== 'not_applicable'
}

function rememberSigners(facts: ChangeFacts, signers: SignerIndex): RuleContext['signerOf'] {
  const known = new Map<string, Signer>()
  return (signed) => {
    const before = known.get(signed.object)
    if (before !== undefined) return before
    const times = { claimed: claimedTimeOf(signed), now: facts.evaluatedAt, trusted: null }
    const signer = resolveSigner(signed.signature, times, signers)
    known.set(signed.object, signer)
    return signer
  }
}

function claimedTimeOf(signed: CommitFact | TagFact): number {
  return 'committer' in signed ? signed.committer.time : (signed.tagger?.time ?? 0)
}
