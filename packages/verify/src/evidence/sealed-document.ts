import { BytesError } from '../bytes/byte-reader.ts'
import { canonicalJson, type Json } from '../bytes/canonical-json.ts'
import { fromUtf8, toBase64, utf8 } from '../bytes/encoding.ts'
import { EvidenceError } from './evidence-error.ts'
import type { Shape } from './shape.ts'

/** Longer documents are refused before they are looked at. */
export const MAX_DOCUMENT_BYTES = 268_435_456

/**
 * The bytes of a document that evidence names by digest: canonical JSON, with base64 for bytes. Throws `TypeError` for a value
 * that JSON cannot say. Fields that the document's format does not know make it one that nobody opens.
 */
export function sealDocument(value: object): Uint8Array {
  return utf8(canonicalJson(toJson(value)))
}

/**
 * Reads what {@link sealDocument} wrote, and nothing else: sealing it again gives the same bytes, so that repeated keys,
 * white space and second spellings are all refused. Throws {@link EvidenceError} `too_large`, `malformed_document` or `not_canonical`.
 */
export function openDocument<T>(bytes: Uint8Array, name: string, shape: Shape<T>): T {
  if (bytes.length > MAX_DOCUMENT_BYTES) throw new EvidenceError('too_large', `${name} has ${bytes.length} bytes`)
  const { text, value } = parse(bytes, name)
  const opened = shape(value, name)
  if (!isCanonical(value, text)) throw new EvidenceError('not_canonical', `${name} is not canonical JSON`)
  return opened
}

function parse(bytes: Uint8Array, name: string): { readonly text: string; readonly value: Json } {
  try {
    const text = fromUtf8(bytes)
    return { text, value: JSON.parse(text) }
  } catch (cause) {
    if (!(cause instanceof SyntaxError) && !(cause instanceof BytesError)) throw cause
    // The engine's message quotes the text, which may be hostile or secret.
    throw new EvidenceError('malformed_document', `${name} is not JSON in UTF-8`)
  }
}

function isCanonical(value: Json, text: string): boolean {
  try {
    return canonicalJson(value) === text
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause
    return false
  }
}

function toJson(value: unknown): Json {
  if (value instanceof Uint8Array) return toBase64(value)
  if (Array.isArray(value)) return value.map(toJson)
  if (typeof value !== 'object' || value === null) return value as Json
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, toJson(member)]))
}
