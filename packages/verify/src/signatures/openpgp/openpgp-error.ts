/** OpenPGP bytes that their format, or our bounds on it, do not allow. Outside this folder only `readKeyring` throws it. */
export class OpenPgpError extends Error {
  override readonly name = 'OpenPgpError'
  readonly code: OpenPgpErrorCode

  constructor(code: OpenPgpErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/**
 * - `too_long`, `too_many_packets`, `too_many_signatures`: a bound of ours
 * - `armor_*`: the text envelope (RFC 9580 §6)
 * - `packet_header`, `packet_truncated`, `partial_length`: packet framing (§4.2)
 * - `key_packet`, `signature_packet`, `signature_version`, `subpacket`, `mpi`, `duplicate_subpacket`, `trailing`: the inside of a packet
 * - `secret_key`, `unexpected_packet`: a packet that has no place in the input
 */
export type OpenPgpErrorCode =
  | 'too_long'
  | 'too_many_packets'
  | 'too_many_signatures'
  | 'armor_begin'
  | 'armor_header'
  | 'armor_base64'
  | 'armor_checksum'
  | 'armor_end'
  | 'packet_header'
  | 'packet_truncated'
  | 'partial_length'
  | 'key_packet'
  | 'signature_packet'
  | 'signature_version'
  | 'subpacket'
  | 'duplicate_subpacket'
  | 'mpi'
  | 'trailing'
  | 'secret_key'
  | 'unexpected_packet'
