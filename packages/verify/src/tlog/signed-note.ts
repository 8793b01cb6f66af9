import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import { BytesError } from '../bytes/byte-reader.ts'
import { sha256 } from '../bytes/digest.ts'
import { concatBytes, fromBase64, printable, toBase64, toHex, utf8 } from '../bytes/encoding.ts'
import { TlogError } from './tlog-error.ts'

/** A note is refused when it is longer than this many UTF-16 units or carries more signatures than `MAX_SIGNATURES`. */
export const MAX_NOTE_LENGTH = 1_000_000
export const MAX_SIGNATURES = 100

/** The type byte of an Ed25519 note signature. */
export const ED25519_NOTE = 0x01

/** One signature line. `keyId` is eight lower-case hex digits; with `name` it says which key claims to have signed. */
export interface NoteSignature {
  readonly name: string
  readonly keyId: string
  readonly signature: Uint8Array
}

/** A note taken apart, nothing in it verified yet. `text` ends in a newline. */
export interface SignedNote {
  readonly text: string
  readonly signatures: readonly NoteSignature[]
}

/** What a `vkey` line says. `type` is the first byte of its key material. */
export interface VerifierKey {
  readonly name: string
  readonly keyId: string
  readonly type: number
  readonly publicKey: Uint8Array
}

/** A key that the reader of a note trusts. `verify` answers false, and never throws, for a signature that does not hold. */
export interface NoteKey {
  readonly name: string
  readonly keyId: string
  readonly verify: (text: string, signature: Uint8Array) => boolean
}

/** Someone who signs notes. */
export interface NoteSigner {
  readonly name: string
  readonly keyId: string
  readonly sign: (text: string) => Uint8Array
}

/**
 * Takes a signed note apart (c2sp.org/signed-note). Throws {@link TlogError} `too_long`, `too_many_signatures` or `malformed_note`.
 */
export function parseNote(note: string): SignedNote {
  if (note.length > MAX_NOTE_LENGTH) throw new TlogError('too_long', `a note of ${note.length} characters`)
  requireNoteText(note)
  // The last blank line divides, because the text may hold blank lines of its own.
  const divide = note.lastIndexOf('\n\n')
  if (divide < 0 || divide + 2 === note.length)
    throw new TlogError('malformed_note', 'no signatures after a blank line')
  const lines = note.slice(divide + 2, -1).split('\n')
  if (lines.length > MAX_SIGNATURES) throw new TlogError('too_many_signatures', `${lines.length} signatures`)
  return { text: note.slice(0, divide + 1), signatures: lines.map(parseSignatureLine) }
}

/**
 * Returns the signatures of a note that trusted keys made, at least one. Throws as {@link verifyKnownSignatures} does, and
 * {@link TlogError} `no_known_signature` when no signature names a trusted key.
 */
export function verifyNote(note: SignedNote, keys: readonly NoteKey[]): readonly NoteSignature[] {
  const verified = verifyKnownSignatures(note, keys)
  if (verified.length === 0) throw new TlogError('no_known_signature', 'no trusted key signed the note')
  return verified
}

/**
 * Returns the signatures of a note that trusted keys made, in the note's order. Signatures of other keys are ignored.
 * Throws {@link TlogError} `signature_invalid` when one that names a trusted key does not verify, `ambiguous_key` when two
 * trusted keys share name and id.
 */
export function verifyKnownSignatures(note: SignedNote, keys: readonly NoteKey[]): readonly NoteSignature[] {
  const trusted = new Map(keys.map((key) => [`${key.name}+${key.keyId}`, key]))
  if (trusted.size !== keys.length) throw new TlogError('ambiguous_key', 'two trusted keys share a name and an id')
  return note.signatures.filter(({ name, keyId, signature }) => {
    const key = trusted.get(`${name}+${keyId}`)
    if (key !== undefined && !key.verify(note.text, signature)) {
      throw new TlogError('signature_invalid', `the signature of ${printable(name)} (${keyId}) does not verify`)
    }
    return key !== undefined
  })
}

/** Signs a text that ends in a newline; the result is the whole note. Throws {@link TlogError} `malformed_note`. */
export function signNote(text: string, signers: readonly NoteSigner[]): string {
  return formatNote({ text, signatures: signers.map((signer) => signText(text, signer)) })
}

/** Adds a signature line at the end of a note. Throws as {@link parseNote} does. */
export function countersignNote(note: string, signer: NoteSigner): string {
  const { text, signatures } = parseNote(note)
  return formatNote({ text, signatures: [...signatures, signText(text, signer)] })
}

/** Writes a note; the opposite of {@link parseNote}. Throws {@link TlogError} `malformed_note` or `malformed_key`. */
export function formatNote({ text, signatures }: SignedNote): string {
  requireNoteText(text)
  if (signatures.length === 0) throw new TlogError('malformed_note', 'a note needs a signature')
  return `${text}\n${signatures.map(formatSignatureLine).join('')}`
}

/**
 * Reads a `name+id+key` line whose id is derived as c2sp.org/signed-note recommends, whatever its type.
 * Throws {@link TlogError} `malformed_key`.
 */
