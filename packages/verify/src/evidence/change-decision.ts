import type { Explanation } from '../verdict/explanation.ts'
import { VERDICTS, type Verdict } from '../verdict/verdict.ts'
import { EvidenceError } from './evidence-error.ts'

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
  readonly change: {
    readonly kind: string
    readonly repository: string
    readonly ref: string
    readonly object: string
    readonly base: string | null
  }
  readonly verdict: Verdict
  /** Why there is a verdict without rules, for example `no_policy_in_force`; null where rules were judged. */
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

const DIGEST = /^[0-9a-f]{64}$/

/**
 * Reads a predicate as a change decision: checks what a verifier relies on and trusts the sealed statement for the rest.
 * Throws {@link EvidenceError} `malformed_predicate`.
 */
export function parseChangeDecision(predicate: unknown): ChangeDecision {
  const decision = predicate as ChangeDecision
  const sound =
    isObject(predicate) &&
    isObject(decision.change) &&
    [decision.change.kind, decision.change.repository, decision.change.ref, decision.change.object].every(isText) &&
    VERDICTS.includes(decision.verdict) &&
    Array.isArray(decision.rules) &&
    Array.isArray(decision.signatures) &&
    decision.signatures.every(
      (one) => isObject(one) && isText(one.object) && isText(one.status) && isText(one.reason),
    ) &&
    Array.isArray(decision.controls) &&
    (decision.policy === null || isDigest(decision.policy)) &&
    isDigest(decision.inputs) &&
    [decision.evaluatedAt, decision.recordedAt].every(isText)
  if (!sound) throw new EvidenceError('malformed_predicate', 'not a change decision')
  return decision
}

function isDigest(value: unknown): boolean {
  return isObject(value) && isText(value['sha256']) && DIGEST.test(value['sha256'])
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null
const isText = (value: unknown): value is string => typeof value === 'string'
