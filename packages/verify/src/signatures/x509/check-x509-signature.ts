import { equalBytes } from '../../bytes/encoding.ts'
import type { SignatureCheck, SignatureStatus, SignatureTimes } from '../signature.ts'
import { digestOf, isSignedBy, isWeak, isWeakDigest } from './algorithms.ts'
import { readArmor } from './armor.ts'
import type { Certificate } from './certificate.ts'
import { DIGITAL_SIGNATURE, NON_REPUDIATION } from './certificate-extensions.ts'
import { allowsPurpose, type CertificatePath } from './chain.ts'
import { ID_DATA, parseSignedMessage, type SignedMessage, type Signer } from './cms.ts'
import { defeatsGpgsm, gpgsmLetter, isUnknownToGpgsm } from './gpgsm-letter.ts'
import { isMatch } from './signer-certificate.ts'
import { findTimeProofs, type TimeProofs } from './time-proofs.ts'
import type { X509Trust } from './trust.ts'
import { X509Error } from './x509-error.ts'

export { prepareX509Trust, type X509Trust, type X509TrustSources } from './trust.ts'

/** E-mail protection and code signing: what certificates for signing commits are issued for. */
const PURPOSES = ['1.3.6.1.5.5.7.3.4', '1.3.6.1.5.5.7.3.3']

/** What a check concluded; the rest of the answer follows from what was read. */
interface Conclusion {
  readonly status: SignatureStatus
  readonly reason: string
}

/** A signature whose certificate was found. */
interface Found {
  readonly signer: Signer
  readonly certificate: Certificate
  readonly path: CertificatePath
}

/**
 * Checks a Git signature in the X.509 format (CMS, as gpgsm, smimesign and gitsign make it) over `payload`. Never throws for
 * what is in the signature.
 *
 * The certificate must be valid at the earliest time that somebody other than the signer vouches for: `times.trusted`, the
 * Rekor entry or RFC 3161 timestamp inside the signature. Without one it must be valid both now and when it says it signed.
 * Revocation is judged by what `trust` was given, and `details.revocation` says whether that covers the path.
 * Reasons are described in docs/formats/signature-reasons.md.
 */
export function checkX509Signature(
  payload: Uint8Array,
  armor: Uint8Array,
  trust: X509Trust,
  times: SignatureTimes,
): SignatureCheck {
  try {
    const { der, isExact } = readArmor(armor)
    const message = parseSignedMessage(der)
    const check = checkMessage(payload, message, trust, times)
    if (!isExact) return { ...check, status: 'malformed', reason: 'malformed_armor' }
    return message.isExact || check.status === 'malformed'
      ? check
      : { ...check, status: 'malformed', reason: 'malformed_cms' }
  } catch (error) {
    if (!(error instanceof X509Error)) throw error
    const isUnsupported = error.code.startsWith('unsupported_')
    return withoutSigner({ status: isUnsupported ? 'unverifiable' : 'malformed', reason: error.code })
  }
}

function checkMessage(
  payload: Uint8Array,
  message: SignedMessage,
  trust: X509Trust,
  times: SignatureTimes,
): SignatureCheck {
  const [signer] = message.signers
  if (message.content !== null) return withoutSigner({ status: 'malformed', reason: 'not_detached' })
  if (signer === undefined) return withoutSigner({ status: 'malformed', reason: 'no_signer' })
  if (message.signers.length > 1) return withoutSigner({ status: 'unverifiable', reason: 'several_signers' }, 'E')
  if ([message.contentType, signer.attributes?.contentType ?? ID_DATA].some((type) => type !== ID_DATA)) {
    return withoutSigner({ status: 'malformed', reason: 'wrong_content_type' })
  }
  const embedded = message.certificates.map(trust.certificate)
  const certificate = [...embedded, ...trust.known].find((candidate) => isMatch(candidate, signer.id))
  if (certificate === undefined) return withoutSigner({ status: 'unverifiable', reason: 'certificate_absent' })
  const path = trust.path(certificate, embedded)
  const found = { signer, certificate, path }
  const mismatch = findMismatch(payload, found)
  const letter = defeatsGpgsm(signer, embedded, message.digests)
    ? 'N'
    : gpgsmLetter(signer, mismatch === null, path, times.now)
  if (mismatch !== null) return answer(found, mismatch, letter, {})
  if (embedded.some(({ isMalformed }) => isMalformed)) {
    return answer(found, { status: 'malformed', reason: 'malformed_certificate' }, letter, {})
  }
  return judge(found, trust, times, letter)
}

