import type { Delivery } from '../../judge/intake/judge-delivery.ts'
import type { Receipt } from './evidence-log.ts'

/** Another log that evidence is delivered to, in this process or far away. What it answers is never remembered by whoever asks. */
export interface Recipient {
  /** Which of these pieces of evidence, by digest, it does not have. */
  missingEvidence(digests: readonly string[]): Promise<ReadonlySet<string>>

  /** Which of these payloads, by digest, it does not have. */
  missingPayloads(digests: readonly string[]): Promise<ReadonlySet<string>>

  /** Takes evidence in, all or none and in order; settles when it is durable. Rejects as `acceptEvidence` does. */
  accept(deliveries: readonly Delivery[]): Promise<readonly Receipt[]>

  /** The newest checkpoint of the log with this origin that it was shown, as a signed note; null when it was shown none. */
  lastSeen(origin: string): Promise<string | null>

  /** Keeps a checkpoint for {@link lastSeen}; durable when it settles. */
  see(origin: string, note: string): Promise<void>
}
