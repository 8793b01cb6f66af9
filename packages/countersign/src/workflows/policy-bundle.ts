import { canonicalJson, type IdentityPolicy, type Json, sha256Hex, type TrustMaterial } from '@countersign/verify'
import type { Policy } from '../judge/policy.ts'

/** Everything that a change is judged by, as it was in force: rules, people and key material. */
export interface PolicyBundle {
  /** Where it was read: a tree of the repository itself, or a folder that the caller named. */
  readonly source:
    | { readonly kind: 'repository'; readonly tree: string }
    | { readonly kind: 'folder' }
    | { readonly kind: 'built-in' }
  readonly policy: Policy
  readonly identities: IdentityPolicy
  readonly trust: TrustMaterial
}

/** A bundle as the bytes that evidence names, and their SHA-256 in hex. */
export interface SealedPolicy {
  readonly bundle: PolicyBundle
  readonly bytes: Uint8Array
  readonly digest: string
}

export const POLICY_FORMAT = 'https://countersign.dev/formats/policy-bundle/v1'

/** Gives a bundle its one spelling: canonical JSON, key material in base64. */
export function sealPolicy(bundle: PolicyBundle): SealedPolicy {
  const { source, policy, identities, trust } = bundle
  const value = { format: POLICY_FORMAT, source, policy, identities, trust: trustToJson(trust) }
  // Both went through their schemas, so they hold nothing that JSON cannot say.
  const bytes = Buffer.from(canonicalJson(value as unknown as Json), 'utf8')
  return { bundle, bytes, digest: sha256Hex(bytes) }
}

/** Reads back what {@link sealPolicy} wrote. The caller has checked the bytes against their digest. */
export function openPolicy(bytes: Uint8Array): SealedPolicy {
  const value = JSON.parse(Buffer.from(bytes).toString('utf8')) as Omit<PolicyBundle, 'trust'> & {
    readonly trust: TrustJson
  }
  const { source, policy, identities } = value
  return { bundle: { source, policy, identities, trust: trustFromJson(value.trust) }, bytes, digest: sha256Hex(bytes) }
}

type TrustJson = { readonly [key in keyof TrustMaterial]: readonly string[] }

function trustToJson(trust: TrustMaterial): TrustJson {
  const encode = (parts: readonly Uint8Array[]): readonly string[] =>
    parts.map((part) => Buffer.from(part).toString('base64'))
  const { allowedSigners, keyrings, x509Roots, revoked } = trust
  return {
    allowedSigners: encode(allowedSigners),
    keyrings: encode(keyrings),
    x509Roots: encode(x509Roots),
    revoked: encode(revoked),
  }
}

function trustFromJson(trust: TrustJson): TrustMaterial {
  const decode = (parts: readonly string[]): readonly Uint8Array[] => parts.map((part) => Buffer.from(part, 'base64'))
  const { allowedSigners, keyrings, x509Roots, revoked } = trust
  return {
    allowedSigners: decode(allowedSigners),
    keyrings: decode(keyrings),
    x509Roots: decode(x509Roots),
    revoked: decode(revoked),
  }
}
