import type { ByteReader } from '../../bytes/byte-reader.ts'
import { concatBytes, fromBase64, latin1 } from '../../bytes/encoding.ts'
import { SshError, withSshErrors } from './ssh-error.ts'

// OpenSSH's SSHBUF_MAX_BIGNUM: 16,384 bits.
const MAX_NUMBER_BYTES = 2048

/**
 * The next string as OpenSSH reads a C string: a zero byte may only be its last byte, and is then dropped.
 * One character per byte. Throws {@link SshError} `embedded_nul`.
 */
export function readCString(reader: ByteReader): string {
  const text = latin1(reader.sshString())
  const nul = text.indexOf('\0')
  if (nul === -1) return text
  if (nul !== text.length - 1) throw new SshError('embedded_nul', 'a zero byte stands inside a text field')
  return text.slice(0, -1)
}

/** The magnitude of the next `mpint`, without leading zeros. Throws {@link SshError} `bad_number` if negative or over 16,384 bits. */
export function readMagnitude(reader: ByteReader): Uint8Array {
  const bytes = reader.sshString()
  let start = 0
  while (bytes[start] === 0) start++
  if (((bytes[0] ?? 0) & 0x80) !== 0) throw new SshError('bad_number', 'a negative number')
  if (bytes.length - start > MAX_NUMBER_BYTES || bytes.length > MAX_NUMBER_BYTES + 1) {
    throw new SshError('bad_number', `a number of ${bytes.length} bytes`)
  }
  return bytes.subarray(start)
}

/** The `mpint` encoding of a magnitude without leading zeros (RFC 4251 §5). */
export function encodeMagnitude(magnitude: Uint8Array): Uint8Array {
  return encodeString(((magnitude[0] ?? 0) & 0x80) === 0 ? magnitude : concatBytes(Uint8Array.of(0), magnitude))
}

/** The `string` encoding of bytes, or of text with one byte per character (RFC 4251 §5). */
export function encodeString(value: Uint8Array | string): Uint8Array {
  const bytes = typeof value === 'string' ? Buffer.from(value, 'latin1') : value
  const length = Buffer.allocUnsafe(4)
  length.writeUInt32BE(bytes.length)
  return concatBytes(length, bytes)
}

/**
 * Decodes base64 as OpenSSH does: white space anywhere, padding required, unused bits zero.
 * Throws {@link SshError} `bad_base64`.
 */
export function decodeBase64(text: string): Uint8Array {
  return withSshErrors(() => fromBase64(text.replaceAll(/[\t-\r ]/g, '')))
}
