import type { SignatureCheck, SignatureTimes } from '../signatures/signature.ts'
import type { Identity, IdentityKey, IdentityPolicy, Revocation, Validity } from './identity-policy.ts'

/**
 * Who a checked signature belongs to, at the time that matters.
 *
 * `known` needs a good signature, exactly one identity with that key, and both inside their validity. Everything else
 * is `refused` (it is known why not) or `unknown` (nobody could tell).
 */
export type Signer =
  | { readonly kind: 'known'; readonly identity: string; readonly reason: 'known' }
  | { readonly kind: 'refused'; readonly identity: string | null; readonly reason: string }
  | { readonly kind: 'unknown'; readonly identity: null; readonly reason: string }

/** Finds identities by key. Built once for a policy, because a history asks thousands of times. */
export interface SignerIndex {
  readonly byId: ReadonlyMap<string, Identity>
  readonly byKey: ReadonlyMap<string, readonly Owned[]>
}

const CLOCK_TOLERANCE = 86_400
/** Of these nobody can say since when it was abused, and who has the key chooses the dates that it signs. */
const ALL_ITS_LIFE: ReadonlySet<Revocation['why']> = new Set(['compromised', 'unspecified'])

interface Owned {
  readonly identity: Identity
  readonly key: IdentityKey
}

/** Indexes a policy's identities by every name their keys go by. */
export function indexSigners(policy: IdentityPolicy): SignerIndex {
  const byKey = new Map<string, Owned[]>()
  for (const identity of policy.identities) {
    for (const key of identity.keys) {
      const name = keyName(key)
      byKey.set(name, [...(byKey.get(name) ?? []), { identity, key }])
    }
  }
  return { byId: new Map(policy.identities.map((identity) => [identity.id, identity])), byKey }
}

/**
 * Says who signed.
 *
 * @param check the signature's own check, made with the keys of the same policy
 * @param times the times that the check was made with; `trusted` is used where there is one, else the later of `claimed` and what the
 *   signature says itself
 */
export function resolveSigner(check: SignatureCheck, times: SignatureTimes, index: SignerIndex): Signer {
  if (check.status === 'unverifiable') return { kind: 'unknown', identity: null, reason: check.reason }
  const owners = namesOf(check).flatMap((name) => index.byKey.get(name) ?? [])
  const first = owners[0]
  if (check.status !== 'good') return { kind: 'refused', identity: first?.identity.id ?? null, reason: check.reason }
  if (first === undefined) return { kind: 'refused', identity: null, reason: 'signer_not_in_policy' }
  // A clock may be a little fast; a day ahead is a date that was made up.
  if (times.claimed > times.now + CLOCK_TOLERANCE)
    return { kind: 'refused', identity: first.identity.id, reason: 'dated_in_the_future' }
  const others = new Set(owners.map((owner) => owner.identity.id))
  if (others.size > 1) return { kind: 'refused', identity: null, reason: 'key_of_several_identities' }
  // Whoever backdates a commit may have forgotten the signature: it was not made before the later of the two.
  return judgeLife(owners, index, times.trusted ?? Math.max(times.claimed, check.signedAt ?? times.claimed))
}

function judgeLife(owners: readonly Owned[], { byId }: SignerIndex, at: number): Signer {
  const { identity } = owners[0] as Owned
  const refused = (reason: string): Signer => ({ kind: 'refused', identity: identity.id, reason })
  const outside = outsideOf(identity.validity, at)
  if (outside !== null) return refused(`identity_${outside}`)
  const sponsor = identity.sponsor === null ? undefined : byId.get(identity.sponsor)
  const unsponsored = sponsor === undefined ? null : outsideOf(sponsor.validity, at)
  if (unsponsored !== null) return refused(`sponsor_${unsponsored}`)
  const reasons = owners.map(({ key }) => keyRefusal(key, at))
  const worst = reasons.find((reason) => reason !== null)
  // A key that is listed twice must be in order under every listing: a second line cannot undo a revocation.
  return worst === undefined ? { kind: 'known', identity: identity.id, reason: 'known' } : refused(worst as string)
}

function keyRefusal(key: IdentityKey, at: number): string | null {
  if (key.revoked !== null && (ALL_ITS_LIFE.has(key.revoked.why) || at >= key.revoked.at))
    return 'key_revoked_by_policy'
  const outside = outsideOf(key.validity, at)
  return outside === null ? null : `key_${outside}`
}

function outsideOf(validity: Validity, at: number): 'not_yet_valid' | 'no_longer_valid' | null {
  if (validity.from !== null && at < validity.from) return 'not_yet_valid'
  if (validity.until !== null && at > validity.until) return 'no_longer_valid'
  return null
}

function keyName(key: IdentityKey): string {
  switch (key.scheme) {
    case 'ssh':
    case 'openpgp':
      return `${key.scheme}\n${key.fingerprint}`
    case 'ssh-certificate':
      return `ssh-certificate\n${key.authority}\n${key.principal}`
    case 'x509':
      return `x509\n${key.name}\n${key.issuer ?? ''}`
  }
}

function namesOf(check: SignatureCheck): readonly string[] {
  switch (check.scheme) {
    case null:
      return []
    case 'ssh':
      return [
        `ssh\n${check.fingerprint}`,
        ...(check.primaryFingerprint === null
          ? []
          : [`ssh-certificate\n${check.primaryFingerprint}\n${check.principal}`]),
      ]
    case 'openpgp': {
      const names = [`openpgp\n${check.fingerprint}`, `openpgp\n${check.primaryFingerprint}`]
      return check.fingerprint === check.primaryFingerprint ? names.slice(0, 1) : names
    }
    case 'x509':
      return x509NamesOf(check.details)
  }
}

/** The e-mails, URIs and subject of the certificate; names from a sign-in count only together with whoever vouched for them. */
function x509NamesOf(details: SignatureCheck['details']): readonly string[] {
  const issuer = details['fulcio.issuer'] ?? details['fulcio.issuerV1'] ?? ''
  const listed = [details['emails'], details['uris']].flatMap((names) => String(names ?? '').split(' '))
  const names = [...listed, String(details['subject'] ?? '')].filter((name) => name !== '')
  return [...new Set(names)].map((name) => `x509\n${name}\n${issuer}`)
}
