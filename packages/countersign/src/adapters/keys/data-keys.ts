import { createPublicKey } from 'node:crypto'
import {
  ED25519_NOTE,
  type EnvelopeKey,
  ed25519EnvelopeKey,
  ed25519NoteKey,
  formatVerifierKey,
  type LogTrust,
  sha256Hex,
} from '@countersign/verify'
import type { SigningKey } from '../../workflows/ports/signing-key.ts'
import { openKeyFile } from './key-file.ts'

/** The two keys of a data folder: one signs evidence, the other the log's checkpoints. Neither can be mistaken for the other. */
export interface DataKeys {
  readonly evidenceKey: SigningKey
  readonly envelopeKey: EnvelopeKey
  readonly logKey: SigningKey
  /** The log's verifier key line (C2SP signed-note). */
  readonly verifierKey: string
  readonly logTrust: LogTrust
}

const ED25519_SPKI = Buffer.from('302a300506032b6570032100', 'hex')

/** Opens both keys, making those that are not there. Rejects with `SigningKeyError`. */
export async function openDataKeys(evidenceFile: string, logFile: string): Promise<DataKeys> {
  const evidenceKey = await openKeyFile(evidenceFile)
  const logKey = await openKeyFile(logFile)
  const origin = originOf(logKey)
  const verifierKey = formatVerifierKey(origin, ED25519_NOTE, logKey.publicKey)
  return {
    evidenceKey,
    envelopeKey: ed25519EnvelopeKey(publicKeyObject(evidenceKey.publicKey)),
    logKey,
    verifierKey,
    logTrust: { origin, keys: [ed25519NoteKey(verifierKey)] },
  }
}

function publicKeyObject(publicKey: Uint8Array): ReturnType<typeof createPublicKey> {
  return createPublicKey({ key: Buffer.concat([ED25519_SPKI, publicKey]), format: 'der', type: 'spki' })
}

/** No two logs share a name: it is made from the log's own key. */
function originOf(logKey: SigningKey): string {
  return `countersign.local/${sha256Hex(logKey.publicKey).slice(0, 16)}`
}
