import { BytesError, ed25519NoteKey, fromBase64, type Json, TlogError, toBase64, utf8 } from '@countersign/verify'
import { z } from 'zod'
import { moment, name, readPredicate, stamp } from './predicate-fields.ts'

/** The predicate type of a change of the key that signs a log's checkpoints; docs/formats/log-key-rotation.md describes it. */
export const LOG_KEY_ROTATION = 'https://countersign.dev/attestation/log-key-rotation/v1'

const verifierKey = z.string().max(1_000)

export const LogKeyRotation = z
  .object({
    origin: name,
    /**
     * `announced`: recorded while the old key still signs. `completed`: recorded under the new key; the place of this very statement in
     * the log is the size of the largest checkpoint that the old key may have signed.
     */
    state: z.enum(['announced', 'completed']),
    /** The verifier keys, old and new. */
    retires: verifierKey,
    begins: verifierKey,
    /** The new key's Ed25519 signature over {@link possessionText}, in base64: whoever announces it has it. */
    possession: z.base64().length(88),
    at: moment,
    ...stamp,
  })
  .refine(({ retires, begins }) => retires !== begins, { path: ['begins'], error: 'must be another key' })
  .refine(({ possession }) => possession.endsWith('=='), { path: ['possession'], error: 'must be 64 bytes' })
  .readonly()
export type LogKeyRotation = z.infer<typeof LogKeyRotation>

/** Reads a predicate as a change of key. Throws `EvidenceError` `malformed_document`. */
export function parseLogKeyRotation(predicate: Json): LogKeyRotation {
  return readPredicate('log-key-rotation', LogKeyRotation, predicate)
}

/** What the new key signs to show that whoever announces it has it. */
export function possessionText({
  origin,
  retires,
  begins,
}: Pick<LogKeyRotation, 'origin' | 'retires' | 'begins'>): string {
  return `countersign log key rotation v1\n${origin}\n${retires}\n${begins}\n`
}

/** Signs {@link possessionText} with the new key. */
export function provePossession(
  rotation: Pick<LogKeyRotation, 'origin' | 'retires' | 'begins'>,
  sign: (bytes: Uint8Array) => Uint8Array,
): string {
  return toBase64(sign(utf8(possessionText(rotation))))
}

/** Whether the new key did sign that it takes over from the old one, in the log that both belong to. */
export function holdsPossession(rotation: LogKeyRotation): boolean {
  try {
    const [retired, begun] = [ed25519NoteKey(rotation.retires), ed25519NoteKey(rotation.begins)]
    const isOfLog = retired.name === rotation.origin && begun.name === rotation.origin
    return isOfLog && begun.verify(possessionText(rotation), fromBase64(rotation.possession))
  } catch (cause) {
    if (cause instanceof TlogError || cause instanceof BytesError) return false
    throw cause
  }
}
