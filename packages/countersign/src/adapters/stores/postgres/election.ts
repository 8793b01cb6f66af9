import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { Client } from 'pg'
import type { DatabasePlace } from './database-url.ts'
import type { Notices } from './notices.ts'
import { asConnectError, asStoreError } from './postgres-errors.ts'

/** A replica's standing for the right to sequence, which one replica has at a time. */
export interface Election {
  /**
   * The fence of the term that this replica is in; null while another one has the right, or while it cannot be told: a term ends by
   * this machine's own clock before it ends by the database's, whether or not the database can be reached.
   */
  fence(): bigint | null
  /** Calls back at every beginning and end of a term. */
  onChange(listener: () => void): void
  /** Stands no longer, and gives the right back at once if it has it. */
  close(): Promise<void>
}

export interface ElectionOptions {
  readonly place: DatabasePlace
  readonly schema: string
  readonly notices: Notices
  /** How long the right lasts without being renewed, in milliseconds: about as long as the log stands still when its holder dies. */
  readonly leaseMs?: number
}

/** Stands for election. Never rejects: a database that cannot be reached is tried again. */
export function standForElection(options: ElectionOptions): Election {
  return new StandingElection(options)
}

export const LEASE_MS = 5_000

interface Term {
  readonly fence: bigint
  /** By this process's monotonic clock, in milliseconds. */
  readonly endsAt: number
}

class StandingElection implements Election {
  readonly #options: ElectionOptions
  readonly #leaseMs: number
  readonly #calls: Readonly<Record<'claim' | 'renew' | 'resign', string>>
  readonly #candidate = `${hostname()} ${process.pid} ${randomUUID()}`
  readonly #listeners: (() => void)[] = []
  #term: Term | null = null
  #client: Client | null = null
  #wake: () => void = () => {}
  #end: NodeJS.Timeout | undefined
  #isClosed = false
  readonly #running: Promise<void>

  constructor(options: ElectionOptions) {
    this.#options = options
    this.#leaseMs = options.leaseMs ?? LEASE_MS
    this.#calls = {
      claim: `SELECT * FROM ${options.schema}.claim($1, $2)`,
      renew: `SELECT ${options.schema}.renew($1, $2, $3) AS renewed`,
      resign: `SELECT ${options.schema}.resign($1, $2)`,
    }
    options.notices.on('resigned', () => this.#wake())
    this.#running = this.#run()
  }

  fence(): bigint | null {
    return this.#term !== null && performance.now() < this.#term.endsAt ? this.#term.fence : null
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#wake()
    await this.#running
  }

  async #run(): Promise<void> {
    while (!this.#isClosed) {
      const pause = await this.#step().catch(() => {
        this.#dropClient()
        return this.#leaseMs / RETRIES
      })
      if (!this.#isClosed) await this.#sleep(pause)
    }
    const { fence } = this.#term ?? { fence: null }
    this.#enter(null)
    if (fence !== null) await this.#ask(this.#calls.resign, [this.#candidate, String(fence)]).catch(() => {})
    this.#dropClient()
  }

  /** Renews the term or tries for one; returns how long to wait before the next step, in milliseconds. */
  async #step(): Promise<number> {
    const askedAt = performance.now()
    const endsAt = askedAt + this.#leaseMs * (1 - MARGIN)
    const term = this.#term
    if (term !== null) {
      const values = [this.#candidate, String(term.fence), this.#leaseMs]
      const [row] = await this.#ask(this.#calls.renew, values)
      this.#enter(row?.['renewed'] === true ? { fence: term.fence, endsAt } : null)
      return this.#term === null ? 0 : this.#leaseMs / RENEWALS
    }
    const [row] = await this.#ask(this.#calls.claim, [this.#candidate, this.#leaseMs])
    if (row?.['granted'] != null) {
      this.#enter({ fence: BigInt(String(row['granted'])), endsAt })
      return this.#leaseMs / RENEWALS
    }
    // Not later than the holder's term ends, and not so much later than it may resign.
    return Math.min(Math.max(Number(row?.['free_in_ms'] ?? 0) + EARLY_MS, EARLY_MS), this.#leaseMs / RENEWALS)
  }

  #enter(next: Term | null): void {
    const term = next !== null && performance.now() < next.endsAt ? next : null
    const isChange = this.#term?.fence !== term?.fence
    this.#term = term
    clearTimeout(this.#end)
    // Whoever listens is told when the term ends, whatever this is waiting for then.
    if (term !== null) this.#end = setTimeout(() => this.#enter(this.#term), Math.ceil(term.endsAt - performance.now()))
    if (isChange) for (const listener of this.#listeners) listener()
  }

  async #sleep(pause: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, pause)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  async #ask(text: string, values: readonly unknown[]): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const client = await this.#connected()
    try {
      return (await client.query(text, [...values])).rows
    } catch (cause) {
      throw asStoreError(cause, 'store_unavailable')
    }
  }

  async #connected(): Promise<Client> {
    if (this.#client !== null) return this.#client
    const { config, label } = this.#options.place
    const most = Math.ceil(this.#leaseMs / RENEWALS)
    const timeouts = { connectionTimeoutMillis: most, query_timeout: most, statement_timeout: most }
    const client = new Client({ ...config, ...timeouts })
    client.on('error', () => this.#dropClient())
    try {
      await client.connect()
    } catch (cause) {
      throw asConnectError(cause, label)
    }
    this.#client = client
    return client
  }

  #dropClient(): void {
    const client = this.#client
    this.#client = null
    client?.end().catch(() => {})
  }
}

/** A term is renewed so many times in its length. */
const RENEWALS = 3
/** What fails is tried again so many times in the length of a term. */
const RETRIES = 10
/** The part of a term that is given away, so that it ends here before it ends in the database even if clocks run differently. */
const MARGIN = 0.1
const EARLY_MS = 5
