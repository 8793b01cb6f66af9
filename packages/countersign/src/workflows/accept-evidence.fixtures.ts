import {
  CHANGE_DECISION,
  type ChangeDecision,
  EVIDENCE_REFERENCE,
  encodeStatement,
  formatEnvelope,
  type Json,
  STATEMENT_PAYLOAD_TYPE,
  type Statement,
  sha256Hex,
  signEnvelope,
  utf8,
} from '@countersign/verify'
import { blobStoreOver } from '../adapters/stores/blob-store.ts'
import { memoryObjects } from '../adapters/stores/memory/object-store.ts'
import { SOURCE_HEARTBEAT } from '../judge/evidence-types/source-heartbeat.ts'
import { HEARTBEAT } from '../judge/evidence-types/statements.fixtures.ts'
import type { Delivery, SenderKey } from '../judge/intake/judge-delivery.ts'
import type { IntakeParts } from './accept-evidence.ts'
import { sourceSubject } from './append-statement.ts'
import type { ObjectStore } from './ports/object-store.ts'
import type { SigningKey } from './ports/signing-key.ts'
import { evidenceKey, openStatementLog, type StatementLog } from './statement-log.fixtures.ts'

/** 2026-03-01T00:10:01Z: when the statements of the fixtures were recorded. */
export const NOW = 1_772_323_801
export const SENDER = evidenceKey(21)
export const STRANGER = evidenceKey(22)

/** A log that takes evidence from one sender, and counts what is stored beside it. */
export interface IntakeGround extends IntakeParts, Pick<StatementLog, 'ground'> {
  readonly objects: ObjectStore
  readonly ownKey: SigningKey
}

export async function openIntake(): Promise<IntakeGround> {
  const { log, key, envelopeKeys, ground } = await openStatementLog()
  const [own] = envelopeKeys
  if (own === undefined) throw new Error('a log without a key')
  const objects = memoryObjects()
  const senders: readonly SenderKey[] = [
    { name: 'this log', key: own, isOwn: true },
    { name: 'ci', key: SENDER.envelopeKey, isOwn: false },
  ]
  return { log, ground, ownKey: key, objects, blobs: blobStoreOver(objects), senders, now: () => NOW }
}

/** How many entries, and which objects, there are. */
export async function holdings({ log, objects }: IntakeGround): Promise<readonly [number, readonly string[]]> {
  const paths: string[] = []
  for await (const path of objects.list('')) paths.push(path)
  return [(await log.checkpoint()).checkpoint.size, paths]
}

export function sealed(statement: Statement, key: SigningKey = SENDER.key): Uint8Array {
  return utf8(formatEnvelope(signEnvelope(STATEMENT_PAYLOAD_TYPE, encodeStatement(statement), [key])))
}

export function delivery(
  entry: Uint8Array,
  payloads: readonly Uint8Array[] = [],
  idempotencyKey: string | null = null,
): Delivery {
  return { entry, idempotencyKey, payloads: new Map(payloads.map((bytes) => [sha256Hex(bytes), bytes])) }
}

export function heartbeat(change: { readonly [field: string]: Json } = {}): Statement {
  const predicate = { ...(HEARTBEAT as unknown as Record<string, Json>), ...change }
  const subject = [sourceSubject(String(predicate['source']))]
  return { subject, predicateType: SOURCE_HEARTBEAT, predicate }
}

export const INPUTS = utf8('the bytes that a decision was made from')
export const POLICY = utf8('the policy that it was made under')

export function decision(change: Partial<ChangeDecision> = {}): Statement {
  const key = { kind: 'direct', repository: 'https://git.example/shop', ref: 'refs/heads/main' } as const
  const predicate: ChangeDecision = {
    change: { ...key, object: '1'.repeat(40), base: '2'.repeat(40) },
    ...{ verdict: 'pass', basis: null, rules: [], signatures: [], controls: ['soc2-tsc@2017-pof2022:CC8.1'] },
    ...{ policy: { sha256: sha256Hex(POLICY) }, inputs: { sha256: sha256Hex(INPUTS) } },
    engine: { name: 'countersign', version: '0.1.0' },
    ...{ occurredAt: '2026-03-01T00:00:00Z', evaluatedAt: '2026-03-01T00:10:00Z', recordedAt: '2026-03-01T00:10:01Z' },
    ...change,
  }
  const { ref, repository, object } = predicate.change
  return {
    subject: [{ name: ref, uri: repository, digest: { gitCommit: object } }],
    predicateType: CHANGE_DECISION,
    predicate: predicate as unknown as Statement['predicate'],
  }
}

/** The entry that stands for an envelope. */
export function reference(envelope: Uint8Array, subject: Statement['subject'], size = envelope.length): Statement {
  const predicate = { envelope: { sha256: sha256Hex(envelope), size } }
  return { subject, predicateType: EVIDENCE_REFERENCE, predicate }
}
