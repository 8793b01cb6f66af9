import {
  ED25519_NOTE,
  ed25519NoteKey,
  emptyRoot,
  formatVerifierKey,
  type LogTrust,
  MAX_ENTRY_BYTES,
} from '@countersign/verify'
import {
  type EvidenceLog,
  EvidenceLogError,
  type EvidenceQuery,
  type IndexedTerms,
  type LoggedEntry,
  type NewEvidence,
  type Receipt,
  type SignedCheckpoint,
} from '../../workflows/ports/evidence-log.ts'
import { type KnownEvidence, type LogHead, type LogStore, LogStoreError } from '../../workflows/ports/log-store.ts'
import type { ObjectStore } from '../../workflows/ports/object-store.ts'
import { type GroupPlan, planGroup, type WaitingAppend } from './group-plan.ts'
import { asLogError, translated, translatedEach } from './log-errors.ts'
import { type LogProofs, logProofs, requireRange, type SignedStanding } from './log-proofs.ts'
import { receiptsOfNew } from './new-receipts.ts'
import { readPublished } from './published-checkpoint.ts'
import { type Publisher, publisher } from './publisher.ts'
import { type HeadSigner, headSigner, type LogKey } from './sign-head.ts'
import { advance, isSameHead, type Standing, standAt } from './standing.ts'
import { EMPTY_EDGE, encodeEdge, pruneEdge } from './tree-edge.ts'

/** What a log is made of. */
export interface SequencedLogParts {
  /** The origin line of its checkpoints and the name of its key: a URL without scheme, without spaces and plus signs. */
  readonly origin: string
  readonly key: LogKey
  /** What the published checkpoint may be signed with: `key` alone unless told, retired keys too after a change of key. */
  readonly trust?: LogTrust
  /** The record. Several processes may write one, if the store can take that. */
  readonly store: LogStore
  /** Where tiles and checkpoint are published. */
  readonly objects: ObjectStore
  /** The right to sequence, asked for at every commit; null while somebody else has it, and appends are then refused. */
  readonly fence?: () => bigint | null
  /**
   * Has others sign a committed checkpoint before it is released. Rejects with {@link EvidenceLogError} `witnesses_missing` where too
   * few do and that is not allowed; the evidence is kept then, and its receipt is given when it is sent again.
   */
  readonly cosign?: (signed: SignedCheckpoint, consistency: EvidenceLog['consistency']) => Promise<SignedCheckpoint>
  /** How long publishing waits for more, in milliseconds; 1,000 unless told. */
  readonly publishPauseMs?: number
}

/** The most entries that one append takes. */
export const MAX_APPEND_ENTRIES = 65_536

/**
 * Opens a log for writing, beginning it where there is none, and publishes what was not published yet. The stores are the log's own from
 * then on: closing it closes them. Rejects with {@link EvidenceLogError} `log_corrupt`, `wrong_key`, `wrong_origin`, `schema_newer`,
 * `log_locked`, `log_unavailable`, `disk_full` or `write_failed`.
 */
export function openSequencedLog(parts: SequencedLogParts): Promise<EvidenceLog> {
  return openLog(parts, 'write')
}

/**
 * Opens a log for reading: nothing is changed, and another process may be writing it. Appending is refused with `log_closed`. Rejects
 * as {@link openSequencedLog} does.
 */
export function readSequencedLog(parts: Omit<SequencedLogParts, 'fence' | 'publishPauseMs'>): Promise<EvidenceLog> {
  return openLog(parts, 'read')
}

function openLog(parts: SequencedLogParts, mode: 'read' | 'write'): Promise<EvidenceLog> {
  const { origin, key, store, objects } = parts
  const vkey = formatVerifierKey(origin, ED25519_NOTE, key.publicKey)
  const trust: LogTrust = parts.trust ?? { origin, keys: [ed25519NoteKey(vkey)] }
  return translated(async () => {
    const published = await readPublished(objects, trust)
    const head = await headOf(store, origin, mode === 'write' && (published?.checkpoint.size ?? 0) === 0)
    if (head.origin !== origin) throw new EvidenceLogError('wrong_origin', `the record is that of ${head.origin}`)
    const standing = await standAt(head, published?.checkpoint ?? null, { store, objects })
    // Whoever reads gives out what was published, with the cosignatures that it has.
    const signed = mode === 'read' && published !== null && isSameHead(published.checkpoint, head) ? published : null
    return new SequencedLog({ ...parts, trust, sign: headSigner(origin, key), mode }, standing, signed)
  })
}

async function headOf(store: LogStore, origin: string, mayBegin: boolean): Promise<LogHead> {
  const head = await store.head()
  if (head !== null) return head
  if (!mayBegin) throw new EvidenceLogError('log_corrupt', 'the record of this log is gone')
  return store.begin({ origin, size: 0, root: emptyRoot(), edge: encodeEdge(EMPTY_EDGE) })
}

