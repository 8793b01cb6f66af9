import { BytesError } from '../../bytes/byte-reader.ts'

/** Why SSH key, certificate, signature, signers or revocation bytes were refused. */
export type SshErrorCode =
  | 'too_large'
  | 'truncated'
  | 'trailing_data'
  | 'embedded_nul'
  | 'bad_number'
  | 'bad_base64'
  | 'not_text'
  | 'unsupported_key_type'
  | 'key_type_mismatch'
  | 'bad_key'
  | 'short_rsa_key'
  | 'bad_certificate'
  | 'bad_certificate_authority'
  | 'certificate_signature_mismatch'
  | 'missing_header'
  | 'missing_footer'
  | 'bad_magic'
  | 'unsupported_version'
  | 'unsupported_hash'
  | 'bad_signature'
  | 'unsupported_signature_type'
  | 'missing_key'
  | 'unterminated_quote'
  | 'unknown_option'
  | 'repeated_option'
  | 'bad_option'
  | 'bad_time'
  | 'empty_validity'
  | 'bad_serial'
  | 'signed_krl'
  | 'unknown_krl_section'
  | 'unknown_critical_extension'

/** SSH bytes that their format, or OpenSSH, does not allow. */
export class SshError extends Error {
  override readonly name = 'SshError'
  readonly code: SshErrorCode

  constructor(code: SshErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** What `parse` returns; a {@link BytesError} that it throws becomes an {@link SshError} of the matching code. */
export function withSshErrors<T>(parse: () => T): T {
  try {
    return parse()
  } catch (cause) {
    if (cause instanceof BytesError) throw new SshError(sshCode[cause.code], cause.message, { cause })
    throw cause
  }
}

const sshCode: Readonly<Record<BytesError['code'], SshErrorCode>> = {
  truncated: 'truncated',
  trailing: 'trailing_data',
  too_long: 'too_large',
  not_text: 'not_text',
  bad_encoding: 'bad_base64',
}
