import { canonicalJson, EvidenceError, fromBase64, fromUtf8, type Json, toBase64, utf8 } from '@countersign/verify'
import { z } from 'zod'

/** How many random bytes hide a payload: as many as its digest has. */
export const SALT_BYTES = 32

const FORMAT = 'https://countersign.dev/formats/salted-payload/v1'

const Salted = z.strictObject({
  format: z.literal(FORMAT),
  salt: z.base64().length(44),
  mediaType: z.string().min(1).max(120),
  content: z.base64(),
})

/** A payload about a person, with the salt that keeps anybody from guessing it by its digest. */
export interface SaltedPayload {
  readonly salt: Uint8Array
  readonly mediaType: string
  readonly content: Uint8Array
}

/**
 * The bytes to keep, and to name by digest, in place of content that is about a person: a sealed document with the content and a salt.
 * Once they are removed, nobody can tell what the digest was of, also not by trying what it may have been.
 *
 * `salt` is random, secret and used once. Throws `RangeError` for another length than {@link SALT_BYTES}, and for one byte repeated.
 */
export function sealSaltedPayload({ salt, mediaType, content }: SaltedPayload): Uint8Array {
  if (salt.length !== SALT_BYTES || salt.every((byte) => byte === salt[0]))
    throw new RangeError(`a salt has ${SALT_BYTES} random bytes`)
  return utf8(canonicalJson({ format: FORMAT, salt: toBase64(salt), mediaType, content: toBase64(content) }))
}

/**
 * Reads what {@link sealSaltedPayload} wrote and nothing else. The caller has checked the bytes against their digest. Throws
 * `EvidenceError` `malformed_document` or `not_canonical`.
 */
export function openSaltedPayload(bytes: Uint8Array): SaltedPayload {
  const text = textOf(bytes)
  const parsed = Salted.safeParse(text === null ? null : jsonOf(text))
  if (!parsed.success) throw new EvidenceError('malformed_document', 'not a salted payload')
  const { salt, mediaType, content } = parsed.data
  const opened = { salt: decode(salt), mediaType, content: decode(content) }
  if (canonicalJson(parsed.data) !== text || opened.salt.length !== SALT_BYTES)
    throw new EvidenceError('not_canonical', 'a salted payload that is not canonical JSON')
  return opened
}

function textOf(bytes: Uint8Array): string | null {
  try {
    return fromUtf8(bytes)
  } catch {
    return null
  }
}

function jsonOf(text: string): Json {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function decode(text: string): Uint8Array {
  try {
    return fromBase64(text)
  } catch {
    throw new EvidenceError('not_canonical', 'a salted payload whose base64 is not canonical')
  }
}
