import type { SignatureStatus, SignatureTimes } from '../signature.ts'
import type { KeyValidity, Revocation } from './certify.ts'
import { type SignaturePacket, signatureExpiry } from './signature-packet.ts'

const DAY_SECONDS = 86_400

/** A status with its reason code. */
export interface TimeJudgement {
  readonly status: SignatureStatus
  readonly reason: string
}

/**
 * Judges a signature whose mathematics hold, and whose keys may sign, by its times.
 *
 * The signer chooses both the signature's own time and the claimed one, so neither can excuse anything:
 * - a hard revocation (compromised, or without a reason that excludes it) undoes every signature;
 * - a soft one (superseded, retired) and the end of a key's life undo all but those that a trusted time shows to be older;
 * - the signature's own time must also lie within the life of each key, and not more than a day ahead of `now`;
 * - a signature that set itself an end is never good after it: there the signer's word is enough;
 * - a signature time over a day away from the claimed date, or after the trusted time, stays good as `time_mismatch`.
 */
export function judgeTimes(
  signature: SignaturePacket,
  keys: Iterable<KeyValidity>,
  times: SignatureTimes,
): TimeJudgement {
  const signedAt = signature.createdAt ?? 0
  let excused: string | null = null
  for (const { revocations } of keys) {
    for (const revocation of revocations) {
      if (!isOutlived(revocation, times)) return { status: 'revoked_key', reason: revocationCode(revocation) }
      excused = 'key_revoked_since'
    }
  }
  const firstMoment = Math.min(signedAt, times.trusted ?? signedAt)
  for (const { createdAt, expiresAt } of keys) {
    if (firstMoment < createdAt) return { status: 'untrusted', reason: 'signature_before_key' }
    if (expiresAt === null || Math.max(times.now, signedAt) < expiresAt) continue
    const inLife = signedAt < expiresAt && times.trusted !== null && times.trusted < expiresAt
    if (!inLife) return { status: 'expired_key', reason: 'key_expired' }
    excused ??= 'key_expired_since'
  }
  if (signedAt > times.now + DAY_SECONDS) return { status: 'unverifiable', reason: 'signature_from_future' }
  const expiry = signatureExpiry(signature)
  if (expiry !== null && expiry <= times.now) return { status: 'expired_signature', reason: 'signature_expired' }
  return { status: 'good', reason: excused ?? (agree(signedAt, times) ? 'verified' : 'time_mismatch') }
}

function isOutlived({ reason, revokedAt }: Revocation, { trusted }: SignatureTimes): boolean {
  return (reason === 1 || reason === 3) && trusted !== null && trusted < revokedAt
}

function revocationCode({ reason }: Revocation): string {
  switch (reason) {
    case 1:
      return 'key_superseded'
    case 2:
      return 'key_compromised'
    case 3:
      return 'key_retired'
    default:
      return 'key_revoked'
  }
}

function agree(signedAt: number, { claimed, trusted }: SignatureTimes): boolean {
  return Math.abs(signedAt - claimed) <= DAY_SECONDS && (trusted === null || signedAt <= trusted + DAY_SECONDS)
}
