import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import {
  COSIGNATURE_V1,
  concatBytes,
  ED25519_NOTE,
  ed25519NoteKey,
  formatVerifierKey,
  noteKeyId,
  parseCheckpoint,
  parseNote,
  toBase64,
  verifyCheckpoint,
} from '@countersign/verify'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { httpWitness } from '../adapters/witness/http-witness.ts'
import { runCli } from '../cli/run-cli.fixtures.ts'
import { judgeWitnessed } from '../judge/witness-policy/judge-quorum.ts'
import { parseWitnessPolicy } from '../judge/witness-policy/parse-witness-policy.ts'
import { knownKey, LOG_VKEY, logVkey, witnessVkey } from '../judge/witness-policy/witness-policy.fixtures.ts'
import { checkpointCosigner } from '../workflows/cosign-checkpoint.ts'
import { toldLog } from '../workflows/witness-checkpoint.fixtures.ts'

const run = promisify(execFile)
const MODULE = fileURLToPath(new URL('../../../../testdata/tlog/witness-interop', import.meta.url))
const BIN = fileURLToPath(new URL('../../bin/countersign.js', import.meta.url))
const TESSERA_ORIGIN = 'tessera.example/log'
const TESSERA_BYTE = 90
const TESSERA_VKEY = logVkey(TESSERA_BYTE, TESSERA_ORIGIN)
let scratch: string
let interop: string
const ends: (() => Promise<unknown>)[] = []

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'witness-interop-'))
  await cp(MODULE, join(scratch, 'module'), { recursive: true })
  interop = join(scratch, 'interop')
  // A missing `go` fails here, by its name.
  await run('go', ['build', '-trimpath', '-o', interop, '.'], {
    cwd: join(scratch, 'module'),
    env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-buildvcs=false' },
  })
}, 600_000)
afterEach(async () => {
  await Promise.all(ends.splice(0).map((end) => end()))
})
afterAll(() => rm(scratch, { recursive: true, force: true }))

