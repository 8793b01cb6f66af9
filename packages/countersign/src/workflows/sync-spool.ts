import {
  checkConsistency,
  type EnvelopeKey,
  EVIDENCE_REFERENCE,
  fromUtf8,
  type LogTrust,
  parseEnvelope,
  parseEvidenceReference,
  parseStatement,
  type Statement,
  sha256Hex,
  TlogError,
  verifyCheckpoint,
  verifyTlogProof,
} from '@countersign/verify'
import { describeStatement, isAboutLog } from '../judge/intake/describe-statement.ts'
import type { Delivery } from '../judge/intake/judge-delivery.ts'
import { IntakeRefused } from './accept-evidence.ts'
import type { BlobStore } from './ports/blob-store.ts'
import type { EvidenceLog, EvidenceTerms, IndexedTerms, SignedCheckpoint } from './ports/evidence-log.ts'
import type { Recipient } from './ports/recipient.ts'
import { Problem } from './problem.ts'

/** A log of evidence that is to be delivered to another. */
export interface SpoolParts {
  readonly log: EvidenceLog
  readonly blobs: BlobStore
  readonly logTrust: LogTrust
}

/** What became of one piece of evidence: `kept` speaks of the spool's own log and stays there. */
export interface SyncedEvidence {
  readonly index: number
  readonly terms: EvidenceTerms
  readonly outcome: 'delivered' | 'there' | 'kept' | 'would_deliver'
  /** Its place in the other log, where it was told. */
  readonly place: number | null
}

/** How a spool is delivered; a rehearsal changes nothing on either side. */
export interface SyncRequest {
  readonly isRehearsal: boolean
}

/**
 * Delivers what the other log does not have, in the order of the spool, each once: all that came before a piece of evidence is durable
 * there before it is sent, and what was sent twice is recorded once. Nothing is remembered of what was delivered, the recipient is
 * asked each time; so any number may sync the same spool at once, and each may be killed at any moment.
 *
 * Before anything is sent, the recipient keeps the spool's checkpoint. Rejects with `Problem` `spool_rolled_back` where the
 * spool does not continue what the recipient was shown before, `log_corrupt` for an entry that is not in the spool's tree, as the log and the
 * blobs do, and as `acceptEvidence` does for the first piece that is refused, once all before it is delivered.
 */
export async function* syncSpool(
  request: SyncRequest,
  spool: SpoolParts,
  to: Recipient,
): AsyncGenerator<SyncedEvidence> {
  const proof = await SpoolProof.begin(spool, to)
  if (!request.isRehearsal) await proof.show(to)
  for await (const batch of batchesOf(spool.log, proof.size)) {
    const missing = await to.missingEvidence(batch.map(({ terms }) => terms.digest))
    yield* syncBatch(batch, missing, { request, spool, to, proof })
  }
}

interface SyncParts {
  readonly request: SyncRequest
  readonly spool: SpoolParts
  readonly to: Recipient
  readonly proof: SpoolProof
}

/** Asked about at once, and most that is sent at once: enough to keep the disk busy, few enough to keep memory flat. */
const BATCH = 256
const MOST_BYTES = 8_388_608

/** The index rows of the spool in order. Rejects with `log_corrupt` where one is missing: it would be left out unseen. */
async function* batchesOf(log: EvidenceLog, size: number): AsyncGenerator<readonly IndexedTerms[]> {
  let batch: IndexedTerms[] = []
  let expected = 0
  for await (const row of log.find({ order: 'oldest-first' })) {
    if (expected === size) break
    if (row.index !== expected) break
    expected += 1
    batch.push(row)
    if (batch.length < BATCH) continue
    yield batch
    batch = []
  }
  if (expected < size) throw new Problem('log_corrupt', `entry ${expected} of the spool is missing from its index`)
  if (batch.length > 0) yield batch
}

