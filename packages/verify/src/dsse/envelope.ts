import { type KeyObject, verify } from 'node:crypto'
import { BytesError } from '../bytes/byte-reader.ts'
import type { Json } from '../bytes/canonical-json.ts'
import { sha256 } from '../bytes/digest.ts'
import { concatBytes, fromBase64, toBase64, utf8 } from '../bytes/encoding.ts'
import { DsseError } from './dsse-error.ts'
import { isJsonObject, parseStrictJson } from './strict-json.ts'

/** One signature in an envelope. `keyId` is a hint that nothing authenticates; empty when there is none. */
export interface EnvelopeSignature {
  readonly keyId: string
  readonly signature: Uint8Array
}

/** A DSSE envelope taken apart, nothing in it verified yet (secure-systems-lab/dsse v1.0.2). */
export interface Envelope {
  readonly payloadType: string
  readonly payload: Uint8Array
  readonly signatures: readonly EnvelopeSignature[]
}

/**
 * A key that a reader trusts. `keyId` is derived from the key alone, so that two trusted keys with one `keyId` are one key.
 * `verify` answers false, and never throws, for a signature that does not hold.
 */
export interface EnvelopeKey {
  readonly keyId: string
  readonly verify: (message: Uint8Array, signature: Uint8Array) => boolean
}

/** Someone who signs envelopes. */
export interface EnvelopeSigner {
  readonly keyId: string
  readonly sign: (message: Uint8Array) => Uint8Array
}

/** The very bytes that were signed, to be parsed now and not before, and the keys that signed them. */
export interface VerifiedPayload {
  readonly payloadType: string
  readonly payload: Uint8Array
  readonly keyIds: readonly string[]
}

/** An envelope with more signatures is refused. */
export const MAX_ENVELOPE_SIGNATURES = 100

/** What a DSSE signature covers: the pre-authentication encoding of type and payload. */
export function preAuthEncoding(payloadType: string, payload: Uint8Array): Uint8Array {
  const type = utf8(payloadType)
  return concatBytes(utf8(`DSSEv1 ${type.length} `), type, utf8(` ${payload.length} `), payload)
}

/**
 * Reads an envelope. Unknown fields are ignored; base64 may be standard or URL-safe, padded, never a mixture.
 * Throws {@link DsseError} `too_large`, `malformed_json`, `duplicate_key` or `malformed_envelope`.
 */
export function parseEnvelope(text: string): Envelope {
  const value = parseStrictJson(text)
  if (!isJsonObject(value)) throw new DsseError('malformed_envelope', 'not an object')
  const { payload, payloadType, signatures } = value
  if (typeof payload !== 'string' || typeof payloadType !== 'string' || !Array.isArray(signatures)) {
    throw new DsseError('malformed_envelope', 'payload, payloadType or signatures is absent or of another type')
  }
  if (signatures.length === 0 || signatures.length > MAX_ENVELOPE_SIGNATURES) {
    throw new DsseError('malformed_envelope', `${signatures.length} signatures`)
  }
  return { payloadType, payload: decode(payload), signatures: signatures.map(parseSignature) }
}

/** Writes an envelope, fields in the order of the specification; the opposite of {@link parseEnvelope}. */
export function formatEnvelope({ payloadType, payload, signatures }: Envelope): string {
  return JSON.stringify({
    payload: toBase64(payload),
    payloadType,
    signatures: signatures.map(({ keyId, signature }) => ({ keyid: keyId, sig: toBase64(signature) })),
  })
}

/** Wraps and signs a payload. */
export function signEnvelope(payloadType: string, payload: Uint8Array, signers: readonly EnvelopeSigner[]): Envelope {
  const message = preAuthEncoding(payloadType, payload)
  return { payloadType, payload, signatures: signers.map(({ keyId, sign }) => ({ keyId, signature: sign(message) })) }
}

/**
 * Returns the payload once at least `threshold` different trusted keys have signed it. Signatures that no trusted key made
 * are ignored: an envelope may carry those of keys that the reader does not know, and key ids prove nothing.
 * Throws {@link DsseError} `below_threshold`, also for a threshold below one.
 */
export function verifyEnvelope(envelope: Envelope, keys: readonly EnvelopeKey[], threshold = 1): VerifiedPayload {
  const { payloadType, payload, signatures } = envelope
  const message = preAuthEncoding(payloadType, payload)
  const unmatched = new Map(keys.map((key) => [key.keyId, key]))
  const keyIds: string[] = []
  for (const { keyId, signature } of signatures) {
    const signer = findSigner(unmatched, keyId, message, signature)
    if (signer === undefined) continue
    unmatched.delete(signer.keyId)
    keyIds.push(signer.keyId)
  }
  if (threshold < 1 || keyIds.length < threshold) {
    throw new DsseError('below_threshold', `${keyIds.length} trusted keys signed, ${threshold} are needed`)
  }
  return { payloadType, payload, keyIds }
}

/** A trusted Ed25519 key under its {@link envelopeKeyId}. Throws `TypeError` for a key of another type. */
export function ed25519EnvelopeKey(publicKey: KeyObject): EnvelopeKey {
  if (publicKey.asymmetricKeyType !== 'ed25519' || publicKey.type !== 'public')
    throw new TypeError('not a public Ed25519 key')
  const keyId = envelopeKeyId(publicKey.export({ type: 'spki', format: 'der' }))
  return { keyId, verify: (message, signature) => verify(null, message, publicKey, signature) }
}

/**
 * Countersign's name for a key: `SHA256:` and the unpadded standard base64 of SHA-256 over its DER SubjectPublicKeyInfo.
 * It looks like an OpenSSH fingerprint but hashes another encoding, so the two never coincide.
 */
export function envelopeKeyId(spki: Uint8Array): string {
  return `SHA256:${toBase64(sha256(spki)).replace(/=+$/, '')}`
}

function findSigner(
  keys: ReadonlyMap<string, EnvelopeKey>,
  hint: string,
  message: Uint8Array,
  signature: Uint8Array,
): EnvelopeKey | undefined {
  // The hint only decides which key is tried first.
  const hinted = keys.get(hint)
  if (hinted?.verify(message, signature)) return hinted
  return [...keys.values()].find((key) => key !== hinted && key.verify(message, signature))
}

function parseSignature(value: Json): EnvelopeSignature {
  if (!isJsonObject(value)) throw new DsseError('malformed_envelope', 'a signature that is no object')
  const { keyid = '', sig } = value
  if (typeof keyid !== 'string' || typeof sig !== 'string' || sig === '') {
    throw new DsseError('malformed_envelope', 'a signature without sig, or with a keyid that is no text')
  }
  return { keyId: keyid, signature: decode(sig) }
}

function decode(text: string): Uint8Array {
  try {
    // A text that mixes both alphabets stays mixed one way or the other, and is refused.
    return fromBase64(/[+/]/.test(text) ? text : text.replaceAll('-', '+').replaceAll('_', '/'))
  } catch (cause) {
    if (!(cause instanceof BytesError)) throw cause
    throw new DsseError('malformed_envelope', 'a field that is not canonical base64')
  }
}
