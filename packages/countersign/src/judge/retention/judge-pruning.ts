import { type LegalHold, type RetentionPolicy, retentionClass } from './retention-policy.ts'

/** An entry of the log that names a payload, and how it is kept. */
export interface PayloadReference {
  readonly index: number
  /** The leaf hash of the entry, in hex. */
  readonly leafHash: string
  /** How the entry is kept; null where its index row is missing, so that it cannot be told. */
  readonly kept: {
    readonly retention: string
    readonly recordedAt: number
    readonly type: string
    readonly subjects: readonly string[]
  } | null
}

/** Why a payload must stay. The first in this list that applies is the one that is told. */
export const PRUNE_REFUSALS = ['held', 'class_unknown', 'not_erasable', 'not_due', 'unreferenced'] as const
export type PruneRefusal = (typeof PRUNE_REFUSALS)[number]

/** What is to be decided about a payload, and by what. */
export interface PruneQuestion {
  readonly payload: string
  readonly policy: RetentionPolicy
  /** Unix seconds. */
  readonly now: number
  /** `retention`: its time is over. `personal_data`: somebody it is about has asked. */
  readonly reason: 'retention' | 'personal_data'
}

/** What is known about a payload from the entries seen so far. Of constant size, however many name it. */
export interface PayloadStanding {
  readonly count: number
  readonly first: Pick<PayloadReference, 'index' | 'leafHash'>
  readonly last: Pick<PayloadReference, 'index' | 'leafHash'>
  /** The class that keeps it longest, and until when, in Unix seconds. */
  readonly class: string | null
  readonly dueAt: number | null
  readonly refusal: { readonly code: PruneRefusal; readonly why: string } | null
}

/** The standing of a payload with one more entry that names it. Entries may come in any order. */
export function addReference(
  before: PayloadStanding | null,
  reference: PayloadReference,
  question: PruneQuestion,
): PayloadStanding {
  const { index, leafHash, kept } = reference
  const place = { index, leafHash }
  const rule = kept === null ? undefined : retentionClass(question.policy, kept.retention)
  const dueAt = kept === null || rule === undefined ? null : kept.recordedAt + rule.payloads * 86_400
  const isLonger = dueAt !== null && dueAt > (before?.dueAt ?? Number.NEGATIVE_INFINITY)
  return {
    count: (before?.count ?? 0) + 1,
    first: before !== null && before.first.index < index ? before.first : place,
    last: before !== null && before.last.index > index ? before.last : place,
    class: isLonger ? (kept?.retention ?? null) : (before?.class ?? null),
    dueAt: isLonger ? dueAt : (before?.dueAt ?? null),
    refusal: firstOf(before?.refusal ?? null, refusalOf(reference, dueAt, question)),
  }
}

/** Whether a payload may be removed, once every entry that names it has been added; where not, why. */
export type PruneVerdict =
  | { readonly mayGo: true; readonly class: string }
  | { readonly mayGo: false; readonly code: PruneRefusal; readonly why: string }

/** What nothing names is kept: it may belong to evidence that is being written. */
export function judgePruning(standing: PayloadStanding | null): PruneVerdict {
  if (standing === null || standing.class === null) {
    const refusal = standing?.refusal ?? { code: 'unreferenced', why: 'no entry of the log names it' }
    return { mayGo: false, ...refusal }
  }
  return standing.refusal === null ? { mayGo: true, class: standing.class } : { mayGo: false, ...standing.refusal }
}

type Refusal = NonNullable<PayloadStanding['refusal']>

function refusalOf(reference: PayloadReference, dueAt: number | null, question: PruneQuestion): Refusal | null {
  const { kept, index } = reference
  const { policy, now, reason } = question
  const hold = policy.holds.find((one) => isInForce(one, now) && holds(one, reference, question.payload))
  if (hold !== undefined) return { code: 'held', why: `the hold ${hold.id} keeps entry ${index}: ${hold.why}` }
  const rule = kept === null ? undefined : retentionClass(policy, kept.retention)
  if (kept === null || rule === undefined || dueAt === null) {
    const what = kept === null ? 'has no index row' : `is of class "${kept.retention}", which the policy does not know`
    return { code: 'class_unknown', why: `entry ${index} ${what}` }
  }
  if (now >= dueAt) return null
  const until = new Date(dueAt * 1_000).toISOString().slice(0, 10)
  if (reason === 'retention') return { code: 'not_due', why: `entry ${index} keeps it until ${until}` }
  if (rule.erasable) return null
  return { code: 'not_erasable', why: `entry ${index} is of class "${kept.retention}" and keeps it until ${until}` }
}

function firstOf(a: Refusal | null, b: Refusal | null): Refusal | null {
  if (a === null || b === null) return a ?? b
  return PRUNE_REFUSALS.indexOf(a.code) <= PRUNE_REFUSALS.indexOf(b.code) ? a : b
}

function isInForce({ from, until }: LegalHold, now: number): boolean {
  return seconds(from) <= now && (until === undefined || now < seconds(until))
}

/** Whether a hold is about a reference. What is not known of the reference may be what the hold is about, and is held. */
function holds({ scope }: LegalHold, { kept }: PayloadReference, payload: string): boolean {
  if (scope.payloads !== undefined && !scope.payloads.includes(payload)) return false
  if (kept === null) return true
  const { retention, recordedAt, type, subjects } = kept
  if (scope.classes !== undefined && !scope.classes.includes(retention)) return false
  if (scope.types !== undefined && !scope.types.includes(type)) return false
  if (scope.subjects !== undefined && !scope.subjects.some((subject) => subjects.includes(subject))) return false
  if (scope.recordedFrom !== undefined && recordedAt < seconds(scope.recordedFrom)) return false
  return scope.recordedBefore === undefined || recordedAt < seconds(scope.recordedBefore)
}

function seconds(time: string): number {
  return Date.parse(time) / 1_000
}
