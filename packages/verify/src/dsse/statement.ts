import { BytesError } from '../bytes/byte-reader.ts'
import { canonicalJson, type Json } from '../bytes/canonical-json.ts'
import { fromUtf8, printable, utf8 } from '../bytes/encoding.ts'
import { DsseError } from './dsse-error.ts'
import { isJsonObject, MAX_JSON_LENGTH, parseStrictJson } from './strict-json.ts'

/** The envelope's `payloadType` for a statement, and the statement's own `_type`. */
export const STATEMENT_PAYLOAD_TYPE = 'application/vnd.in-toto+json'
export const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1'

/** What a statement is about. Each digest is lower-case hex under the name of its algorithm, and there is at least one. */
export interface Subject {
  readonly name?: string
  readonly uri?: string
  readonly digest: Readonly<Record<string, string>>
}

/** An in-toto Statement v1. */
export interface Statement {
  readonly subject: readonly Subject[]
  readonly predicateType: string
  readonly predicate: { readonly [key: string]: Json }
}

/**
 * Writes a statement as canonical JSON. Throws {@link DsseError} `malformed_statement` for one that {@link parseStatement}
 * would refuse, and `TypeError` for a predicate without a canonical form.
 */
export function encodeStatement({ subject, predicateType, predicate }: Statement): Uint8Array {
  const value: Json = {
    _type: STATEMENT_TYPE,
    subject: subject.map(({ name, uri, digest }) => ({
      ...(name === undefined ? {} : { name }),
      ...(uri === undefined ? {} : { uri }),
      digest,
    })),
    predicateType,
    predicate,
  }
  readStatement(value)
  return utf8(canonicalJson(value))
}

/**
 * Reads a statement from a payload whose signatures have been verified. Unknown fields are ignored; a predicate that is
 * absent is empty. Throws {@link DsseError} `too_large`, `malformed_json`, `duplicate_key` or `malformed_statement`.
 */
export function parseStatement(payload: Uint8Array): Statement {
  if (payload.length > MAX_JSON_LENGTH) throw new DsseError('too_large', `a statement of ${payload.length} bytes`)
  return readStatement(parseStrictJson(decode(payload)))
}

// Names that fix their digest's length; under any other name a digest may have any.
const DIGEST_DIGITS: Readonly<Record<string, readonly number[]>> = {
  sha1: [40],
  sha256: [64],
  sha384: [96],
  sha512: [128],
  gitBlob: [40, 64],
  gitCommit: [40, 64],
  gitTag: [40, 64],
  gitTree: [40, 64],
}

function readStatement(value: Json): Statement {
  if (!isJsonObject(value) || value['_type'] !== STATEMENT_TYPE) {
    throw new DsseError('malformed_statement', `not a statement of type ${STATEMENT_TYPE}`)
  }
  const { subject, predicateType, predicate = {} } = value
  if (!Array.isArray(subject) || subject.length === 0) throw new DsseError('malformed_statement', 'no subject')
  if (typeof predicateType !== 'string' || predicateType === '') {
    throw new DsseError('malformed_statement', 'no predicateType')
  }
  if (!isJsonObject(predicate)) throw new DsseError('malformed_statement', 'a predicate that is no object')
  return { subject: subject.map(readSubject), predicateType, predicate }
}

function readSubject(value: Json): Subject {
  if (!isJsonObject(value)) throw new DsseError('malformed_statement', 'a subject that is no object')
  const { name, uri } = value
  if ((name !== undefined && typeof name !== 'string') || (uri !== undefined && typeof uri !== 'string')) {
    throw new DsseError('malformed_statement', 'a subject whose name or uri is no text')
  }
  const digest = readDigest(value['digest'])
  return { ...(name === undefined ? {} : { name }), ...(uri === undefined ? {} : { uri }), digest }
}

function readDigest(value: Json | undefined): Subject['digest'] {
  if (!isJsonObject(value)) throw new DsseError('malformed_statement', 'a subject without digest')
  const digests = Object.entries(value)
  if (digests.length === 0) throw new DsseError('malformed_statement', 'a subject without digest')
  return Object.fromEntries(digests.map(([algorithm, digest]) => [algorithm, readHex(algorithm, digest)]))
}

function readHex(algorithm: string, digest: Json): string {
  const lengths = Object.hasOwn(DIGEST_DIGITS, algorithm) ? DIGEST_DIGITS[algorithm] : undefined
  if (typeof digest !== 'string' || !/^(?:[0-9a-f]{2})+$/.test(digest) || lengths?.includes(digest.length) === false) {
    throw new DsseError(
      'malformed_statement',
      `a ${printable(algorithm)} digest that is not lower-case hex of its length`,
    )
  }
  return digest
}

function decode(payload: Uint8Array): string {
  try {
    return fromUtf8(payload)
  } catch (cause) {
    if (!(cause instanceof BytesError)) throw cause
    throw new DsseError('malformed_json', 'not UTF-8')
  }
}