export function parseVerifierKey(vkey: string): VerifierKey {
  if (vkey.length > 10_000) throw new TlogError('too_long', `a verifier key of ${vkey.length} characters`)
  // Only the first two plus signs divide: base64 has plus signs of its own.
  const [, name, keyId, encoded] = /^([^+]*)\+([0-9a-f]{8})\+([^\n]+)$/.exec(vkey) ?? []
  if (name === undefined || keyId === undefined || encoded === undefined) {
    throw new TlogError('malformed_key', 'not of the form name+id+key')
  }
  requireKeyName(name)
  const material = decode(encoded, 'malformed_key')
  const [type] = material
  const publicKey = material.subarray(1)
  if (type === undefined || publicKey.length === 0) throw new TlogError('malformed_key', 'no key after the name and id')
  if (noteKeyId(name, type, publicKey) !== keyId) {
    throw new TlogError('malformed_key', `the id of ${printable(name)} is not that of its key`)
  }
  return { name, keyId, type, publicKey }
}

/** Writes the `vkey` line of a public key. */
export function formatVerifierKey(name: string, type: number, publicKey: Uint8Array): string {
  requireKeyName(name)
  return `${name}+${noteKeyId(name, type, publicKey)}+${toBase64(concatBytes(Uint8Array.of(type), publicKey))}`
}

/** The first four bytes of SHA-256 over name, newline, type and key, as eight hex digits. */
export function noteKeyId(name: string, type: number, publicKey: Uint8Array): string {
  return toHex(sha256(concatBytes(utf8(`${name}\n`), Uint8Array.of(type), publicKey)).subarray(0, 4))
}

/**
 * A trusted Ed25519 key from its `vkey` line. Throws {@link TlogError} `malformed_key`, or `unsupported_key` for
 * another type of key.
 */
export function ed25519NoteKey(vkey: string): NoteKey {
  const { name, keyId, type, publicKey } = parseVerifierKey(vkey)
  if (type !== ED25519_NOTE) throw new TlogError('unsupported_key', `a key of type ${type} where Ed25519 is wanted`)
  const key = ed25519PublicKey(publicKey)
  return { name, keyId, verify: (text, signature) => verify(null, utf8(text), key, signature) }
}

/** A signer for notes from a function that signs bytes with Ed25519. Throws {@link TlogError} `malformed_key`. */
export function ed25519NoteSigner(
  name: string,
  publicKey: Uint8Array,
  sign: (message: Uint8Array) => Uint8Array,
): NoteSigner {
  requireKeyName(name)
  return { name, keyId: noteKeyId(name, ED25519_NOTE, publicKey), sign: (text) => sign(utf8(text)) }
}

/** The key object of 32 raw bytes. Throws {@link TlogError} `malformed_key`. */
export function ed25519PublicKey(raw: Uint8Array): KeyObject {
  if (raw.length !== 32) throw new TlogError('malformed_key', `an Ed25519 key of ${raw.length} bytes, not 32`)
  const x = Buffer.from(raw).toString('base64url')
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
}

function signText(text: string, { name, keyId, sign }: NoteSigner): NoteSignature {
  return { name, keyId, signature: sign(text) }
}

function parseSignatureLine(line: string): NoteSignature {
  const [, name, encoded] = /^— ([^ ]+) ([^ ]+)$/.exec(line) ?? []
  if (name === undefined || encoded === undefined || !KEY_NAME.test(name)) {
    throw new TlogError('malformed_note', 'a signature line that is not dash, key name, signature')
  }
  const bytes = decode(encoded, 'malformed_note')
  if (bytes.length < 5) throw new TlogError('malformed_note', 'a signature line without a signature')
  return { name, keyId: toHex(bytes.subarray(0, 4)), signature: bytes.subarray(4) }
}

function formatSignatureLine({ name, keyId, signature }: NoteSignature): string {
  requireKeyName(name)
  return `— ${name} ${toBase64(concatBytes(Buffer.from(keyId, 'hex'), signature))}\n`
}

const KEY_NAME = /^[^\p{White_Space}+\u0000-\u001f]+$/u

function requireKeyName(name: string): void {
  if (!KEY_NAME.test(name) || !name.isWellFormed()) {
    throw new TlogError('malformed_key', 'a key name is empty or holds a space, a plus or a control character')
  }
}

function requireNoteText(text: string): void {
  if (!text.isWellFormed()) throw new TlogError('malformed_note', 'a lone surrogate')
  if (/[\u0000-\u0009\u000b-\u001f]/.test(text)) throw new TlogError('malformed_note', 'a control character')
  if (!text.endsWith('\n')) throw new TlogError('malformed_note', 'no newline at the end')
}

function decode(encoded: string, code: 'malformed_key' | 'malformed_note'): Uint8Array {
  try {
    return fromBase64(encoded)
  } catch (cause) {
    if (cause instanceof BytesError) throw new TlogError(code, 'a field that is not canonical base64')
    throw cause
  }
}
