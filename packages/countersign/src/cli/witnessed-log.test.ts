import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { judgeWitnessed } from '../judge/witness-policy/judge-quorum.ts'
import { parseWitnessPolicy } from '../judge/witness-policy/parse-witness-policy.ts'
import { runCli } from './run-cli.fixtures.ts'
import { SignedRepository } from './signed-repository.fixtures.ts'

const BIN = fileURLToPath(new URL('../../bin/countersign.js', import.meta.url))
const started = new Set<ChildProcess>()
let repository: SignedRepository
let policyText: string
let port = 0

beforeAll(async () => {
  repository = new SignedRepository()
  repository.writePolicy(['alice'])
  // Alice works alone here, and her changes pass.
  repository.write(
    '.countersign/policy.yaml',
    'apiVersion: countersign.dev/v1\nkind: Policy\nrules: { separation-of-duties: { mode: "off" } }\n',
  )
  repository.commit({ message: 'Introduce the policy', signer: 'alice' })
  await csn('check', '--repo', repository.folder)
})
afterEach(async () => {
  for (const child of started) await end(child)
})
afterAll(() => repository.remove())

const csn = (...args: string[]) => runCli([...args, '--data', repository.data])
const published = (): string => readFileSync(join(repository.data, 'log', 'checkpoint'), 'utf8')
const isWitnessed = (): boolean => judgeWitnessed(parseWitnessPolicy(Buffer.from(policyText)), published()).isReached

function checkAgain(message: string) {
  repository.commit({ message, signer: 'alice' })
  return csn('check', '--repo', repository.folder)
}

/** Starts a witness of its own for the log, at the same address each time. */
async function startWitness(): Promise<ChildProcess> {
  const logs = join(repository.home, 'logs.txt')
  writeFileSync(logs, `log ${(await csn('log', 'key')).out.trim()}\nquorum none\n`)
  const args = ['witness', 'serve', '--data', join(repository.home, 'witness'), '--logs', logs]
  const child = spawn(process.execPath, [BIN, ...args, '--listen', `127.0.0.1:${port}`], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  started.add(child)
  const [url] = await once(createInterface(child.stdout), 'line')
  port = Number(new URL(String(url)).port)
  return child
}

async function end(child: ChildProcess): Promise<void> {
  started.delete(child)
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}

test('a log with a witness publishes what was cosigned, refuses or warns while it is away, and goes on when it is back', {
  timeout: 60_000,
}, async () => {
  const witness = await startWitness()
  const vkey = (await runCli(['witness', 'key', '--data', join(repository.home, 'witness')])).out.trim()
  policyText = `witness w ${vkey} http://127.0.0.1:${port}/\nquorum w\n`
  const folder = join(repository.data, 'witnesses')
  mkdirSync(folder)
  writeFileSync(join(folder, 'policy.txt'), policyText)
  // However busy the machine is.
  writeFileSync(join(folder, 'settings.json'), '{ "timeoutSeconds": 60 }')
  expect((await checkAgain('One, ABC-1')).code).toBe(0)
  expect([published(), isWitnessed()]).toEqual([expect.stringContaining('\n2\n'), true])

  // Commands that only read give out what was cosigned.
  expect((await csn('log', 'checkpoint')).out).toBe(published())
  expect((await csn('evidence', 'show', '0', '-o', 'proof')).out).toContain(published())

  await end(witness)
  const refused = await checkAgain('Two, ABC-2')
  expect([refused.code, refused.err]).toEqual([
    3,
    expect.stringContaining(
      'error[witnesses_missing]: too few witnesses cosigned 3 entries: w cannot be reached: ECONNREFUSED',
    ),
  ])
  // Nothing was published that nobody cosigned, and nothing was lost.
  expect([published(), isWitnessed()]).toEqual([expect.stringContaining('\n2\n'), true])
  expect((await csn('evidence', 'list', '-o', 'jsonl')).out.trimEnd().split('\n')).toHaveLength(3)

  writeFileSync(join(folder, 'settings.json'), '{ "whenAway": "warn", "timeoutSeconds": 60 }')
  const warned = await checkAgain('Three, ABC-3')
  expect([warned.code, warned.err]).toEqual([0, expect.stringContaining('check: too few witnesses cosigned 4 entries')])
  expect([published(), isWitnessed()]).toEqual([expect.stringContaining('\n4\n'), false])

  writeFileSync(join(folder, 'settings.json'), '{ "timeoutSeconds": 60 }')
  await startWitness()
  expect((await checkAgain('Four, ABC-4')).code).toBe(0)
  expect([published(), isWitnessed()]).toEqual([expect.stringContaining('\n5\n'), true])
})

test('a fault in the policy stops the log before anything is recorded', async () => {
  const folder = join(repository.data, 'witnesses')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'policy.txt'), 'quorum nobody\n')
  const before = published()
  const { code, err } = await checkAgain('Five, ABC-5')
  expect([code, err]).toEqual([2, expect.stringContaining('error[witness_policy_malformed]')])
  expect(err).toContain('policy.txt, line 1: ')
  expect(published()).toBe(before)
})
