import { createHash, createPublicKey } from 'node:crypto'
import {
  ED25519_NOTE,
  type EnvelopeKey,
  ed25519EnvelopeKey,
  ed25519NoteKey,
  formatVerifierKey,
  type LogTrust,
  sha256Hex,
  utf8,
} from '@countersign/verify'
import type { SigningKey } from '../../workflows/ports/signing-key.ts'
import { openKeyFile, type WhenAbsent } from './key-file.ts'

/** The two keys of a data folder: one signs evidence, the other the log's checkpoints. Neither can be mistaken for the other. */
export interface DataKeys {
  readonly evidenceKey: SigningKey
  readonly envelopeKey: EnvelopeKey
  readonly logKey: SigningKey
  /** The log's verifier key line (C2SP signed-note). */
  readonly verifierKey: string
  readonly logTrust: LogTrust
  /** The secret that binds the index to this log: 32 bytes that only a holder of the evidence key can make. */
  readonly indexKey: Uint8Array
}

const ED25519_SPKI = Buffer.from('302a300506032b6570032100', 'hex')

/** Opens both keys, making or refusing those that are not there. Rejects with `SigningKeyError`. */
export async function openDataKeys(evidenceFile: string, logFile: string, whenAbsent: WhenAbsent): Promise<DataKeys> {
  const evidenceKey = await openKeyFile(evidenceFile, whenAbsent)
  const logKey = await openKeyFile(logFile, whenAbsent)
  const origin = originOf(logKey)
  const verifierKey = formatVerifierKey(origin, ED25519_NOTE, logKey.publicKey)
  return {
    evidenceKey,
    envelopeKey: ed25519EnvelopeKey(publicKeyObject(evidenceKey.publicKey)),
    logKey,
    verifierKey,
    logTrust: { origin, keys: [ed25519NoteKey(verifierKey)] },
    indexKey: indexKeyOf(evidenceKey, origin),
  }
}

/** Ed25519 signs the same bytes the same way each time (RFC 8032), so that nothing more needs to be kept. */
function indexKeyOf(evidenceKey: SigningKey, origin: string): Uint8Array {
  const signature = evidenceKey.sign(utf8(`countersign index mac v1\n${origin}`))
  return createHash('sha256').update(signature).digest()
}

function publicKeyObject(publicKey: Uint8Array): ReturnType<typeof createPublicKey> {
  return createPublicKey({ key: Buffer.concat([ED25519_SPKI, publicKey]), format: 'der', type: 'spki' })
}

/** No two logs share a name: it is made from the log's own key. */
function originOf(logKey: SigningKey): string {
  return `countersign.local/${sha256Hex(logKey.publicKey).slice(0, 16)}`
}
