import type { SignatureCheck, SignatureStatus, SignatureTimes } from '../signature.ts'
import { hashAlgorithm, signingAlgorithm } from './algorithms.ts'
import { type Certified, certify, type KeyValidity } from './certify.ts'
import { type GpgVerdict, gpgVerdict } from './gpg-verdict.ts'
import { judgeTimes, type TimeJudgement } from './judge-times.ts'
import type { KeyPacket } from './key-packet.ts'
import type { Keyring, Signer } from './keyring.ts'
import { type Proof, prove } from './mathematics.ts'
import { readSignatureBlock, type SignatureBlock } from './signature-block.ts'
import { issuerKeyId, type SignaturePacket } from './signature-packet.ts'
import type { Subpackets } from './subpackets.ts'

interface Judgement extends TimeJudgement {
  readonly signer: Signer | null
}

/**
 * Checks a detached OpenPGP signature of Git (RFC 9580; v4 and v6) over `payload` with the keys of `keyring`.
 *
 * `git` and the identity fields are what git 2.39 with GnuPG 2.2 prints at `times.now`; where gpg cannot check what we
 * found good (version 6, SHA-3), the fields that it leaves empty are ours. Never throws, and takes no longer for hostile input.
 */
export function checkOpenPgpSignature(
  payload: Uint8Array,
  armor: Uint8Array,
  keyring: Keyring,
  times: SignatureTimes,
): SignatureCheck {
  const block = readSignatureBlock(armor)
  const signature = block.signatures[0] ?? null
  const proofBy = prover(signature, payload)
  const gpg = gpgVerdict(block, keyring, times.now, proofBy)
  const judged = judge(block, keyring, times, proofBy)
  const reason = judged.status === 'good' && judged.reason === 'verified' ? goodReason(gpg) : judged.reason
  return {
    scheme: 'openpgp',
    status: judged.status,
    reason,
    ...(judged.status === 'good' && gpg.fingerprint === null ? ownIdentity(judged.signer, gpg, keyring, times) : gpg),
    signedAt: signature?.createdAt ?? null,
    details: signature === null ? {} : detailsOf(signature, judged.signer),
  }
}

/** Checks each key's mathematics at most once; gpg and we nearly always ask about the same key. */
function prover(signature: SignaturePacket | null, payload: Uint8Array): (key: KeyPacket) => Proof {
  let last: { readonly key: KeyPacket; readonly proof: Proof } | null = null
  return (key) => {
    if (signature === null) return 'unsupported'
    if (last?.key !== key) {
      const signed = signature.type === 0x01 ? canonicalText(payload) : payload
      last = { key, proof: prove(key, signature, signed) }
    }
    return last.proof
  }
}

/** Text as a signature of type 0x01 hashes it: every line ended by CR LF, no other CR at a line's end. */
function canonicalText(payload: Uint8Array): Uint8Array {
  const lines = Buffer.from(payload.buffer, payload.byteOffset, payload.length).toString('latin1').split('\n')
  const trimmed = lines.map((line) => {
    let end = line.length
    while (line[end - 1] === '\r') end--
    return line.slice(0, end)
  })
  return Buffer.from(trimmed.join('\r\n'), 'latin1')
}

function judge(
  block: SignatureBlock,
  keyring: Keyring,
  times: SignatureTimes,
  proofBy: (key: KeyPacket) => Proof,
): Judgement {
  const [signature, second] = block.signatures
  const structural = judgeStructure(block, signature, second)
  if (structural !== null || signature === undefined) return structural ?? refuse('malformed', 'no_signature')
  const found = findSigner(signature, keyring, times.now)
  if (typeof found === 'string') return refuse('unverifiable', found)
  const proof = proofBy(found.key)
  if (proof === 'mismatch' || proof === 'unreduced') return refuse('bad', 'signature_mismatch', found)
  if (proof === 'unsupported') return refuse('unverifiable', 'unsupported_algorithm', found)
  const algorithmic = judgeStrength(signature, found, proof)
  if (algorithmic !== null) return refuse('unverifiable', algorithmic, found)
  const certified = certify(found.certificate, keyring, times.now)
  const own = found.subkey === null ? certified.primary : certified.subkeys.get(found.key.fingerprint)
  const standing = judgeStanding(found, certified, own)
  if (own === undefined || standing !== null) return { ...(standing ?? untrusted('key_not_bound')), signer: found }
  const keys = own === certified.primary ? [own] : [certified.primary, own]
  const { status, reason } = judgeTimes(signature, keys, times)
  // The prefix is only a hint for which key to try (RFC 9580 §5.2.4): GitHub's old key wrote a wrong one for years.
  const isRemarkable = proof === 'wrong_prefix' && status === 'good' && reason === 'verified'
  return { status, reason: isRemarkable ? 'digest_prefix_mismatch' : reason, signer: found }
}

function judgeStructure(
  block: SignatureBlock,
  signature: SignaturePacket | undefined,
  second: SignaturePacket | undefined,
): Judgement | null {
  if (block.flaw === 'signature_version') return refuse('unverifiable', 'unsupported_signature_version')
  if (second !== undefined) return refuse('unverifiable', 'several_signatures')
  if (block.flaw !== null) return refuse('malformed', block.flaw)
  if (signature === undefined) return refuse('malformed', 'no_signature')
  if (signature.flaw !== null) return refuse('malformed', signature.flaw)
  if (signature.version < 4) return refuse('unverifiable', 'unsupported_signature_version')
  if (signature.createdAt === null) return refuse('malformed', 'no_creation_time')
  // Text signatures (0x01) hold for payloads that differ in their line ends: git's objects are bytes.
  if (signature.type !== 0x00) return refuse('unverifiable', 'unsupported_signature_type')
  return null
}

