import type { KeyObject } from 'node:crypto'
import { BytesError } from '../../bytes/byte-reader.ts'
import { canonicalJson } from '../../bytes/canonical-json.ts'
import { sha256Hex } from '../../bytes/digest.ts'
import { equalBytes, fromUtf8, toBase64, toHex, utf8 } from '../../bytes/encoding.ts'
import { parseCheckpoint } from '../../tlog/checkpoint.ts'
import { leafHash, rootFromInclusionProof } from '../../tlog/merkle.ts'
import { parseNote } from '../../tlog/signed-note.ts'
import { TlogError } from '../../tlog/tlog-error.ts'
import { isSignedBy, publicKeyOf, type SignatureAlgorithm } from './algorithms.ts'
import { type ProtobufMessage, readProtobuf } from './protobuf.ts'
import { X509Error } from './x509-error.ts'

/** A Rekor log whose word counts. */
export interface RekorKey {
  /** SHA-256 of the SubjectPublicKeyInfo in lower-case hex: how entries name their log. */
  readonly logId: string
  readonly key: KeyObject
  readonly algorithm: SignatureAlgorithm
}

/** Rekor's `TransparencyLogEntry` as gitsign embeds it: without the entry's body, which follows from the signature. */
export interface LogEntry {
  readonly logId: string
  readonly logIndex: number
  readonly kind: string
  /** Unix seconds; believed only with the promise, the one signature that covers it. */
  readonly integratedTime: number
  readonly promise: Uint8Array | null
  readonly proof: InclusionProof | null
}

interface InclusionProof {
  readonly index: number
  readonly size: number
  readonly root: Uint8Array
  readonly hashes: readonly Uint8Array[]
  readonly checkpoint: string
}

/** What was logged: a `hashedrekord` of the signed bytes, the signature over them and the certificate. */
export interface LoggedSignature {
  readonly signed: Uint8Array
  readonly signature: Uint8Array
  /** The certificate in DER. */
  readonly certificate: Uint8Array
}

/**
 * Why an entry proves nothing: the log's key is not among the trusted ones, the entry is of another kind, no promise covers its
 * time, the promise or the inclusion proof does not hold for this signature.
 */
export type LogProblem =
  | 'log_key_missing'
  | 'log_entry_unsupported'
  | 'log_time_absent'
  | 'log_promise_invalid'
  | 'log_proof_invalid'

const ENTRY = ['number', 'bytes', 'bytes', 'number', 'bytes', 'bytes'] as const
const PROOF = ['number', 'bytes', 'number', 'bytes', 'bytes'] as const

/** Prepares a log's key from its SubjectPublicKeyInfo in DER. Throws {@link X509Error} `unsupported_key`. */
export function rekorKey(spki: Uint8Array): RekorKey {
  const key = publicKeyOf(spki)
  const isEd25519 = key.asymmetricKeyType === 'ed25519'
  if (!isEd25519 && key.asymmetricKeyType !== 'ec') throw new X509Error('unsupported_key', 'a log key that is RSA')
  const algorithm = {
    keyType: isEd25519 ? 'ed25519' : 'ec',
    digest: isEd25519 ? null : 'sha256',
    saltLength: null,
  } as const
  return { logId: sha256Hex(key.export({ type: 'spki', format: 'der' })), key, algorithm }
}

/** Parses an entry. Throws {@link X509Error} `malformed_log_entry`. */
export function parseLogEntry(bytes: Uint8Array): LogEntry {
  const entry = readProtobuf(bytes, ENTRY)
  const kind = readProtobuf(bytesField(entry, 3), ['bytes', 'bytes'])
  const promise = entry.bytes.has(5) ? bytesField(readProtobuf(bytesField(entry, 5), ['bytes']), 1) : null
  return {
    logIndex: numberField(entry, 1),
    logId: toHex(bytesField(readProtobuf(bytesField(entry, 2), ['bytes']), 1)),
    kind: `${textField(kind, 1)}/${textField(kind, 2)}`,
    integratedTime: numberField(entry, 4),
    promise: promise?.length === 0 ? null : promise,
    proof: entry.bytes.has(6) ? readProof(readProtobuf(bytesField(entry, 6), PROOF)) : null,
  }
}

