import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { openSqliteStore } from '../packages/countersign/src/adapters/stores/sqlite/log-store.ts'
import type { EvidenceLog } from '../packages/countersign/src/workflows/ports/evidence-log.ts'
import type { LogFigures } from './log-sqlite.ts'
import {
  alternateWork,
  appendFrom,
  evidenceSource,
  openBenchLog,
  rateLine,
  rateRatio,
  type WorkSeries,
} from './log-work.ts'
import { withScratch } from './measure/countersign.ts'
import { figure, type Goal } from './measure/report.ts'

/** More tiles than a log keeps in memory, so that both read them. */
const SMALL = 100_000
const LARGEST = 1_000_000
const BATCH = 1_000
/** How long a large log may take to make. */
const MOST_MS = 60_000
const FULL_MS = 900_000
const PROOFS = 1_000
const APPENDS = 200

/** E6: proofs and appends on a large log against a small one, on SQLite. What could not be made in time is not guessed. */
export function growthFigures(full: boolean): Promise<LogFigures> {
  return withScratch(async (folder) => {
    const evidence = evidenceSource(300)
    const small = await grow(join(folder, 'small'), SMALL, Number.POSITIVE_INFINITY)
    const large = await grow(join(folder, 'large'), LARGEST, full ? FULL_MS : MOST_MS)
    try {
      const proofs = await alternateWork([proofsOf(small), proofsOf(large)])
      const appends = await alternateWork(
        [small, large].map(({ log, size }) => ({
          name: `appends to ${size} entries, 1 caller`,
          count: APPENDS,
          run: () => appendFrom(log, 1, evidence(APPENDS)),
        })),
      )
      const ratio = ([a, b]: readonly WorkSeries[]): number => rateRatio(a as WorkSeries, b as WorkSeries)
      return {
        lines: [
          `large: ${large.size} entries, made in ${figure(large.ms / 1_000)} s`,
          ...[...proofs, ...appends].map(rateLine),
        ],
        goals: [
          less(`E6 time of a proof at ${large.size} over ${small.size} entries`, ratio(proofs), 1.5),
          less(`E6 time of an append at ${large.size} over ${small.size} entries`, ratio(appends), 1.1),
        ],
      }
    } finally {
      await small.log.close()
      await large.log.close()
    }
  })
}

function less(what: string, value: number, wanted: number): Goal {
  return { what, value, goal: wanted, unit: '×', better: 'less' }
}

interface GrownLog {
  readonly log: EvidenceLog
  readonly size: number
  readonly ms: number
}

async function grow(folder: string, size: number, mostMs: number): Promise<GrownLog> {
  mkdirSync(join(folder, 'log'), { recursive: true })
  // Of another stream than what is appended afterwards: the lengths differ, and so do the digests.
  const evidence = evidenceSource(301)
  const log = await openBenchLog(openSqliteStore(join(folder, 'evidence.db')), folder)
  const started = performance.now()
  let made = 0
  for (; made < size && performance.now() - started < mostMs; made += BATCH) await log.append(evidence(BATCH))
  return { log, size: made, ms: performance.now() - started }
}

function proofsOf({ log, size }: GrownLog) {
  let next = 1
  return {
    name: `proofs on ${size} entries`,
    count: PROOFS,
    run: async () => {
      for (let at = 0; at < PROOFS; at++) {
        // Spread over the whole log, and the same places each time.
        next = (next * 48_271) % 2_147_483_647
        await log.receipt(next % size)
      }
    },
  }
}
