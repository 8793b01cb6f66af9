import { PAYLOAD_PRUNED, parsePayloadPruned } from '../judge/evidence-types/payload-pruned.ts'
import { momentOf } from '../judge/evidence-types/predicate-fields.ts'
import { stampOf } from '../judge/evidence-types/statement-controls.ts'
import { judgePruning, type PayloadStanding, type PruneRefusal } from '../judge/retention/judge-pruning.ts'
import { type RetentionPolicy, retentionClass } from '../judge/retention/retention-policy.ts'
import { appendStatements, type NewStatement, newStatement, openStatement } from './append-statement.ts'
import { blobPath } from './ports/blob-store.ts'
import { EvidenceLogError } from './ports/evidence-log.ts'
import { ObjectStoreError } from './ports/object-store.ts'
import { Problem } from './problem.ts'
import {
  namingEntries,
  PayloadReferences,
  type ReferenceParts,
  readPayload,
  tombstoneOf,
} from './prune-payloads-references.ts'
import type { SourceParts } from './record-heartbeat.ts'

/** What is to be removed, by which policy and on whose word. */
export interface PruneRequest {
  readonly policy: RetentionPolicy
  /** Our clock, in Unix seconds. */
  readonly now: number
  readonly by: string
  /** Payloads that a person asked to be removed, and the request's name; null to remove whatever its class lets go. */
  readonly erase: { readonly payloads: readonly string[]; readonly request: string } | null
  /** Only say what would be removed. */
  readonly isRehearsal?: boolean
  /** Try again to remove all bytes that a tombstone gave up and a lock kept, and not only the newest. */
  readonly finishesAll?: boolean
  /** How many payloads are followed at once; 10,000 unless told. It bounds memory, and each such batch reads the log once. */
  readonly batchSize?: number
}

/** What became of one payload. */
export type PruneOutcome =
  | { readonly payload: string; readonly outcome: 'pruned' | 'finished' | 'would_prune'; readonly size: number }
  | { readonly payload: string; readonly outcome: 'kept'; readonly code: PruneRefusal; readonly why: string }
  /** Its bytes are not there, or are not those that were stored. It is left as it is, for `log fsck` to say more. */
  | { readonly payload: string; readonly outcome: 'absent' | 'damaged' }
  /** The store does not let go of it; its tombstone is in the log. */
  | { readonly payload: string; readonly outcome: 'locked'; readonly why: string }
  /** Evidence came to name it meanwhile, so it stays, or was put back. */
  | { readonly payload: string; readonly outcome: 'named_again' }

/** What payloads are pruned with. */
export interface PruneParts extends SourceParts, ReferenceParts {}

/**
 * As many tombstones are written before their bytes are removed, and all of those bytes before the next tombstones: so whoever comes after
 * a crash finds what is left to do under the newest ones.
 */
const CHUNK = 100
const BATCH = 10_000

/**
 * Removes payloads that may go, each after its tombstone is durable in the log, and says what became of each.
 *
 * Begins with bytes that a run before this one gave up and did not come to remove. A payload goes only if every entry that names it lets it
 * go and no hold keeps it. Rejects with `Problem` `evidence_damaged` or `bad_digest`, and as `EvidenceLog` and `ObjectStore` do; what was
 * said before then is done.
 */
export async function* prunePayloads(request: PruneRequest, parts: PruneParts): AsyncGenerator<PruneOutcome> {
  if (request.isRehearsal !== true) yield* finish(request, parts)
  for await (const batch of candidates(request, parts)) yield* pruneBatch(batch, request, parts)
}

/** Removes bytes that have a tombstone already, unless evidence names them anew or a hold was placed since. */
async function* finish(request: PruneRequest, parts: PruneParts): AsyncGenerator<PruneOutcome> {
  const limit = request.finishesAll === true ? {} : { limit: CHUNK }
  const left = new Map<string, { readonly index: number; readonly reason: 'retention' | 'personal_data' }>()
  for await (const { index } of parts.log.find({ type: PAYLOAD_PRUNED, order: 'newest-first', ...limit })) {
    for await (const { entry } of parts.log.entries(index, index + 1)) {
      const { payload, reason } = parsePayloadPruned(openStatement(index, entry, parts.envelopeKeys).predicate)
      const isThere = !left.has(payload.sha256) && (await readPayload(payload.sha256, parts.objects)) !== null
      if (isThere) left.set(payload.sha256, { index, reason })
    }
  }
  for (const reason of ['retention', 'personal_data'] as const) {
    const given = [...left].filter(([, tombstone]) => tombstone.reason === reason)
    if (given.length === 0) continue
    const references = new PayloadReferences(left.keys(), { ...request, reason }, parts)
    await references.catchUp()
    for (const [payload, { index }] of given) {
      const standing = references.standing(payload)
      const verdict = judgePruning(standing)
      if ((standing?.last.index ?? 0) > index) continue
      if (verdict.mayGo) yield await removeBytes(payload, 'finished', references, parts)
      else yield await keep(payload, verdict, parts)
    }
  }
}

