import {
  type Delivery,
  DeliveryRefused,
  type JudgedDelivery,
  judgeDelivery,
  type SenderKey,
} from '../judge/intake/judge-delivery.ts'
import type { BlobStore } from './ports/blob-store.ts'
import type { EvidenceLog, NewEvidence, Receipt } from './ports/evidence-log.ts'
import { Problem } from './problem.ts'

/** What evidence is taken in with. */
export interface IntakeParts {
  readonly log: EvidenceLog
  readonly blobs: BlobStore
  /** The keys whose evidence is taken. */
  readonly senders: readonly SenderKey[]
  /** Our clock, in Unix seconds. */
  readonly now: () => number
}

/** Deliveries of which one is refused: nothing of any of them was stored. */
export class IntakeRefused extends Problem {
  /** The place of the refused delivery among those that came with it. */
  readonly at: number

  constructor(code: IntakeCode, message: string, at: number, options?: ErrorOptions) {
    super(code, message, options)
    this.at = at
  }
}

type IntakeCode = DeliveryRefused['code'] | 'duplicate_differs'

/**
 * Takes evidence in, all or none: payloads first, then one append, in order. Settles when all is durable, with a receipt for each; evidence
 * that the log has already gets the receipt of its place, and may come without its payloads.
 *
 * Rejects with {@link IntakeRefused} before anything is stored: `envelope_malformed`, `signature_wrong`, `sender_unknown`, `type_unknown`,
 * `statement_malformed`, `clock_ahead`, `evidence_too_large`, `envelope_missing`, `about_another_log`, `payload_missing`,
 * `payload_differs` or `duplicate_differs`; and as `EvidenceLog.append` and `BlobStore` do, when it may have been stored: send it again.
 */
export async function acceptEvidence(deliveries: readonly Delivery[], parts: IntakeParts): Promise<readonly Receipt[]> {
  const came = new Map(deliveries.flatMap(({ payloads }) => [...payloads]))
  const atHand = new Set(came.keys())
  const taken: Taken[] = []
  for (const [at, delivery] of deliveries.entries()) {
    const judged = judge(delivery, at, parts)
    const isKnown = await isRecorded(judged, taken, at, parts)
    if (!isKnown) await requirePayloads(judged, at, atHand, parts)
    taken.push({ delivery, judged, isKnown })
  }
  const named = taken.flatMap(({ judged: { payloads, envelope }, isKnown }) =>
    isKnown ? [] : [...payloads, ...(envelope === null ? [] : [envelope.sha256])],
  )
  // What nothing names is not kept.
  for (const digest of new Set(named)) {
    const bytes = came.get(digest)
    if (bytes !== undefined) await parts.blobs.put(bytes)
  }
  return parts.log.append(taken.map(evidenceOf))
}

interface Taken {
  readonly delivery: Delivery
  readonly judged: JudgedDelivery
  readonly isKnown: boolean
}

function judge(delivery: Delivery, at: number, { senders, now }: IntakeParts): JudgedDelivery {
  try {
    return judgeDelivery(delivery, senders, now())
  } catch (cause) {
    if (!(cause instanceof DeliveryRefused)) throw cause
    throw new IntakeRefused(cause.code, cause.message, at, { cause })
  }
}

/** Whether the log has the evidence. Refuses a key that was used for other evidence, here or among what came before it. */
async function isRecorded(
  { digest, idempotencyKey }: JudgedDelivery,
  before: readonly Taken[],
  at: number,
  { log }: IntakeParts,
): Promise<boolean> {
  if (idempotencyKey !== null) {
    const others = before
      .filter(({ judged }) => judged.idempotencyKey === idempotencyKey)
      .map(({ judged }) => judged.digest)
    for await (const { terms } of log.find({ idempotencyKey, limit: 1 })) others.push(terms.digest)
    if (others.some((other) => other !== digest))
      throw new IntakeRefused('duplicate_differs', 'its key was used for other evidence before', at)
  }
  for await (const _ of log.find({ digest, limit: 1 })) return true
  return false
}

/** Refuses evidence whose payloads neither came with it nor are there. What is found there is added to what is at hand. */
async function requirePayloads(
  { payloads }: JudgedDelivery,
  at: number,
  atHand: Set<string>,
  { blobs }: IntakeParts,
): Promise<void> {
  for (const digest of payloads) {
    if (atHand.has(digest)) continue
    if ((await blobs.get(digest)) === null)
      throw new IntakeRefused('payload_missing', `the bytes with SHA-256 ${digest} did not come with it`, at)
    atHand.add(digest)
  }
}

function evidenceOf({ delivery, judged }: Taken): NewEvidence {
  const { digest, idempotencyKey, terms } = judged
  return { entry: delivery.entry, terms: { digest, idempotencyKey, ...terms } }
}
