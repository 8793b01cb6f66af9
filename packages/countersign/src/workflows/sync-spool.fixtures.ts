import { type Statement, sha256Hex } from '@countersign/verify'
import { openTestLog, TEST_TRUST, type TestGround, testGround } from '../adapters/log/log.fixtures.ts'
import { blobStoreOver } from '../adapters/stores/blob-store.ts'
import { memoryObjects } from '../adapters/stores/memory/object-store.ts'
import { heartbeat, INPUTS, type IntakeGround, POLICY, sealed } from './accept-evidence.fixtures.ts'
import { describeEvidence } from './describe-evidence.ts'
import { localRecipient } from './local-recipient.ts'
import type { EvidenceLog } from './ports/evidence-log.ts'
import type { ObjectStore } from './ports/object-store.ts'
import type { Recipient } from './ports/recipient.ts'
import type { SpoolParts } from './sync-spool.ts'
import { type SyncedEvidence, syncSpool } from './sync-spool.ts'

/** A spool in memory with the sender's key. */
export interface SpoolGround extends SpoolParts {
  readonly ground: TestGround
  readonly objects: ObjectStore
}

export async function openSpool(ground: TestGround = testGround(), log?: EvidenceLog): Promise<SpoolGround> {
  const objects = memoryObjects()
  const blobs = blobStoreOver(objects)
  await blobs.put(INPUTS)
  await blobs.put(POLICY)
  return { ground, objects, blobs, log: log ?? (await openTestLog(ground)), logTrust: TEST_TRUST }
}

/** Records statements in a spool, as whoever made it would. Returns their digests. */
export async function spoolUp(spool: SpoolGround, statements: readonly Statement[]): Promise<readonly string[]> {
  const evidence = statements.map((statement) => {
    const entry = sealed(statement)
    const described = describeEvidence(statement, sha256Hex(entry))
    if (described === null) throw new Error('a type that nobody knows')
    return { entry, terms: described.terms }
  })
  await spool.log.append(evidence)
  return evidence.map(({ terms }) => terms.digest)
}

/** Heartbeats that each differ from every other, from `from` on. */
export function heartbeats(from: number, count: number): readonly Statement[] {
  return Array.from({ length: count }, (_, at) => heartbeat({ observer: `agent-${from + at}` }))
}

export async function sync(spool: SpoolParts, to: Recipient, isRehearsal = false): Promise<readonly SyncedEvidence[]> {
  return Array.fromAsync(syncSpool({ isRehearsal }, spool, to))
}

export function recipientOf(intake: IntakeGround): Recipient {
  return localRecipient(intake)
}

/** The digests that a log holds, in its order. */
export async function digestsOf(log: EvidenceLog): Promise<readonly string[]> {
  return (await Array.fromAsync(log.find({}))).map(({ terms }) => terms.digest)
}
