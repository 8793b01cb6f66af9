import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { ed25519NoteKey, parseVerifierKey, verifyCheckpoint, verifyTlogProof } from '@countersign/verify'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { keyringTrust, type LogKeyring } from '../judge/log-keys/log-keyring.ts'
import { runCli } from './run-cli.fixtures.ts'
import { SignedRepository } from './signed-repository.fixtures.ts'

const BIN = fileURLToPath(new URL('../../bin/countersign.js', import.meta.url))
let repository: SignedRepository
let data: string

beforeAll(async () => {
  repository = new SignedRepository()
  repository.writePolicy(['alice'])
  // Alice works alone here, and her changes pass.
  repository.write(
    '.countersign/policy.yaml',
    'apiVersion: countersign.dev/v1\nkind: Policy\nrules: { separation-of-duties: { mode: "off" } }\n',
  )
  repository.commit({ message: 'Introduce the policy', signer: 'alice' })
  repository.commit({ message: 'Go on, ABC-1', signer: 'alice' })
  await runCli(['check', '--repo', repository.folder, '--data', repository.data])
})
afterAll(() => repository.remove())
beforeEach(() => {
  data = join(repository.home, 'copy')
  cpSync(repository.data, data, { recursive: true })
})
afterEach(() => rmSync(data, { recursive: true, force: true }))

const csn = (...args: string[]) => runCli([...args, '--data', data])

async function keyring(): Promise<LogKeyring> {
  const { out } = await csn('log', 'key', '--all')
  const keys = out
    .trimEnd()
    .split('\n')
    .map((line) => {
      const [verifierKey = '', from, until] = line.split('\t')
      return { verifierKey, from: Number(from), until: until === '-' ? null : Number(until) }
    })
  return { origin: parseVerifierKey(keys[0]?.verifierKey ?? '').name, keys }
}

/** Judges one more change, under whatever key signs now. */
function checkAgain(message: string) {
  repository.commit({ message, signer: 'alice' })
  return csn('check', '--repo', repository.folder)
}

describe('countersign log rotate-key', { timeout: 60_000 }, () => {
  test('gives the log a new key, under which everything before is still proved', async () => {
    const first = (await csn('log', 'key')).out.trim()
    const entry = (await csn('evidence', 'show', '0', '-o', 'envelope')).out
    const proof = (await csn('evidence', 'show', '0', '-o', 'proof')).out
    const packet = join(data, 'old.zip')
    const evidenceKey = join(data, 'evidence-key.pem')
    await csn('packet', 'export', packet)
    writeFileSync(evidenceKey, (await csn('log', 'key', '--evidence')).out)

    const rotated = await csn('log', 'rotate-key')
    expect(rotated).toMatchObject({ code: 0, out: (await csn('log', 'key', '--all')).out })
    expect(rotated.err).toContain('tell those who check or cosign')
    const { origin, keys } = await keyring()
    expect(keys.map(({ from, until }) => [from, until])).toEqual([
      [0, 3],
      [3, null],
    ])
    expect([keys[0]?.verifierKey, keys[1]?.verifierKey]).toEqual([first, (await csn('log', 'key')).out.trim()])
    expect((await checkAgain('After the change, ABC-2')).code).toBe(0)

    // The log, by both keys; the old receipt and the old packet, by the key that was pinned when they were made.
    const trust = keyringTrust({ origin, keys })
    expect(verifyCheckpoint((await csn('log', 'checkpoint')).out, trust).size).toBe(5)
    expect(verifyCheckpoint(readFileSync(join(data, 'log', 'checkpoint'), 'utf8'), trust).size).toBe(5)
    for (const one of [trust, { origin, keys: [ed25519NoteKey(first)] }]) {
      expect(verifyTlogProof(Buffer.from(entry.trimEnd()), proof, one)).toMatchObject({ index: 0 })
    }
    const pinned = ['--log-key', first, '--evidence-key', evidenceKey]
    expect(await runCli(['packet', 'verify', packet, ...pinned])).toMatchObject({ code: 0 })
    // What is exported from now on is signed by the new key.
    const newPacket = join(data, 'new.zip')
    expect((await csn('packet', 'export', newPacket)).code).toBe(0)
    const newKey = ['--log-key', keys[1]?.verifierKey ?? '', '--evidence-key', evidenceKey]
    expect(await runCli(['packet', 'verify', newPacket, ...newKey])).toMatchObject({ code: 0 })
    expect((await runCli(['packet', 'verify', newPacket, ...pinned])).code).not.toBe(0)
    expect((await csn('evidence', 'verify', '0', '1')).code).toBe(0)
  })

  test('killed at any moment leaves a log that goes on, and finishes when it is run again', async () => {
    for (let kill = 0; kill < 3; kill++) {
      const child = spawn(process.execPath, [BIN, 'log', 'rotate-key', '--data', data], { stdio: 'ignore' })
      const exited = once(child, 'exit')
      await Promise.race([exited, wait(150 + 120 * kill)])
      child.kill('SIGKILL')
      await exited
      expect((await checkAgain(`After kill ${kill}, ABC-3`)).code).toBe(0)
    }
    expect((await csn('log', 'rotate-key')).code).toBe(0)
    const { keys, origin } = await keyring()
    expect(keys.slice(0, -1).every(({ until }) => until !== null)).toBe(true)
    expect(existsSync(join(data, 'keys', 'log-next.pem'))).toBe(false)
    verifyCheckpoint((await csn('log', 'checkpoint')).out, keyringTrust({ origin, keys }))
  })

  test('is refused where there is no log, and log key asks for one kind of key at a time', async () => {
    const none = await runCli(['log', 'rotate-key', '--data', join(data, 'none')])
    expect([none.code, none.err]).toEqual([2, expect.stringContaining('error[data_folder_absent]')])
    expect(existsSync(join(data, 'none'))).toBe(false)
    const both = await csn('log', 'key', '--all', '--evidence')
    expect([both.code, both.err]).toEqual([2, expect.stringContaining('error[usage]')])
  })
})
