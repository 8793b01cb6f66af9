/** Evidence that cannot be what it says it is. */
export class EvidenceError extends Error {
  override readonly name = 'EvidenceError'
  readonly code:
    | 'malformed_predicate'
    | 'malformed_packet'
    | 'packet_too_large'
    | 'file_missing'
    | 'file_unexpected'
    | 'digest_mismatch'

  constructor(code: EvidenceError['code'], message: string) {
    super(message)
    this.code = code
  }
}
