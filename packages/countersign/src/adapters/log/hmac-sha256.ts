import { hash } from 'node:crypto'

/** The HMAC-SHA256 of a text in UTF-8, as 64 lower-case hex digits. */
export type Hmac = (text: string) => string

/**
 * HMAC-SHA256 (RFC 2104) with a key of at most 64 bytes, for many short texts: node's own takes several times as long to set up as to
 * compute, and a row of the record waits for it.
 */
export function hmacSha256(key: Uint8Array): Hmac {
  if (key.length > BLOCK_BYTES) throw new RangeError(`a key of ${key.length} bytes, ${BLOCK_BYTES} at most`)
  const inner = Buffer.alloc(BLOCK_BYTES, INNER_PAD)
  const outer = Buffer.alloc(BLOCK_BYTES + HASH_BYTES, OUTER_PAD)
  for (const [at, byte] of key.entries()) {
    inner[at] = byte ^ INNER_PAD
    outer[at] = byte ^ OUTER_PAD
  }
  return (text) => {
    const input = Buffer.allocUnsafe(BLOCK_BYTES + Buffer.byteLength(text))
    inner.copy(input)
    input.write(text, BLOCK_BYTES)
    outer.write(hash('sha256', input, 'hex'), BLOCK_BYTES, 'hex')
    return hash('sha256', outer, 'hex')
  }
}

const BLOCK_BYTES = 64
const HASH_BYTES = 32
const INNER_PAD = 0x36
const OUTER_PAD = 0x5c
