import { Worker } from 'node:worker_threads'
import type { VerifiedLines } from '../../workflows/ports/object-verifier.ts'
import { Problem } from '../../workflows/problem.ts'
import type { Checker, SessionSettings } from './checking-session.ts'
import type { FromThread, ToThread } from './thread-messages.ts'

/** A small young generation is collected often, and with it go the chunks that git's output arrives in: memory stays flat. */
const YOUNG_AND_SMALL = { maxYoungGenerationSizeMb: 2 }

/** A checker behind a worker thread. */
export class ThreadChecker implements Checker {
  readonly #worker: Worker
  readonly #waiting = new Map<number, { resolve: (lines: VerifiedLines) => void; reject: (error: Error) => void }>()
  #next = 0
  #failure: Error | null = null

  constructor(settings: SessionSettings) {
    this.#worker = new Worker(new URL(threadFile(), import.meta.url), {
      workerData: settings,
      resourceLimits: YOUNG_AND_SMALL,
    })
    this.#worker.on('message', (message: FromThread) => this.#settle(message))
    this.#worker.on('error', (error) => this.#failAll(error as Error))
    this.#worker.on('exit', () => this.#failAll(new Problem('git_failed', 'a verifying thread ended early')))
  }

  submit(ids: readonly string[]): Promise<VerifiedLines> {
    const number = this.#next
    this.#next += 1
    return new Promise((resolve, reject) => {
      if (this.#failure !== null) return reject(this.#failure)
      this.#waiting.set(number, { resolve, reject })
      this.#worker.postMessage({ kind: 'run', number, ids } satisfies ToThread)
    })
  }

  finish(): void {
    this.#worker.postMessage({ kind: 'finish' } satisfies ToThread)
  }

  #settle(message: FromThread): void {
    const run = this.#waiting.get(message.number)
    this.#waiting.delete(message.number)
    if (message.kind === 'done') run?.resolve(message.outcome)
    else run?.reject(message.code === null ? new Error(message.message) : new Problem(message.code, message.message))
  }

  #failAll(error: Error): void {
    // A thread that has ended answers nothing: what is submitted later must not wait for it.
    this.#failure ??= error
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }
}

/** The thread's file has this file's own extension: `.ts` in a checkout, `.js` when published. */
function threadFile(): string {
  return `./verifier-thread${import.meta.url.slice(import.meta.url.lastIndexOf('.'))}`
}
