import type { ByteReader } from '../../bytes/byte-reader.ts'
import { OpenPgpError } from './openpgp-error.ts'

// What libgcrypt and OpenSSL accept at most; larger numbers only cost time.
const MAX_BITS = 16384

/**
 * A multiprecision integer without leading zero bytes. `canonical`: its stated bit length is its own. `fits`: it is no longer
 * than stated; GitHub states the length of its key for every signature, and gpg takes that.
 */
export interface Mpi {
  readonly bytes: Uint8Array
  readonly canonical: boolean
  readonly fits: boolean
}

/** Reads one integer (RFC 9580 §3.2). Throws {@link OpenPgpError} `mpi` over 16,384 bits, `BytesError` when cut short. */
export function readMpi(reader: ByteReader): Mpi {
  const bits = reader.u16()
  if (bits > MAX_BITS) throw new OpenPgpError('mpi', `an integer of ${bits} bits is over the limit of ${MAX_BITS}`)
  const bytes = reader.bytes((bits + 7) >> 3)
  const length = bitLength(bytes)
  return { bytes: withoutLeadingZeros(bytes), canonical: length === bits, fits: length <= bits }
}

/** The number of bits of an unsigned big-endian integer. */
export function bitLength(bytes: Uint8Array): number {
  const value = withoutLeadingZeros(bytes)
  return value.length === 0 ? 0 : value.length * 8 - Math.clz32(value[0] ?? 0) + 24
}

/** The integer in exactly `length` bytes, or null when it does not fit. */
export function leftPad(bytes: Uint8Array, length: number): Uint8Array | null {
  if (bytes.length === length) return bytes
  if (bytes.length > length) return null
  const padded = new Uint8Array(length)
  padded.set(bytes, length - bytes.length)
  return padded
}

function withoutLeadingZeros(bytes: Uint8Array): Uint8Array {
  let zeros = 0
  while (bytes[zeros] === 0) zeros++
  return zeros === 0 ? bytes : bytes.subarray(zeros)
}