async function* syncBatch(
  batch: readonly IndexedTerms[],
  missing: ReadonlySet<string>,
  parts: SyncParts,
): AsyncGenerator<SyncedEvidence> {
  let waiting: Ready[] = []
  let bytes = 0
  for (const row of batch) {
    const state = isAboutLog(row.terms.type) ? 'kept' : missing.has(row.terms.digest) ? 'missing' : 'there'
    if (state !== 'missing') {
      // What is told comes in the order of the spool too.
      yield* deliver(waiting, parts)
      waiting = []
      bytes = 0
      yield { ...row, outcome: state, place: null }
      continue
    }
    const ready = await prepare(row, waiting, parts)
    waiting.push(ready)
    bytes += sizeOf(ready.delivery)
    if (bytes < MOST_BYTES) continue
    yield* deliver(waiting, parts)
    waiting = []
    bytes = 0
  }
  yield* deliver(waiting, parts)
}

interface Ready {
  readonly row: IndexedTerms
  readonly delivery: Delivery
}

async function* deliver(waiting: readonly Ready[], { request, to }: SyncParts): AsyncGenerator<SyncedEvidence> {
  if (waiting.length === 0) return
  if (request.isRehearsal) {
    for (const { row } of waiting) yield { ...row, outcome: 'would_deliver', place: null }
    return
  }
  try {
    yield* await accept(waiting, to)
  } catch (cause) {
    if (!(cause instanceof IntakeRefused)) throw cause
    // What came before the refused piece is good, and is delivered without it.
    if (cause.at > 0) yield* await accept(waiting.slice(0, cause.at), to)
    const index = waiting[cause.at]?.row.index
    throw new Problem(cause.code, `entry ${index} of the spool was refused: ${cause.message}`, { cause })
  }
}

async function accept(waiting: readonly Ready[], to: Recipient): Promise<readonly SyncedEvidence[]> {
  const receipts = await to.accept(waiting.map(({ delivery }) => delivery))
  return waiting.map(({ row }, at) => {
    const receipt = receipts[at]
    const outcome = receipt?.isDuplicate === true ? 'there' : 'delivered'
    return { ...row, outcome, place: receipt?.index ?? null }
  })
}

/** Reads an entry and what it names, proves that it is in the spool's tree, and leaves out what the recipient has. */
async function prepare(row: IndexedTerms, before: readonly Ready[], parts: SyncParts): Promise<Ready> {
  const { spool, to, proof } = parts
  const { entry, statement, keyId, envelope } = await openEntry(row, spool, proof)
  const payloads = new Map<string, Uint8Array>()
  if (envelope !== null) payloads.set(envelope.digest, envelope.bytes)
  const named = describeStatement(statement)?.payloads ?? []
  const unsent = named.filter((digest) => !before.some(({ delivery }) => delivery.payloads.has(digest)))
  for (const digest of await to.missingPayloads(unsent)) {
    const bytes = await spool.blobs.get(digest)
    // Where it is gone, the recipient says so in its own words.
    if (bytes !== null) payloads.set(digest, bytes)
  }
  return { row, delivery: { entry, idempotencyKey: keyAsSent(row.terms.idempotencyKey, keyId), payloads } }
}

interface OpenedEntry {
  readonly entry: Uint8Array
  readonly statement: Statement
  readonly keyId: string
  readonly envelope: { readonly digest: string; readonly bytes: Uint8Array } | null
}

async function openEntry(
  { index, terms }: IndexedTerms,
  { log, blobs }: SpoolParts,
  proof: SpoolProof,
): Promise<OpenedEntry> {
  for await (const { entry } of log.entries(index, index + 1)) {
    await proof.require(index, entry)
    const outer = openUnverified(entry)
    if (outer.statement.predicateType !== EVIDENCE_REFERENCE) {
      requireDigest(index, sha256Hex(entry), terms)
      return { entry, ...outer, envelope: null }
    }
    const { sha256 } = parseEvidenceReference(outer.statement.predicate).envelope
    requireDigest(index, sha256, terms)
    const bytes = await blobs.get(sha256)
    if (bytes === null) throw new Problem('evidence_damaged', `the envelope of entry ${index}, ${sha256}, is missing`)
    return { entry, ...outer, statement: openUnverified(bytes).statement, envelope: { digest: sha256, bytes } }
  }
  throw new Problem('log_corrupt', `the spool does not give entry ${index}`)
}

