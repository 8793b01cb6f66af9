import { type EnvelopeKey, leafHash, type Statement, sha256Hex, toHex } from '@countersign/verify'
import { PAYLOAD_PRUNED } from '../judge/evidence-types/payload-pruned.ts'
import { secondsOf } from '../judge/evidence-types/predicate-fields.ts'
import { payloadTerm } from '../judge/intake/subject-terms.ts'
import {
  addReference,
  type PayloadReference,
  type PayloadStanding,
  type PruneQuestion,
} from '../judge/retention/judge-pruning.ts'
import { envelopeNamedBy, payloadsNamedBy } from '../judge/retention/named-payloads.ts'
import { openStatement } from './append-statement.ts'
import { blobPath } from './ports/blob-store.ts'
import type { EvidenceLog, IndexedTerms } from './ports/evidence-log.ts'
import { type ObjectStore, ObjectStoreError } from './ports/object-store.ts'
import { Problem } from './problem.ts'

/** What the entries of a log are read with. */
export interface ReferenceParts {
  readonly log: EvidenceLog
  /** Where payloads lie. */
  readonly objects: ObjectStore
  /** The keys that may have signed what is in the log. */
  readonly envelopeKeys: readonly EnvelopeKey[]
}

/** An entry of the log with the payloads that it names. */
export interface NamingEntry extends PayloadReference {
  readonly named: ReadonlySet<string>
}

/** The bytes of a payload; null where there are none, and `damaged` where they are not those that were stored. */
export async function readPayload(digest: string, objects: ObjectStore): Promise<Uint8Array | null | 'damaged'> {
  try {
    const bytes = await objects.get(blobPath(digest))
    return bytes === null || sha256Hex(bytes) === digest ? bytes : 'damaged'
  } catch (error) {
    if (error instanceof ObjectStoreError && error.code === 'object_corrupt') return 'damaged'
    throw error
  }
}

/** The place of the newest tombstone of a payload; null where it has none. */
export async function tombstoneOf(digest: string, log: EvidenceLog): Promise<number | null> {
  const query = { type: PAYLOAD_PRUNED, subject: payloadTerm(digest), order: 'newest-first', limit: 1 } as const
  for await (const { index } of log.find(query)) return index
  return null
}

/**
 * The entries from `from` up to `to`, exclusive, with what they name. Rejects with `Problem` `evidence_damaged` for an entry that is missing
 * or that our keys did not sign: nothing may be removed while it is not known what is still needed.
 */
export async function* namingEntries(from: number, to: number, parts: ReferenceParts): AsyncGenerator<NamingEntry> {
  const terms = parts.log.find({ order: 'oldest-first', ...(from === 0 ? {} : { after: from - 1 }) })
  const rows = terms[Symbol.asyncIterator]()
  try {
    let row = await rows.next()
    let expected = from
    for await (const { index, entry } of parts.log.entries(from, to)) {
      if (index !== expected) throw new Problem('evidence_damaged', `entry ${expected} is missing`)
      expected += 1
      while (!row.done && row.value.index < index) row = await rows.next()
      const kept = !row.done && row.value.index === index ? keptOf(row.value) : null
      const named = await namesOf(openStatement(index, entry, parts.envelopeKeys), index, parts)
      yield { index, leafHash: toHex(leafHash(entry)), kept, named }
    }
    if (expected !== to) throw new Problem('evidence_damaged', `entry ${expected} is missing`)
  } finally {
    await rows.return?.()
  }
}

function keptOf({ terms }: IndexedTerms): PayloadReference['kept'] {
  const { retention, recordedAt, type, subjects } = terms
  return { retention, recordedAt: secondsOf(recordedAt), type, subjects }
}

/** What a statement names; for one that is too long for the log, also what the envelope elsewhere names. */
async function namesOf(statement: Statement, index: number, parts: ReferenceParts): Promise<ReadonlySet<string>> {
  const envelope = envelopeNamedBy(statement)
  if (envelope === null) return payloadsNamedBy(statement)
  const bytes = await readPayload(envelope, parts.objects)
  // Where the envelope itself was given up, so was what it named.
  if (bytes === null && (await tombstoneOf(envelope, parts.log)) !== null) return new Set([envelope])
  if (bytes === null || bytes === 'damaged')
    throw new Problem('evidence_damaged', `the envelope of entry ${index}, ${envelope}, is missing or damaged`)
  return new Set([...payloadsNamedBy(openStatement(index, bytes, parts.envelopeKeys)), envelope])
}

/** Follows which entries name some payloads, from the first entry on and as the log grows. */
export class PayloadReferences {
  readonly #standings: Map<string, PayloadStanding | null>
  readonly #question: Omit<PruneQuestion, 'payload'>
  readonly #parts: ReferenceParts
  #seen = 0

  constructor(payloads: Iterable<string>, question: Omit<PruneQuestion, 'payload'>, parts: ReferenceParts) {
    this.#standings = new Map([...payloads].map((payload) => [payload, null]))
    this.#question = question
    this.#parts = parts
  }

  /** Reads what was appended since the last time. Rejects as {@link namingEntries} does. */
  async catchUp(): Promise<void> {
    const { size } = (await this.#parts.log.checkpoint()).checkpoint
    for await (const entry of namingEntries(this.#seen, size, this.#parts)) {
      for (const payload of entry.named) {
        const before = this.#standings.get(payload)
        if (before === undefined) continue
        this.#standings.set(payload, addReference(before, entry, { ...this.#question, payload }))
      }
    }
    this.#seen = size
  }

  /** What is known of a payload so far; null where no entry names it. */
  standing(payload: string): PayloadStanding | null {
    return this.#standings.get(payload) ?? null
  }
}
