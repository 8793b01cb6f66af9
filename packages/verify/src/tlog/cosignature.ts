import { verify } from 'node:crypto'
import { concatBytes, utf8 } from '../bytes/encoding.ts'
import {
  ed25519PublicKey,
  type NoteKey,
  type NoteSigner,
  noteKeyId,
  parseNote,
  parseVerifierKey,
  verifyKnownSignatures,
} from './signed-note.ts'
import { TlogError } from './tlog-error.ts'

/** The type byte of a timestamped Ed25519 cosignature. */
export const COSIGNATURE_V1 = 0x04

/** A witness's statement that it saw this checkpoint, and none inconsistent with it, at `time` (Unix seconds, its clock). */
export interface Cosignature {
  readonly name: string
  readonly keyId: string
  readonly time: number
}

/**
 * Returns the cosignatures that trusted witnesses made on a checkpoint, one per witness, possibly none: how many are enough
 * is the caller's policy. Throws {@link TlogError} as `parseNote` and `verifyKnownSignatures` do.
 */
export function verifyCosignatures(note: string, witnesses: readonly NoteKey[]): readonly Cosignature[] {
  const unique = new Map<string, Cosignature>()
  for (const { name, keyId, signature } of verifyKnownSignatures(parseNote(note), witnesses)) {
    unique.set(`${name}+${keyId}`, { name, keyId, time: splitCosignature(signature).time })
  }
  return [...unique.values()]
}

/** A trusted witness from its `vkey` line. Throws {@link TlogError} `malformed_key` or `unsupported_key`. */
export function cosignatureKey(vkey: string): NoteKey {
  const { name, keyId, type, publicKey } = parseVerifierKey(vkey)
  if (type !== COSIGNATURE_V1) throw new TlogError('unsupported_key', `a key of type ${type} where a witness is wanted`)
  const key = ed25519PublicKey(publicKey)
  return {
    name,
    keyId,
    verify: (text, signature) => {
      if (signature.length !== TIME_BYTES + 64) return false
      const { time, bare } = splitCosignature(signature)
      return Number.isSafeInteger(time) && verify(null, signedMessage(text, time), key, bare)
    },
  }
}

/** A witness that signs at `time` (Unix seconds), from a function that signs bytes with Ed25519. */
export function cosignatureSigner(
  name: string,
  publicKey: Uint8Array,
  time: number,
  sign: (message: Uint8Array) => Uint8Array,
): NoteSigner {
  const prefix = Buffer.alloc(TIME_BYTES)
  prefix.writeBigUInt64BE(BigInt(time))
  const keyId = noteKeyId(name, COSIGNATURE_V1, publicKey)
  return { name, keyId, sign: (text) => concatBytes(prefix, sign(signedMessage(text, time))) }
}

const TIME_BYTES = 8

function splitCosignature(signature: Uint8Array): { readonly time: number; readonly bare: Uint8Array } {
  const time = Buffer.from(signature.subarray(0, TIME_BYTES)).readBigUInt64BE()
  return { time: Number(time), bare: signature.subarray(TIME_BYTES) }
}

function signedMessage(text: string, time: number): Uint8Array {
  return utf8(`cosignature/v1\ntime ${time}\n${text}`)
}
