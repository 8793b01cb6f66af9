import { createHash, createPublicKey } from 'node:crypto'
import { type EnvelopeKey, ed25519EnvelopeKey, type LogTrust, sha256Hex, utf8 } from '@countersign/verify'
import { type LogKeyring, signingRange } from '../../judge/log-keys/log-keyring.ts'
import type { SigningKey } from '../../workflows/ports/signing-key.ts'
import { openKeyFile, type WhenAbsent } from './key-file.ts'
import { type LogKeyFiles, logKeyFiles } from './log-key-files.ts'

/** The two keys of a data folder: one signs evidence, the other the log's checkpoints. Neither can be mistaken for the other. */
export interface DataKeys {
  readonly evidenceKey: SigningKey
  readonly envelopeKey: EnvelopeKey
  /** Signs until the log gets another key; see `LogKeys`. */
  readonly logKey: SigningKey
  /** The log's verifier key line (C2SP signed-note): that of the key which signs now. */
  readonly verifierKey: string
  /** Every key that the log has had, and what they are trusted for together. */
  readonly logKeyring: LogKeyring
  readonly logTrust: LogTrust
  /** The secret that binds the index to this log: 32 bytes that only a holder of the evidence key can make. */
  readonly indexKey: Uint8Array
}

const ED25519_SPKI = Buffer.from('302a300506032b6570032100', 'hex')

/** Opens both keys, making or refusing those that are not there. Rejects with `SigningKeyError`. */
export async function openDataKeys(evidenceFile: string, logFile: string, whenAbsent: WhenAbsent): Promise<DataKeys> {
  const evidenceKey = await openKeyFile(evidenceFile, whenAbsent)
  const { key, keyring, trust } = await dataKeyFiles(logFile).open(whenAbsent)
  return {
    evidenceKey,
    envelopeKey: ed25519EnvelopeKey(publicKeyObject(evidenceKey.publicKey)),
    logKey: key,
    verifierKey: signingRange(keyring).verifierKey,
    logKeyring: keyring,
    logTrust: trust,
    indexKey: indexKeyOf(evidenceKey, keyring.origin),
  }
}

/** The files of a data folder's log key, beside `log.pem`. */
export function dataKeyFiles(logFile: string): LogKeyFiles {
  return logKeyFiles(logFile, originOf)
}

/** Ed25519 signs the same bytes the same way each time (RFC 8032), so that nothing more needs to be kept. */
function indexKeyOf(evidenceKey: SigningKey, origin: string): Uint8Array {
  const signature = evidenceKey.sign(utf8(`countersign index mac v1\n${origin}`))
  return createHash('sha256').update(signature).digest()
}

function publicKeyObject(publicKey: Uint8Array): ReturnType<typeof createPublicKey> {
  return createPublicKey({ key: Buffer.concat([ED25519_SPKI, publicKey]), format: 'der', type: 'spki' })
}

/** No two logs share a name: it is made from the log's own first key. */
function originOf(logKey: SigningKey): string {
  return `countersign.local/${sha256Hex(logKey.publicKey).slice(0, 16)}`
}
