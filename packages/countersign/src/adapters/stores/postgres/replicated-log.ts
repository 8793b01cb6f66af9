import {
  type EvidenceLog,
  EvidenceLogError,
  type EvidenceQuery,
  type IndexedTerms,
  type LoggedEntry,
  type NewEvidence,
  type Receipt,
  type SignedCheckpoint,
} from '../../../workflows/ports/evidence-log.ts'
import type { Election } from './election.ts'
import type { Intake } from './intake.ts'
import { drainIntake, type IntakeDrain } from './intake-drain.ts'
import type { KnownReader } from './intake-writer.ts'
import { type IntakeWriter, intakeWriter } from './intake-writer.ts'
import type { Notices } from './notices.ts'

/** What a replica of a log is made of. */
export interface ReplicatedLogParts {
  readonly election: Election
  readonly notices: Notices
  readonly intake: Intake
  /** Looks up what was placed, in the record itself. */
  readonly known: KnownReader
  /** Opens the log for reading; called once, when there is one. */
  readonly openReader: () => Promise<EvidenceLog>
  /**
   * Opens the log for writing under a fence, with stores of its own; called at the beginning of every term. `fence` gives null from the
   * end of that term on.
   */
  readonly openSequencer: (fence: () => bigint | null) => Promise<EvidenceLog>
  /** How long an append waits to be placed by whoever sequences, in milliseconds; 30,000 unless told. */
  readonly patienceMs?: number
  /** Lets go of what the parts stand on, after everything else was closed. */
  readonly release: () => Promise<void>
}

/**
 * One log that any number of replicas append to. The one that is elected sequences; the others leave evidence in the intake and wait
 * until it was placed. Whoever loses the right in the middle of an append hands its evidence in like the others: what was appended
 * nevertheless is found again by its digest, so nothing is there twice. Resolves when the log is begun and can be read.
 */
export async function openReplicatedLog(parts: ReplicatedLogParts): Promise<EvidenceLog> {
  const log = new ReplicatedLog(parts)
  try {
    await log.ready()
    return log
  } catch (error) {
    await log.close().catch(() => {})
    throw error
  }
}

const PATIENCE_MS = 30_000
const RETRY_MS = 100

/** A time in office: the log that this replica sequences, and what empties the intake into it. */
interface Term {
  readonly fence: bigint
  readonly log: EvidenceLog
  readonly drain: IntakeDrain
}

class ReplicatedLog implements EvidenceLog {
  readonly #parts: ReplicatedLogParts
  readonly #writer: IntakeWriter
  readonly #patienceMs: number
  #reader: Promise<EvidenceLog> | null = null
  #term: Term | null = null
  #changing: Promise<void> = Promise.resolve()
  #isClosed = false

  constructor(parts: ReplicatedLogParts) {
    this.#parts = parts
    this.#patienceMs = parts.patienceMs ?? PATIENCE_MS
    this.#writer = intakeWriter({ ...parts, receipt: async (index) => (await this.#read()).receipt(index) })
    parts.notices.on('submitted', () => this.#term?.drain.soon())
    parts.election.onChange(() => this.#followElection())
    this.#followElection()
  }

  /** Resolves when the log can be read: this replica begins it where it is elected, and else waits for the one that is. */
  async ready(): Promise<void> {
    const deadline = performance.now() + this.#patienceMs
    for (;;) {
      try {
        await this.#read()
        return
      } catch (error) {
        if (performance.now() > deadline) throw error
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
    }
  }

  async append(evidence: readonly NewEvidence[]): Promise<readonly Receipt[]> {
    if (this.#isClosed) throw new EvidenceLogError('log_closed', 'the log was closed')
    const term = this.#term
    if (term !== null) {
      try {
        return await term.log.append(evidence)
      } catch (error) {
        // Whether it was appended may be unknown; the intake finds out.
        if (!isEndOfTerm(error)) throw error
      }
    }
    return this.#writer.append(evidence, this.#patienceMs)
  }

  async checkpoint(): Promise<SignedCheckpoint> {
    return (await this.#read()).checkpoint()
  }

  async *entries(from: number, to: number): AsyncGenerator<LoggedEntry> {
    yield* (await this.#read()).entries(from, to)
  }

  async *find(query: EvidenceQuery): AsyncGenerator<IndexedTerms> {
    yield* (await this.#read()).find(query)
  }

  async receipt(index: number): Promise<Receipt> {
    return (await this.#read()).receipt(index)
  }

  async consistency(from: number, to: number): Promise<readonly Uint8Array[]> {
    return (await this.#read()).consistency(from, to)
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await this.#writer.close()
    // What this replica was still sequencing is published before somebody else is elected.
    await this.#changing
    await this.#leave()
    await this.#parts.election.close()
    const reader = await this.#reader?.catch(() => null)
    await reader?.close()
    await this.#parts.notices.close()
    await this.#parts.release()
  }

  #read(): Promise<EvidenceLog> {
    this.#reader ??= this.#parts.openReader().catch((error: unknown) => {
      this.#reader = null
      throw error
    })
    return this.#reader
  }

  /** Brings the term in line with the election, one change after the other. */
  #followElection(): void {
    this.#changing = this.#changing.then(async () => {
      const fence = this.#parts.election.fence()
      if (this.#term?.fence === fence) return
      await this.#leave()
      if (fence !== null && !this.#isClosed) await this.#enter(fence)
    })
  }

  async #enter(fence: bigint): Promise<void> {
    const current = (): bigint | null => (this.#parts.election.fence() === fence ? fence : null)
    try {
      const log = await this.#parts.openSequencer(current)
      const drain = drainIntake(this.#parts.intake, log)
      this.#term = { fence, log, drain }
      drain.soon()
    } catch {
      // The database may be away for a moment. The next change of the election, or this, tries again.
      setTimeout(() => this.#followElection(), RETRY_MS).unref()
    }
  }

  async #leave(): Promise<void> {
    const term = this.#term
    this.#term = null
    if (term === null) return
    await term.drain.close()
    // What could not be published, the next sequencer publishes.
    await term.log.close().catch(() => {})
  }
}

/** Whether a sequencer refused because it is none any more, or may not be: the evidence is then handed in. */
function isEndOfTerm(error: unknown): boolean {
  return error instanceof EvidenceLogError && (error.code === 'log_unavailable' || error.code === 'log_closed')
}
