import type { Json } from '../bytes/canonical-json.ts'
import type { Explanation } from '../verdict/explanation.ts'
import { VERDICTS, type Verdict } from '../verdict/verdict.ts'
import { type ChangeKey, changeKey } from './change-inputs.ts'
import { digest, list, moment, nullable, objectId, oneOf, optional, record, type Shape, text } from './shape.ts'

/** The predicate type of a judged change; docs/formats/change-decision.md describes it well enough to write another. */
export const CHANGE_DECISION = 'https://countersign.dev/attestation/change-decision/v1'

/** What one rule said of the change, what that counted for, and why. */
export interface RecordedRule {
  readonly rule: string
  readonly sentence: string
  readonly mode: string
  readonly controls: readonly string[]
  readonly verdict: Verdict
  readonly explanation: Explanation
}

/** What one object's signature proved, in the words of `SignatureCheck`, and who it was found to belong to. */
export interface RecordedSignature {
  readonly object: string
  readonly type: 'commit' | 'tag'
  readonly scheme: string | null
  readonly status: string
  readonly git: string
  readonly key: string | null
  readonly principal: string | null
  readonly reason: string
  readonly signer: string | null
}

/** The decision on one change, as evidence keeps it. Digests are SHA-256 in lower-case hex. */
export interface ChangeDecision {
  readonly change: ChangeKey
  readonly verdict: Verdict
  /**
   * Why the verdict does not rest on the policy of the base commit: `no_policy_in_force`; `policy_malformed_at_base`, where the
   * last policy that was known judged and the verdict is never pass; `policy_refused_at_base`, where a refused change brought the
   * policy of the base and the one before it judged; `policy_given` by whoever ran the check. Null where it does.
   */
  readonly basis: string | null
  readonly rules: readonly RecordedRule[]
  readonly signatures: readonly RecordedSignature[]
  /** Every control that the decision supports. */
  readonly controls: readonly string[]
  /** The policy in force, as sealed bytes; null when there was none. */
  readonly policy: { readonly sha256: string } | null
  /** The bytes that the decision can be made again from. */
  readonly inputs: { readonly sha256: string }
  readonly engine: { readonly name: string; readonly version: string }
  /** RFC 3339: what the change itself claims, when it was judged, and when it was recorded. */
  readonly occurredAt: string | null
  readonly evaluatedAt: string
  readonly recordedAt: string
}

const explanation: Shape<Explanation> = record<Explanation>(
  {
    about: text,
    verdict: oneOf(VERDICTS),
    reason: text,
    sentence: text,
    observed: optional(text) as Shape<string>,
    wanted: optional(text) as Shape<string>,
    remedy: optional(text) as Shape<string>,
    parts: (value, at) => list(explanation)(value, at),
  },
  'ignored',
)

const rule = record<RecordedRule>(
  { rule: text, sentence: text, mode: text, controls: list(text), verdict: oneOf(VERDICTS), explanation },
  'ignored',
)

const signature = record<RecordedSignature>(
  {
    object: objectId,
    type: oneOf(['commit', 'tag']),
    scheme: nullable(text),
    status: text,
    git: text,
    key: nullable(text),
    principal: nullable(text),
    reason: text,
    signer: nullable(text),
  },
  'ignored',
)

const byDigest = record({ sha256: digest }, 'ignored')

const decision = record<ChangeDecision>(
  {
    change: changeKey,
    verdict: oneOf(VERDICTS),
    basis: nullable(text),
    rules: list(rule),
    signatures: list(signature),
    controls: list(text),
    policy: nullable(byDigest),
    inputs: byDigest,
    engine: record({ name: text, version: text }, 'ignored'),
    occurredAt: nullable(text),
    evaluatedAt: moment,
    recordedAt: moment,
  },
  'ignored',
)

/** Reads a predicate as a change decision; unknown fields are ignored. Throws {@link EvidenceError} `malformed_document`. */
export function parseChangeDecision(predicate: Json): ChangeDecision {
  return decision(predicate, 'change-decision')
}
