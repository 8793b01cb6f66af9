import type { GitLetter } from '../signature.ts'
import { hashAlgorithm, signingAlgorithm } from './algorithms.ts'
import { type Certified, certify, type KeyValidity } from './certify.ts'
import type { KeyPacket } from './key-packet.ts'
import type { Keyring, Signer } from './keyring.ts'
import type { Proof } from './mathematics.ts'
import type { SignatureBlock } from './signature-block.ts'
import { issuerKeyId, type SignaturePacket, signatureExpiry } from './signature-packet.ts'

/** What `git log` prints for a signature: `%G?`, `%GK`, `%GF`, `%GP` and `%GS`, null where it prints nothing. */
export interface GpgVerdict {
  readonly git: GitLetter
  readonly key: string | null
  readonly fingerprint: string | null
  readonly primaryFingerprint: string | null
  readonly principal: string | null
}

const NOBODY = { key: null, fingerprint: null, primaryFingerprint: null, principal: null }

/**
 * What git 2.39 says with GnuPG 2.2 and `trust-model always` when the whole keyring has been imported, at `now`.
 *
 * The order of the tests is gpg's own; each row of it is recorded in testdata/openpgp. No signature that gpg can read
 * gives N, several of one kind give E with nothing else (git refuses them).
 */
export function gpgVerdict(
  block: SignatureBlock,
  keyring: Keyring,
  now: number,
  proofBy: (key: KeyPacket) => Proof,
): GpgVerdict {
  const [signature, second] = block.seenByGpg
  if (signature === undefined) return { git: 'N', ...NOBODY }
  // Where libgcrypt cannot even start to hash, gpg says nothing that git looks for.
  if (signature.type <= 1 && !STARTS_TO_HASH.has(signature.hash)) return { git: 'N', ...NOBODY }
  // Where the kinds differ gpg warns and checks the first alone.
  if (second !== undefined && block.seenByGpg.every(({ type }) => type === signature.type)) {
    return { git: 'E', ...NOBODY }
  }
  const key = issuerKeyId(signature) ?? '0000000000000000'
  const unchecked: GpgVerdict = { ...NOBODY, git: 'E', key }
  if (!gpgCanCheck(signature)) return unchecked
  const signer = signerForGpg(signature, keyring)
  if (signer === null) return unchecked
  const certified = certify(signer.certificate, keyring, now)
  const validity = validityOf(signer, certified)
  const createdAt = signature.createdAt ?? 0
  if (validity === null || createdAt < signer.key.createdAt || signer.key.createdAt > now) return unchecked
  if (!validity.canSign) return unchecked
  const proof = proofBy(signer.key)
  if (proof === 'unsupported' || proof === 'short_hash') return unchecked
  const principal = certified.shownUserId ?? '[?]'
  const unknownCritical = signature.hashed.unknownCritical || signature.unhashed.unknownCritical
  if (proof === 'mismatch' && !isLikeEdwards(signature)) return unchecked
  if (proof === 'mismatch' || unknownCritical) return { ...unchecked, git: 'B', principal }
  if (validity.backSignature !== 'good') return unchecked
  return {
    git: letterAtTime(signature, [certified.primary, validity], now),
    key,
    fingerprint: signer.key.fingerprint,
    primaryFingerprint: signer.certificate.primary.fingerprint,
    principal,
  }
}

// gpg 2.2 passes the OpenPGP number on unmapped here: 0 is "none yet" to libgcrypt, and 6 is Tiger.
const STARTS_TO_HASH = new Set([0, 1, 2, 3, 6, 8, 9, 10, 11])

function gpgCanCheck({ type, hash, algorithm }: SignaturePacket): boolean {
  return type <= 1 && hashAlgorithm(hash)?.gpgChecks === true && signingAlgorithm(algorithm)?.gpgKnows === true
}

/** gpg looks for the fingerprint of the hashed area and, failing that, for the key id; the first key found counts. */
function signerForGpg(signature: SignaturePacket, keyring: Keyring): Signer | null {
  const { issuerFingerprint, issuerVersion } = signature.hashed
  const named = issuerVersion === 4 && issuerFingerprint !== null ? keyring.byFingerprint.get(issuerFingerprint) : null
  return named?.[0] ?? keyring.byKeyId.get(issuerKeyId(signature) ?? '')?.[0] ?? null
}

function validityOf({ subkey, key }: Signer, certified: Certified): KeyValidity | null {
  if (!certified.gpgImports || !certified.primary.isBound) return null
  const validity = subkey === null ? certified.primary : certified.subkeys.get(key.fingerprint)
  return validity?.isBound ? validity : null
}

/** gpg and libgcrypt refuse to look at an Edwards signature with an integer of zero or of over 32 bytes: then there is no answer. */
function isLikeEdwards({ algorithm, values }: SignaturePacket): boolean {
  return signingAlgorithm(algorithm)?.name !== 'eddsa' || values.every(({ length }) => length > 0 && length <= 32)
}

/** X before Y before R, so that a revoked key that has also expired is Y. */
function letterAtTime(signature: SignaturePacket, keys: readonly KeyValidity[], now: number): GitLetter {
  const expiry = signatureExpiry(signature)
  if (expiry !== null && expiry <= now) return 'X'
  if (keys.some(({ expiresAt }) => expiresAt !== null && expiresAt < now)) return 'Y'
  return keys.some(({ revocations }) => revocations.length > 0) ? 'R' : 'G'
}
