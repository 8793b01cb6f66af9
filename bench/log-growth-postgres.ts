import { hash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { leafHash } from '@countersign/verify'
import { startPostgres } from '../e2e/estate/postgres/start-postgres.ts'
import { readDatabaseUrl } from '../packages/countersign/src/adapters/stores/postgres/database-url.ts'
import { openPostgresStore } from '../packages/countersign/src/adapters/stores/postgres/log-store.ts'
import { DEFAULT_SHAPE } from '../packages/countersign/src/adapters/stores/postgres/schema-tables.ts'
import type { LogHead, LogStore } from '../packages/countersign/src/workflows/ports/log-store.ts'
import type { LogFigures } from './log-sqlite.ts'
import { alternateWork, evidenceSource, rateLine, rateRatio, type Work, type WorkSeries } from './log-work.ts'
import { withScratch } from './measure/countersign.ts'
import { figure, type Goal } from './measure/report.ts'

const SMALL = 2 ** 20
const LARGE = 10 * SMALL
const FULL = 100 * SMALL
const SINGLE = 500
const BATCH = 1_000
const BATCHES = 20
/** From so many commits on a process learns keys. */
const OFTEN = 32
const QUIET_LOOKS = 8
const LOOK_MS = 250
const MOST_IDLE_US = 25_000
/** What `commit_rows` and `seal_blocks` look up and add to for one piece of evidence: its digest and its idempotency key. */
const KEYS_EACH = 2

/**
 * E6 on PostgreSQL: commits to a record of a hundred million (ten without `full`) against commits to one of a million.
 *
 * Of what is there a commit touches its end and the index of digests and keys, so these are made, full size, by the server itself; the
 * bundles that lie before, which no commit looks at, are not.
 */
export function postgresGrowthFigures(full: boolean): Promise<LogFigures> {
  return withScratch(async (folder) => {
    const server = await startPostgres({ folder, settings: { max_wal_size: '8GB', maintenance_work_mem: '1GB' } })
    const started = performance.now()
    try {
      const records = []
      for (const size of [SMALL, full ? FULL : LARGE]) {
        const database = `grown_${size}`
        const place = await readDatabaseUrl(await server.createDatabase(database))
        const store = await openPostgresStore(place)
        const head = await store.begin(headOf(size))
        for (const sql of fill(size)) await server.query(sql, database)
        const record = grownRecord(store, head)
        await record.append(OFTEN, 1)
        await untilLearned()
        records.push(record)
      }
      const seconds = (performance.now() - started) / 1_000
      return await compare(records as [GrownRecord, GrownRecord], seconds)
    } finally {
      await server.stop()
    }
  })
}

/** The keys of each partition come in the order of its tree, which makes it quickest. */
function fill(size: number): readonly string[] {
  const schema = 'countersign'
  const partitions = Array.from({ length: size / DEFAULT_SHAPE.partitionRows }, (_, at) => at)
  return [
    ...partitions.map((at) => {
      const [first, end] = [at, at + 1].map((one) => BigInt(one * DEFAULT_SHAPE.partitionRows * KEYS_EACH))
      return `INSERT INTO ${schema}.known_${at} SELECT (random() * 4503599627370495)::bigint AS key, g / ${KEYS_EACH}
        FROM generate_series(${first}::bigint, ${end}::bigint - 1) AS g ORDER BY key`
    }),
    `INSERT INTO ${schema}.span SELECT g, '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z'
       FROM generate_series(0, ${size / DEFAULT_SHAPE.blockRows}::bigint - 1) AS g`,
    'VACUUM ANALYZE',
    'CHECKPOINT',
  ]
}

interface GrownRecord {
  readonly store: LogStore
  readonly size: number
  /** Appends evidence, so many pieces a commit. */
  append(count: number, batch: number): Promise<void>
}

function grownRecord(store: LogStore, begun: LogHead): GrownRecord {
  const evidence = evidenceSource()
  let head = begun
  return {
    store,
    size: begun.size,
    async append(count, batch) {
      for (let done = 0; done < count; done += batch) {
        const from = head
        const to = headOf(from.size + batch)
        const rows = evidence(batch).map((one, at) => ({
          ...one,
          index: from.size + at,
          leafHash: leafHash(one.entry),
        }))
        await store.commit({ from, to, rows, fence: null })
        head = to
      }
    },
  }
}

/** Whoever commits often learns the keys of the partitions that are full, meanwhile, once. Resolves when this process has nothing to do any more. */
async function untilLearned(): Promise<void> {
  for (let quiet = 0; quiet < QUIET_LOOKS; quiet += 1) {
    const before = process.cpuUsage()
    await sleep(LOOK_MS)
    const { user, system } = process.cpuUsage(before)
    if (user + system > MOST_IDLE_US) quiet = 0
  }
}

/** A store looks into neither root nor edge. */
function headOf(size: number): LogHead {
  const root = hash('sha256', String(size), 'buffer')
  return { origin: 'example.com/bench', size, root, edge: root }
}

async function compare(records: readonly [GrownRecord, GrownRecord], seconds: number): Promise<LogFigures> {
  const [small, large] = records
  try {
    const single = await alternateWork(records.map((one) => work(one, SINGLE, 1)))
    const bulk = await alternateWork(records.map((one) => work(one, BATCH * BATCHES, BATCH)))
    const what = (kind: string): string => `E6 PostgreSQL, time of ${kind} at ${large.size} over ${small.size} entries`
    return {
      lines: [
        `records of ${small.size} and ${large.size} made in ${figure(seconds)} s`,
        ...[...single, ...bulk].map(rateLine),
      ],
      goals: [less(what('a commit of one'), single), less(what(`a commit of ${BATCH}`), bulk)],
    }
  } finally {
    await Promise.all(records.map(({ store }) => store.close()))
  }
}

function work(record: GrownRecord, count: number, batch: number): Work {
  return {
    name: `PostgreSQL, ${record.size} entries there, ${batch} a commit`,
    count,
    run: () => record.append(count, batch),
  }
}

function less(what: string, [small, large]: readonly WorkSeries[]): Goal {
  const value = rateRatio(small as WorkSeries, large as WorkSeries)
  return { what, value, goal: 1.1, unit: '×', better: 'less' }
}
