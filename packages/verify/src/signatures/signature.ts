/**
 * What checking one Git signature returns, whatever its scheme.
 *
 * `status` is Countersign's own answer; `git` is the `%G?` letter that git prints with the same trust.
 * Where the two disagree, `reason` says why. The reason codes are described in docs/formats/signature-reasons.md,
 * and `signature-reasons.test.ts` holds the two lists equal.
 */

/** The signature formats that git knows, told apart by their armour (git `gpg-interface.c`). */
export type SignatureScheme = 'ssh' | 'openpgp' | 'x509'

/** `%G?`: good, good but untrusted, bad, expired signature, expired key, revoked key, cannot check, none. */
export type GitLetter = 'G' | 'U' | 'B' | 'X' | 'Y' | 'R' | 'E' | 'N'

/**
 * - `good`: the mathematics hold, every structural demand is met, and the key is trusted at the time that matters
 * - `untrusted`: the mathematics hold, but no trusted key or root covers the signer
 * - `expired_key`, `revoked_key`, `expired_signature`: the mathematics hold, but not at the time that matters
 * - `bad`: the signature does not match the signed bytes
 * - `malformed`: the bytes are not a signature that its format allows
 * - `unverifiable`: could not be checked (key absent, algorithm not supported); never counts as good
 * - `unsigned`: there is no signature
 */
export type SignatureStatus =
  | 'good'
  | 'untrusted'
  | 'expired_key'
  | 'revoked_key'
  | 'expired_signature'
  | 'bad'
  | 'malformed'
  | 'unverifiable'
  | 'unsigned'

/** The times that a signature is judged at, all in Unix seconds. */
export interface SignatureTimes {
  /** The committer or tagger date: chosen by the signer, and what git itself uses for SSH. */
  readonly claimed: number
  /** When this check runs; captured once by the caller. gpg compares key expiry with it. */
  readonly now: number
  /**
   * A time from a source that the signer does not control (log inclusion, forge push, timestamp authority) at which the
   * object already existed, or null when there is none. With it, a key that expired or was superseded later stays good.
   */
  readonly trusted: number | null
}

/** The outcome of one signature check. Strings never contain control characters. */
export interface SignatureCheck {
  readonly scheme: SignatureScheme | null
  readonly status: SignatureStatus
  readonly git: GitLetter
  /** A stable code in snake_case; `verified` when status is good and nothing needs saying. */
  readonly reason: string
  /** What `%GK` shows: `SHA256:…` for SSH, 16 upper-case hex digits for OpenPGP, gpgsm's key id for X.509; null when unknown. */
  readonly key: string | null
  /** The whole fingerprint of the key that signed (SSH `SHA256:…`, OpenPGP upper-case hex, X.509 SHA-256 of the certificate in lower-case hex). */
  readonly fingerprint: string | null
  /** The primary key's fingerprint for OpenPGP, the certificate authority's for an SSH certificate; otherwise null. */
  readonly primaryFingerprint: string | null
  /** What `%GS` shows: SSH principal, OpenPGP user id, X.509 subject; null when there is none. */
  readonly principal: string | null
  /** The time that the signature itself carries (OpenPGP creation time, CMS signingTime), Unix seconds; null when it carries none. */
  readonly signedAt: number | null
  /** Scheme-specific facts worth keeping as evidence (security-key flags and counter, certificate serial, issuer, log index). */
  readonly details: Readonly<Record<string, string | number | boolean>>
}
