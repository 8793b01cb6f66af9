import {
  EvidenceError,
  equalBytes,
  openPolicyBundle,
  type SealedBundle,
  sealPolicyBundle,
  sha256Hex,
} from '@countersign/verify'
import { PolicyInForce } from '../judge/controls/policy-in-force.ts'

/** Everything that a change is judged by, as it was in force: rules, the customer's own controls, people and key material. */
export interface PolicyBundle extends Omit<SealedBundle, 'policy'> {
  readonly policy: PolicyInForce
}

/** A bundle as the bytes that evidence names, and their SHA-256 in hex. */
export interface SealedPolicy {
  readonly bundle: PolicyBundle
  readonly bytes: Uint8Array
  readonly digest: string
}

/** Gives a bundle its one spelling; docs/formats/policy-bundle.md describes it. */
export function sealPolicy(bundle: PolicyBundle): SealedPolicy {
  const bytes = sealPolicyBundle(bundle)
  return { bundle, bytes, digest: sha256Hex(bytes) }
}

/**
 * Reads back what {@link sealPolicy} wrote. The caller has checked the bytes against their digest. Throws `EvidenceError`: the codes
 * of `openPolicyBundle`, and `malformed_document` for rules that are not exactly those that this version judges by.
 */
export function openPolicy(bytes: Uint8Array): SealedPolicy {
  const { policy, ...bundle } = openPolicyBundle(bytes)
  const rules = PolicyInForce.safeParse(policy)
  if (rules.success) {
    const sealed = sealPolicy({ ...bundle, policy: rules.data })
    // A rule that the sealed policy lacks would be filled in with its default, and demand what nobody had demanded.
    if (equalBytes(sealed.bytes, bytes)) return sealed
  }
  throw new EvidenceError('malformed_document', 'policy-bundle.policy is not a policy that this version judges by')
}
