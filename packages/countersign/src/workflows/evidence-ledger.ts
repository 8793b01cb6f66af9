import {
  CHANGE_DECISION,
  type ChangeDecision,
  type EnvelopeKey,
  EVIDENCE_REFERENCE,
  EvidenceError,
  encodeStatement,
  formatEnvelope,
  type Json,
  type LogTrust,
  parseChangeDecision,
  parseEnvelope,
  parseEvidenceReference,
  parseStatement,
  STATEMENT_PAYLOAD_TYPE,
  type Statement,
  sha256Hex,
  signEnvelope,
  verifyEnvelope,
} from '@countersign/verify'
import type { Change } from '../judge/change.ts'
import { type Decided, toRfc3339 } from './make-decision.ts'
import type { SealedPolicy } from './policy-bundle.ts'
import type { BlobStore } from './ports/blob-store.ts'
import type { EvidenceIndex, LedgerEntry } from './ports/evidence-index.ts'
import type { EvidenceLog, Receipt } from './ports/evidence-log.ts'
import type { SigningKey } from './ports/signing-key.ts'
import { Problem } from './problem.ts'

export type { LedgerEntry }

/** A decision that is to be recorded, with the bytes that it was made from. */
export interface NewDecision {
  readonly decided: Decided
  readonly inputs: Uint8Array
  readonly policy: SealedPolicy | null
}

/** One piece of evidence, read back and verified against our own key. */
export interface StoredEvidence {
  readonly entry: LedgerEntry
  readonly envelope: string
  readonly decision: ChangeDecision
}

/** What a ledger is made of. */
export interface LedgerParts {
  readonly log: EvidenceLog
  readonly blobs: BlobStore
  readonly key: SigningKey
  /** The public half of `key`, to check what is read back. */
  readonly envelopeKey: EnvelopeKey
  readonly index: EvidenceIndex
  /** What a stranger checks the log's checkpoints with. */
  readonly logTrust: LogTrust
}

/** The largest entry of a tlog-tiles log (C2SP tlog-tiles, entry bundles). */
const MAX_ENTRY_BYTES = 65_535

/**
 * Keeps decisions: signs each as an in-toto statement, appends it to the log, and finds it again.
 *
 * What the evidence names by digest is stored before the evidence is, so that nothing in the log points at nothing.
 */
export class EvidenceLedger {
  readonly #parts: LedgerParts
  readonly #entries: LedgerEntry[]
  readonly #keys: Set<string>
  readonly #kept = new Set<string>()

  private constructor(parts: LedgerParts, entries: readonly LedgerEntry[]) {
    this.#parts = parts
    this.#entries = [...entries]
    this.#keys = new Set(entries.map(({ change }) => keyOf(change)))
  }

  /** Opens a ledger and brings its index up to date with the log. */
  static async open(parts: LedgerParts): Promise<EvidenceLedger> {
    const size = (await parts.log.checkpoint()).checkpoint.size
    const loaded = await parts.index.load()
    if (loaded.length > size) {
      const lost = `the index knows ${loaded.length} pieces of evidence, and the log holds ${size}`
      throw new Problem('log_corrupt', `${lost}: it was lost, or put back as it was before`)
    }
    const missing: LedgerEntry[] = []
    for await (const { index, entry } of parts.log.entries(loaded.length, size)) {
      missing.push(await describe(index, entry, parts))
    }
    if (missing.length > 0) await parts.index.append(missing)
    return new EvidenceLedger(parts, [...loaded, ...missing])
  }

  /** Opens a ledger that lists nothing and believes no index: evidence can be read from it one by one. */
  static unlisted(parts: LedgerParts): EvidenceLedger {
    return new EvidenceLedger(parts, [])
  }

