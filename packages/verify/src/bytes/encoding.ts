import { BytesError } from './byte-reader.ts'

const ASCII = /^[\u0000-\u007f]*$/
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g
const PRINTABLE_ASCII = /^[\u0020-\u007e]*$/
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Lower-case hex of the bytes. */
export function toHex(bytes: Uint8Array): string {
  return asBuffer(bytes).toString('hex')
}

/** The bytes of lower-case hex; throws {@link BytesError} `bad_encoding` for anything else. */
export function fromHex(text: string): Uint8Array {
  const bytes = Buffer.from(text, 'hex')
  // Writing it again is the test: a regular expression overflows its stack on some ten megabytes.
  if (bytes.toString('hex') !== text) throw new BytesError('bad_encoding', 'not lower-case hex')
  return bytes
}

/** Standard base64 with padding (RFC 4648 §4). */
export function toBase64(bytes: Uint8Array): string {
  return asBuffer(bytes).toString('base64')
}

/**
 * The bytes of standard base64, canonical only: right alphabet, right padding, no unused bits, no line breaks.
 * Throws {@link BytesError} `bad_encoding` for anything else, so that one value has one spelling.
 */
export function fromBase64(text: string): Uint8Array {
  const bytes = Buffer.from(text, 'base64')
  if (bytes.toString('base64') !== text) throw new BytesError('bad_encoding', 'not canonical base64')
  return bytes
}

/** One character per byte: the cheapest map key for bytes, and text that has no encoding. */
export function latin1(bytes: Uint8Array): string {
  return asBuffer(bytes).toString('latin1')
}

export function utf8(text: string): Uint8Array {
  return Buffer.from(text, 'utf8')
}

/** The text of valid UTF-8; throws {@link BytesError} `not_text` where a byte sequence is not. */
export function fromUtf8(bytes: Uint8Array): string {
  // Nearly all text is ASCII, and reading it as Latin-1 is many times faster than decoding.
  const text = latin1(bytes)
  if (ASCII.test(text)) return text
  try {
    return strictUtf8.decode(bytes)
  } catch (cause) {
    throw Object.assign(new BytesError('not_text', 'not valid UTF-8'), { cause })
  }
}

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(parts)
}

/** Whether both arrays hold the same bytes. Not constant-time: for public values only. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return asBuffer(a).equals(b)
}

/** Replaces control characters, so that outside text can be printed and stored safely. */
export function printable(text: string): string {
  return PRINTABLE_ASCII.test(text) ? text : text.replaceAll(CONTROLS, '\ufffd')
}

/** The same bytes as a Buffer, which knows encodings; never a copy. */
export function asBuffer(bytes: Uint8Array): Buffer {
  // Most are one, and asking bytes for their memory costs more than reading a line from it.
  return bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