interface OpenParts extends SequencedLogParts {
  readonly trust: LogTrust
  readonly sign: HeadSigner
  readonly mode: 'read' | 'write'
}

class SequencedLog implements EvidenceLog {
  readonly #parts: OpenParts
  readonly #proofs: LogProofs
  readonly #publisher: Publisher | null
  #standing: Standing
  /** The checkpoint of the standing's head; null until somebody asks for it. */
  #signed: Promise<SignedCheckpoint> | null = null
  #waiting: WaitingAppend[] = []
  #writing: Promise<void> | null = null
  #isClosed: boolean
  #closing: Promise<void> | null = null

  constructor(parts: OpenParts, standing: Standing, signed: SignedCheckpoint | null) {
    this.#parts = parts
    this.#standing = standing
    this.#signed = signed === null ? null : Promise.resolve(signed)
    this.#proofs = logProofs(parts)
    this.#isClosed = parts.mode === 'read'
    const newest = async () => (await this.#signedStanding()).signed
    this.#publisher = this.#isClosed ? null : publisher(newest, parts, parts.publishPauseMs ?? PUBLISH_PAUSE_MS)
    this.#publisher?.soon()
  }

  async append(evidence: readonly NewEvidence[]): Promise<readonly Receipt[]> {
    if (this.#isClosed) throw new EvidenceLogError('log_closed', 'the log was closed, or opened for reading only')
    requireSizes(evidence)
    if (evidence.length === 0) return []
    return new Promise((resolve, reject) => {
      this.#waiting.push({ evidence, resolve, reject })
      this.#writing ??= this.#writeAllWaiting()
    })
  }

  async checkpoint(): Promise<SignedCheckpoint> {
    await this.#refresh()
    return (await this.#signedStanding()).signed
  }

  async *entries(from: number, to: number): AsyncGenerator<LoggedEntry> {
    await this.#reach(to)
    requireRange(from, to, this.#standing.head.size)
    for await (const run of translatedEach(this.#parts.store.entries(from, to))) yield* run
  }

  find(query: EvidenceQuery): AsyncIterable<IndexedTerms> {
    return translatedEach(this.#parts.store.find(query))
  }

  async receipt(index: number): Promise<Receipt> {
    await this.#reach(index + 1)
    return translated(async () => this.#proofs.receipt(await this.#signedStanding(), index))
  }

  async consistency(from: number, to: number): Promise<readonly Uint8Array[]> {
    await this.#reach(to)
    return translated(() => this.#proofs.consistency(this.#standing, from, to))
  }

  close(): Promise<void> {
    this.#isClosed = true
    this.#closing ??= translated(() => this.#finish())
    return this.#closing
  }

  async #finish(): Promise<void> {
    await this.#writing
    const { store, objects } = this.#parts
    try {
      await this.#publisher?.finish()
    } finally {
      await store.close()
      await objects.close()
    }
  }

  /** Groups all that waits into one commit, again and again, until nothing waits. */
  async #writeAllWaiting(): Promise<void> {
    while (this.#waiting.length > 0) {
      // One turn of the event loop, so that callers that come together, or were answered together, are written together.
      await new Promise((resolve) => setImmediate(resolve))
      const group = takeGroup(this.#waiting)
      try {
        await this.#commitGroup(group)
        this.#publisher?.soon()
      } catch (error) {
        // Those that were answered before the failure stay answered: a promise settles once.
        for (const { reject } of group) reject(asLogError(error))
      }
    }
    this.#writing = null
  }

  async #commitGroup(group: readonly WaitingAppend[]): Promise<void> {
    let waiting = group
    let known: readonly KnownEvidence[] = []
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
      const plan = planGroup(waiting, { ...this.#standing, fence: this.#fence(), known })
      for (const { append, error } of plan.refused) append.reject(error)
      waiting = plan.placed.map(({ append }) => append)
      if (plan.commit.rows.length === 0) return this.#answer(plan)
      // The signature is made while the disk writes, and the note is released only when the head is committed: else it were a fork.
      const signing = this.#parts.sign(plan.commit.to)
      signing.catch(() => {})
      const outcome = await this.#commit(plan)
      if (outcome === 'duplicate') known = await this.#lookUp(waiting)
      if (outcome !== 'committed') continue
      this.#stand({ head: plan.commit.to, edge: pruneEdge(plan.grown) })
      this.#signed = this.#release(signing)
      return this.#answer(plan)
    }
    throw new EvidenceLogError('log_unavailable', `others wrote ${MOST_ATTEMPTS} times before this could be written`)
  }

  /** Commits a plan, or says what it must be planned again for. Rejects where nothing was written and trying again would not help. */
  async #commit({ commit }: GroupPlan): Promise<'committed' | 'moved' | 'duplicate'> {
    try {
      await this.#parts.store.commit(commit)
      return 'committed'
    } catch (error) {
      if (!(error instanceof LogStoreError)) throw error
      if (error.code === 'duplicate') return 'duplicate'
      if (error.code !== 'head_moved' && error.code !== 'outcome_unknown') throw error
      await this.#catchUp()
      return isSameHead(this.#standing.head, commit.to) ? 'committed' : 'moved'
    }
  }

  #fence(): bigint | null {
    const fence = this.#parts.fence?.() ?? null
    if (fence === null && this.#parts.fence !== undefined) {
      throw new EvidenceLogError('log_unavailable', 'another replica writes this log')
    }
    return fence
  }

  #lookUp(waiting: readonly WaitingAppend[]): Promise<readonly KnownEvidence[]> {
    const terms = waiting.flatMap(({ evidence }) => evidence.map((one) => one.terms))
    const keys = terms.map(({ idempotencyKey }) => idempotencyKey).filter((key) => key !== null)
    return this.#parts.store.known([...new Set(terms.map(({ digest }) => digest))], [...new Set(keys)])
  }

  async #answer({ placed, commit, grown }: GroupPlan): Promise<void> {
    const at = await this.#signedStanding()
    const receiptOfNew = receiptsOfNew(grown, at.signed)
    for (const { append, places } of placed) {
      try {
        const receipts: Receipt[] = []
        for (const { index, isDuplicate } of places) {
          const row = commit.rows[index - commit.from.size]
          const receipt = row === undefined ? await this.#proofs.receipt(at, index) : receiptOfNew(index, row.leafHash)
          receipts.push(isDuplicate ? { ...receipt, isDuplicate } : receipt)
        }
        append.resolve(receipts)
      } catch (error) {
        append.reject(asLogError(error))
      }
    }
  }

  async #signedStanding(): Promise<SignedStanding> {
    const standing = this.#standing
    this.#signed ??= this.#release(this.#parts.sign(standing.head))
    return { ...standing, signed: await this.#signed }
  }

  /** The checkpoint of a head that is committed, as it is given to others. What fails is tried again by the next who asks. */
  #release(signing: Promise<SignedCheckpoint>): Promise<SignedCheckpoint> {
    const { cosign } = this.#parts
    const standing = this.#standing
    const release = async (): Promise<SignedCheckpoint> => {
      const signed = await signing
      return cosign?.(signed, (from, to) => this.#proofs.consistency(standing, from, to)) ?? signed
    }
    const released = release()
    released.catch(() => {
      if (this.#signed === released) this.#signed = null
    })
    return released
  }

  /** Looks at the record when what is asked for lies beyond what we know of. */
  async #reach(size: number): Promise<void> {
    if (size > this.#standing.head.size) await this.#refresh()
  }

  async #refresh(): Promise<void> {
    // While we write, nobody knows more than we do.
    if (this.#writing === null) await translated(() => this.#catchUp())
  }

  /** Follows what others wrote. Rejects with `log_corrupt` unless the record continues what we know of it. */
  async #catchUp(): Promise<void> {
    const standing = this.#standing
    const head = await this.#parts.store.head()
    if (head === null) throw new EvidenceLogError('log_corrupt', 'the record of this log is gone')
    if (isSameHead(head, standing.head)) return
    const advanced = await advance(standing, head, this.#parts.store)
    if (this.#standing === standing) this.#stand(advanced)
  }

  #stand(standing: Standing): void {
    this.#standing = standing
    this.#signed = null
  }
}

const PUBLISH_PAUSE_MS = 1_000
/** Entries in one commit, unless a single append has more: enough for the disk, few enough that nobody waits long. */
const GROUP_ENTRIES = 4_096
const MOST_ATTEMPTS = 100

function takeGroup(waiting: WaitingAppend[]): readonly WaitingAppend[] {
  let [appends, entries] = [0, 0]
  for (const { evidence } of waiting) {
    entries += evidence.length
    if (appends > 0 && entries > GROUP_ENTRIES) break
    appends += 1
  }
  return waiting.splice(0, appends)
}

function requireSizes(evidence: readonly NewEvidence[]): void {
  if (evidence.length > MAX_APPEND_ENTRIES) {
    throw new EvidenceLogError('too_many_entries', `${evidence.length} entries at once, ${MAX_APPEND_ENTRIES} at most`)
  }
  const tooLarge = evidence.find(({ entry }) => entry.length > MAX_ENTRY_BYTES)
  if (tooLarge === undefined) return
  throw new EvidenceLogError(
    'entry_too_large',
    `an entry of ${tooLarge.entry.length} bytes, ${MAX_ENTRY_BYTES} at most`,
  )
}
