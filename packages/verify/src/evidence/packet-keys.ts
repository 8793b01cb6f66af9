import { BytesError } from '../bytes/byte-reader.ts'
import { concatBytes, fromBase64, fromHex, toBase64 } from '../bytes/encoding.ts'
import { type EnvelopeKey, ed25519EnvelopeKey } from '../dsse/envelope.ts'
import { ed25519PublicKey } from '../tlog/signed-note.ts'
import { EvidenceError } from './evidence-error.ts'

// SubjectPublicKeyInfo of an Ed25519 key, up to the key itself (RFC 8410 §4).
const PREFIX = fromHex('302a300506032b6570032100')

/** The PEM of an Ed25519 public key from its 32 raw bytes, as `openssl pkey -pubout` writes it. */
export function formatEvidenceKey(publicKey: Uint8Array): string {
  return `-----BEGIN PUBLIC KEY-----\n${toBase64(concatBytes(PREFIX, publicKey))}\n-----END PUBLIC KEY-----\n`
}

/** The key that {@link formatEvidenceKey} wrote. Throws {@link EvidenceError} `malformed_key` for any other text. */
export function parseEvidenceKey(pem: string): EnvelopeKey {
  const [, encoded] = /^-----BEGIN PUBLIC KEY-----\n([A-Za-z0-9+/=]{60})\n-----END PUBLIC KEY-----\n$/.exec(pem) ?? []
  try {
    const publicKey = fromBase64(encoded ?? '').subarray(PREFIX.length)
    if (publicKey.length === 32 && formatEvidenceKey(publicKey) === pem)
      return ed25519EnvelopeKey(ed25519PublicKey(publicKey))
  } catch (cause) {
    if (!(cause instanceof BytesError)) throw cause
  }
  throw new EvidenceError('malformed_key', 'not the PEM of an Ed25519 public key')
}
