import { BytesError, fromUtf8, type LogTrust, TlogError, verifyCheckpoint } from '@countersign/verify'
import { EvidenceLogError, type SignedCheckpoint } from '../../workflows/ports/evidence-log.ts'
import type { ObjectStore } from '../../workflows/ports/object-store.ts'

/** The path of the newest checkpoint that strangers see. */
export const CHECKPOINT = 'checkpoint'

/**
 * Reads the checkpoint that the log has published; null when there is none. Rejects with {@link EvidenceLogError} `log_corrupt`,
 * `wrong_key`, `wrong_origin`, and as the object store does.
 */
export async function readPublished(objects: ObjectStore, trust: LogTrust): Promise<SignedCheckpoint | null> {
  const bytes = await objects.get(CHECKPOINT)
  if (bytes === null) return null
  try {
    const note = fromUtf8(bytes)
    return { note, checkpoint: verifyCheckpoint(note, trust) }
  } catch (cause) {
    if (cause instanceof TlogError) throw refused(cause)
    if (cause instanceof BytesError)
      throw new EvidenceLogError('log_corrupt', `${CHECKPOINT}: ${cause.message}`, { cause })
    throw cause
  }
}

function refused(cause: TlogError): EvidenceLogError {
  const codes: Partial<Record<TlogError['code'], EvidenceLogError['code']>> = {
    no_known_signature: 'wrong_key',
    wrong_origin: 'wrong_origin',
  }
  return new EvidenceLogError(codes[cause.code] ?? 'log_corrupt', `${CHECKPOINT}: ${cause.message}`, { cause })
}
