import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { openSqliteStore } from '../packages/countersign/src/adapters/stores/sqlite/log-store.ts'
import {
  alternateWork,
  evidenceSource,
  percentile,
  rateLine,
  rateRatio,
  settlingLog,
  type WorkSeries,
  writeAndSync,
} from './log-work.ts'
import { withScratch } from './measure/countersign.ts'
import { figure, type Goal } from './measure/report.ts'

/** Long enough that publishing, once a second, is in it. */
const SINGLE = 2_000
const TOGETHER = 20_000
const BULK = 20_000
const CALLERS = 32
const BATCH = 1_000

/** What a part of the measure `log` found. */
export interface LogFigures {
  readonly lines: readonly string[]
  readonly goals: readonly Goal[]
}

/** E1 to E4 on SQLite: the log against single-row and batched commits of the same SQLite, and against write and fdatasync. */
export function sqliteFigures(): Promise<LogFigures> {
  return withScratch(async (folder) => {
    mkdirSync(join(folder, 'log'))
    const evidence = evidenceSource()
    const log = await settlingLog(async () => openSqliteStore(join(folder, 'evidence.db')), folder)
    const { settle } = log
    const raw = rawDatabase(join(folder, 'raw.db'))
    const [receipts, syncs]: [number[], number[]] = [[], []]
    try {
      const series = await alternateWork([
        {
          name: 'log on SQLite, 1 caller',
          count: SINGLE,
          run: () => log.append(1, evidence(SINGLE), receipts),
          settle,
        },
        { name: 'SQLite alone, a row a commit', count: SINGLE, run: async () => raw.insert(evidence(SINGLE), 1) },
        {
          name: `log on SQLite, ${CALLERS} callers`,
          count: TOGETHER,
          run: () => log.append(CALLERS, evidence(TOGETHER)),
          settle,
        },
        {
          name: 'write and fdatasync',
          count: SINGLE,
          run: async () => writeAndSync(join(folder, 'raw'), SINGLE, 1_000, syncs),
        },
        {
          name: 'log on SQLite, bulk',
          count: BULK,
          run: () => log.appendBatches(evidence(BULK), BATCH),
          settle,
        },
        { name: 'SQLite alone, 1,000 rows a commit', count: BULK, run: async () => raw.insert(evidence(BULK), BATCH) },
      ])
      return summary(series, receipts, syncs)
    } finally {
      await log.close()
      raw.close()
    }
  })
}

function summary(series: readonly WorkSeries[], receipts: readonly number[], syncs: readonly number[]): LogFigures {
  const [single, rawSingle, together, sync, bulk, rawBulk] = series as [
    ...[WorkSeries, WorkSeries, WorkSeries],
    ...[WorkSeries, WorkSeries, WorkSeries],
  ]
  const [p99, syncP99] = [percentile(receipts, 0.99), percentile(syncs, 0.99)]
  return {
    lines: [...series.map(rateLine), `receipt p99 ${figure(p99)} ms, fdatasync p99 ${figure(syncP99)} ms`],
    goals: [
      goal('E1 SQLite, one caller, share of its own single-row rate', rateRatio(single, rawSingle), 0.9),
      goal('E2 SQLite, 32 callers, times write and fdatasync', rateRatio(together, sync), 12),
      goal('E3 SQLite, bulk, share of its own rate at 1,000 rows a commit', rateRatio(bulk, rawBulk), 0.6),
      { what: 'E4 SQLite, receipt p99 over fdatasync p99', value: p99 / syncP99, goal: 3, unit: '×', better: 'less' },
    ],
  }
}

export function goal(what: string, value: number, wanted: number): Goal {
  return { what, value, goal: wanted, unit: '×', better: 'more' }
}

/** The same SQLite with one table and no index: the bytes of an entry and of its terms, a row each, as durable as the log's. */
function rawDatabase(file: string) {
  const db = new DatabaseSync(file)
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
  db.exec('CREATE TABLE row (seq INTEGER PRIMARY KEY, entry BLOB NOT NULL, terms TEXT NOT NULL) STRICT')
  const insert = db.prepare('INSERT INTO row (entry, terms) VALUES (?, ?)')
  return {
    insert: (rows: ReturnType<ReturnType<typeof evidenceSource>>, batch: number): void => {
      for (let at = 0; at < rows.length; at += batch) {
        db.exec('BEGIN IMMEDIATE')
        for (const { entry, terms } of rows.slice(at, at + batch)) insert.run(entry, JSON.stringify(terms))
        db.exec('COMMIT')
      }
    },
    close: () => db.close(),
  }
}
