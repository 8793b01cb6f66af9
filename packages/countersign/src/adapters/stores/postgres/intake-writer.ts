import { randomUUID } from 'node:crypto'
import { EvidenceLogError, type NewEvidence, type Receipt } from '../../../workflows/ports/evidence-log.ts'
import { type KnownEvidence, type LogStore, LogStoreError } from '../../../workflows/ports/log-store.ts'
import type { Intake, Refusal } from './intake.ts'
import type { Notices } from './notices.ts'

export type KnownReader = Pick<LogStore, 'known'>

/** Appends through the intake: hands evidence in and waits until whoever sequences has placed it. */
export interface IntakeWriter {
  /** As `EvidenceLog.append`. Rejects with `log_unavailable` after `patienceMs`; the evidence stays handed in and may be placed later. */
  append(evidence: readonly NewEvidence[], patienceMs: number): Promise<readonly Receipt[]>
  /** Resolves when nobody waits any more. */
  close(): Promise<void>
}

export interface IntakeWriterParts {
  readonly intake: Intake
  readonly notices: Notices
  readonly known: KnownReader
  readonly receipt: (index: number) => Promise<Receipt>
}

export function intakeWriter(parts: IntakeWriterParts): IntakeWriter {
  return new GroupingWriter(parts)
}

const LOOK_MS = 250
const MOST_GROUPED = 4_096

interface Waiting {
  readonly id: string
  readonly evidence: readonly NewEvidence[]
  readonly deadline: number
  readonly settled: (outcome: Outcome) => void
}

/** What became of a submission, and the size of the log when it was handed in. */
type Outcome =
  | { readonly kind: 'placed'; readonly size: number }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  | { readonly kind: 'failed'; readonly error: unknown }

class GroupingWriter implements IntakeWriter {
  readonly #parts: IntakeWriterParts
  #queue: Waiting[] = []
  readonly #handedIn = new Map<string, Waiting & { readonly size: number }>()
  readonly #timer: NodeJS.Timeout
  readonly #appends = new Set<Promise<unknown>>()
  #submitting: Promise<void> | null = null
  #looking: Promise<void> | null = null
  #mustLookAgain = false
  #noticed = 0

  constructor(parts: IntakeWriterParts) {
    this.#parts = parts
    parts.notices.on('placed', () => {
      this.#noticed += 1
      this.#look()
    })
    this.#timer = setInterval(() => this.#look(), LOOK_MS)
    this.#timer.unref()
  }

  append(evidence: readonly NewEvidence[], patienceMs: number): Promise<readonly Receipt[]> {
    const appended = this.#append(evidence, performance.now() + patienceMs)
    const tracked = appended.catch(() => {}).finally(() => this.#appends.delete(tracked))
    this.#appends.add(tracked)
    return appended
  }

  async close(): Promise<void> {
    await Promise.all(this.#appends)
    clearInterval(this.#timer)
    await this.#looking
  }

  async #append(evidence: readonly NewEvidence[], deadline: number): Promise<readonly Receipt[]> {
    if (evidence.length === 0) return []
    const outcome = await new Promise<Outcome>((settled) => {
      this.#queue.push({ id: randomUUID(), evidence, deadline, settled })
      this.#submitting ??= this.#submitAll()
    })
    if (outcome.kind === 'refused') throw new EvidenceLogError(outcome.refusal.code, outcome.refusal.message)
    if (outcome.kind === 'failed') throw asLogError(outcome.error)
    return this.#receipts(evidence, outcome.size)
  }

  /** Hands in all that waits in one go, again and again, until nothing waits. */
  async #submitAll(): Promise<void> {
    // One turn of the event loop, so that callers that come together are handed in together.
    await new Promise((resolve) => setImmediate(resolve))
    while (this.#queue.length > 0) {
      const group = this.#queue.splice(0, MOST_GROUPED)
      const noticed = this.#noticed
      try {
        const size = await this.#parts.intake.submit(group)
        for (const one of group) this.#handedIn.set(one.id, { ...one, size })
        // It may have been placed before we were told that it was handed in.
        if (this.#noticed !== noticed) this.#look()
      } catch (error) {
        for (const { settled } of group) settled({ kind: 'failed', error })
      }
    }
    this.#submitting = null
  }

  /** Asks what became of all that was handed in. */
  #look(): void {
    this.#mustLookAgain = true
    this.#looking ??= this.#lookWhileAsked().finally(() => {
      this.#looking = null
    })
  }

  async #lookWhileAsked(): Promise<void> {
    while (this.#mustLookAgain && this.#handedIn.size > 0) {
      this.#mustLookAgain = false
      await this.#lookOnce().catch(() => {})
      this.#giveUpLate()
    }
  }

  async #lookOnce(): Promise<void> {
    const outcomes = await this.#parts.intake.outcomes([...this.#handedIn.keys()])
    const told: string[] = []
    for (const [id, refusal] of outcomes) {
      const waiting = this.#handedIn.get(id)
      this.#handedIn.delete(id)
      if (refusal === null) waiting?.settled({ kind: 'placed', size: waiting.size })
      else {
        waiting?.settled({ kind: 'refused', refusal })
        told.push(id)
      }
    }
    if (told.length > 0) await this.#parts.intake.forget(told)
  }

  #giveUpLate(): void {
    const now = performance.now()
    const error = new EvidenceLogError(
      'log_unavailable',
      'nobody placed what was handed in; it is kept, and may be later',
    )
    for (const [id, { deadline, settled }] of this.#handedIn) {
      if (deadline > now) continue
      this.#handedIn.delete(id)
      settled({ kind: 'failed', error })
    }
  }

  /** The receipts of what was placed. What lies below the size that the log had at the time was there before. */
  async #receipts(evidence: readonly NewEvidence[], size: number): Promise<readonly Receipt[]> {
    const digests = evidence.map(({ terms }) => terms.digest)
    const known = new Map((await this.#known(digests)).map((one) => [one.digest, one.index]))
    const given = new Set<number>()
    const receipts: Receipt[] = []
    for (const digest of digests) {
      const index = known.get(digest)
      if (index === undefined) throw new EvidenceLogError('log_unavailable', 'what was placed cannot be found again')
      receipts.push({ ...(await this.#parts.receipt(index)), isDuplicate: index < size || given.has(index) })
      given.add(index)
    }
    return receipts
  }

  async #known(digests: readonly string[]): Promise<readonly KnownEvidence[]> {
    try {
      return await this.#parts.known.known(digests, [])
    } catch (error) {
      throw asLogError(error)
    }
  }
}

/** What a caller of the log is told of a store that failed: the evidence may be there, so it can be sent again. */
function asLogError(error: unknown): unknown {
  if (!(error instanceof LogStoreError)) return error
  const codes: Partial<Record<LogStoreError['code'], EvidenceLogError['code']>> = {
    disk_full: 'disk_full',
    write_failed: 'write_failed',
    schema_newer: 'schema_newer',
    store_corrupt: 'log_corrupt',
  }
  return new EvidenceLogError(codes[error.code] ?? 'log_unavailable', error.message, { cause: error })
}
