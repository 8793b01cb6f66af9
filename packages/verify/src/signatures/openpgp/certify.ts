import { hashAlgorithm, signingAlgorithm } from './algorithms.ts'
import type { KeyPacket } from './key-packet.ts'
import type { Certificate, Keyring, Subkey, UserId } from './keyring.ts'
import { fitsDigestPrefix, prove } from './mathematics.ts'
import { OpenPgpError } from './openpgp-error.ts'
import { shownUserId } from './shown-user-id.ts'
import { endOfLife, readSignaturePacket, type SignaturePacket, signatureExpiry } from './signature-packet.ts'

/*
 * What a key says about itself. Self-signatures may use SHA-1, as gpg allows: the key's owner chose everything that
 * they cover, so that a collision gives an outsider nothing. MD5 may not.
 */

/** A revocation by the key itself or its designated revoker; `reason` is the code of RFC 9580 §5.2.3.31. */
export interface Revocation {
  readonly revokedAt: number
  readonly reason: number | null
}

/** The validity of a primary key or subkey: from `createdAt` up to `expiresAt`, less its revocations. */
export interface KeyValidity {
  readonly key: KeyPacket
  readonly createdAt: number
  /** Unix seconds; null for never. */
  readonly expiresAt: number | null
  readonly revocations: readonly Revocation[]
  /** Whether the key's flags, or its algorithm where it has none, let it sign data. */
  readonly canSign: boolean
  /** Whether a self-signature (primary key) or binding signature (subkey) stands behind the key at all. */
  readonly isBound: boolean
  /** Whether a subkey signed its own binding back; a primary key needs none. */
  readonly backSignature: 'good' | 'bad' | 'none'
}

/** What the checked self-signatures of one certificate say at one time. */
export interface Certified {
  readonly primary: KeyValidity
  readonly subkeys: ReadonlyMap<string, KeyValidity>
  /** Whether a direct-key signature or a user id that is neither revoked nor expired vouches for the key. */
  readonly hasLiveIdentity: boolean
  /** Whether `gpg --import` keeps the key: version 4, an algorithm it knows, a user id with a self-signature. */
  readonly gpgImports: boolean
  /** The user id that gpg prints with a signature, or null when the key has none in text. */
  readonly shownUserId: string | null
  /** Whether somebody who may revoke the key claims to have done so, and the keyring lacks the key to check that. */
  readonly revokerMissing: boolean
}

/** The self-signatures of one certificate that hold, whatever the time. */
interface Proven {
  readonly direct: readonly SignaturePacket[]
  readonly revocations: readonly SignaturePacket[]
  readonly revokerMissing: boolean
  readonly userIds: readonly UserId[]
  readonly subkeys: readonly ProvenSubkey[]
  last: { readonly now: number; readonly certified: Certified } | null
}

interface ProvenSubkey {
  readonly key: KeyPacket
  /** The newest binding, even when it has expired: an older one does not come back. */
  readonly binding: SignaturePacket | null
  readonly revocations: readonly SignaturePacket[]
  readonly backSignature: KeyValidity['backSignature']
}

// Over so many subkey revocations only those whose digest begins right for a subkey are checked, to bound the work.
const TRIED_IN_FULL = 16

// Checking a key's signatures costs far more than checking one commit, and a keyring serves many commits.
const provenOnce = new WeakMap<Certificate, Proven>()

/**
 * What the certificate says about itself at `now` (Unix seconds). Its signatures are checked once, on the first call.
 *
 * The newest self-signature decides, as in gpg 2.2, with a direct-key signature before those on user ids. `now` matters
 * only for self-signatures that themselves expire and for keys from the future.
 */
export function certify(certificate: Certificate, keyring: Keyring, now: number): Certified {
  let proven = provenOnce.get(certificate)
  if (proven === undefined) {
    proven = proveAll(certificate, keyring)
    provenOnce.set(certificate, proven)
  }
  if (proven.last?.now !== now) proven.last = { now, certified: weigh(certificate, proven, now) }
  return proven.last.certified
}