function readProof(proof: ProtobufMessage): InclusionProof {
  return {
    index: numberField(proof, 1),
    root: bytesField(proof, 2),
    size: numberField(proof, 3),
    hashes: proof.bytes.get(4) ?? [],
    checkpoint: textField(readProtobuf(bytesField(proof, 5), ['bytes']), 1),
  }
}

/** Judges an entry against trusted logs: null when its promise, and its inclusion proof if it has one, hold for this signature. */
export function checkLogEntry(
  entry: LogEntry,
  logged: LoggedSignature,
  keys: ReadonlyMap<string, RekorKey>,
): LogProblem | null {
  if (entry.kind !== 'hashedrekord/0.0.1') return 'log_entry_unsupported'
  const key = keys.get(entry.logId)
  if (key === undefined) return 'log_key_missing'
  const body = utf8(canonicalJson(hashedRekord(logged)))
  if (entry.proof !== null && !isIncluded(entry.proof, body, key)) return 'log_proof_invalid'
  if (entry.promise === null) return 'log_time_absent'
  const { integratedTime, logId, logIndex } = entry
  const promised = utf8(canonicalJson({ body: toBase64(body), integratedTime, logID: logId, logIndex }))
  return isSignedBy(key.key, key.algorithm, promised, entry.promise) ? null : 'log_promise_invalid'
}

/** The entry's body as Rekor made it from the signature (Rekor type `hashedrekord` 0.0.1). */
function hashedRekord({ signed, signature, certificate }: LoggedSignature) {
  const lines = toBase64(certificate).replaceAll(/.{64}(?=.)/g, '$&\n')
  const pem = `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`
  return {
    apiVersion: '0.0.1',
    kind: 'hashedrekord',
    spec: {
      data: { hash: { algorithm: 'sha256', value: sha256Hex(signed) } },
      signature: { content: toBase64(signature), publicKey: { content: toBase64(utf8(pem)) } },
    },
  }
}

/** Whether the proof leads to a root that the log signed. Rekor's origin is its key's name and the number of its tree. */
function isIncluded(proof: InclusionProof, body: Uint8Array, key: RekorKey): boolean {
  try {
    const note = parseNote(proof.checkpoint)
    const { origin, size, root } = parseCheckpoint(note.text)
    const isSigned = note.signatures.some(
      ({ name, keyId, signature }) =>
        (origin === name || origin.startsWith(`${name} - `)) &&
        keyId === key.logId.slice(0, 8) &&
        isSignedBy(key.key, key.algorithm, utf8(note.text), signature),
    )
    if (!isSigned || size !== proof.size || !equalBytes(root, proof.root)) return false
    return equalBytes(rootFromInclusionProof(leafHash(body), proof.index, size, proof.hashes), root)
  } catch (error) {
    if (error instanceof TlogError) return false
    throw error
  }
}

function bytesField(message: ProtobufMessage, field: number): Uint8Array {
  const values = message.bytes.get(field) ?? []
  const [value] = values
  if (value === undefined || values.length !== 1)
    throw new X509Error('malformed_log_entry', `field ${field} is not there once`)
  return value
}

/** A number that may be left out when it is zero, as protobuf does. */
function numberField(message: ProtobufMessage, field: number): number {
  const values = message.numbers.get(field) ?? [0n]
  const value = Number(values[0])
  if (values.length !== 1 || !Number.isSafeInteger(value)) throw new X509Error('malformed_log_entry', `field ${field}`)
  return value
}

function textField(message: ProtobufMessage, field: number): string {
  try {
    return fromUtf8(bytesField(message, field))
  } catch (error) {
    if (error instanceof BytesError) throw new X509Error('malformed_log_entry', `field ${field} is not text`)
    throw error
  }
}