/** A witness of ours as a program of its own; returns its line for a policy. */
async function serveWitness(name: string, ...vkeys: readonly string[]): Promise<string> {
  const data = join(scratch, name)
  const logs = join(scratch, `${name}.logs`)
  await writeFile(logs, `${vkeys.map((vkey) => `log ${vkey}\n`).join('')}quorum none\n`)
  const vkey = (await runCli(['witness', 'key', '--data', data, '--name', `witness.example/${name}`])).out.trim()
  const args = ['witness', 'serve', '--data', data, '--logs', logs, '--listen', '127.0.0.1:0']
  const child = spawn(process.execPath, [BIN, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  ends.push(async () => {
    const exited = once(child, 'exit')
    child.kill('SIGTERM')
    await exited
  })
  const [url] = await once(createInterface(child.stdout), 'line')
  return `witness ${name} ${vkey} ${url}\n`
}

async function policyFile(name: string, text: string): Promise<string> {
  const file = join(scratch, `${name}.policy`)
  await writeFile(file, text)
  return file
}

/** The private key of a known seed, as Go's libraries write it. */
function skeyOf(byte: number, name: string): string {
  const seed = Buffer.alloc(32, byte)
  const id = noteKeyId(name, ED25519_NOTE, knownKey(byte).publicKey)
  return `PRIVATE+KEY+${name}+${id}+${toBase64(concatBytes(Uint8Array.of(ED25519_NOTE), seed))}`
}

interface Opened {
  readonly text: string
  readonly verified: readonly string[]
  readonly unverified: number
  readonly satisfied: boolean
  readonly times: readonly number[]
  readonly note: string
}

function appendToTessera(folder: string, policy: string, count: number): Promise<Opened> {
  const args = ['append', folder, skeyOf(TESSERA_BYTE, TESSERA_ORIGIN), TESSERA_VKEY, policy, String(count)]
  return run(interop, args).then(({ stdout }) => JSON.parse(stdout))
}

async function withInput(input: string, args: readonly string[]): Promise<string> {
  const running = run(interop, [...args])
  running.child.stdin?.end(input)
  return (await running).stdout
}

describe('a Tessera log', { timeout: 120_000 }, () => {
  test('is cosigned by our witness as it grows, and accepts what it says', async () => {
    const line = await serveWitness('w1', TESSERA_VKEY)
    const policy = await policyFile('one', `${line}quorum w1\n`)
    const folder = join(scratch, 'grows')
    let size = 0
    for (const count of [1, 2, 255, 600]) {
      const opened = await appendToTessera(folder, policy, count)
      size += count
      expect(parseCheckpoint(opened.text)).toMatchObject({ origin: TESSERA_ORIGIN, size })
      expect(opened).toMatchObject({ verified: [TESSERA_ORIGIN, 'witness.example/w1'], unverified: 0, satisfied: true })
      expect(Math.abs((opened.times[0] as number) - Date.now() / 1000)).toBeLessThan(60)
      // What Tessera publishes, we read, by the same policy.
      const ours = parseWitnessPolicy(Buffer.from(`log ${TESSERA_VKEY}\n${line}quorum w1\n`))
      const published = await readFile(join(folder, 'checkpoint'), 'utf8')
      expect(judgeWitnessed(ours, published).isReached).toBe(true)
      verifyCheckpoint(published, { origin: TESSERA_ORIGIN, keys: [ed25519NoteKey(TESSERA_VKEY)] })
    }
  })

  test('is cosigned by two of three of our witnesses while one is away', async () => {
    const lines = [await serveWitness('w2', TESSERA_VKEY), await serveWitness('w3', TESSERA_VKEY)]
    const away = `witness w4 ${witnessVkey(4)} http://127.0.0.1:1/\n`
    const policy = await policyFile('two', `${lines.join('')}${away}group g 2 w2 w3 w4\nquorum g\n`)
    const opened = await appendToTessera(join(scratch, 'quorum'), policy, 5)
    expect(opened.satisfied).toBe(true)
    expect([...opened.verified].sort()).toEqual([TESSERA_ORIGIN, 'witness.example/w2', 'witness.example/w3'])
  })

  test('that is begun anew under the same name gets no cosignature, and so publishes nothing', async () => {
    const policy = await policyFile('anew', `${await serveWitness('w5', TESSERA_VKEY)}quorum w5\n`)
    await appendToTessera(join(scratch, 'first'), policy, 3)
    await expect(appendToTessera(join(scratch, 'second'), policy, 7)).rejects.toThrow('larger than log size')
    expect(existsSync(join(scratch, 'second', 'checkpoint'))).toBe(false)
    expect(parseCheckpoint((await appendToTessera(join(scratch, 'first'), policy, 1)).text).size).toBe(4)
  })

  test('that our witness does not know is not cosigned', async () => {
    const policy = await policyFile('stranger', `${await serveWitness('w6', LOG_VKEY)}quorum w6\n`)
    await expect(appendToTessera(join(scratch, 'stranger'), policy, 1)).rejects.toThrow('origin is unknown')
  })
})

describe("Go's own note library", { timeout: 60_000 }, () => {
  const log = toldLog()

  test('accepts a checkpoint of ours that our witnesses cosigned, and nothing that was changed in it', async () => {
    const text = `${await serveWitness('w7', LOG_VKEY)}${await serveWitness('w8', LOG_VKEY)}group g all w7 w8\nquorum g\n`
    const policy = parseWitnessPolicy(Buffer.from(text))
    const now = () => Math.floor(Date.now() / 1000)
    const witnesses = policy.witnesses.map((identity) => httpWitness(identity, { clockSkewSeconds: 60, now }))
    const sizes = { load: async () => new Map<string, number>(), store: async () => undefined }
    const cosigner = checkpointCosigner({ policy, witnesses, sizes, timeoutMs: 10_000 })
    const file = await policyFile('ours', text)
    for (const size of [9, 33]) {
      const { note, missing } = await cosigner.cosign(log.signed(size), async (from, to) => log.proof(from, to))
      expect(missing).toEqual([])
      const opened: Opened = JSON.parse(await withInput(note, ['open', LOG_VKEY, file]))
      expect(opened).toMatchObject({ text: parseNote(note).text, unverified: 0, satisfied: true })
      expect(opened.verified).toEqual(['log.example/one', 'witness.example/w7', 'witness.example/w8'])
      await expect(
        withInput(note.replace(`\n${size}\n`, `\n${size + 1}\n`), ['open', LOG_VKEY, file]),
      ).rejects.toThrow()
      const bare: Opened = JSON.parse(await withInput(log.signed(size).note, ['open', LOG_VKEY, file]))
      expect(bare).toMatchObject({ verified: ['log.example/one'], satisfied: false })
    }
    cosigner.close()
  })

  test('makes a cosignature on a checkpoint of ours that we accept', async () => {
    const cosigned = await withInput(log.signed(12).note, ['cosign', LOG_VKEY, skeyOf(91, 'go.example/w')])
    const vkey = formatVerifierKey('go.example/w', COSIGNATURE_V1, knownKey(91).publicKey)
    const judged = judgeWitnessed(parseWitnessPolicy(Buffer.from(`witness go ${vkey}\nquorum go\n`)), cosigned)
    expect(judged.isReached).toBe(true)
    expect(Math.abs(([...judged.cosignatures.values()][0]?.time ?? 0) - Date.now() / 1000)).toBeLessThan(60)
  })
})