/** The recipient checks the signature: here it is only read what must go along. */
function openUnverified(bytes: Uint8Array): { readonly statement: Statement; readonly keyId: string } {
  const { payload, signatures } = parseEnvelope(fromUtf8(bytes))
  return { statement: parseStatement(payload), keyId: signatures[0]?.keyId ?? '' }
}

function requireDigest(index: number, digest: string, terms: EvidenceTerms): void {
  if (digest !== terms.digest)
    throw new Problem('log_corrupt', `entry ${index} of the spool is not what its index says`)
}

/** The key as its sender chose it: a log keeps those of others behind the id of their signing key. */
function keyAsSent(key: string | null, keyId: EnvelopeKey['keyId']): string | null {
  return key?.startsWith(`${keyId} `) ? key.slice(keyId.length + 1) : key
}

function sizeOf({ entry, payloads }: Delivery): number {
  return [...payloads.values()].reduce((sum, bytes) => sum + bytes.length, entry.length)
}

/** Holds everything that is read from a spool against one line of checkpoints, each a continuation of the one before. */
class SpoolProof {
  readonly #spool: SpoolParts
  #newest: SignedCheckpoint
  /** How much of the spool is delivered: what was there at the beginning. */
  readonly size: number

  private constructor(spool: SpoolParts, signed: SignedCheckpoint) {
    this.#spool = spool
    this.#newest = signed
    this.size = signed.checkpoint.size
  }

  /** Rejects with `spool_rolled_back` unless the spool continues what the recipient was shown last. */
  static async begin(spool: SpoolParts, to: Recipient): Promise<SpoolProof> {
    const { note } = await spool.log.checkpoint()
    const signed = { note, checkpoint: checked(() => verifyCheckpoint(note, spool.logTrust), 'log_corrupt') }
    const seen = await to.lastSeen(spool.logTrust.origin)
    if (seen !== null) {
      const before = checked(() => verifyCheckpoint(seen, spool.logTrust), 'spool_rolled_back')
      await requireContinues(before, signed.checkpoint, spool.log, 'spool_rolled_back')
    }
    return new SpoolProof(spool, signed)
  }

  /** Shows the recipient the checkpoint, so that what is delivered now can never be taken back unseen. */
  async show(to: Recipient): Promise<void> {
    await to.see(this.#spool.logTrust.origin, this.#newest.note)
  }

  /** Rejects with `log_corrupt` unless an entry is in the spool's tree. */
  async require(index: number, entry: Uint8Array): Promise<void> {
    const { log, logTrust } = this.#spool
    const { proof } = await log.receipt(index)
    const proven = checked(() => verifyTlogProof(entry, proof, logTrust), 'log_corrupt')
    if (proven.index !== index) throw new Problem('log_corrupt', `the proof of entry ${index} is that of another`)
    const { checkpoint } = this.#newest
    // The spool may have grown since.
    await requireContinues(checkpoint, proven.checkpoint, log, 'log_corrupt')
    this.#newest = { ...this.#newest, checkpoint: proven.checkpoint }
  }
}

type Checkpoint = SignedCheckpoint['checkpoint']

async function requireContinues(
  from: Checkpoint,
  to: Checkpoint,
  log: EvidenceLog,
  code: 'spool_rolled_back' | 'log_corrupt',
): Promise<void> {
  if (from.size > to.size)
    throw new Problem(code, `the spool had ${from.size} entries when it was last synced, and has ${to.size} now`)
  const proof = from.size === to.size || from.size === 0 ? [] : await log.consistency(from.size, to.size)
  checked(() => checkConsistency(from.size, to.size, from.root, to.root, proof), code)
}

function checked<T>(check: () => T, code: 'spool_rolled_back' | 'log_corrupt'): T {
  try {
    return check()
  } catch (cause) {
    if (!(cause instanceof TlogError)) throw cause
    throw new Problem(code, `the spool does not hold against its own checkpoints: ${cause.message}`, { cause })
  }
}
