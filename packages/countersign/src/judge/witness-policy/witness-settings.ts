import { z } from 'zod'

/**
 * How a log deals with its witnesses, beside the policy that says who they are. `whenAway` says what becomes of a receipt when the
 * quorum is not reached in time: `refuse` gives none, `warn` gives one that lacks cosignatures. The evidence is kept either way.
 */
export const WitnessSettings = z.strictObject({
  whenAway: z.enum(['refuse', 'warn']).default('refuse'),
  /** How long a checkpoint waits for its quorum. */
  timeoutSeconds: z.int().min(1).max(60).default(5),
  /** How far the time in a cosignature may be from our own clock. */
  clockSkewSeconds: z.int().min(1).max(86_400).default(300),
})
export type WitnessSettings = z.infer<typeof WitnessSettings>
