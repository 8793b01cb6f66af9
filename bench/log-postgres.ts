import { execFile } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Client } from 'pg'
import { startPostgres } from '../e2e/estate/postgres/start-postgres.ts'
import { readDatabaseUrl } from '../packages/countersign/src/adapters/stores/postgres/database-url.ts'
import { openPostgresStore } from '../packages/countersign/src/adapters/stores/postgres/log-store.ts'
import { goal, type LogFigures } from './log-sqlite.ts'
import {
  alternateWork,
  evidenceSource,
  percentile,
  rateLine,
  rateRatio,
  settlingLog,
  type Work,
  type WorkSeries,
  writeAndSync,
} from './log-work.ts'
import { withScratch } from './measure/countersign.ts'
import { figure } from './measure/report.ts'

/** Long enough that publishing, once a second, is in it. */
const SINGLE = 2_000
const TOGETHER = 20_000
const BULK = 20_000
const CALLERS = 32
const BATCH = 1_000
const run = promisify(execFile)

/** E1 to E4 on a PostgreSQL that waits for the disk, started for this: the log against the same server's own rates. */
export function postgresFigures(): Promise<LogFigures> {
  return withScratch(async (folder) => {
    const server = await startPostgres({ folder })
    const url = server.url()
    const evidence = evidenceSource()
    mkdirSync(join(folder, 'log'))
    const log = await settlingLog(async () => openPostgresStore(await readDatabaseUrl(url)), folder)
    const { settle } = log
    const raw = await rawTable(url)
    const [receipts, syncs]: [number[], number[]] = [[], []]
    try {
      const many = await manyConnections(folder, url)
      const series = await alternateWork([
        {
          name: 'log on PostgreSQL, 1 caller',
          count: SINGLE,
          run: () => log.append(1, evidence(SINGLE), receipts),
          settle,
        },
        { name: 'PostgreSQL alone, a row a commit', count: SINGLE, run: () => raw.insert(evidence(SINGLE), 1) },
        {
          name: `log on PostgreSQL, ${CALLERS} callers`,
          count: TOGETHER,
          run: () => log.append(CALLERS, evidence(TOGETHER)),
          settle,
        },
        many,
        {
          name: 'log on PostgreSQL, bulk',
          count: BULK,
          run: () => log.appendBatches(evidence(BULK), BATCH),
          settle,
        },
        { name: 'PostgreSQL alone, 1,000 rows a commit', count: BULK, run: () => raw.insert(evidence(BULK), BATCH) },
        {
          name: 'write and fdatasync',
          count: SINGLE,
          run: async () => writeAndSync(join(folder, 'raw'), SINGLE, 1_000, syncs),
        },
      ])
      return summary(series, receipts, syncs)
    } finally {
      await log.close()
      await raw.close()
      await server.stop()
    }
  })
}

function summary(series: readonly WorkSeries[], receipts: readonly number[], syncs: readonly number[]): LogFigures {
  const [single, rawSingle, together, many, bulk, rawBulk] = series as [
    ...[WorkSeries, WorkSeries, WorkSeries],
    ...[WorkSeries, WorkSeries, WorkSeries],
  ]
  const [p99, syncP99] = [percentile(receipts, 0.99), percentile(syncs, 0.99)]
  return {
    lines: [...series.map(rateLine), `receipt p99 ${figure(p99)} ms, fdatasync p99 ${figure(syncP99)} ms`],
    goals: [
      goal('E1 PostgreSQL, one caller, share of its own single-row rate', rateRatio(single, rawSingle), 0.9),
      goal(`E2 PostgreSQL, 32 callers, times ${many.name}`, rateRatio(together, many), 2),
      goal('E3 PostgreSQL, bulk, share of its own rate at 1,000 rows a commit', rateRatio(bulk, rawBulk), 0.6),
      {
        ...{ what: 'E4 PostgreSQL, receipt p99 over fdatasync p99', value: p99 / syncP99 },
        ...{ goal: 3, unit: '×', better: 'less' },
      },
    ],
  }
}

/** Single-row commits over 32 connections at once: by pgbench where it is on PATH, else by the driver that the log uses. */
async function manyConnections(folder: string, url: string): Promise<Work> {
  const each = 500
  const count = CALLERS * each
  try {
    await run('pgbench', ['--version'])
  } catch {
    return { name: 'node pg, 32 connections, a row a commit', count, run: () => insertByMany(url, each) }
  }
  const script = join(folder, 'insert.sql')
  const row = `repeat('x', 1000)::bytea, repeat('y', 700)`
  writeFileSync(script, `INSERT INTO bench_row (entry, terms) VALUES (${row});\n`)
  const args = ['-n', '-M', 'prepared', '-f', script, '-c', String(CALLERS), '-j', '2', '-t', String(each)]
  return {
    name: 'pgbench, 32 connections, a row a commit',
    count,
    run: async () => {
      await run('pgbench', [...args, url], { env: { ...process.env } })
    },
  }
}

async function insertByMany(url: string, each: number): Promise<void> {
  const tables = await Promise.all(Array.from({ length: CALLERS }, () => rawTable(url)))
  const evidence = evidenceSource()
  await Promise.all(tables.map((table) => table.insert(evidence(each), 1)))
  await Promise.all(tables.map((table) => table.close()))
}

/** One table with a key and no other index: the bytes of an entry and of its terms, a row each. */
async function rawTable(url: string) {
  const client = new Client({ connectionString: url })
  await client.connect()
  await client.query(
    'CREATE TABLE IF NOT EXISTS bench_row (seq bigserial PRIMARY KEY, entry bytea NOT NULL, terms text NOT NULL)',
  )
  return {
    insert: async (rows: ReturnType<ReturnType<typeof evidenceSource>>, batch: number): Promise<void> => {
      for (let at = 0; at < rows.length; at += batch) {
        const some = rows.slice(at, at + batch)
        await client.query({
          name: 'insert',
          text: 'INSERT INTO bench_row (entry, terms) SELECT * FROM unnest($1::bytea[], $2::text[])',
          values: [some.map(({ entry }) => entry), some.map(({ terms }) => JSON.stringify(terms))],
        })
      }
    },
    close: () => client.end(),
  }
}