function refuse(status: Exclude<SignatureStatus, 'good'>, reason: string, signer: Signer | null = null): Judgement {
  return { status, reason, signer }
}

const untrusted = (reason: string): TimeJudgement => ({ status: 'untrusted', reason })

/** The key that the signature names, or why there is none. All the names that it gives must be names of one key. */
function findSigner(signature: SignaturePacket, keyring: Keyring, now: number): Signer | string {
  const { hashed, unhashed } = signature
  const fingerprint = hashed.issuerFingerprint ?? unhashed.issuerFingerprint
  const keyId = issuerKeyId(signature)
  if (fingerprint === null && keyId === null) return 'no_issuer'
  if (!agrees(hashed, fingerprint, keyId) || !agrees(unhashed, fingerprint, keyId)) return 'issuer_mismatch'
  const candidates = fingerprint === null ? keyring.byKeyId.get(keyId ?? '') : keyring.byFingerprint.get(fingerprint)
  if (candidates === undefined) return 'key_not_found'
  // A stranger may have claimed somebody else's subkey: prefer the certificate that the subkey signed back.
  const owner = candidates.length === 1 ? undefined : candidates.find((one) => isOwner(one, keyring, now))
  const signer = owner ?? candidates[0]
  if (signer === undefined) return 'key_not_found'
  return (signer.key.version === 6) === (signature.version === 6) ? signer : 'issuer_mismatch'
}

function agrees(named: Subpackets, fingerprint: string | null, keyId: string | null): boolean {
  if (named.issuerFingerprint !== null && named.issuerFingerprint !== fingerprint) return false
  if (named.issuerKeyId === null) return true
  return fingerprint === null ? named.issuerKeyId === keyId : isKeyIdOf(named.issuerKeyId, fingerprint)
}

function isKeyIdOf(keyId: string, fingerprint: string): boolean {
  return fingerprint.length === 40 ? fingerprint.endsWith(keyId) : fingerprint.startsWith(keyId)
}

function isOwner({ certificate, subkey, key }: Signer, keyring: Keyring, now: number): boolean {
  return subkey === null || certify(certificate, keyring, now).subkeys.get(key.fingerprint)?.backSignature === 'good'
}

function judgeStrength(signature: SignaturePacket, signer: Signer, proof: Proof): string | null {
  const digest = hashAlgorithm(signature.hash)
  if (signature.hashed.unknownCritical || signature.unhashed.unknownCritical) return 'unknown_critical_subpacket'
  // Edwards keys sign the digest, so that the digest may not be the weaker part.
  const tooShort = signingAlgorithm(signature.algorithm)?.name === 'eddsa' && (digest?.bytes ?? 0) < 32
  if (digest === null || digest.weak || tooShort || proof === 'short_hash') return 'weak_hash'
  const keys = [signer.key, signer.certificate.primary]
  return keys.some((key) => key.verifier()?.weak) ? 'weak_key' : null
}

/** Whether the key is entitled to sign data at all, whatever the time. */
function judgeStanding(signer: Signer, certified: Certified, own: KeyValidity | undefined): TimeJudgement | null {
  if (certified.revokerMissing) return { status: 'unverifiable', reason: 'revoker_not_found' }
  if (!own?.isBound || !certified.primary.isBound) return untrusted('key_not_bound')
  if (!certified.hasLiveIdentity) return untrusted('no_valid_user_id')
  if (!own.canSign) return untrusted('key_not_for_signing')
  if (signer.subkey !== null && own.backSignature === 'none') return untrusted('missing_back_signature')
  if (signer.subkey !== null && own.backSignature === 'bad') return untrusted('bad_back_signature')
  return null
}

const goodReason = (gpg: GpgVerdict): string => (gpg.git === 'G' ? 'verified' : 'gpg_cannot_check')

function ownIdentity(signer: Signer | null, gpg: GpgVerdict, keyring: Keyring, times: SignatureTimes): GpgVerdict {
  if (signer === null) return gpg
  const { shownUserId } = certify(signer.certificate, keyring, times.now)
  return {
    git: gpg.git,
    key: gpg.key ?? signer.key.keyId,
    fingerprint: signer.key.fingerprint,
    primaryFingerprint: signer.certificate.primary.fingerprint,
    principal: shownUserId,
  }
}

function detailsOf(signature: SignaturePacket, signer: Signer | null): SignatureCheck['details'] {
  const ofSignature = {
    signatureVersion: signature.version,
    signatureType: signature.type,
    publicKeyAlgorithm: signingAlgorithm(signature.algorithm)?.name ?? signature.algorithm,
    hashAlgorithm: hashAlgorithm(signature.hash)?.name ?? signature.hash,
  }
  if (signer === null) return ofSignature
  return { ...ofSignature, keyBits: signer.key.verifier()?.bits ?? 0, keyCreatedAt: signer.key.createdAt }
}
