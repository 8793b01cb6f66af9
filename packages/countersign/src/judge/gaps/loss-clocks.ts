/**
 * How far back a source can still be asked. `time`: what is older than that many seconds is gone. `entries`: only so many are kept, and
 * `seconds` is how far back they reached when that was looked up. `none`: what was not seen as it happened cannot be had.
 */
export type SourceMemory =
  | { readonly kind: 'time'; readonly seconds: number }
  | { readonly kind: 'entries'; readonly entries: number; readonly seconds: number }
  | { readonly kind: 'none' }

/** What a kind of source is known to forget, and when. */
export interface LossClock {
  /** The first part of a source's name, as in `github-audit-log:acme`. */
  readonly source: string
  readonly forgets: string
  /** Seconds or entries after which it is gone; null where a setting of the source decides, so that it must be looked up. */
  readonly after: { readonly seconds: number } | { readonly entries: number } | null
  /** Whether the figure was read in the source's own documentation or code, or is only generally known. */
  readonly isVerified: boolean
}

const HOUR = 3_600
const DAY = 24 * HOUR

/** The loss clocks of sources that are known, as defaults: where a source says its own, that counts. */
export const LOSS_CLOCKS: readonly LossClock[] = [
  { source: 'github-audit-log', forgets: 'audit events', after: { seconds: 180 * DAY }, isVerified: true },
  {
    source: 'github-git-events',
    forgets: 'Git events of the audit log',
    after: { seconds: 7 * DAY },
    isVerified: true,
  },
  { source: 'github-rule-suites', forgets: 'evaluations of rulesets', after: { seconds: 30 * DAY }, isVerified: false },
  {
    source: 'github-webhooks',
    forgets: 'deliveries that can be sent again',
    after: { seconds: 3 * DAY },
    isVerified: false,
  },
  { source: 'kubernetes-events', forgets: 'Events', after: { seconds: HOUR }, isVerified: false },
  {
    source: 'argocd-history',
    forgets: 'successful syncs of an Application',
    after: { entries: 10 },
    isVerified: false,
  },
  { source: 'flux-history', forgets: 'reconciliations in status.history', after: { entries: 5 }, isVerified: false },
  { source: 'k8s-breakglass-sessions', forgets: 'ended sessions', after: { seconds: 30 * DAY }, isVerified: true },
  { source: 'argocd-ephemeral-access', forgets: 'ended access requests', after: null, isVerified: true },
]

/** The loss clock of a source by its name; undefined where none is known. */
export function lossClockOf(source: string): LossClock | undefined {
  const kind = source.split(':', 1)[0]
  return LOSS_CLOCKS.find((clock) => clock.source === kind)
}
