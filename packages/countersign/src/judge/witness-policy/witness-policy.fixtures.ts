import { createPrivateKey, createPublicKey, sign } from 'node:crypto'
import {
  COSIGNATURE_V1,
  cosignatureSigner,
  ED25519_NOTE,
  ed25519NoteKey,
  ed25519NoteSigner,
  formatVerifierKey,
  type LogTrust,
  type NoteSigner,
} from '@countersign/verify'

/** An Ed25519 key whose seed is one byte, thirty-two times. Everybody knows it. */
export function knownKey(byte: number): { readonly publicKey: Uint8Array; sign(bytes: Uint8Array): Uint8Array } {
  const prefix = Buffer.from('302e020100300506032b657004220420', 'hex')
  const der = Buffer.concat([prefix, Buffer.alloc(32, byte)])
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  const publicKey = createPublicKey(privateKey).export({ type: 'spki', format: 'der' }).subarray(-32)
  return { publicKey: new Uint8Array(publicKey), sign: (bytes) => sign(null, bytes, privateKey) }
}

export const LOG_ORIGIN = 'log.example/one'
export const LOG_VKEY = logVkey(1)
export const LOG_TRUST: LogTrust = { origin: LOG_ORIGIN, keys: [ed25519NoteKey(LOG_VKEY)] }

/** The log's signer with a known key. */
export function logSigner(byte = 1, origin = LOG_ORIGIN): NoteSigner {
  const key = knownKey(byte)
  return ed25519NoteSigner(origin, key.publicKey, key.sign)
}

export function logVkey(byte: number, origin = LOG_ORIGIN): string {
  return formatVerifierKey(origin, ED25519_NOTE, knownKey(byte).publicKey)
}

/** The verifier key of a witness with a known key. */
export function witnessVkey(byte: number, name = `witness.example/${byte}`): string {
  return formatVerifierKey(name, COSIGNATURE_V1, knownKey(byte).publicKey)
}

export function witnessSigner(byte: number, time: number, name = `witness.example/${byte}`): NoteSigner {
  const key = knownKey(byte)
  return cosignatureSigner(name, key.publicKey, time, key.sign)
}
