import { OpenPgpError } from './openpgp-error.ts'

/** One packet of an OpenPGP stream; `offset` is where its header starts. */
export interface Packet {
  readonly tag: number
  readonly body: Uint8Array
  readonly offset: number
}

/** The packet types that this folder reads (RFC 9580 §5). */
export const tags = {
  signature: 2,
  secretKey: 5,
  publicKey: 6,
  secretSubkey: 7,
  marker: 10,
  trust: 12,
  userId: 13,
  publicSubkey: 14,
  userAttribute: 17,
  padding: 21,
} as const

/**
 * Reads the packet whose header starts at `offset`, in the old or the new format (RFC 9580 §4.2).
 *
 * Throws {@link OpenPgpError} `packet_header` for a byte that starts no packet, `packet_truncated` for a length past the
 * end, `partial_length` for partial and indeterminate lengths, which signatures and keys may not have.
 */
export function readPacket(bytes: Uint8Array, offset: number): Packet & { readonly end: number } {
  const { tag, start, end } = readHeader(bytes, offset)
  if (end > bytes.length) throw new OpenPgpError('packet_truncated', `the packet at offset ${offset} runs past the end`)
  return { tag, body: bytes.subarray(start, end), offset, end }
}

/** Where the packet's body starts and claims to end, which may be past the end of `bytes`. Throws as {@link readPacket}. */
export function readHeader(
  bytes: Uint8Array,
  offset: number,
): { readonly tag: number; readonly start: number; readonly end: number } {
  const first = byteAt(bytes, offset)
  if ((first & 0x80) === 0) throw new OpenPgpError('packet_header', `no packet starts at offset ${offset}`)
  const header = (first & 0x40) === 0 ? oldLength(bytes, offset, first) : newLength(bytes, offset)
  const tag = tagOf(first)
  if (tag === 0) throw new OpenPgpError('packet_header', `packet type 0 at offset ${offset}`)
  return { tag, start: header.start, end: header.start + header.length }
}

/** The packet type that a header's first byte names. */
export function tagOf(first: number): number {
  return (first & 0x40) === 0 ? (first >> 2) & 15 : first & 63
}

interface Length {
  readonly start: number
  readonly length: number
}

function oldLength(bytes: Uint8Array, offset: number, first: number): Length {
  const size = [1, 2, 4][first & 3]
  if (size === undefined) {
    throw new OpenPgpError('partial_length', `the packet at offset ${offset} has no definite length`)
  }
  return { start: offset + 1 + size, length: bigEndian(bytes, offset + 1, size) }
}

function newLength(bytes: Uint8Array, offset: number): Length {
  const first = byteAt(bytes, offset + 1)
  if (first < 192) return { start: offset + 2, length: first }
  if (first < 224) {
    return { start: offset + 3, length: ((first - 192) << 8) + byteAt(bytes, offset + 2) + 192 }
  }
  if (first === 255) return { start: offset + 6, length: bigEndian(bytes, offset + 2, 4) }
  throw new OpenPgpError('partial_length', `the packet at offset ${offset} comes in parts`)
}

function bigEndian(bytes: Uint8Array, at: number, size: number): number {
  let value = 0
  for (let i = 0; i < size; i++) value = value * 256 + byteAt(bytes, at + i)
  return value
}

function byteAt(bytes: Uint8Array, at: number): number {
  const byte = bytes[at]
  if (byte === undefined) throw new OpenPgpError('packet_truncated', `the packet header ends at offset ${at}`)
  return byte
}
