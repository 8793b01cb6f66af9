import { type Checkpoint, ed25519NoteSigner, formatCheckpoint, formatNote, utf8 } from '@countersign/verify'
import { EvidenceLogError, type SignedCheckpoint } from '../../workflows/ports/evidence-log.ts'
import type { LogHead } from '../../workflows/ports/log-store.ts'
import { type SigningKey, SigningKeyError } from '../../workflows/ports/signing-key.ts'

/** The key that signs a log's checkpoints. */
export type LogKey = Pick<SigningKey, 'publicKey' | 'sign' | 'signApart'>

/** Signs what a head says. Whoever asks releases the note only when the head was committed. */
export type HeadSigner = (head: Pick<LogHead, 'size' | 'root'>) => Promise<SignedCheckpoint>

/**
 * A signer of heads. Where the key can, it signs on another thread, while the caller's own waits for the disk. Rejects with
 * {@link EvidenceLogError} `write_failed` where the key cannot sign, and `key_retired` where another one signs now.
 */
export function headSigner(origin: string, key: LogKey): HeadSigner {
  const signApart = key.signApart ?? (async (bytes: Uint8Array) => key.sign(bytes))
  const { name, keyId } = ed25519NoteSigner(origin, key.publicKey, key.sign)
  return async ({ size, root }) => {
    const checkpoint: Checkpoint = { origin, size, root, extensions: [] }
    const text = formatCheckpoint(checkpoint)
    const signature = await signApart(utf8(text)).catch((cause: unknown) => {
      if (cause instanceof SigningKeyError && cause.code === 'key_retired') {
        throw new EvidenceLogError('key_retired', cause.message, { cause })
      }
      throw new EvidenceLogError('write_failed', 'the key could not sign the checkpoint', { cause })
    })
    return { note: formatNote({ text, signatures: [{ name, keyId, signature }] }), checkpoint }
  }
}