/** The payloads to look at, in batches: those that some entry lets go and that have no tombstone since. */
async function* candidates(request: PruneRequest, parts: PruneParts): AsyncGenerator<ReadonlySet<string>> {
  const { erase, policy, now, batchSize = BATCH } = request
  if (erase !== null) {
    const bad = erase.payloads.find((payload) => !/^[0-9a-f]{64}$/.test(payload))
    if (bad !== undefined) throw new Problem('bad_digest', 'a payload is named by 64 lower-case hex digits')
    yield new Set(erase.payloads)
    return
  }
  let batch = new Set<string>()
  const { size } = (await parts.log.checkpoint()).checkpoint
  for await (const { index, kept, named } of namingEntries(0, size, parts)) {
    const rule = kept === null ? undefined : retentionClass(policy, kept.retention)
    if (kept === null || rule === undefined || now < kept.recordedAt + rule.payloads * 86_400) continue
    for (const payload of named) {
      if (batch.has(payload) || ((await tombstoneOf(payload, parts.log)) ?? -1) > index) continue
      batch.add(payload)
      if (batch.size < batchSize) continue
      yield batch
      batch = new Set()
    }
  }
  if (batch.size > 0) yield batch
}

async function* pruneBatch(
  batch: ReadonlySet<string>,
  request: PruneRequest,
  parts: PruneParts,
): AsyncGenerator<PruneOutcome> {
  const reason = request.erase === null ? 'retention' : 'personal_data'
  const references = new PayloadReferences(batch, { ...request, reason }, parts)
  await references.catchUp()
  const ready: Ready[] = []
  for (const payload of batch) {
    const bytes = await readPayload(payload, parts.objects)
    const standing = references.standing(payload)
    const verdict = judgePruning(standing)
    // A digest in a statement need not be that of a payload; only what somebody asked for by name is missed.
    if (bytes === null) {
      if (request.erase !== null) yield { payload, outcome: 'absent' }
    } else if (!verdict.mayGo) yield await keep(payload, verdict, parts)
    else if (bytes === 'damaged') yield { payload, outcome: 'damaged' }
    else ready.push({ payload, size: bytes.length, standing: standing as PayloadStanding, class: verdict.class })
  }
  for (let from = 0; from < ready.length; from += CHUNK) {
    yield* pruneChunk(ready.slice(from, from + CHUNK), references, request, parts)
  }
}

interface Ready {
  readonly payload: string
  readonly size: number
  readonly standing: PayloadStanding
  readonly class: string
}

async function* pruneChunk(
  chunk: readonly Ready[],
  references: PayloadReferences,
  request: PruneRequest,
  parts: PruneParts,
): AsyncGenerator<PruneOutcome> {
  if (request.isRehearsal === true) {
    for (const { payload, size } of chunk) yield { payload, outcome: 'would_prune', size }
    return
  }
  await Promise.all(chunk.map((ready) => bury(tombstone(ready, request, parts), parts)))
  await references.catchUp()
  for (const { payload, standing } of chunk) {
    const isNamedAgain = references.standing(payload)?.count !== standing.count
    yield isNamedAgain ? { payload, outcome: 'named_again' } : await removeBytes(payload, 'pruned', references, parts)
  }
}

/** Appends a tombstone; one that another process has appended for the same payload will do. */
async function bury(statement: NewStatement, parts: PruneParts): Promise<void> {
  try {
    await appendStatements([statement], parts)
  } catch (error) {
    if (!(error instanceof EvidenceLogError && error.code === 'duplicate_differs')) throw error
  }
}

function tombstone(
  { payload, size, standing, class: kept }: Ready,
  request: PruneRequest,
  parts: PruneParts,
): NewStatement {
  const { now, by, erase } = request
  const { count, first, last } = standing
  const at = momentOf(now)
  const predicate = {
    payload: { sha256: payload, size },
    class: kept,
    ...{ reason: erase === null ? 'retention' : 'personal_data', prunedBy: by, request: erase?.request ?? null },
    prunedAt: at,
    namedBy: { count, first: { ...first }, last: { ...last } },
    ...stampOf(PAYLOAD_PRUNED, now, parts),
  }
  const subject = [{ name: 'payload', digest: { sha256: payload } }]
  return newStatement({ subject, predicateType: PAYLOAD_PRUNED, predicate }, `payload-pruned ${payload} ${last.index}`)
}

/** Removes bytes whose tombstone is durable; puts them back if evidence that names them was recorded while they went. */
async function removeBytes(
  payload: string,
  outcome: 'pruned' | 'finished',
  references: PayloadReferences,
  { objects }: PruneParts,
): Promise<PruneOutcome> {
  const before = references.standing(payload)?.count
  const bytes = await readPayload(payload, objects)
  if (bytes === 'damaged') return { payload, outcome: 'damaged' }
  try {
    await objects.remove(blobPath(payload))
  } catch (error) {
    if (!(error instanceof ObjectStoreError && error.code === 'object_locked')) throw error
    return { payload, outcome: 'locked', why: error.message }
  }
  await references.catchUp()
  if (references.standing(payload)?.count === before) return { payload, outcome, size: bytes?.length ?? 0 }
  if (bytes !== null) await objects.putOnce(blobPath(payload), bytes)
  return { payload, outcome: 'named_again' }
}

/** Tells why a payload stays; one that is held is held by the store too, where it can. */
async function keep(
  payload: string,
  { code, why }: { readonly code: PruneRefusal; readonly why: string },
  { objects }: PruneParts,
): Promise<PruneOutcome> {
  if (code === 'held') {
    try {
      await objects.hold(blobPath(payload), true)
    } catch (error) {
      if (!(error instanceof ObjectStoreError && error.code === 'lock_unsupported')) throw error
    }
  }
  return { payload, outcome: 'kept', code, why }
}
