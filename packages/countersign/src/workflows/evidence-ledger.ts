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
  printable,
  STATEMENT_PAYLOAD_TYPE,
  type Statement,
  sha256Hex,
  signEnvelope,
  verifyEnvelope,
} from '@countersign/verify'
import type { Change } from '../judge/change.ts'
import { subjectOfChange } from '../judge/intake/subject-terms.ts'
import { describeEvidence } from './describe-evidence.ts'
import { entryOfTerms, type LedgerEntry, termsOfDecision } from './ledger-entry.ts'
import { type Decided, toRfc3339 } from './make-decision.ts'
import type { SealedPolicy } from './policy-bundle.ts'
import type { BlobStore } from './ports/blob-store.ts'
import {
  type EvidenceLog,
  EvidenceLogError,
  type EvidenceQuery,
  type EvidenceTerms,
  type IndexedTerms,
  type NewEvidence,
  type Receipt,
} from './ports/evidence-log.ts'
import type { SigningKey } from './ports/signing-key.ts'
import { Problem } from './problem.ts'

export type { LedgerEntry } from './ledger-entry.ts'

/** A decision that is to be recorded, with the bytes that it was made from. */
export interface NewDecision {
  readonly decided: Decided
  readonly inputs: Uint8Array
  readonly policy: SealedPolicy | null
}

/** One piece of evidence of any type, read back and verified against our own key and those of senders. */
export interface StoredStatement {
  /** What it is found by, as far as it says so itself: an idempotency key stands in no statement. */
  readonly terms: EvidenceTerms
  readonly envelope: string
  readonly statement: Statement
  /** The payloads that belong to it, by their SHA-256. */
  readonly payloads: readonly string[]
}

/** One decision, read back as {@link StoredStatement} is. */
export interface StoredEvidence {
  readonly entry: LedgerEntry
  readonly envelope: string
  readonly decision: ChangeDecision
}

/** A ref as it was last recorded. */
export interface RecordedRef {
  /** What it named, and where it was recorded as gone, what it named before: coming back does not make it new. */
  readonly object: string
  readonly isGone: boolean
}

/** What a ledger is made of. */
export interface LedgerParts {
  readonly log: EvidenceLog
  readonly blobs: BlobStore
  readonly key: SigningKey
  /** The public half of `key`, to check what is read back. */
  readonly envelopeKey: EnvelopeKey
  /** The keys of senders whose evidence the log has taken in. */
  readonly senderKeys?: readonly EnvelopeKey[]
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
  readonly #kept = new Set<string>()

  constructor(parts: LedgerParts) {
    this.#parts = parts
  }

