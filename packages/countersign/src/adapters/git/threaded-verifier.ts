import { Worker } from 'node:worker_threads'
import type { TrustRoots } from '@countersign/verify'
import type { ObjectVerifier, VerifiedLines } from '../../workflows/ports/object-verifier.ts'
import { Problem } from '../../workflows/problem.ts'
import { CheckingSession, type SessionSettings } from './checking-session.ts'
import type { FromThread, ToThread } from './thread-messages.ts'

/** Runs that one thread may hold: enough to keep it and its git busy, few enough to keep memory flat. */
const RUNS_PER_THREAD = 4

/** Below this many runs a thread costs more to start than it saves. */
const RUNS_WORTH_THREADS = 3

/** A small young generation is collected often, and with it go the chunks that git's output arrives in: memory stays flat. */
const YOUNG_AND_SMALL = { maxYoungGenerationSizeMb: 2 }

/** Something that checks runs of ids: a session in this thread, or one behind a worker. */
interface Checker {
  submit(ids: readonly string[]): Promise<VerifiedLines>
  finish(): void
}

/**
 * Verifies on `threads` threads, this one among them, each with a `git cat-file` of its own, so that reading and checking both
 * spread over the cores. A small input is checked right here. `roots` are what `settings.trust` reads as.
 */
export function createThreadedVerifier(settings: SessionSettings, roots: TrustRoots, threads: number): ObjectVerifier {
  return {
    async *verify(ids) {
      const source = ids[Symbol.asyncIterator]()
      const checkers: Checker[] = []
      try {
        // Its git starts while the first ids are still being found.
        checkers.push(new CheckingSession(settings, roots))
        const first = await takeRuns(source, RUNS_WORTH_THREADS)
        const others = first.length < RUNS_WORTH_THREADS ? 0 : threads - 1
        for (let other = 0; other < others; other += 1) checkers.push(new ThreadChecker(settings))
        yield* inOrder(checkers.map(countRuns), first, source)
      } finally {
        for (const checker of checkers) checker.finish()
        // A consumer that stops early leaves the ids half read, and a git behind them.
        await source.return?.()
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

/** A checker that knows how many runs it still has to do. */
interface CountedChecker extends Checker {
  runs: number
}

function countRuns(checker: Checker): CountedChecker {
  const counted: CountedChecker = {
    runs: 0,
    submit: (ids) => {
      counted.runs += 1
      return checker.submit(ids).finally(() => {
        counted.runs -= 1
      })
    },
    finish: () => checker.finish(),
  }
  return counted
}

async function* inOrder(
  checkers: readonly CountedChecker[],
  first: readonly (readonly string[])[],
  source: Runs,
): AsyncIterable<VerifiedLines> {
  const waiting: Promise<VerifiedLines>[] = []
  const submit = (ids: readonly string[]): void => {
    const idlest = checkers.reduce((best, checker) => (checker.runs < best.runs ? checker : best))
    const outcome = idlest.submit(ids)
    // The rejection is met when its turn comes; until then it must not count as unhandled.
    outcome.catch(() => undefined)
    waiting.push(outcome)
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

class ThreadChecker implements Checker {
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
