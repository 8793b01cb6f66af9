import type { Explanation, Signer, SignerIndex } from '@countersign/verify'
import type { ChangeFacts, CommitFact, TagFact } from './change.ts'
import type { EvidenceCode } from './controls/evidence-codes.ts'
import type { Policy, RuleId } from './policy.ts'

/** What a rule judges by, besides the facts. */
export interface RuleContext {
  readonly policy: Policy
  readonly signers: SignerIndex
  /** Who signed a commit or tag, resolved once for all rules. */
  readonly signerOf: (signed: CommitFact | TagFact) => Signer
}

/**
 * One demand on a change. `judge` is pure and returns the rule's own verdict, whatever its mode; modes are applied in one
 * place, by `judgeChange`.
 */
export interface Rule {
  readonly id: RuleId
  /** What the rule demands, as one plain sentence. */
  readonly sentence: string
  /** The controls that a result supports; never that it satisfies them. */
  readonly controls: readonly string[]
  /** The kinds of evidence that a result is, for controls of a customer's own. */
  readonly evidence: readonly EvidenceCode[]
  readonly judge: (facts: ChangeFacts, context: RuleContext) => Explanation
}