  /** How many pieces of evidence the log holds. */
  async size(): Promise<number> {
    return (await this.#parts.log.checkpoint()).checkpoint.size
  }

  /** The decisions that match a query, in its order, streamed. Rejects with `Problem` `log_corrupt` where somebody changed the index. */
  async *find(query: Omit<EvidenceQuery, 'type'> = {}): AsyncGenerator<LedgerEntry> {
    for await (const found of this.#parts.log.find({ ...query, type: CHANGE_DECISION })) yield entryOfTerms(found)
  }

  /** What matches a query, of any type, streamed as {@link find} is. */
  findAll(query: EvidenceQuery = {}): AsyncIterable<IndexedTerms> {
    return this.#parts.log.find(query)
  }

  /** Every decision that matches a query. */
  async entries(query: Omit<EvidenceQuery, 'type'> = {}): Promise<readonly LedgerEntry[]> {
    const entries: LedgerEntry[] = []
    for await (const entry of this.find(query)) entries.push(entry)
    return entries
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

  /** What was last recorded of each ref of a repository. */
  async recordedRefs(repository: string): Promise<ReadonlyMap<string, RecordedRef>> {
    const refs = new Map<string, RecordedRef>()
    for await (const { change } of this.find({ subject: `repository:${repository}` })) {
      const isGone = /^0+$/.test(change.object)
      const object = isGone ? (refs.get(change.ref)?.object ?? change.base ?? change.object) : change.object
      refs.set(change.ref, { object, isGone })
    }
    return refs
  }

  /** Whether a step of a branch was recorded before. Tags and rewrites can happen again, each time anew. */
  async hasChange(change: Change): Promise<boolean> {
    if (change.kind !== 'direct') return false
    const found = await this.entries({ subject: subjectOfChange(change), limit: 1 })
    return found.length > 0
  }

  /**
   * Records decisions in order; settles when they are durable, and returns where each lies. `recordedAt` is the real clock in
   * Unix seconds, also where a decision was evaluated as of another time. What happens again within the same second (a tag or a branch
   * that goes back and forth) is recorded for the second after it: the log keeps no statement twice.
   */
  async record(decisions: readonly NewDecision[], recordedAt: number): Promise<readonly LedgerEntry[]> {
    const recorded = await this.#append(decisions, recordedAt)
    const again = decisions.filter((_, at) => recorded[at]?.isRepeated)
    const later = again.length === 0 ? [] : [...(await this.record(again, recordedAt + 1))]
    return recorded.map(({ entry, isRepeated }) => (isRepeated ? (later.shift() as LedgerEntry) : entry))
  }

  async #append(
    decisions: readonly NewDecision[],
    recordedAt: number,
  ): Promise<readonly { readonly entry: LedgerEntry; readonly isRepeated: boolean }[]> {
    const sealed: { readonly decision: ChangeDecision; readonly envelope: Uint8Array }[] = []
    for (const decision of decisions) sealed.push(await this.#seal(decision, recordedAt))
    const evidence: NewEvidence[] = []
    for (const { decision, envelope } of sealed) {
      const terms = termsOfDecision(sha256Hex(envelope), decision)
      evidence.push({ entry: await this.#fit(decision, envelope), terms })
    }
    const receipts = await this.#parts.log.append(evidence)
    return evidence.map(({ terms }, at) => {
      const { index, isDuplicate } = receipts[at] as Receipt
      // A step of a branch happens once: whoever else recorded it recorded the same.
      return {
        entry: entryOfTerms({ index, terms }),
        isRepeated: isDuplicate && decisions[at]?.decided.change.kind !== 'direct',
      }
    })
  }

  /** Reads one decision back. Rejects with `Problem` `evidence_not_found`, also for evidence of another type, or `evidence_damaged`. */
  async read(index: number): Promise<StoredEvidence> {
    const { terms, envelope, statement } = await this.statement(index)
    if (terms.type !== CHANGE_DECISION) throw new Problem('evidence_not_found', `evidence ${index} is no decision`)
    return {
      entry: entryOfTerms({ index, terms }),
      envelope,
      decision: decode(() => parseChangeDecision(statement.predicate)),
    }
  }

  /** Reads one piece of evidence of any type back. Rejects with `Problem` `evidence_not_found` or `evidence_damaged`. */
  async statement(index: number): Promise<StoredStatement> {
    try {
      for await (const { entry: bytes } of this.#parts.log.entries(index, index + 1)) {
        return await openEntry(bytes, this.#parts)
      }
    } catch (cause) {
      if (!(cause instanceof EvidenceLogError && cause.code === 'index_out_of_range')) throw cause
      throw new Problem('evidence_not_found', `there is no evidence ${index}`, { cause })
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

/** What is needed to open an entry of the log: our own key, and the store of what is too long for the log. */
export type OpeningParts = Pick<LedgerParts, 'envelopeKey' | 'senderKeys' | 'blobs'>

/** What an entry of the log is found by, worked out from itself. Rejects with `Problem` `evidence_damaged`. */
export async function termsOfEntry(entry: Uint8Array, parts: OpeningParts): Promise<EvidenceTerms> {
  return (await openEntry(entry, parts)).terms
}

async function openEntry(entry: Uint8Array, parts: OpeningParts): Promise<StoredStatement> {
  const text = Buffer.from(entry).toString('utf8')
  const statement = openEnvelope(text, parts)
  if (statement.predicateType !== EVIDENCE_REFERENCE) return described(text, statement)
  const { envelope: named } = decode(() => parseEvidenceReference(statement.predicate))
  const bytes = await parts.blobs.get(named.sha256)
  if (bytes === null)
    throw new Problem('evidence_damaged', `the envelope with SHA-256 ${named.sha256} is not in the blob store`)
  const envelope = Buffer.from(bytes).toString('utf8')
  return described(envelope, openEnvelope(envelope, parts))
}

function described(envelope: string, statement: Statement): StoredStatement {
  const digest = sha256Hex(Buffer.from(envelope, 'utf8'))
  const evidence = decode(() => describeEvidence(statement, digest))
  if (evidence === null)
    throw new Problem('evidence_damaged', `evidence of a type that is not known: ${printable(statement.predicateType)}`)
  return { ...evidence, envelope, statement }
}

function decode<T>(read: () => T): T {
  try {
    return read()
  } catch (cause) {
    if (!(cause instanceof EvidenceError)) throw cause
    throw new Problem('evidence_damaged', cause.message, { cause })
  }
}

function openEnvelope(text: string, parts: OpeningParts): Statement {
  try {
    return parseStatement(verifyEnvelope(parseEnvelope(text), [parts.envelopeKey, ...(parts.senderKeys ?? [])]).payload)
  } catch (cause) {
    throw new Problem(
      'evidence_damaged',
      `evidence that no key of ours or of a sender signed: ${cause instanceof Error ? cause.message : ''}`,
      { cause },
    )
  }
}