function proveAll(certificate: Certificate, keyring: Keyring): Proven {
  const { primary } = certificate
  const overKey = certificate.direct.filter((signature) => isProven(primary, signature, primary.framed))
  const direct = overKey.filter(({ type }) => type === 0x1f)
  const foreign = foreignRevocations(certificate, direct, keyring)
  return {
    direct,
    revocations: [...overKey.filter(({ type }) => type === 0x20), ...foreign.revocations],
    revokerMissing: foreign.revokerMissing,
    userIds: certificate.userIds.map((userId) => proveUserId(primary, userId)),
    subkeys: certificate.subkeys.map((subkey) => proveSubkey(certificate, subkey)),
    last: null,
  }
}

function isProven(signer: KeyPacket, signature: SignaturePacket, ...parts: readonly Uint8Array[]): boolean {
  // MD5 is the one hash of the table that no release of gpg 2.2 takes and that is broken outright.
  if (hashAlgorithm(signature.hash)?.name === 'md5' || signature.hashed.unknownCritical) return false
  if (signature.unhashed.unknownCritical || (signature.createdAt ?? 0) < signer.createdAt) return false
  if ((signature.version === 6) !== (signer.version === 6)) return false
  const proof = prove(signer, signature, ...parts)
  return proof === 'match' || proof === 'wrong_prefix' || proof === 'unreduced'
}

function proveUserId(primary: KeyPacket, userId: UserId): UserId {
  const signatures = userId.signatures.filter(
    (signature) =>
      ((signature.type >= 0x10 && signature.type <= 0x13) || signature.type === 0x30) &&
      isProven(primary, signature, primary.framed, ...framedUserId(userId, signature)),
  )
  return { ...userId, signatures }
}

function framedUserId({ body, isText }: UserId, signature: SignaturePacket): readonly Uint8Array[] {
  if (signature.version < 4) return [body]
  const head = Buffer.allocUnsafe(5)
  head[0] = isText ? 0xb4 : 0xd1
  head.writeUInt32BE(body.length, 1)
  return [head, body]
}

function proveSubkey({ primary, subkeyRevocations }: Certificate, { key, bindings }: Subkey): ProvenSubkey {
  const over = [primary.framed, key.framed]
  const binding = newest(bindings.filter((signature) => isProven(primary, signature, ...over)))
  const revocations = subkeyRevocations.filter(
    (signature) =>
      (subkeyRevocations.length <= TRIED_IN_FULL || fitsDigestPrefix(signature, ...over)) &&
      isProven(primary, signature, ...over),
  )
  return { key, binding, revocations, backSignature: binding === null ? 'none' : judgeBack(primary, key, binding) }
}

function judgeBack(primary: KeyPacket, key: KeyPacket, binding: SignaturePacket): KeyValidity['backSignature'] {
  const embedded = [...binding.hashed.embedded, ...binding.unhashed.embedded]
    .map(readEmbedded)
    .filter((signature) => signature !== null && signature.type === 0x19)
  const back = newest(embedded.filter((signature) => signature !== null))
  if (back === null) return 'none'
  return isProven(key, back, primary.framed, key.framed) ? 'good' : 'bad'
}

function readEmbedded(body: Uint8Array): SignaturePacket | null {
  try {
    return readSignaturePacket(body)
  } catch (error) {
    if (error instanceof OpenPgpError) return null
    throw error
  }
}

function foreignRevocations(
  { primary, foreignRevocations }: Certificate,
  direct: readonly SignaturePacket[],
  keyring: Keyring,
): Pick<Proven, 'revocations' | 'revokerMissing'> {
  const revokers = new Set(direct.flatMap(({ hashed }) => hashed.revokers.map(({ fingerprint }) => fingerprint)))
  let revokerMissing = false
  const revocations = foreignRevocations.filter((signature) => {
    for (const fingerprint of revokers) {
      const claims = [signature.hashed.issuerKeyId, signature.unhashed.issuerKeyId, signature.hashed.issuerFingerprint]
      if (!claims.some((claim) => claim !== null && fingerprint.endsWith(claim))) continue
      const revoker = keyring.byFingerprint.get(fingerprint)?.find(({ subkey }) => subkey === null)
      if (revoker === undefined) revokerMissing = true
      else if (isProven(revoker.key, signature, primary.framed)) return true
    }
    return false
  })
  return { revocations, revokerMissing }
}

