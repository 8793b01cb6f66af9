import {
  EVIDENCE_REFERENCE,
  encodeStatement,
  formatEnvelope,
  type Json,
  STATEMENT_PAYLOAD_TYPE,
  sha256Hex,
  signEnvelope,
  utf8,
} from '@countersign/verify'
import { memoryObjects } from '../adapters/stores/memory/object-store.ts'
import { PAYLOAD_PRUNED, parsePayloadPruned } from '../judge/evidence-types/payload-pruned.ts'
import { momentOf } from '../judge/evidence-types/predicate-fields.ts'
import { RetentionPolicy } from '../judge/retention/retention-policy.ts'
import { appendStatements } from './append-statement.ts'
import { blobPath } from './ports/blob-store.ts'
import type { EvidenceTerms } from './ports/evidence-log.ts'
import { type ObjectStore, ObjectStoreError } from './ports/object-store.ts'
import { type PruneOutcome, type PruneParts, type PruneRequest, prunePayloads } from './prune-payloads.ts'
import { openStatementLog, type StatementLog, statementsOf } from './statement-log.fixtures.ts'

export const START = Date.parse('2026-01-01T00:00:00Z') / 1_000
export const DAY = 86_400
export const LATER = START + 401 * DAY
const HEAD = { apiVersion: 'countersign.dev/v1', kind: 'Retention' }
export const PLAIN = RetentionPolicy.parse(HEAD)
export const hold = (scope: object) => {
  const held = { id: 'case-1', why: 'A lawsuit', by: 'legal@example.com', from: '2026-01-01T00:00:00Z', scope }
  return RetentionPolicy.parse({ ...HEAD, holds: [held] })
}

export interface Ground extends StatementLog {
  readonly objects: ObjectStore
}

export async function ground(): Promise<Ground> {
  return { ...(await openStatementLog()), objects: memoryObjects() }
}

/** Stores a payload and evidence that names it, as collectors do: the bytes first. */
export async function record(
  parts: Ground,
  text: string,
  change: Partial<EvidenceTerms> & { readonly at?: number } = {},
): Promise<string> {
  const { at = START, ...terms } = change
  const digest = sha256Hex(utf8(text))
  await parts.objects.putOnce(blobPath(digest), utf8(text))
  await name(parts, { payload: { sha256: digest } }, at, terms)
  return digest
}

export async function name(
  parts: Ground,
  predicate: { readonly [key: string]: Json },
  at: number,
  change: Partial<EvidenceTerms> = {},
): Promise<void> {
  const recordedAt = momentOf(at)
  const statement = {
    subject: [{ digest: { sha256: sha256Hex(utf8('subject')) } }],
    predicateType: 'https://example.com/fact/v1',
    predicate: { ...predicate, serial: serial++ },
  }
  const terms = {
    ...{ idempotencyKey: null, subjects: ['change:a'], source: 'test', occurredAt: null, recordedAt },
    ...{ retention: 'standard', summary: null, ...change },
  }
  await appendStatements([{ statement, terms }], parts)
}
let serial = 0

export async function prune(parts: PruneParts, change: Partial<PruneRequest> = {}): Promise<readonly PruneOutcome[]> {
  const outcomes: PruneOutcome[] = []
  const request = { policy: PLAIN, now: LATER, by: 'ops@example.com', erase: null, ...change }
  for await (const outcome of prunePayloads(request, parts)) outcomes.push(outcome)
  return outcomes
}

export const isThere = async (parts: Ground, digest: string): Promise<boolean> =>
  (await parts.objects.get(blobPath(digest))) !== null
export const tombstonesOf = async (parts: Ground) =>
  (await statementsOf(parts)).flatMap(({ predicateType, predicate, terms }) =>
    predicateType === PAYLOAD_PRUNED ? [{ ...parsePayloadPruned(predicate), terms }] : [],
  )

/** Every method of a log, so that one may be put in another's place. */
export function logOf({ log }: Ground): StatementLog['log'] {
  return {
    append: (evidence) => log.append(evidence),
    checkpoint: () => log.checkpoint(),
    entries: (from, to) => log.entries(from, to),
    find: (query) => log.find(query),
    receipt: (index) => log.receipt(index),
    consistency: (from, to) => log.consistency(from, to),
    close: () => log.close(),
  }
}

export function failing(
  objects: ObjectStore,
  { call, isDone }: { readonly call: number; readonly isDone: boolean },
): ObjectStore {
  let calls = 0
  return {
    ...objects,
    remove: async (path) => {
      const isFaulty = calls++ === call
      if (!isFaulty || isDone) await objects.remove(path)
      if (isFaulty) throw new ObjectStoreError('store_unavailable', 'injected')
    },
  }
}

/** Evidence whose envelope lies in the object store, the log holding a reference to it. */
export async function longEnvelope(parts: Ground, names: string, at: number): Promise<string> {
  const subject = [{ digest: { sha256: sha256Hex(utf8('subject')) } }]
  const inner = { subject, predicateType: 'https://example.com/long/v1', predicate: { payload: names } }
  const text = utf8(formatEnvelope(signEnvelope(STATEMENT_PAYLOAD_TYPE, encodeStatement(inner), [parts.key])))
  const digest = sha256Hex(text)
  await parts.objects.putOnce(blobPath(digest), text)
  const statement = {
    subject,
    predicateType: EVIDENCE_REFERENCE,
    predicate: { envelope: { sha256: digest, size: text.length } },
  }
  const terms = {
    ...{ idempotencyKey: null, subjects: [], source: 'test', occurredAt: null, recordedAt: momentOf(at) },
    ...{ retention: 'standard', summary: null },
  }
  await appendStatements([{ statement, terms }], parts)
  return digest
}
