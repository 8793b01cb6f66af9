import type { SignatureScheme } from '../signatures/signature.ts'

/** A stretch of time in Unix seconds, both ends belonging to it; null is open. */
export interface Validity {
  readonly from: number | null
  readonly until: number | null
}

/** Why and from when a key no longer counts. One that was compromised, or of which nobody says why, never counted: who can say since when it was abused? */
export interface Revocation {
  readonly at: number
  readonly why: 'compromised' | 'superseded' | 'retired' | 'unspecified'
}

/**
 * One way in which an identity signs.
 *
 * SSH and OpenPGP keys are named by fingerprint (`SHA256:…`; upper-case hex of the signing or the primary key), an SSH
 * certificate by its authority's fingerprint and a principal, an X.509 signer by a name in the certificate (e-mail, URI or subject) and,
 * for identities from a sign-in, the issuer that vouched for it.
 */
export type IdentityKey = KeyLife &
  (
    | { readonly scheme: Extract<SignatureScheme, 'ssh' | 'openpgp'>; readonly fingerprint: string }
    | { readonly scheme: 'ssh-certificate'; readonly authority: string; readonly principal: string }
    | { readonly scheme: 'x509'; readonly name: string; readonly issuer: string | null }
  )

/** When a key counts. */
export interface KeyLife {
  readonly validity: Validity
  readonly revoked: Revocation | null
}

/** An account at a forge that belongs to an identity. */
export interface ForgeAccount {
  readonly forge: string
  readonly login: string
}

/** A person, a service or an AI agent; an agent has a person who answers for it. */
export interface Identity {
  readonly id: string
  readonly kind: 'person' | 'service' | 'agent'
  readonly name: string
  readonly emails: readonly string[]
  readonly accounts: readonly ForgeAccount[]
  readonly roles: readonly string[]
  /** The id of the person who answers for an agent; null for everybody else. */
  readonly sponsor: string | null
  readonly validity: Validity
  readonly keys: readonly IdentityKey[]
}

/** Everybody that a repository trusts, and with which keys. */
export interface IdentityPolicy {
  readonly identities: readonly Identity[]
}
