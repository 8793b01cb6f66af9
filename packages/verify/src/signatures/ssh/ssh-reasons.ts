/** Every `reason` that `checkSshSignature` gives, grouped by the status it goes with. */
export const SSH_SIGNATURE_REASONS = {
  good: ['verified', 'crlf_header', 'claimed_time_outside_validity', 'revoked_after_trusted_time'],
  untrusted: [
    'no_allowed_signers',
    'unknown_key',
    'unknown_certificate_authority',
    'principal_not_listed',
    'principal_not_in_certificate',
    'namespace_not_allowed',
    'host_certificate',
    'certificate_without_principals',
    'unknown_critical_option',
    'sha1_certificate',
    'weak_certificate_authority',
    'non_canonical_certificate',
    'weak_key',
    'non_canonical_key',
    'no_user_presence',
    'no_user_verification',
  ],
  expired_key: [
    'key_expired',
    'key_not_yet_valid',
    'certificate_expired',
    'certificate_not_yet_valid',
    'outside_validity_at_trusted_time',
  ],
  revoked_key: [
    'key_revoked',
    'certificate_authority_revoked',
    'certificate_serial_revoked',
    'certificate_key_id_revoked',
  ],
  bad: ['signature_mismatch', 'namespace_mismatch', 'certificate_signature_mismatch'],
  malformed: [
    'missing_header',
    'missing_footer',
    'bad_base64',
    'bad_magic',
    'truncated',
    'trailing_data',
    'embedded_nul',
    'bad_number',
    'bad_key',
    'key_type_mismatch',
    'bad_certificate',
    'bad_certificate_authority',
    'bad_signature',
    'unsupported_signature_type',
    'text_after_footer',
    'armor_white_space',
    'old_version',
    'reserved_not_empty',
    'trailing_nul',
    'non_canonical_key_blob',
    'non_canonical_signature',
    'small_order_signature',
  ],
  unverifiable: [
    'too_large',
    'unsupported_version',
    'unsupported_hash',
    'unsupported_key_type',
    'short_rsa_key',
    'small_order_key',
    'sha1_signature',
    'time_out_of_range',
  ],
} as const

export type SshSignatureStatus = keyof typeof SSH_SIGNATURE_REASONS

export type SshSignatureReason = (typeof SSH_SIGNATURE_REASONS)[SshSignatureStatus][number]

/** Whether a code, such as that of an `SshError`, is a reason that goes with the status. */
export function isSignatureReason(status: SshSignatureStatus, code: string): code is SshSignatureReason {
  const reasons: readonly string[] = SSH_SIGNATURE_REASONS[status]
  return reasons.includes(code)
}
