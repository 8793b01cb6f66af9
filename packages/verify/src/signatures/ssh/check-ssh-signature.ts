import { printable } from '../../bytes/encoding.ts'
import type { GitLetter, SignatureCheck, SignatureTimes } from '../signature.ts'
import { findPrincipal, type SshAuthorization, type SshLineProblem } from './find-principal.ts'
import { checkRawSignature, type RawSignatureCheck } from './raw-signature.ts'
import type { SshRevocation } from './revocation-list.ts'
import { SshError } from './ssh-error.ts'
import type { SshKey } from './ssh-key.ts'
import { isSignatureReason, type SshSignatureReason, type SshSignatureStatus } from './ssh-reasons.ts'
import type { SshSigner, SshTrust } from './ssh-trust.ts'
import { byteText, parseSshSignature, type SshSignature, sshSignedData } from './sshsig.ts'

export { prepareSshTrust, type SshTrust, type SshTrustOptions } from './ssh-trust.ts'

interface Judgement {
  readonly status: SshSignatureStatus
  readonly reason: SshSignatureReason
}

/** A signature whose mathematics hold, with what git and we make of its key. */
interface ValidSignature {
  readonly signature: SshSignature
  readonly signer: SshSigner
  readonly check: RawSignatureCheck
  readonly trust: SshTrust
  readonly times: SignatureTimes
  readonly byGit: SshAuthorization | null
  readonly byUs: SshAuthorization | null
}

/**
 * Checks an armoured SSH signature over a payload.
 *
 * `git`, `key` and `principal` are what `git log --format='%G? %GK %GS'` prints (git 2.39 with OpenSSH 9.2) when
 * `gpg.ssh.allowedSignersFile` and `gpg.ssh.revocationFile` hold the same trust; `principal` can be a pattern, as there.
 * `status` judges at `times.trusted` where there is one, else at `times.claimed`, and then `principal` is who was allowed at that time.
 * Never throws for what the bytes say.
 *
 * @param namespace what the signature must be for; git signs everything in `git`
 */
export function checkSshSignature(
  payload: Uint8Array,
  armor: Uint8Array,
  trust: SshTrust,
  times: SignatureTimes,
  namespace = 'git',
): SignatureCheck {
  const bytes = byteText(namespace)
  let key: SshKey | null = null
  try {
    const signature = parseSshSignature(armor)
    const signer = trust.signerOf(signature.keyBlob)
    key = signer.key
    const data = sshSignedData(bytes, signature.hash, payload)
    const check = checkRawSignature(key.plain, signature.signature, data, trust.ed25519Verify)
    const mismatch = judgeMismatch(signature, key, check, bytes)
    if (mismatch !== null) return refused(trust, mismatch, key, check)
    return judgedCheck(describeValid(signature, signer, check, trust, times, bytes))
  } catch (error) {
    if (!(error instanceof SshError)) throw error
    return refused(trust, judgeError(error), key, null)
  }
}

/** Such a key proves nothing: almost any signature fits it, and OpenSSH takes those that do. */
const SMALL_ORDER_KEY: Judgement = { status: 'unverifiable', reason: 'small_order_key' }

function judgeMismatch(
  signature: SshSignature,
  key: SshKey,
  check: RawSignatureCheck,
  namespace: string,
): Judgement | null {
  if (!check.valid && key.plain.weakness === 'small_order_key') return SMALL_ORDER_KEY
  if (signature.namespace !== namespace) return { status: 'bad', reason: 'namespace_mismatch' }
  if (check.format === 'ssh-rsa') return { status: 'unverifiable', reason: 'sha1_signature' }
  return check.valid ? null : { status: 'bad', reason: 'signature_mismatch' }
}

/** The statuses that an error of reading can have; every code that reading a signature throws stands under one of them. */
const ERROR_STATUSES = ['malformed', 'unverifiable', 'bad'] as const

function judgeError(error: SshError): Judgement {
  for (const status of ERROR_STATUSES) {
    if (isSignatureReason(status, error.code)) return { status, reason: error.code }
  }
  throw error
}

function describeValid(
  signature: SshSignature,
  signer: SshSigner,
  check: RawSignatureCheck,
  trust: SshTrust,
  times: SignatureTimes,
  namespace: string,
): ValidSignature {
  // Without a committer date git gives ssh-keygen no time, and ssh-keygen then takes the present.
  const gitTime = times.claimed === 0 ? times.now : times.claimed
  const ourTime = times.trusted ?? gitTime
  const byGit = isSshTime(gitTime) ? findPrincipal(signer, gitTime, namespace) : null
  const byUs = ourTime === gitTime ? byGit : isSshTime(ourTime) ? findPrincipal(signer, ourTime, namespace) : null
  return { signature, signer, check, trust, times, byGit, byUs }
}

// git hands the time over as fourteen digits, so the last second is that of the year 9999.
const LAST_SECOND = 253402300799
const isSshTime = (seconds: number): boolean => Number.isSafeInteger(seconds) && seconds >= 0 && seconds <= LAST_SECOND

function judgedCheck(valid: ValidSignature): SignatureCheck {
  const { signer, trust, byGit, byUs } = valid
  const git = letterOf(valid)
  const { status, reason } = judge(valid)
  const named = status === 'good' ? byUs : git === 'G' ? byGit : null
  const principal = named?.outcome === 'allowed' ? named.principal : null
  return {
    scheme: 'ssh',
    status,
    git,
    reason,
    key: git === 'G' || git === 'U' ? signer.key.plain.fingerprint : null,
    fingerprint: signer.key.plain.fingerprint,
    primaryFingerprint: signer.key.certificate?.authority.fingerprint ?? null,
    principal: principal === null || trust.allowedSigners === null ? null : readable(principal),
    signedAt: null,
    details: detailsOf(signer.key, valid.check, named),
  }
}

