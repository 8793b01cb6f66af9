import { hash } from 'node:crypto'

/** SHA-256 as 32 bytes. */
export function sha256(bytes: Uint8Array): Uint8Array {
  // Twice as fast as asking for a buffer, which costs an allocation outside the heap for every hash.
  return Buffer.from(hash('sha256', bytes, 'binary'), 'latin1')
}

/** SHA-256 as 64 lower-case hex digits. */
export function sha256Hex(bytes: Uint8Array): string {
  return hash('sha256', bytes, 'hex')
}
