import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { sha256Hex, utf8 } from '@countersign/verify'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { httpWitness } from '../adapters/witness/http-witness.ts'
import { parseWitnessPolicy } from '../judge/witness-policy/parse-witness-policy.ts'
import { LOG_ORIGIN } from '../judge/witness-policy/witness-policy.fixtures.ts'
import type { PolicyWitness } from '../judge/witness-policy/witness-policy.ts'
import { TEST_TIME, toldLog, WITNESS_VKEY } from '../workflows/witness-checkpoint.fixtures.ts'

const PROGRAM = fileURLToPath(new URL('../../../../testdata/tlog/witness-until-killed.ts', import.meta.url))
const KILLS = Number(process.env['COUNTERSIGN_WITNESS_KILLS'] ?? 8)
const LONGEST_LIFE_MS = 120

// More than a witness can be asked for in these lives.
const SIZE = 2_000 + 1_000 * KILLS
const log = toldLog({ size: SIZE })
const fork = toldLog({ size: SIZE, fork: ' other', from: 10 })
const started = new Set<ChildProcess>()
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'witness-kill-'))
})
afterEach(() => {
  for (const child of started) child.kill('SIGKILL')
  started.clear()
  rmSync(folder, { recursive: true, force: true })
})

/** Starts the witness that remembers in the test's folder, and waits until it listens. */
async function start(...args: readonly string[]): Promise<{ child: ChildProcess; url: string }> {
  const child = spawn(process.execPath, [PROGRAM, join(folder, 'witness.db'), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  started.add(child)
  const [first] = await once(child.stdout, 'data')
  return { child, url: String(first).trim() }
}

async function end(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}

const post = (url: string, body: Uint8Array): Promise<Response> =>
  fetch(`${url}/add-checkpoint`, { method: 'POST', body: Buffer.from(body) })

test('a witness killed after it has remembered and before it has answered stands by what it remembered', async () => {
  const dying = await start('dies')
  const exited = once(dying.child, 'exit')
  await expect(post(dying.url, log.request(0, 12))).rejects.toThrow('fetch failed')
  await exited

  const { url } = await start()
  const shown = await fetch(`${url}/${sha256Hex(utf8(LOG_ORIGIN))}/checkpoint`)
  expect(await shown.text()).toContain(`${log.signed(12).note}— witness.example/40 `)
  expect((await post(url, fork.request(12, 12))).status).toBe(422)
  expect((await post(url, fork.request(10, 13))).status).toBe(409)
  // The log that never heard the answer gets it by asking again, also for a checkpoint that has grown since.
  const policy = parseWitnessPolicy(Buffer.from(`witness w ${WITNESS_VKEY} ${url}\nquorum w\n`))
  const witness = httpWitness(policy.witnesses[0] as PolicyWitness, { clockSkewSeconds: 5, now: () => TEST_TIME })
  for (const size of [12, 20]) {
    const request = {
      signed: log.signed(size),
      knownSize: 0,
      consistency: async (from: number, to: number) => log.proof(from, to),
    }
    expect(await witness.cosign(request, AbortSignal.timeout(5_000))).toMatchObject({ time: TEST_TIME })
  }
})

test(`a witness killed ${KILLS} times while two forks race for it cosigns one line only`, {
  timeout: 20_000 + KILLS * 2_000,
}, async () => {
  const cosigned = new Map<number, Set<string>>()
  const sides = [
    { name: 'log', told: log },
    { name: 'fork', told: fork },
  ]
  let known = 0
  for (let kill = 0; kill < KILLS; kill++) {
    const { child, url } = await start()
    let isAlive = true
    const callers = [...sides, ...sides].map(async ({ name, told }, at) => {
      // Everybody asks from the size that the witness last named, and tries to be first with the next one.
      while (isAlive) {
        const [old, size] = [known, known + 1 + at]
        const answer = await post(url, told.request(old, size)).catch(() => null)
        if (answer?.status === 200) {
          cosigned.set(size, (cosigned.get(size) ?? new Set()).add(name))
          known = Math.max(known, size)
        } else if (answer?.status === 409) {
          known = Math.max(known, Number(await answer.text().catch(() => 0)))
        }
      }
    })
    await wait(20 + Math.random() * LONGEST_LIFE_MS)
    await end(child)
    isAlive = false
    await Promise.all(callers)
  }
  const beyond = [...cosigned].filter(([size]) => size > 10)
  expect(beyond.length).toBeGreaterThan(0)
  expect(new Set(beyond.flatMap(([, names]) => [...names])).size).toBe(1)
})
