import { createPrivateKey, createPublicKey, sign } from 'node:crypto'
import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { sha256Hex } from '@countersign/verify'
import { sealTerms } from '../packages/countersign/src/adapters/log/sealed-terms.ts'
import { openSequencedLog } from '../packages/countersign/src/adapters/log/sequenced-log.ts'
import { openFolderObjects } from '../packages/countersign/src/adapters/stores/folder/object-store.ts'
import type { EvidenceLog, NewEvidence } from '../packages/countersign/src/workflows/ports/evidence-log.ts'
import type { LogStore } from '../packages/countersign/src/workflows/ports/log-store.ts'
import { alternate, type Contender, cpu, median, type Series, wall } from './measure/pairing.ts'
import { figure } from './measure/report.ts'
import type { Cost } from './measure/timed-run.ts'

/** Something that is done a number of times in this process. Resolves when all of it is durable, or done. */
export interface Work {
  readonly name: string
  readonly count: number
  run(): Promise<void>
  /** What is left to do afterwards, so that it does not fall on the next one; not counted. */
  settle?(): Promise<void>
}

/** Runs works in turn, as `alternate` does; ratios are of the time that one takes, since works may have other counts. */
export async function alternateWork(works: readonly Work[]): Promise<readonly WorkSeries[]> {
  const contenders = works.map(({ name, run, settle }): Contender => {
    const whole = async (): Promise<Cost> => {
      const cost = await timed(run)
      await settle?.()
      return cost
    }
    return { name, run: whole }
  })
  const series = await alternate(contenders)
  return series.map((one, at) => ({ ...one, count: works[at]?.count ?? 1 }))
}

/** The runs of one work, and how many times each run did it. */
export interface WorkSeries extends Series {
  readonly count: number
}

async function timed(run: () => Promise<void>): Promise<Cost> {
  const cpu = process.cpuUsage()
  const started = performance.now()
  await run()
  const wallMs = performance.now() - started
  const { user, system } = process.cpuUsage(cpu)
  return { wallMs, userMs: user / 1_000, sysMs: system / 1_000, peakKiB: 0, treePeakKiB: null }
}

/** The median of the rate of `a` over that of `b`, within each round. */
export function rateRatio(a: WorkSeries, b: WorkSeries): number {
  return median(a.runs.map((run, at) => a.count / wall(run) / (b.count / wall(b.runs[at] as Cost))))
}

export function rateLine({ name, count, runs }: WorkSeries): string {
  const rates = runs.map((run) => (count * 1_000) / wall(run))
  const spread = `${figure(Math.min(...rates))} to ${figure(Math.max(...rates))}`
  const cpuEach = median(runs.map((run) => (cpu(run) * 1_000) / count))
  return `${name}: ${figure(median(rates))} a second (${spread}), ${figure(cpuEach)} µs of our CPU each, median of ${runs.length}`
}

/** The value that a share of the values does not exceed. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

/** A stream of evidence, none of it twice: entries of `bytes` bytes, with the terms of a judged change. */
export function evidenceSource(bytes = 1_000): (count: number) => readonly NewEvidence[] {
  let next = 0
  return (count) => Array.from({ length: count }, () => evidenceNumber(next++, bytes))
}

function evidenceNumber(number: number, bytes: number): NewEvidence {
  const entry = Buffer.alloc(bytes, `{"number":${number},"text":"`)
  const digest = sha256Hex(entry)
  const terms = {
    ...{ digest, idempotencyKey: `bench:${bytes}:${number}`, type: 'https://countersign.dev/change-decision/v1' },
    subjects: [`gitCommit:${digest.slice(0, 40)}`, `change:${number}`, 'ref:refs/heads/main', 'repository:bench'],
    controls: ['soc2@2017:CC8.1', 'nist-800-53@5:CM-3', 'iso27001@2022:A.8.32'],
    ...{ source: 'bench', occurredAt: null, recordedAt: '2026-01-01T00:00:00Z', retention: 'standard' },
    summary: { verdict: 'pass', ref: 'refs/heads/main', commit: digest.slice(0, 40) },
  }
  return { entry, terms }
}

const signLater = promisify(sign)

/** A log as the product opens it: sealed terms, checkpoints signed on another thread, tiles published to a folder. */
export function openBenchLog(store: LogStore, folder: string): Promise<EvidenceLog> {
  const { privateKey, publicKey } = benchKey()
  const signApart = (bytes: Uint8Array): Promise<Uint8Array> => signLater(null, bytes, privateKey)
  const key = { publicKey, sign: (bytes: Uint8Array) => sign(null, bytes, privateKey), signApart }
  const objects = openFolderObjects(join(folder, 'log'))
  return openSequencedLog({ origin: 'example.com/bench', key, store: sealTerms(store, Buffer.alloc(32, 3)), objects })
}

function benchKey() {
  const prefix = Buffer.from('302e020100300506032b657004220420', 'hex')
  const privateKey = createPrivateKey({
    key: Buffer.concat([prefix, Buffer.alloc(32, 7)]),
    format: 'der',
    type: 'pkcs8',
  })
  return { privateKey, publicKey: createPublicKey(privateKey).export({ type: 'spki', format: 'der' }).subarray(-32) }
}

/** A log that can be made to publish what waits: by closing it and opening it again. */
export interface SettlingLog {
  /** Rejects as opening does. */
  append(callers: number, evidence: readonly NewEvidence[], took?: number[]): Promise<void>
  appendBatches(evidence: readonly NewEvidence[], batch: number): Promise<void>
  settle(): Promise<void>
  close(): Promise<void>
}

/** A bench log that is opened with a new store each time. */
export async function settlingLog(openStore: () => Promise<LogStore>, folder: string): Promise<SettlingLog> {
  let log = await openBenchLog(await openStore(), folder)
  return {
    append: (callers, evidence, took) => appendFrom(log, callers, evidence, took),
    appendBatches: async (evidence, batch) => {
      for (let at = 0; at < evidence.length; at += batch) await log.append(evidence.slice(at, at + batch))
    },
    settle: async () => {
      await log.close()
      log = await openBenchLog(await openStore(), folder)
    },
    close: () => log.close(),
  }
}

/** Appends `count` pieces of evidence from so many callers, each of which waits for its receipt before the next. */
export async function appendFrom(
  log: EvidenceLog,
  callers: number,
  evidence: readonly NewEvidence[],
  took: number[] = [],
): Promise<void> {
  let next = 0
  const caller = async (): Promise<void> => {
    for (let one = evidence[next++]; one !== undefined; one = evidence[next++]) {
      const started = performance.now()
      await log.append([one])
      took.push(performance.now() - started)
    }
  }
  await Promise.all(Array.from({ length: callers }, caller))
}

/** Writes blocks to the end of a file, each followed by fdatasync; how long each took, in milliseconds, goes to `took`. */
export function writeAndSync(file: string, count: number, bytes: number, took: number[] = []): void {
  const handle = openSync(file, 'a', 0o600)
  const block = Buffer.alloc(bytes, 1)
  try {
    for (let at = 0; at < count; at++) {
      const started = performance.now()
      writeSync(handle, block)
      fdatasyncSync(handle)
      took.push(performance.now() - started)
    }
  } finally {
    closeSync(handle)
  }
}