function letterOf({ signature, signer, trust, byGit }: ValidSignature): GitLetter {
  if (trust.allowedSigners === null) return 'N'
  if (signature.crlfHeader || byGit === null) return 'B'
  if (byGit.outcome === 'unknown') return 'U'
  return byGit.outcome === 'allowed' && signer.revocations.length === 0 ? 'G' : 'B'
}

function judge(valid: ValidSignature): Judgement {
  const { signature, signer, check, trust } = valid
  const { key } = signer
  if (key.plain.weakness === 'small_order_key') return SMALL_ORDER_KEY
  const spelling = signature.oddity ?? (key.canonical ? check.refusal : 'non_canonical_key_blob')
  if (spelling !== null) return { status: 'malformed', reason: spelling }
  if (trust.allowedSigners === null) return { status: 'untrusted', reason: 'no_allowed_signers' }
  const revocation = revocationThatCounts(valid)
  if (revocation !== null) return { status: 'revoked_key', reason: revocation }
  const authorization = judgeAuthorization(valid)
  if (authorization !== null) return authorization
  const weakness = key.plain.weakness ?? key.certificate?.refusal ?? refusedUse(key, check, trust)
  if (weakness !== null) return { status: 'untrusted', reason: weakness }
  return { status: 'good', reason: remark(valid) }
}

function revocationThatCounts({ signer, times }: ValidSignature): SshRevocation | null {
  const counting = signer.revocations.find(
    ({ since }) => since === null || times.trusted === null || times.trusted >= since,
  )
  return counting?.reason ?? null
}

const VALIDITY_PROBLEMS: ReadonlySet<SshLineProblem> = new Set([
  'key_expired',
  'key_not_yet_valid',
  'certificate_expired',
  'certificate_not_yet_valid',
])

function judgeAuthorization({ byUs, byGit }: ValidSignature): Judgement | null {
  if (byUs === null) return { status: 'unverifiable', reason: 'time_out_of_range' }
  if (byUs.outcome === 'allowed') return null
  if (!VALIDITY_PROBLEMS.has(byUs.problem)) return { status: 'untrusted', reason: byUs.problem }
  // The date that the signer chose lies inside the validity that the real time lies outside of: a sign of back-dating.
  const isBackDated = byGit?.outcome === 'allowed'
  return { status: 'expired_key', reason: isBackDated ? 'outside_validity_at_trusted_time' : byUs.problem }
}

function refusedUse(key: SshKey, { securityKey }: RawSignatureCheck, trust: SshTrust): SshSignatureReason | null {
  const certificateDemands = key.certificate?.criticalOptions.includes('verify-required') === true
  if (securityKey === null) return certificateDemands ? 'no_user_verification' : null
  if (trust.requireUserPresence && !securityKey.userPresent) return 'no_user_presence'
  const mustVerify = trust.requireUserVerification || certificateDemands
  return mustVerify && !securityKey.userVerified ? 'no_user_verification' : null
}

/** What needs saying about a good signature for which git does not print `G`. */
function remark({ signature, signer, byGit }: ValidSignature): SshSignatureReason {
  if (byGit?.outcome !== 'allowed') return 'claimed_time_outside_validity'
  if (signer.revocations.length > 0) return 'revoked_after_trusted_time'
  return signature.crlfHeader ? 'crlf_header' : 'verified'
}

function refused(
  trust: SshTrust,
  { status, reason }: Judgement,
  key: SshKey | null,
  check: RawSignatureCheck | null,
): SignatureCheck {
  return {
    scheme: 'ssh',
    status,
    git: trust.allowedSigners === null ? 'N' : 'B',
    reason,
    key: null,
    fingerprint: key?.plain.fingerprint ?? null,
    primaryFingerprint: key?.certificate?.authority.fingerprint ?? null,
    principal: null,
    signedAt: null,
    details: key === null ? {} : detailsOf(key, check, null),
  }
}

function detailsOf(
  { plain, certificate }: SshKey,
  check: RawSignatureCheck | null,
  authorization: SshAuthorization | null,
): SignatureCheck['details'] {
  const use = check?.securityKey ?? null
  const signatureType = check === null ? null : readable(check.format)
  const line = authorization?.outcome === 'allowed' ? authorization.line.line : null
  // The plain case of nearly every signature, without the cost of spreads.
  if (use === null && certificate === null && signatureType !== null && line !== null) {
    return { keyType: plain.type, signatureType, allowedSignersLine: line }
  }
  return {
    keyType: plain.type,
    ...(signatureType !== null && { signatureType }),
    ...(line !== null && { allowedSignersLine: line }),
    ...(use !== null && { userPresent: use.userPresent, userVerified: use.userVerified, counter: use.counter }),
    ...(use !== null && plain.application !== null && { application: readable(plain.application) }),
    ...(use !== null && use.origin !== null && { origin: readable(use.origin) }),
    ...(certificate !== null && {
      certificateSerial: String(certificate.serial),
      certificateKeyId: readable(certificate.keyId),
      certificateCriticalOptions: readable(certificate.criticalOptions.join(',')),
    }),
  }
}

const ASCII = /^[ -~]*$/

/** Text for people, from one character per byte. */
function readable(bytes: string): string {
  return ASCII.test(bytes) ? bytes : printable(Buffer.from(bytes, 'latin1').toString('utf8'))
}
