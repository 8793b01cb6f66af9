import { Worker } from 'node:worker_threads'
import type { ObjectVerifier, VerifiedLines } from '../../workflows/ports/object-verifier.ts'
import { Problem } from '../../workflows/problem.ts'
import { CheckingSession, type SessionSettings } from './checking-session.ts'
import type { FromThread, ToThread } from './thread-messages.ts'

/** Runs that one thread may hold: enough to keep it and its git busy, few enough to keep memory flat. */
const RUNS_PER_THREAD = 4

/** Below this many runs a thread costs more to start than it saves. */
const RUNS_WORTH_THREADS = 3

/** Something that checks runs of ids: a session in this thread, or one behind a worker. */
interface Checker {
  submit(ids: readonly string[]): Promise<VerifiedLines>
  finish(): void
}

/**
 * Verifies on `threads` worker threads, each with a `git cat-file` of its own, so that reading and checking both spread over
 * the cores and this thread only hands out ids. A small input is checked right here.
 */
export function createThreadedVerifier(settings: SessionSettings, threads: number): ObjectVerifier {
  return {
    async *verify(ids) {
      const source = ids[Symbol.asyncIterator]()
      const first = await takeRuns(source, RUNS_WORTH_THREADS)
      if (first.length === 0) return
      const alone = first.length < RUNS_WORTH_THREADS || threads < 2
      const checkers = alone ? [new CheckingSession(settings)] : startThreads(settings, threads)
      try {
        yield* inOrder(checkers, first, source)
      } finally {
        for (const checker of checkers) checker.finish()
      }
    },
  }
}

type Runs = AsyncIterator<readonly string[]>

async function takeRuns(source: Runs, most: number): Promise<readonly (readonly string[])[]> {
  const runs: (readonly string[])[] = []
  while (runs.length < most) {
    const next = await source.next()
    if (next.done === true) break
    runs.push(next.value)
  }
  return runs
}

async function* inOrder(
  checkers: readonly Checker[],
  first: readonly (readonly string[])[],
  source: Runs,
): AsyncIterable<VerifiedLines> {
  const waiting: Promise<VerifiedLines>[] = []
  let turn = 0
  const submit = (ids: readonly string[]): void => {
    const outcome = (checkers[turn % checkers.length] as Checker).submit(ids)
    // The rejection is met when its turn comes; until then it must not count as unhandled.
    outcome.catch(() => undefined)
    waiting.push(outcome)
    turn += 1
  }
  for (const ids of first) submit(ids)
  let ended = false
  while (waiting.length > 0) {
    while (!ended && waiting.length < checkers.length * RUNS_PER_THREAD) {
      const next = await source.next()
      if (next.done === true) {
        ended = true
        for (const checker of checkers) checker.finish()
      } else submit(next.value)
    }
    yield await (waiting.shift() as Promise<VerifiedLines>)
  }
}

function startThreads(settings: SessionSettings, threads: number): readonly Checker[] {
  return Array.from({ length: threads }, () => new ThreadChecker(settings))
}

class ThreadChecker implements Checker {
  readonly #worker: Worker
  readonly #waiting = new Map<number, { resolve: (lines: VerifiedLines) => void; reject: (error: Error) => void }>()
  #next = 0

  constructor(settings: SessionSettings) {
    this.#worker = new Worker(new URL(threadFile(), import.meta.url), { workerData: settings })
    this.#worker.on('message', (message: FromThread) => this.#settle(message))
    this.#worker.on('error', (error) => this.#failAll(error as Error))
    this.#worker.on('exit', () => this.#failAll(new Problem('git_failed', 'a verifying thread ended early')))
  }

  submit(ids: readonly string[]): Promise<VerifiedLines> {
    const number = this.#next
    this.#next += 1
    return new Promise((resolve, reject) => {
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
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }
}

/** The thread's file has this file's own extension: `.ts` in a checkout, `.js` when published. */
function threadFile(): string {
  return `./verifier-thread${import.meta.url.slice(import.meta.url.lastIndexOf('.'))}`
}
