import { formatObjectLine, type ObjectFormat, readTrustRoots, type TrustRoots, verifyObject } from '@countersign/verify'
import type { GitObject } from '../../workflows/ports/git-repository.ts'
import type { Tally, VerifiedLines, VerifierSettings } from '../../workflows/ports/object-verifier.ts'
import { Problem } from '../../workflows/problem.ts'
import { ObjectFrames } from './object-frames.ts'
import { type RunningGit, startGit } from './run-git.ts'

/** Where the objects are and what to judge them by. Plain data: it crosses to worker threads. */
export interface SessionSettings extends VerifierSettings {
  readonly folder: string
  readonly objectFormat: ObjectFormat
}

/** Something that checks runs of ids: a session in this thread, or one behind a worker. */
export interface Checker {
  submit(ids: readonly string[]): Promise<VerifiedLines>
  finish(): void
}

interface Run {
  left: number
  lines: string
  readonly counts: Readonly<Record<'verdict' | 'git' | 'reason', Map<string, number>>>
  readonly resolve: (outcome: VerifiedLines) => void
  readonly reject: (error: unknown) => void
}

/**
 * One `git cat-file` and the checking of what it prints, in one thread.
 *
 * Runs may be submitted before earlier ones are done; each settles with its own lines, in order. After `finish` no run
 * may be submitted. A failure rejects every run that is not done, and every later one.
 */
export class CheckingSession implements Checker {
  readonly #settings: SessionSettings
  readonly #roots: TrustRoots
  readonly #git: RunningGit
  readonly #frames = new ObjectFrames()
  readonly #runs: Run[] = []
  #failure: { readonly error: unknown } | null = null

  /** `roots` are what `settings.trust` reads as, for whoever has read it already. */
  constructor(settings: SessionSettings, roots: TrustRoots = readTrustRoots(settings.trust).roots) {
    this.#settings = settings
    this.#roots = roots
    this.#git = startGit(settings.folder, ['cat-file', '--batch-command', '--buffer'])
    this.#git.process.stdout?.on('data', (chunk: Buffer) => this.#take(chunk))
    this.#git.done.then(
      () => this.#fail(new Problem('git_failed', 'git cat-file ended before every object was read')),
      (error: unknown) => this.#fail(error),
    )
  }

  submit(ids: readonly string[]): Promise<VerifiedLines> {
    if (ids.length === 0) return Promise.resolve({ lines: '', tally: {} })
    return new Promise((resolve, reject) => {
      if (this.#failure !== null) return reject(this.#failure.error)
      const counts = { verdict: new Map(), git: new Map(), reason: new Map() }
      this.#runs.push({ left: ids.length, lines: '', counts, resolve, reject })
      // Without the flush git keeps the end of a run in its buffer until more is asked for, which may never be.
      this.#git.process.stdin?.write(`${ids.map((id) => `contents ${id}\n`).join('')}flush\n`)
    })
  }

  /** Says that no more runs come, so that git flushes what it still holds. */
  finish(): void {
    this.#git.process.stdin?.end()
  }

  #take(chunk: Buffer): void {
    try {
      for (const object of this.#frames.push(chunk)) this.#check(object)
    } catch (error) {
      this.#fail(error)
      this.#git.process.kill()
    }
  }

  #check({ id, type, body }: GitObject): void {
    const run = this.#runs[0]
    if (run === undefined) throw new Problem('git_failed', `git cat-file printed ${id}, which nobody asked for`)
    if (type !== 'commit' && type !== 'tag') throw new Problem('git_failed', `${id} is a ${type}, not a commit or tag`)
    const { objectFormat, now } = this.#settings
    const check = verifyObject(id, type, body, objectFormat, this.#roots, { now, trusted: null })
    run.lines += formatObjectLine(check)
    count(run.counts.verdict, check.verdict)
    count(run.counts.git, check.signature.git)
    count(run.counts.reason, check.signature.reason)
    run.left -= 1
    if (run.left > 0) return
    this.#runs.shift()
    keepMemorySmall()
    run.resolve({ lines: run.lines, tally: tallyOf(run.counts) })
  }

  #fail(error: unknown): void {
    this.#failure ??= { error }
    for (const run of this.#runs.splice(0)) run.reject(error)
  }
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}

/** Names are put together once a run: for every object it would take as long as reading its header does. */
function tallyOf(counts: Run['counts']): Tally {
  const named = Object.entries(counts).flatMap(([kind, ofKind]) => [...ofKind].map(([key, n]) => [`${kind}:${key}`, n]))
  return Object.fromEntries(named)
}

/** Up to this much, time matters more than memory. */
const SPARE_BYTES = 100 * 1024 * 1024

let isKeptSmall = false

/**
 * Has every thread of a process that has grown collect garbage sooner, for good. Not from the start: it costs time, and a thread
 * that starts under other flags than Node was built with compiles all of Node's own code again.
 */
function keepMemorySmall(): void {
  if (isKeptSmall || process.memoryUsage.rss() < SPARE_BYTES) return
  isKeptSmall = true
  process.getBuiltinModule('node:v8').setFlagsFromString('--optimize-for-size')
}
