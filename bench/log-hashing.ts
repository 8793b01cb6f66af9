import { execFileSync } from 'node:child_process'
import { hash } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { nodeHash, parentHashes } from '@countersign/verify'
import { fsckRecord } from '../packages/countersign/src/adapters/log/fsck-record.ts'
import { openSqliteStore } from '../packages/countersign/src/adapters/stores/sqlite/log-store.ts'
import { goal, type LogFigures } from './log-sqlite.ts'
import { alternateWork, evidenceSource, openBenchLog, rateLine, rateRatio, type WorkSeries } from './log-work.ts'
import { withScratch } from './measure/countersign.ts'
import { cpu } from './measure/pairing.ts'
import { figure, type Goal } from './measure/report.ts'

const HASHES = 300_032
const ROW = 256
const ENTRIES = 100_000
const ALL_ENTRIES = 1_000_000
const BATCH = 1_000

/** E5: interior nodes of the tree against `openssl speed` at the same length, and an audit of a whole record against SHA-256 of its bytes. */
export async function hashingFigures(full: boolean): Promise<LogFigures & { readonly disagreements: number }> {
  const [left, right] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)]
  // As a tree is built, from the record and for the tiles: the nodes above a row.
  const row = Buffer.alloc(2 * ROW * left.length, 3)
  const nodes = {
    name: 'interior nodes, by rows',
    count: HASHES,
    run: async () => {
      for (let at = 0; at < HASHES; at += ROW) parentHashes(row)
    },
  }
  const single = {
    name: 'interior nodes, one by one',
    count: HASHES,
    run: async () => {
      for (let at = 0; at < HASHES; at++) nodeHash(left, right)
    },
  }
  // It says how many it did in a second of its CPU time, so ours counts by CPU time too.
  const rates: number[] = []
  const openssl = { name: 'openssl speed', count: 1, run: async () => void rates.push(opensslRate()) }
  const [series, singles] = (await alternateWork([nodes, single, openssl])) as [WorkSeries, WorkSeries]
  const ratios = series.runs.map((one, at) => (HASHES * 1_000) / cpu(one) / (rates[at + 1] ?? Number.NaN))
  const share = ratios.toSorted((a, b) => a - b)[Math.floor(ratios.length / 2)] ?? Number.NaN
  const audit = await auditFigures(full ? ALL_ENTRIES : ENTRIES)
  return {
    lines: [
      rateLine(series),
      rateLine(singles),
      `openssl speed: ${figure(Math.max(...rates))} a second at best`,
      ...audit.lines,
    ],
    goals: [goal('E5 interior nodes, share of openssl speed at 65 bytes', share, 0.5), ...audit.goals],
    disagreements: audit.disagreements,
  }
}

function opensslRate(): number {
  const args = ['speed', '-seconds', '1', '-bytes', '65', '-mr', 'sha256']
  const said = execFileSync('openssl', args, { stdio: 'pipe' }).toString()
  const perSecond = /^\+F:\d+:sha256:([\d.]+)/m.exec(said)?.[1]
  if (perSecond === undefined) throw new Error('openssl speed did not say what it measured')
  return Number(perSecond) / 65
}

function auditFigures(entries: number): Promise<LogFigures & { readonly disagreements: number }> {
  return withScratch(async (folder) => {
    mkdirSync(join(folder, 'log'))
    const evidence = evidenceSource()
    const file = join(folder, 'evidence.db')
    const log = await openBenchLog(openSqliteStore(file), folder)
    for (let at = 0; at < entries; at += BATCH) await log.append(evidence(BATCH))
    await log.close()
    const store = openSqliteStore(file)
    let disagreements = 0
    const bytes = evidenceSource()(BATCH).map(({ entry }) => entry)
    const series = await alternateWork([
      {
        name: `audit of the record of ${entries} entries`,
        count: entries,
        run: async () => {
          for await (const _ of fsckRecord(store, null)) disagreements += 1
        },
      },
      {
        name: 'SHA-256 of as many bytes, entry by entry',
        count: entries,
        run: async () => {
          for (let at = 0; at < entries; at += BATCH) for (const entry of bytes) hash('sha256', entry, 'buffer')
        },
      },
    ])
    await store.close()
    const [audit, alone] = series as [WorkSeries, WorkSeries]
    const what = `E5 audit of ${entries} entries over the time of SHA-256 alone`
    const goals: readonly Goal[] = [{ what, value: rateRatio(alone, audit), goal: 1.5, unit: '×', better: 'less' }]
    return { lines: series.map(rateLine), goals, disagreements }
  })
}
