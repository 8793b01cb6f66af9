import type { TrustRoots } from '@countersign/verify'
import type { ObjectVerifier, VerifiedLines } from '../../workflows/ports/object-verifier.ts'
import { type Checker, CheckingSession, type SessionSettings } from './checking-session.ts'

/** Runs that one thread may hold: enough to keep it and its git busy, few enough to keep memory flat. */
const RUNS_PER_THREAD = 4

/** Below this many runs a thread costs more to start than it saves. */
const RUNS_WORTH_THREADS = 3

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
        const finding = takeRuns(source, RUNS_WORTH_THREADS)
        // Its git starts while the first ids are still being found.
        checkers.push(new CheckingSession(settings, roots))
        const first = await finding
        if (first.length === RUNS_WORTH_THREADS) checkers.push(...(await startThreads(settings, threads - 1)))
        yield* inOrder(checkers.map(countRuns), first, source)
      } finally {
        for (const checker of checkers) checker.finish()
        // A consumer that stops early leaves the ids half read, and a git behind them.
        await source.return?.()
      }
    },
  }
}

/** A long history: other threads take part. */
async function startThreads(settings: SessionSettings, count: number): Promise<readonly Checker[]> {
  const { ThreadChecker } = await import('./thread-checker.ts')
  return Array.from({ length: count }, () => new ThreadChecker(settings))
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
