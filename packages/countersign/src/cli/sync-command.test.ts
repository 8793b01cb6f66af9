import { spawn } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openData } from '../wire.ts'
import { recordHeartbeat } from '../workflows/record-heartbeat.ts'
import { runHere } from './run-in-process.fixtures.ts'

const BIN = fileURLToPath(new URL('../../bin/countersign.js', import.meta.url))
const START = 1_772_323_800
// Killing a process leaves what it wrote in the system's memory, so a file system in memory shows the same and is not slowed by others.
const SCRATCH = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
const KILLS = Number(process.env['COUNTERSIGN_SYNC_KILLS'] ?? 4)

let home: string
let spool: string
let target: string
let made = 0
beforeEach(async () => {
  home = mkdtempSync(join(SCRATCH, 'sync-'))
  spool = join(home, 'spool')
  target = join(home, 'target')
  made = 0
  await grow(3)
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

/** Records so many heartbeats in the spool. */
async function grow(count: number): Promise<void> {
  const parts = await openData(spool, 'write')
  const memory = { kind: 'none' } as const
  const beats = Array.from({ length: count }, (_, at) => {
    const time = START + made + at
    return recordHeartbeat({ source: 'a:b', observer: 'o', since: time, at: time, within: 60, memory }, time, parts)
  })
  await Promise.all(beats)
  made += count
  await parts.log.close()
}

async function trust(name = 'ci'): Promise<void> {
  const file = join(home, `${name}.pub`)
  writeFileSync(file, (await runHere(['log', 'key', '--evidence', '--data', spool])).out)
  expect((await runHere(['log', 'trust-sender', file, '--data', target])).code).toBe(0)
}

const sync = (...more: string[]) => runHere(['sync', '--data', spool, '--to', target, ...more])

async function digestsOf(data: string): Promise<readonly string[]> {
  const { log } = await openData(data, 'read')
  const found = await Array.fromAsync(log.find({}))
  await log.close()
  return found.map(({ terms }) => terms.digest)
}

async function expectSound(data: string): Promise<void> {
  const { code, out } = await runHere(['log', 'fsck', '--data', data])
  expect([code, out.replaceAll(/not_published.*\n/g, '')]).toEqual([0, ''])
}

const refusalOf = ({ code, err }: Awaited<ReturnType<typeof runHere>>) => [code, /^error\[(\w+)\]/m.exec(err)?.[1]]

describe('refused', () => {
  test('data_folder_absent: a log that nobody has begun', async () => {
    expect(refusalOf(await sync())).toEqual([2, 'data_folder_absent'])
    expect(existsSync(target)).toBe(false)
  })

  test('usage: a log that would be its own spool', async () => {
    expect(refusalOf(await runHere(['sync', '--data', spool, '--to', `${spool}/.`]))).toEqual([2, 'usage'])
  })

  test('sender_unknown: a sender that is not trusted, or no longer', async () => {
    await trust()
    expect((await sync()).code).toBe(0)
    expect((await runHere(['log', 'retire-sender', 'ci', '--data', target])).code).toBe(0)
    await grow(1)
    expect(refusalOf(await sync())).toEqual([4, 'sender_unknown'])
    expect(await digestsOf(target)).toHaveLength(3)
    await expectSound(target)
  })

  test('spool_rolled_back: a spool that was put back from a copy', async () => {
    await trust()
    cpSync(spool, join(home, 'copy'), { recursive: true })
    await grow(2)
    expect((await sync()).code).toBe(0)
    rmSync(spool, { recursive: true })
    cpSync(join(home, 'copy'), spool, { recursive: true })
    expect(refusalOf(await sync())).toEqual([3, 'spool_rolled_back'])
    made = 100
    await grow(9)
    expect(refusalOf(await sync())).toEqual([3, 'spool_rolled_back'])
    expect(await digestsOf(target)).toHaveLength(5)
  })
})

test('delivers what is missing and says so; a rehearsal changes nothing', async () => {
  await trust()
  expect(refusalOf(await sync('--dry-run'))).toEqual([2, 'data_folder_absent'])
  const first = await sync('-o', 'jsonl')
  const rows = first.out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect([first.code, rows.map(({ outcome, place }) => [outcome, place])]).toEqual([
    0,
    [0, 1, 2].map((place) => ['delivered', place]),
  ])
  await grow(2)
  const rehearsal = await sync('--dry-run', '-o', 'json')
  expect(JSON.parse(rehearsal.out).items).toMatchObject([{ outcome: 'would_deliver' }, { outcome: 'would_deliver' }])
  expect(await digestsOf(target)).toHaveLength(3)
  expect((await sync()).err).toContain('2 delivered, 3 there already')
  expect(await digestsOf(target)).toEqual(await digestsOf(spool))
  await expectSound(target)
})

test(`killed ${KILLS} times at work, two at once, while the spool grows: all arrives once and in order`, {
  timeout: 60_000 + KILLS * 5_000,
}, async () => {
  await trust()
  let atWork = 0
  for (let kill = 0; kill < KILLS; kill += 2) {
    await grow(600)
    await Promise.all([runAndKill(), runAndKill()])
    const there = existsSync(join(target, 'evidence.db')) ? await digestsOf(target).catch(() => []) : []
    if (there.length > 0 && there.length < made) atWork += 1
    expect(there).toEqual((await digestsOf(spool)).slice(0, there.length))
  }
  expect(atWork).toBeGreaterThan(0)
  expect((await sync()).code).toBe(0)
  expect(await digestsOf(target)).toEqual(await digestsOf(spool))
  await expectSound(target)
})

/** Runs a sync and kills it a random while after it has delivered something. */
async function runAndKill(): Promise<void> {
  const args = [BIN, 'sync', '--data', spool, '--to', target, '-o', 'jsonl']
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] })
  const ended = new Promise((resolve) => child.once('close', resolve))
  await Promise.race([new Promise((resolve) => child.stdout.once('data', resolve)), ended])
  child.stdout.resume()
  await wait(Math.random() * 150)
  child.kill('SIGKILL')
  await ended
}
