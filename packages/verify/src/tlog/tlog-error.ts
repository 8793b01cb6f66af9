/** A log's bytes that break their format, or a proof or signature that does not hold. Nothing in them may be believed. */
export class TlogError extends Error {
  override readonly name = 'TlogError'
  readonly code:
    | 'too_long'
    | 'malformed_key'
    | 'unsupported_key'
    | 'ambiguous_key'
    | 'malformed_note'
    | 'too_many_signatures'
    | 'signature_invalid'
    | 'no_known_signature'
    | 'malformed_checkpoint'
    | 'wrong_origin'
    | 'malformed_path'
    | 'malformed_tile'
    | 'malformed_bundle'
    | 'entry_too_large'
    | 'malformed_proof'
    | 'bad_hash'
    | 'index_out_of_range'
    | 'size_out_of_range'
    | 'proof_too_short'
    | 'proof_too_long'
    | 'root_mismatch'

  constructor(code: TlogError['code'], message: string) {
    super(message)
    this.code = code
  }
}
