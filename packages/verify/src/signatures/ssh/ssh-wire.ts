import type { ByteReader } from '../../bytes/byte-reader.ts'
import { concatBytes, latin1 } from '../../bytes/encoding.ts'
import { SshError } from './ssh-error.ts'

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

const PAD = 0x3d
const VALUES = new Int8Array(256).fill(-1)
for (const [value, char] of [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'].entries()) {
  VALUES[char.charCodeAt(0)] = value
}

const isSpace = (byte: number): boolean => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d)

/**
 * Decodes base64 as OpenSSH does: white space anywhere, padding required, unused bits zero.
 * Throws {@link SshError} `bad_base64`.
 */
export function decodeBase64(text: Uint8Array): Uint8Array {
  const bytes = Buffer.allocUnsafe(Math.ceil(text.length / 4) * 3)
  let length = 0
  let held = 0
  let heldBits = 0
  let at = 0
  for (; at < text.length && text[at] !== PAD; at++) {
    const byte = text[at] as number
    const value = VALUES[byte] as number
    if (value < 0) {
      if (isSpace(byte)) continue
      throw notBase64(at)
    }
    held = (held << 6) | value
    heldBits += 6
    if (heldBits < 8) continue
    heldBits -= 8
    bytes[length++] = held >> heldBits
    held &= (1 << heldBits) - 1
  }
  checkPadding(text, at, heldBits, held)
  return bytes.subarray(0, length)
}

function checkPadding(text: Uint8Array, start: number, heldBits: number, held: number): void {
  let pads = 0
  for (let at = start; at < text.length; at++) {
    const byte = text[at] as number
    if (byte === PAD) pads++
    else if (!isSpace(byte)) throw notBase64(at)
  }
  // Four unused bits follow one byte of a group and need two pads; two follow two bytes and need one; six are half a byte.
  if (heldBits === 6 || pads !== heldBits / 2 || held !== 0) throw notBase64(text.length)
}

const notBase64 = (at: number): SshError => new SshError('bad_base64', `not base64 at offset ${at}`)
