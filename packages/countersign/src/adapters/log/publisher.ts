import type { SignedCheckpoint } from '../../workflows/ports/evidence-log.ts'
import { type PublisherParts, publish } from './publish.ts'
import type { TreeEdge } from './tree-edge.ts'

/** Publishes a log from time to time, so that many commits are published as one. */
export interface Publisher {
  /** Says that there is something to publish. Failures are made up for later. */
  soon(): void
  /** Publishes what there is and stops. Rejects as publishing does. */
  finish(): Promise<void>
}

/** A publisher of whatever `newest` gives, `pauseMs` after it is asked, or twice as long, and so on, while it fails. */
export function publisher(newest: () => Promise<SignedCheckpoint>, parts: PublisherParts, pauseMs: number): Publisher {
  let last: TreeEdge | null = null
  let running: Promise<void> | null = null
  let timer: NodeJS.Timeout | null = null
  let [failures, isAsked, isFinished] = [0, false, false]

  const once = async (): Promise<void> => {
    last = await publish(await newest(), parts, last)
  }
  const run = async (): Promise<void> => {
    isAsked = false
    try {
      await once()
      failures = 0
    } catch {
      // The evidence is safe in the record. What is wrong is told when the log is closed, opened or checked.
      failures += 1
      isAsked = true
    }
    running = null
    if (isAsked) wait()
  }
  const wait = (): void => {
    if (isFinished || running !== null || timer !== null) return
    timer = setTimeout(
      () => {
        timer = null
        running = run()
      },
      Math.min(pauseMs * 2 ** failures, LONGEST_PAUSE_MS),
    )
    // A log that nobody closes does not keep its process alive; the next one to open it publishes.
    timer.unref()
  }
  return {
    soon: () => {
      isAsked = true
      wait()
    },
    finish: async () => {
      isFinished = true
      if (timer !== null) clearTimeout(timer)
      await running
      await once()
    },
  }
}

const LONGEST_PAUSE_MS = 30_000