function weigh(certificate: Certificate, proven: Proven, now: number): Certified {
  const { primary } = certificate
  const fromFuture = primary.createdAt > now
  const direct = newest(proven.direct.filter((signature) => !hasExpired(signature, now)))
  const identities = proven.userIds
    .filter(({ signatures }) => signatures.length > 0)
    .map((userId) => ({ userId, state: liveSelfSignature(userId, now) }))
  const live = identities.flatMap(({ state }) => (state === null ? [] : [state]))
  const hasLiveIdentity = !fromFuture && (direct !== null || live.length > 0)
  const keyFlags = direct?.hashed.keyFlags ?? latest(live, ({ hashed }) => hashed.keyFlags)
  const expiresAfter = direct?.hashed.keyExpiresAfter ?? latest(live, ({ hashed }) => hashed.keyExpiresAfter)
  return {
    primary: {
      key: primary,
      createdAt: primary.createdAt,
      expiresAt: expiresAfter === null ? null : endOfLife(primary.createdAt, expiresAfter),
      revocations: proven.revocations.map(toRevocation),
      canSign: maySign(primary, keyFlags),
      isBound: !fromFuture && (direct !== null || identities.length > 0),
      backSignature: 'good',
    },
    subkeys: new Map(proven.subkeys.map((subkey) => [subkey.key.fingerprint, weighSubkey(subkey, now)])),
    hasLiveIdentity,
    gpgImports: !fromFuture && identities.length > 0 && primary.version === 4 && gpgKnows(primary),
    shownUserId: shownUserId(identities),
    revokerMissing: proven.revokerMissing,
  }
}

function weighSubkey({ key, binding, revocations, backSignature }: ProvenSubkey, now: number): KeyValidity {
  const isBound = binding !== null && !hasExpired(binding, now)
  const expiresAfter = binding?.hashed.keyExpiresAfter ?? null
  return {
    key,
    createdAt: key.createdAt,
    expiresAt: expiresAfter === null ? null : endOfLife(key.createdAt, expiresAfter),
    revocations: revocations.map(toRevocation),
    canSign: isBound && maySign(key, binding.hashed.keyFlags),
    isBound,
    backSignature,
  }
}

const toRevocation = (signature: SignaturePacket): Revocation => ({
  revokedAt: signature.createdAt ?? 0,
  reason: signature.hashed.revocationReason,
})

const gpgKnows = (key: KeyPacket): boolean => signingAlgorithm(key.algorithm)?.gpgKnows === true

function maySign(key: KeyPacket, keyFlags: number | null): boolean {
  return signingAlgorithm(key.algorithm) !== null && (keyFlags === null || (keyFlags & 0x02) !== 0)
}

function hasExpired(signature: SignaturePacket, now: number): boolean {
  const expiry = signatureExpiry(signature)
  return expiry !== null && expiry <= now
}

/** The newest self-signature of a user id, unless that is a revocation or has expired. */
function liveSelfSignature({ signatures }: UserId, now: number): SignaturePacket | null {
  const last = newest(signatures)
  return last === null || last.type === 0x30 || hasExpired(last, now) ? null : last
}

/** The last of the newest, as gpg chooses among signatures of one second. */
function newest(signatures: readonly SignaturePacket[]): SignaturePacket | null {
  let best: SignaturePacket | null = null
  for (const signature of signatures) {
    if (best === null || (signature.createdAt ?? 0) >= (best.createdAt ?? 0)) best = signature
  }
  return best
}

/** What the newest signature that says anything about it says; the first among those of one second. */
function latest(signatures: readonly SignaturePacket[], read: (signature: SignaturePacket) => number | null) {
  let found: { at: number; value: number } | null = null
  for (const signature of signatures) {
    const value = read(signature)
    const at = signature.createdAt ?? 0
    if (value !== null && (found === null || at > found.at)) found = { at, value }
  }
  return found?.value ?? null
}
