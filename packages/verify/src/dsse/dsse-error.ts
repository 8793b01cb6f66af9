/** An envelope or a statement that breaks its format, or that too few trusted keys signed. */
export class DsseError extends Error {
  override readonly name = 'DsseError'
  readonly code:
    | 'too_large'
    | 'malformed_json'
    | 'duplicate_key'
    | 'malformed_envelope'
    | 'below_threshold'
    | 'malformed_statement'

  constructor(code: DsseError['code'], message: string) {
    super(message)
    this.code = code
  }
}
