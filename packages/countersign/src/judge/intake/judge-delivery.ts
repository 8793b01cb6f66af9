import {
  BytesError,
  DsseError,
  type EnvelopeKey,
  EVIDENCE_REFERENCE,
  EvidenceError,
  formatEnvelope,
  fromUtf8,
  MAX_ENTRY_BYTES,
  parseEnvelope,
  parseEvidenceReference,
  parseStatement,
  printable,
  STATEMENT_PAYLOAD_TYPE,
  type Statement,
  sha256Hex,
  verifyEnvelope,
} from '@countersign/verify'
import { momentOf, secondsOf } from '../evidence-types/predicate-fields.ts'
import { CLOCK_TOLERANCE } from '../gaps/observation.ts'
import { type DescribedStatement, describeStatement } from './describe-statement.ts'

/** Evidence as a sender hands it in: what is to be an entry of the log, and the bytes that it names, by their SHA-256. */
export interface Delivery {
  /** The bytes of a DSSE envelope: the evidence itself, or a reference to it where it is too long for the log. */
  readonly entry: Uint8Array
  /** Chosen by the sender so that other content under the same key is refused; null where it chose none. */
  readonly idempotencyKey: string | null
  readonly payloads: ReadonlyMap<string, Uint8Array>
}

/** A key that evidence may be signed with, and whose it is. */
export interface SenderKey {
  readonly name: string
  readonly key: EnvelopeKey
  /** Whether it is the key of the log itself, and not that of somebody who sends to it. */
  readonly isOwn: boolean
}

/** Why a delivery is refused. */
export type RefusalCode =
  | 'envelope_malformed'
  | 'signature_wrong'
  | 'sender_unknown'
  | 'type_unknown'
  | 'statement_malformed'
  | 'clock_ahead'
  | 'evidence_too_large'
  | 'envelope_missing'
  | 'about_another_log'
  | 'payload_missing'
  | 'payload_differs'

/** A delivery that is refused. The message quotes nothing of it that could steer a terminal. */
export class DeliveryRefused extends Error {
  override readonly name = 'DeliveryRefused'
  readonly code: RefusalCode

