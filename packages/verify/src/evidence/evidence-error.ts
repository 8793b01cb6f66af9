/** Evidence, or a packet of it, that is not what it says it is. docs/formats/packet.md says what each code means. */
export class EvidenceError extends Error {
  override readonly name = 'EvidenceError'
  readonly code:
    | 'malformed_document'
    | 'not_canonical'
    | 'too_large'
    | 'malformed_key'
    | 'malformed_zip'
    | 'bad_path'
    | 'file_missing'
    | 'file_changed'
    | 'manifest_differs'
    | 'key_differs'
    | 'log_differs'
    | 'time_order'
    | 'other_checkpoint'
    | 'other_index'
    | 'wrong_payload_type'
    | 'subject_differs'
    | 'inputs_differ'
    | 'object_id_mismatch'
  /** The file of a packet that the fault lies in, where that is known. */
  readonly file: string | null

  constructor(code: EvidenceError['code'], message: string, file: string | null = null) {
    super(message)
    this.code = code
    this.file = file
  }
}