  /** How many pieces of evidence the log holds. */
  async size(): Promise<number> {
    return (await this.#parts.log.checkpoint()).checkpoint.size
  }

  /** Every entry in log order. */
  get entries(): readonly LedgerEntry[] {
    return this.#entries
  }

  get logTrust(): LogTrust {
    return this.#parts.logTrust
  }

  /** The newest checkpoint, as the signed note that the log publishes. */
  async checkpointNote(): Promise<string> {
    return (await this.#parts.log.checkpoint()).note
  }

  /** Lets go of the log. */
  close(): Promise<void> {
    return this.#parts.log.close()
  }

  /** What was last recorded of each ref of a repository; refs that were recorded as gone are not among them. */
  recordedRefs(repository: string): ReadonlyMap<string, string> {
    const refs = new Map<string, string>()
    for (const { change } of this.#entries) {
      if (change.repository !== repository) continue
      if (/^0+$/.test(change.object)) refs.delete(change.ref)
      else refs.set(change.ref, change.object)
    }
    return refs
  }

  /** Whether a step of a branch was recorded before. Tags and rewrites can happen again, each time anew. */
  hasChange(change: Change): boolean {
    return change.kind === 'direct' && this.#keys.has(keyOf(change))
  }

  /**
   * Records decisions in order; settles when they are durable, and returns where each lies. `recordedAt` is the real clock in
   * Unix seconds, also where a decision was evaluated as of another time.
   */
  async record(decisions: readonly NewDecision[], recordedAt: number): Promise<readonly LedgerEntry[]> {
    const { log, index } = this.#parts
    const sealed: { readonly decision: ChangeDecision; readonly envelope: Uint8Array }[] = []
    for (const decision of decisions) sealed.push(await this.#seal(decision, recordedAt))
    const entries: Uint8Array[] = []
    for (const { decision, envelope } of sealed) entries.push(await this.#fit(decision, envelope))
    const receipts = await log.append(entries)
    const recorded = sealed.map(({ decision, envelope }, at) =>
      summarise((receipts[at] as Receipt).index, sha256Hex(envelope), decision),
    )
    await index.append(recorded)
    this.#entries.push(...recorded)
    for (const { change } of recorded) this.#keys.add(keyOf(change))
    return recorded
  }

  /** Reads one piece of evidence back. Rejects with `Problem` `evidence_not_found` or `evidence_damaged`. */
  async read(index: number): Promise<StoredEvidence> {
    if (!(index < (await this.size()))) throw new Problem('evidence_not_found', `there is no evidence ${index}`)
    for await (const { entry: bytes } of this.#parts.log.entries(index, index + 1)) {
      const { envelope, decision } = await openEntry(bytes, this.#parts)
      return { entry: summarise(index, digestOf(envelope), decision), envelope, decision }
    }
    throw new Problem('evidence_damaged', `the log does not give entry ${index}`)
  }

  /** A sealed document that a piece of evidence names by digest. Rejects with `Problem` `evidence_damaged` when it is none. */
  async document<T>(digest: string, open: (bytes: Uint8Array) => T): Promise<T> {
    const bytes = await this.blob(digest)
    return decode(() => open(bytes))
  }

  /** The bytes that a piece of evidence names by digest. Rejects with `Problem` `evidence_damaged` when they are gone. */
  async blob(digest: string): Promise<Uint8Array> {
    const bytes = await this.#parts.blobs.get(digest)
    if (bytes === null)
      throw new Problem('evidence_damaged', `the bytes with SHA-256 ${digest} are not in the blob store`)
    return bytes
  }

  /** The exact bytes of a log entry, and the proof that it is in the log. */
  async proofOf(index: number): Promise<{ readonly entry: Uint8Array; readonly receipt: Receipt }> {
    for await (const { entry } of this.#parts.log.entries(index, index + 1)) {
      return { entry, receipt: await this.#parts.log.receipt(index) }
    }
    throw new Problem('evidence_not_found', `there is no evidence ${index}`)
  }

  async #seal(
    { decided, inputs, policy }: NewDecision,
    recordedAt: number,
  ): Promise<{ decision: ChangeDecision; envelope: Uint8Array }> {
    const { blobs, key } = this.#parts
    const digest = await blobs.put(inputs)
    await this.#keepPolicy(policy)
    const decision: ChangeDecision = { ...decided, inputs: { sha256: digest }, recordedAt: toRfc3339(recordedAt) }
    const statement = statementOf(CHANGE_DECISION, decision, decision as unknown as Json)
    return { decision, envelope: Buffer.from(signStatement(statement, key), 'utf8') }
  }

  /** Policies are few and may be large: each is stored once in the life of a ledger, before the first evidence that names it. */
  async #keepPolicy(policy: SealedPolicy | null): Promise<void> {
    if (policy === null || this.#kept.has(policy.digest)) return
    await this.#parts.blobs.put(policy.bytes)
    this.#kept.add(policy.digest)
  }

  async #fit(decision: ChangeDecision, envelope: Uint8Array): Promise<Uint8Array> {
    if (envelope.length <= MAX_ENTRY_BYTES) return envelope
    const sha256 = await this.#parts.blobs.put(envelope)
    const reference = statementOf(EVIDENCE_REFERENCE, decision, { envelope: { sha256, size: envelope.length } })
    return Buffer.from(signStatement(reference, this.#parts.key), 'utf8')
  }
}

function signStatement(statement: Statement, key: SigningKey): string {
  return formatEnvelope(signEnvelope(STATEMENT_PAYLOAD_TYPE, encodeStatement(statement), [key]))
}

function statementOf(predicateType: string, { change }: ChangeDecision, predicate: Json): Statement {
  const gone = /^0+$/.test(change.object)
  const algorithm = change.ref.startsWith('refs/tags/') ? 'gitTag' : 'gitCommit'
  return {
    subject: [
      {
        name: change.ref,
        uri: change.repository,
        digest: { [algorithm]: gone ? (change.base ?? change.object) : change.object },
      },
    ],
    predicateType,
    predicate: predicate as Statement['predicate'],
  }
}

async function describe(index: number, entry: Uint8Array, parts: LedgerParts): Promise<LedgerEntry> {
  const { envelope, decision } = await openEntry(entry, parts)
  return summarise(index, digestOf(envelope), decision)
}

function digestOf(envelope: string): string {
  return sha256Hex(Buffer.from(envelope, 'utf8'))
}

async function openEntry(
  entry: Uint8Array,
  parts: LedgerParts,
): Promise<{ readonly envelope: string; readonly decision: ChangeDecision }> {
  const statement = openEnvelope(Buffer.from(entry).toString('utf8'), parts)
  if (statement.predicateType !== EVIDENCE_REFERENCE) {
    return {
      envelope: Buffer.from(entry).toString('utf8'),
      decision: decode(() => parseChangeDecision(statement.predicate)),
    }
  }
  const { envelope: named } = decode(() => parseEvidenceReference(statement.predicate))
  const bytes = await parts.blobs.get(named.sha256)
  if (bytes === null)
    throw new Problem('evidence_damaged', `the envelope with SHA-256 ${named.sha256} is not in the blob store`)
  const envelope = Buffer.from(bytes).toString('utf8')
  return { envelope, decision: decode(() => parseChangeDecision(openEnvelope(envelope, parts).predicate)) }
}

function decode<T>(read: () => T): T {
  try {
    return read()
  } catch (cause) {
    if (!(cause instanceof EvidenceError)) throw cause
    throw new Problem('evidence_damaged', cause.message, { cause })
  }
}

function openEnvelope(text: string, parts: LedgerParts): Statement {
  try {
    return parseStatement(verifyEnvelope(parseEnvelope(text), [parts.envelopeKey]).payload)
  } catch (cause) {
    throw new Problem(
      'evidence_damaged',
      `evidence that our own key did not sign: ${cause instanceof Error ? cause.message : ''}`,
      { cause },
    )
  }
}

function summarise(index: number, digest: string, decision: ChangeDecision): LedgerEntry {
  const { verdict, controls, evaluatedAt, recordedAt } = decision
  const { kind, repository, ref, object, base } = decision.change
  return {
    index,
    digest,
    change: { kind: kind as Change['kind'], repository, ref, object, base },
    verdict,
    controls,
    policy: decision.policy?.sha256 ?? null,
    inputs: decision.inputs.sha256,
    evaluatedAt,
    recordedAt,
  }
}

function keyOf({ repository, ref, object }: Change): string {
  return `${repository}\n${ref}\n${object}`
}
