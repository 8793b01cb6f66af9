import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runCli } from './run-cli.fixtures.ts'
import { SignedRepository } from './signed-repository.fixtures.ts'

const BIN = fileURLToPath(new URL('../../bin/countersign.js', import.meta.url))
const VERIFY_BIN = fileURLToPath(new URL('../../../verify/bin/countersign-verify.js', import.meta.url))
// It takes every write and says that there is no space. Where there is none, a file that is open for reading takes none either.
const FULL = '/dev/full'
const [UNWRITABLE, MODE, CODE] = existsSync(FULL) ? [FULL, 'w', 'disk_full'] : [BIN, 'r', 'write_failed']

let repository: SignedRepository
let packet: string
beforeAll(async () => {
  repository = new SignedRepository()
  repository.writePolicy(['alice'])
  repository.commit({ message: 'Introduce the policy', signer: 'alice' })
  await runCli(['check', '--repo', repository.folder, '--data', repository.data])
  packet = join(repository.home, 'packet.zip')
  await runCli(['packet', 'export', packet, '--data', repository.data])
})
afterAll(() => repository.remove())

function runFull(bin: string, args: readonly string[]) {
  const { status, stderr } = spawnSync(process.execPath, [bin, ...args], {
    stdio: ['ignore', openSync(UNWRITABLE, MODE), 'pipe'],
    env: { ...process.env, NO_COLOR: '1' },
  })
  return { status, err: stderr.toString() }
}

test
  .runIf(existsSync(FULL))
  .for([
    ['--help'],
    ['help', 'exit-codes'],
    ['completion', 'bash'],
    ['verify', '--repo', 'REPO', '--all'],
    ['check', '--repo', 'REPO', '--no-record', '-o', 'sarif'],
    ['change', 'list', '--data', 'DATA'],
    ['evidence', 'list', '--data', 'DATA'],
  ])('an answer that cannot be written is neither yes nor no: %s', (args) => {
  const named = args.map((arg) => ({ REPO: repository.folder, DATA: repository.data })[arg] ?? arg)
  const { status, err } = runFull(BIN, named)
  expect([status, err]).toEqual([3, expect.stringMatching(/error\[\w+\]: standard output: .*\n {2}remedy: [^\n]+\n$/)])
  expect(err).toContain(`error[${CODE}]`)
  expect(err).not.toContain('    at ')
})

test('nor is one about a packet', () => {
  const { status, err } = runFull(VERIFY_BIN, [packet])
  expect([status, err]).toEqual([3, expect.stringMatching(/^error: standard output: .*\n$/)])
})

test('an answer that can be written is one', () => {
  const folder = mkdtempSync(join(tmpdir(), 'csn-out-'))
  writeFileSync(join(folder, 'out'), '')
  const { status } = spawnSync(process.execPath, [BIN, '--help'], {
    stdio: ['ignore', openSync(join(folder, 'out'), 'w'), 'pipe'],
  })
  rmSync(folder, { recursive: true })
  expect(status).toBe(0)
})
