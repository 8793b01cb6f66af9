import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { cosignatureKey, verifyCosignatures } from '@countersign/verify'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { LOG_VKEY } from '../../judge/witness-policy/witness-policy.fixtures.ts'
import { toldLog } from '../../workflows/witness-checkpoint.fixtures.ts'
import { runCli } from '../run-cli.fixtures.ts'

const BIN = fileURLToPath(new URL('../../../bin/countersign.js', import.meta.url))
const log = toldLog()
const started = new Set<ChildProcess>()
let folder: string
let data: string
let logs: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cli-witness-'))
  data = join(folder, 'data')
  logs = join(folder, 'logs.txt')
  writeFileSync(logs, `log ${LOG_VKEY}\nquorum none\n`)
})
afterEach(() => {
  for (const child of started) child.kill('SIGKILL')
  started.clear()
  rmSync(folder, { recursive: true, force: true })
})

/** Starts `countersign witness serve` and waits for its address. */
async function serve(...more: readonly string[]) {
  const args = ['witness', 'serve', '--data', data, '--logs', logs, '--listen', '127.0.0.1:0', ...more]
  const child = spawn(process.execPath, [BIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  started.add(child)
  let talk = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    talk += text
  })
  const [url] = await once(createInterface(child.stdout), 'line')
  return { child, url: String(url), talk: () => talk }
}

const post = (url: string, body: Uint8Array): Promise<Response> =>
  fetch(`${url}/add-checkpoint`, { method: 'POST', body: Buffer.from(body) })

describe('countersign witness', () => {
  test('key makes a witness once, and serve cosigns with that key until it is told to end', {
    timeout: 20_000,
  }, async () => {
    const { out: vkey, code } = await runCli(['witness', 'key', '--data', data, '--name', 'witness.example/w1'])
    expect([code, vkey]).toEqual([
      0,
      expect.stringMatching(/^witness\.example\/w1\+[0-9a-f]{8}\+B[A-Za-z0-9+/]{43}=?\n$/),
    ])
    const { child, url, talk } = await serve('--prefix', '/w/')
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/w$/)
    const line = await (await post(url, log.request(0, 5))).text()
    expect(verifyCosignatures(log.signed(5).note + line, [cosignatureKey(vkey.trim())])).toHaveLength(1)
    expect((await post(url, toldLog({ fork: '!' }).request(5, 5))).status).toBe(422)
    child.kill('SIGTERM')
    expect(await once(child, 'exit')).toEqual([0, null])
    expect(talk()).toMatch(
      /^witness witness\.example\/w1 cosigns for 1 logs\nwitness: refused what its log had signed, which may prove a fork \(root_differs: [^)]+\):\n {2}old 5\n/,
    )
    expect((await runCli(['witness', 'key', '--data', data])).out).toBe(vkey)
    const again = await serve()
    expect((await post(again.url, log.request(0, 6))).status).toBe(409)
  })

  test.for([
    {
      name: 'another name',
      args: ['--name', 'else.example'],
      says: 'error[usage]: this witness is called countersign.local/witness/',
    },
    { name: 'an address that is taken', args: ['--listen', 'TAKEN'], says: 'error[address_unusable]: 127.0.0.1:' },
    { name: 'no port', args: ['--listen', '127.0.0.1'], says: 'must be a host and a port' },
    { name: 'a port that there is not', args: ['--listen', '127.0.0.1:65536'], says: 'must be a host and a port' },
    { name: 'a prefix that is no path', args: ['--prefix', 'w'], says: 'must be a path' },
    { name: 'logs that are not there', args: ['--logs', '/nowhere'], says: 'error[file_unreadable]' },
  ])('serve is refused with $name', { timeout: 20_000 }, async ({ args, says }) => {
    const { url } = await serve()
    const taken = args.map((arg) => (arg === 'TAKEN' ? new URL(url).host : arg))
    const given = ['witness', 'serve', '--data', data, '--logs', logs, '--listen', '127.0.0.1:0', ...taken]
    const { code, out, err } = await runCli(given)
    expect([code, out]).toEqual([2, ''])
    expect(err).toContain(says)
    expect(err).not.toMatch(/\n +at /)
  })

  test('serve is refused without logs to cosign, by a policy with a fault, and without an address', async () => {
    const base = ['witness', 'serve', '--data', data, '--logs', logs]
    writeFileSync(logs, 'quorum none\n')
    expect((await runCli([...base, '--listen', '127.0.0.1:0'])).err).toContain('error[usage]: no log is named')
    writeFileSync(logs, `log ${LOG_VKEY}\n`)
    expect((await runCli([...base, '--listen', '127.0.0.1:0'])).err).toContain('error[witness_policy_malformed]')
    expect((await runCli(base)).err).toContain("required option '--listen <address>'")
  })

  test('a key whose memory is gone signs nothing any more', async () => {
    await runCli(['witness', 'key', '--data', data])
    rmSync(join(data, 'witness.db'))
    const { code, err } = await runCli(['witness', 'key', '--data', data])
    expect([code, err]).toEqual([2, expect.stringContaining('error[witness_state_missing]')])
    expect(existsSync(join(data, 'witness.db'))).toBe(false)
  })

  test('a memory whose key is gone gets no other key', async () => {
    await runCli(['witness', 'key', '--data', data])
    rmSync(join(data, 'keys', 'witness.pem'))
    const { code, err } = await runCli(['witness', 'key', '--data', data])
    expect([code, err]).toEqual([2, expect.stringContaining('error[key_missing]')])
  })

  test('a first start that was cut off before the witness had a name is begun again', async () => {
    const { openWitnessDatabase } = await import('../../adapters/witness/witness-database.ts')
    await openWitnessDatabase(join(data, 'witness.db')).close()
    expect((await runCli(['witness', 'key', '--data', data])).code).toBe(0)
  })
})
