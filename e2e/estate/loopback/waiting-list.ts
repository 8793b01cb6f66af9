/** What waits for something to arrive, and the reason given where it did not arrive in time. */
interface Waiter<Item> {
  readonly wants: (item: Item) => boolean
  readonly take: (item: Item) => void
  readonly giveUp: (reason: string) => void
}

/** How long to wait, and for what, in words for the error. */
export interface Patience {
  readonly withinMs?: number
  /** What is waited for, as the end of the sentence "no ... came": `mail to alice`. */
  readonly what?: string
}

const DEFAULT_PATIENCE_MS = 20_000

/** Nothing that was waited for came in time. The message says what did come. */
export class NothingCameError extends Error {
  override readonly name = 'NothingCameError'
}

/** A list that things arrive in, and that tests wait on. */
export class WaitingList<Item> {
  readonly items: Item[] = []
  readonly #name: string
  readonly #waiters = new Set<Waiter<Item>>()
  readonly #describe: (item: Item) => string

  constructor(name: string, describe: (item: Item) => string) {
    this.#name = name
    this.#describe = describe
  }

  add(item: Item): void {
    this.items.push(item)
    for (const waiter of [...this.#waiters]) if (waiter.wants(item)) waiter.take(item)
  }

  /**
   * The first item that `wants` takes, also one that came before. Rejects with `NothingCameError` after `withinMs` (20 s), naming the
   * last items that came instead, and when the list is closed.
   */
  until(
    wants: (item: Item) => boolean,
    { withinMs = DEFAULT_PATIENCE_MS, what = 'such' }: Patience = {},
  ): Promise<Item> {
    const here = this.items.find(wants)
    if (here !== undefined) return Promise.resolve(here)
    return new Promise((resolve, reject) => {
      const end = (): void => {
        clearTimeout(timer)
        this.#waiters.delete(waiter)
      }
      const waiter: Waiter<Item> = {
        wants,
        take: (item) => {
          end()
          resolve(item)
        },
        giveUp: (reason) => {
          end()
          reject(new NothingCameError(`no ${what} came to the ${this.#name} ${reason}; ${this.#lately()}`))
        },
      }
      const timer = setTimeout(() => waiter.giveUp(`within ${withinMs} ms`), withinMs)
      this.#waiters.add(waiter)
    })
  }

  /** Ends every wait. */
  close(): void {
    for (const waiter of [...this.#waiters]) waiter.giveUp('before it was stopped')
  }

  #lately(): string {
    const last = this.items.slice(-5).map(this.#describe)
    return last.length === 0 ? 'nothing else came either' : `of ${this.items.length}, the last: ${last.join(' | ')}`
  }
}