/** How the signature fails to match the signed bytes, or null. */
function findMismatch(payload: Uint8Array, { signer, certificate }: Found): Conclusion | null {
  const { attributes, algorithm, digest, signature } = signer
  if (certificate.key === null) return { status: 'unverifiable', reason: 'unsupported_key' }
  if (attributes !== null && !equalBytes(digestOf(digest, payload), attributes.messageDigest)) {
    return { status: 'bad', reason: 'digest_mismatch' }
  }
  const isSigned = isSignedBy(certificate.key, algorithm, attributes?.covered ?? payload, signature)
  return isSigned ? null : { status: 'bad', reason: 'signature_mismatch' }
}

/** Judges a signature that matches: by its path, by what the certificate is for, by time, by revocation. */
function judge(found: Found, trust: X509Trust, times: SignatureTimes, letter: SignatureCheck['git']): SignatureCheck {
  const { certificate, path, signer } = found
  const proofs = findTimeProofs(signer, certificate, trust, times)
  const revocation = trust.revocation(path)
  const conclusion =
    refusePath(certificate, path, signer) ??
    refuseTime(found, proofs, times) ??
    refuseRevoked(revocation.since, proofs) ??
    accept(proofs, signer, letter)
  return answer(found, conclusion, letter, {
    ...proofs.details,
    revocation: revocation.isChecked ? 'checked' : 'not_checked',
  })
}

function refusePath(certificate: Certificate, path: CertificatePath, signer: Signer): Conclusion | null {
  if (path.problem !== null) return { status: 'untrusted', reason: path.problem }
  if (path.isWeak || isWeak(certificate.key, signer.algorithm) || isWeakDigest(signer.digest)) {
    return { status: 'unverifiable', reason: 'weak_algorithm' }
  }
  const { keyUsage } = certificate
  if (keyUsage !== null && (keyUsage & (DIGITAL_SIGNATURE | NON_REPUDIATION)) === 0) {
    return { status: 'untrusted', reason: 'wrong_key_usage' }
  }
  return allowsPurpose(path, PURPOSES) ? null : { status: 'untrusted', reason: 'wrong_extended_key_usage' }
}

function refuseTime(
  { certificate, path, signer }: Found,
  proofs: TimeProofs,
  times: SignatureTimes,
): Conclusion | null {
  if (proofs.failure !== null) return { status: 'unverifiable', reason: proofs.failure }
  const { earliest } = proofs
  const isEphemeral = Object.keys(certificate.fulcio).length > 0
  // Ten minutes of validity say nothing about today, and the signer's own clock nothing about those ten minutes.
  if (earliest === null && isEphemeral) return { status: 'unverifiable', reason: proofs.missing }
  const signedAt = signer.attributes?.signingTime ?? times.claimed
  const moments = earliest === null ? [times.now, signedAt] : [earliest.time]
  if (moments.some((time) => time > path.notAfter)) return { status: 'expired_key', reason: 'certificate_expired' }
  if (moments.some((time) => time < path.notBefore)) return { status: 'untrusted', reason: 'certificate_not_yet_valid' }
  return null
}

function refuseRevoked(since: number | null, { earliest }: TimeProofs): Conclusion | null {
  const isRevoked = since !== null && (earliest === null || earliest.time >= since)
  return isRevoked ? { status: 'revoked_key', reason: 'certificate_revoked' } : null
}

/** Says `verified`, or why git says otherwise. */
function accept({ earliest }: TimeProofs, signer: Signer, letter: SignatureCheck['git']): Conclusion {
  if (letter === 'G') return { status: 'good', reason: 'verified' }
  if (letter === 'B' && isUnknownToGpgsm(signer)) return { status: 'good', reason: 'verified_unlike_gpgsm' }
  return { status: 'good', reason: earliest === null ? 'verified_unlike_gpgsm' : `verified_at_${earliest.source}` }
}

function answer(
  { signer, certificate, path }: Found,
  conclusion: Conclusion,
  git: SignatureCheck['git'],
  details: SignatureCheck['details'],
): SignatureCheck {
  const root = path.problem === null ? path.certificates.at(-1) : undefined
  return {
    scheme: 'x509',
    ...conclusion,
    git,
    key: certificate.gpgsmKeyId,
    fingerprint: certificate.fingerprint,
    primaryFingerprint: null,
    principal: certificate.principal,
    signedAt: signer.attributes?.signingTime ?? null,
    details: { ...certificate.description, ...(root === undefined ? {} : { root: root.fingerprint }), ...details },
  }
}

function withoutSigner(conclusion: Conclusion, git: SignatureCheck['git'] = 'N'): SignatureCheck {
  return {
    scheme: 'x509',
    ...conclusion,
    git,
    key: null,
    fingerprint: null,
    primaryFingerprint: null,
    principal: null,
    signedAt: null,
    details: {},
  }
}
