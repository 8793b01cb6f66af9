/** X.509 or CMS bytes, or trust material, that cannot be used; nothing in them may be believed. */
export class X509Error extends Error {
  override readonly name = 'X509Error'
  readonly code:
    | 'too_long'
    | 'malformed_armor'
    | 'malformed_certificate'
    | 'malformed_cms'
    | 'malformed_crl'
    | 'malformed_log_entry'
    | 'malformed_timestamp'
    | 'unsupported_algorithm'
    | 'unsupported_key'
    | 'not_a_root'
    | 'crl_not_trusted'

  constructor(code: X509Error['code'], message: string) {
    super(message)
    this.code = code
  }
}