  constructor(code: RefusalCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** Evidence that may be recorded, as far as it and its sender can tell. */
export interface JudgedDelivery extends Omit<DescribedStatement, 'clocks' | 'isAboutLog'> {
  /** SHA-256 of the envelope, in hex. */
  readonly digest: string
  /** What the log keeps the evidence under so that other content is refused: a sender's keys never meet those of another. */
  readonly idempotencyKey: string | null
  /** The envelope that stands elsewhere, where the entry is a reference to it. */
  readonly envelope: { readonly sha256: string; readonly bytes: Uint8Array } | null
  readonly sender: SenderKey
}

/** An envelope of more than this is refused before it is looked at; so is any payload above its own bound. */
export const MAX_ENVELOPE_BYTES = 16_777_216
export const MAX_PAYLOAD_BYTES = 268_435_456
const MAX_KEY_LENGTH = 1_000

/**
 * Judges everything about a delivery that needs no look into the log: form, size, signature, type, predicate, times, and that the bytes
 * which came with it are those that it names. `now` is our clock in Unix seconds. Throws {@link DeliveryRefused} for the first
 * that does not hold; `payload_missing` is for the caller to find, who knows what is at hand already.
 */
export function judgeDelivery(delivery: Delivery, senders: readonly SenderKey[], now: number): JudgedDelivery {
  requireSizes(delivery)
  for (const [digest, bytes] of delivery.payloads) {
    if (sha256Hex(bytes) !== digest)
      throw new DeliveryRefused('payload_differs', `what came as ${printable(digest)} has another SHA-256`)
  }
  const outer = openSigned(delivery.entry, senders)
  const envelope = outer.statement.predicateType === EVIDENCE_REFERENCE ? envelopeOf(outer.statement, delivery) : null
  const { statement, sender } = envelope === null ? outer : innerOf(envelope.bytes, outer)
  const { clocks, isAboutLog, ...described } = describe(statement)
  for (const time of clocks) {
    if (secondsOf(time) <= now + CLOCK_TOLERANCE) continue
    throw new DeliveryRefused('clock_ahead', `${sender.name} says ${time}; here it is ${momentOf(now)}`)
  }
  if (isAboutLog && !sender.isOwn)
    throw new DeliveryRefused('about_another_log', `${statement.predicateType} speaks of the log of ${sender.name}`)
  const digest = envelope?.sha256 ?? sha256Hex(delivery.entry)
  return { ...described, digest, idempotencyKey: keyOf(delivery, sender), envelope, sender }
}

function requireSizes({ entry, payloads, idempotencyKey }: Delivery): void {
  if (entry.length > MAX_ENTRY_BYTES) {
    const limit = `an entry of ${entry.length} bytes, ${MAX_ENTRY_BYTES} at most`
    throw new DeliveryRefused('evidence_too_large', `${limit}; what is longer comes as a reference`)
  }
  for (const bytes of payloads.values()) {
    if (bytes.length > MAX_PAYLOAD_BYTES)
      throw new DeliveryRefused(
        'evidence_too_large',
        `${bytes.length} bytes in one piece, ${MAX_PAYLOAD_BYTES} at most`,
      )
  }
  if (idempotencyKey !== null && idempotencyKey.length > MAX_KEY_LENGTH)
    throw new DeliveryRefused('evidence_too_large', `a key of more than ${MAX_KEY_LENGTH} characters`)
}

interface Opened {
  readonly statement: Statement
  readonly sender: SenderKey
}

/**
 * Opens an envelope that exactly one trusted key signed, in the one spelling that Countersign writes: were there two, the same statement
 * could be recorded twice.
 */
function openSigned(bytes: Uint8Array, senders: readonly SenderKey[]): Opened {
  try {
    const text = fromUtf8(bytes)
    const envelope = parseEnvelope(text)
    const [signature, ...others] = envelope.signatures
    if (signature === undefined || others.length > 0 || formatEnvelope(envelope) !== text)
      throw new DeliveryRefused(
        'envelope_malformed',
        'an envelope with one signature, as Countersign writes it, is asked for',
      )
    const sender = senders.find(({ key }) => key.keyId === signature.keyId)
    if (sender === undefined)
      throw new DeliveryRefused('sender_unknown', `the key ${printable(signature.keyId)} is none that is trusted here`)
    const { payloadType, payload } = requireSignature(envelope, sender)
    if (payloadType !== STATEMENT_PAYLOAD_TYPE)
      throw new DeliveryRefused('envelope_malformed', 'what was signed is no in-toto statement')
    return { statement: parseStatement(payload), sender }
  } catch (cause) {
    if (!(cause instanceof DsseError || cause instanceof BytesError)) throw cause
    const code = cause.code === 'too_large' ? 'evidence_too_large' : 'envelope_malformed'
    throw new DeliveryRefused(code, `the envelope cannot be read: ${cause.message}`, { cause })
  }
}

function requireSignature(
  envelope: ReturnType<typeof parseEnvelope>,
  { key, name }: SenderKey,
): ReturnType<typeof verifyEnvelope> {
  try {
    return verifyEnvelope(envelope, [key])
  } catch (cause) {
    if (!(cause instanceof DsseError)) throw cause
    throw new DeliveryRefused('signature_wrong', `the key of ${name} did not make this signature`, { cause })
  }
}

function envelopeOf(reference: Statement, { payloads }: Delivery): NonNullable<JudgedDelivery['envelope']> {
  const { sha256, size } = read(() => parseEvidenceReference(reference.predicate)).envelope
  if (size > MAX_ENVELOPE_BYTES)
    throw new DeliveryRefused('evidence_too_large', `an envelope of ${size} bytes, ${MAX_ENVELOPE_BYTES} at most`)
  const bytes = payloads.get(sha256)
  if (bytes === undefined) throw new DeliveryRefused('envelope_missing', `the envelope ${sha256} did not come with it`)
  if (bytes.length !== size)
    throw new DeliveryRefused('statement_malformed', `the envelope ${sha256} has ${bytes.length} bytes, not ${size}`)
  return { sha256, bytes }
}

/** The statement that a reference stands for: of the same sender, about the same thing, and no reference again. */
function innerOf(bytes: Uint8Array, outer: Opened): Opened {
  const inner = openSigned(bytes, [outer.sender])
  if (inner.statement.predicateType === EVIDENCE_REFERENCE)
    throw new DeliveryRefused('statement_malformed', 'a reference stands for another reference')
  if (JSON.stringify(inner.statement.subject) !== JSON.stringify(outer.statement.subject))
    throw new DeliveryRefused('statement_malformed', 'the reference is about something else than its envelope')
  return inner
}

function describe(statement: Statement): DescribedStatement {
  const described = read(() => describeStatement(statement))
  if (described === null)
    throw new DeliveryRefused('type_unknown', `${printable(statement.predicateType)} is no type that is known here`)
  return described
}

function read<T>(parse: () => T): T {
  try {
    return parse()
  } catch (cause) {
    if (!(cause instanceof EvidenceError)) throw cause
    throw new DeliveryRefused('statement_malformed', cause.message, { cause })
  }
}

function keyOf({ idempotencyKey }: Delivery, { key, isOwn }: SenderKey): string | null {
  return idempotencyKey === null || isOwn ? idempotencyKey : `${key.keyId} ${idempotencyKey}`
}
