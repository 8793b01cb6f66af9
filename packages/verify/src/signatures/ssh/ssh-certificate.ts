import { ByteReader } from '../../bytes/byte-reader.ts'
import { latin1 } from '../../bytes/encoding.ts'
import { checkRawSignature } from './raw-signature.ts'
import { SshError } from './ssh-error.ts'
import type { SshPublicKey } from './ssh-public-key.ts'
import { readCString } from './ssh-wire.ts'

/** What an OpenSSH certificate says about its key (PROTOCOL.certkeys). Text has one character per byte. */
export interface SshCertificate {
  readonly serial: bigint
  readonly kind: 'user' | 'host'
  readonly keyId: string
  readonly principals: readonly string[]
  /** Unix seconds; the certificate is valid from this second on. */
  readonly validAfter: number
  /** Unix seconds; the certificate is valid until just before this second. */
  readonly validBefore: number
  readonly criticalOptions: readonly string[]
  readonly extensions: readonly string[]
  readonly authority: SshPublicKey
  /** Why we refuse a certificate that OpenSSH takes, or null. */
  readonly refusal: SshCertificateRefusal | null
}

export type SshCertificateRefusal =
  | 'unknown_critical_option'
  | 'sha1_certificate'
  | 'weak_certificate_authority'
  | 'non_canonical_certificate'

/** Why a certificate does not speak for a principal at a time. */
export type SshCertificateProblem =
  | 'host_certificate'
  | 'certificate_not_yet_valid'
  | 'certificate_expired'
  | 'certificate_without_principals'
  | 'principal_not_in_certificate'

const MAX_PRINCIPALS = 256
const USER = 1
const HOST = 2
const KNOWN_CRITICAL_OPTIONS = new Set(['force-command', 'source-address', 'verify-required'])

/**
 * Reads what follows the key's own fields in the certificate `blob`, and checks the signature of its authority.
 *
 * Throws {@link SshError}: `bad_certificate`, `bad_certificate_authority`, `certificate_signature_mismatch`, `embedded_nul` and what
 * `parseAuthority` throws; and `BytesError` where the bytes end.
 */
export function readCertificate(
  reader: ByteReader,
  blob: Uint8Array,
  parseAuthority: (blob: Uint8Array) => SshPublicKey,
): SshCertificate {
  const serial = reader.u64()
  const type = reader.u32()
  const keyId = readCString(reader)
  const principalBytes = reader.sshString()
  const validAfter = Number(reader.u64())
  const validBefore = Number(reader.u64())
  const criticalOptions = readOptionNames(reader.sshString())
  const extensions = readOptionNames(reader.sshString())
  reader.sshString()
  const authorityBlob = reader.sshString()
  const signed = blob.subarray(0, reader.offset)
  const signature = reader.sshString()
  reader.end()
  if (type !== USER && type !== HOST) throw new SshError('bad_certificate', `a certificate of type ${type}`)
  const principals = readPrincipals(principalBytes)
  const authority = parseAuthority(authorityBlob)
  const check = checkRawSignature(authority, signature, signed)
  if (!check.valid) throw new SshError('certificate_signature_mismatch', 'its authority did not sign this certificate')
  const refusal = criticalOptions.every((name) => KNOWN_CRITICAL_OPTIONS.has(name))
    ? refusalOfAuthority(authority, check.format, check.refusal !== null)
    : 'unknown_critical_option'
  const kind = type === USER ? 'user' : 'host'
  return { serial, kind, keyId, principals, validAfter, validBefore, criticalOptions, extensions, authority, refusal }
}

function refusalOfAuthority(
  authority: SshPublicKey,
  format: string,
  isNonCanonical: boolean,
): SshCertificateRefusal | null {
  if (format === 'ssh-rsa') return 'sha1_certificate'
  if (authority.weakness !== null) return 'weak_certificate_authority'
  return isNonCanonical ? 'non_canonical_certificate' : null
}

function readPrincipals(bytes: Uint8Array): readonly string[] {
  const reader = new ByteReader(bytes)
  const principals: string[] = []
  while (reader.remaining > 0) {
    if (principals.length === MAX_PRINCIPALS) {
      throw new SshError('bad_certificate', `more than ${MAX_PRINCIPALS} principals`)
    }
    principals.push(readCString(reader))
  }
  return principals
}

function readOptionNames(bytes: Uint8Array): readonly string[] {
  const reader = new ByteReader(bytes)
  const names: string[] = []
  while (reader.remaining > 0) {
    names.push(latin1(reader.sshString()))
    reader.sshString()
  }
  return names
}

/**
 * Why the certificate does not vouch for a user at a time, or null when it does. With a principal, that very name must be listed;
 * with null, any name will do. The order of the checks is OpenSSH's `sshkey_cert_check_authority`.
 */
export function certificateProblem(
  certificate: SshCertificate,
  at: number,
  principal: string | null,
): SshCertificateProblem | null {
  if (certificate.kind !== 'user') return 'host_certificate'
  if (at < certificate.validAfter) return 'certificate_not_yet_valid'
  if (at >= certificate.validBefore) return 'certificate_expired'
  if (certificate.principals.length === 0) return 'certificate_without_principals'
  return principal === null || certificate.principals.includes(principal) ? null : 'principal_not_in_certificate'
}
