import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cosignatureKey, sha256Hex, utf8, verifyCosignatures } from '@countersign/verify'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { httpWitness } from '../adapters/witness/http-witness.ts'
import { openWitnessDatabase } from '../adapters/witness/witness-database.ts'
import { judgeWitnessed } from '../judge/witness-policy/judge-quorum.ts'
import { parseWitnessPolicy } from '../judge/witness-policy/parse-witness-policy.ts'
import { LOG_ORIGIN, logSigner, witnessSigner, witnessVkey } from '../judge/witness-policy/witness-policy.fixtures.ts'
import { checkpointCosigner } from '../workflows/cosign-checkpoint.ts'
import { type WitnessState, WitnessStateError } from '../workflows/ports/witness-state.ts'
import { TEST_TIME, testWitness, toldLog } from '../workflows/witness-checkpoint.fixtures.ts'
import { serveWitness, type WitnessServer, type WitnessServerOptions } from './witness-server.ts'

const log = toldLog()
const fork = toldLog({ fork: ' other', from: 10 })
const MONITORED = `${sha256Hex(utf8(LOG_ORIGIN))}/checkpoint`
const servers: WitnessServer[] = []
const states: WitnessState[] = []
const report = vi.fn()
const suspect = vi.fn()
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'witness-server-'))
  vi.clearAllMocks()
})
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()))
  await Promise.all(states.splice(0).map((state) => state.close()))
  rmSync(folder, { recursive: true, force: true })
})

/** Serves the witness that remembers in the test's folder, and returns its URL. */
async function serve(changes: Partial<WitnessServerOptions> & { state?: WitnessState } = {}): Promise<string> {
  const { state = openWitnessDatabase(join(folder, 'witness.db')), ...others } = changes
  states.push(state)
  const parts = testWitness(state)
  const server = await serveWitness({ host: '127.0.0.1', port: 0, prefix: '', parts, report, suspect, ...others })
  servers.push(server)
  return server.url
}

const post = (url: string, body: Uint8Array | string): Promise<Response> =>
  fetch(`${url}/add-checkpoint`, { method: 'POST', body: Buffer.from(body) })

async function told(response: Response): Promise<readonly [number, string | null, string]> {
  return [response.status, response.headers.get('content-type'), await response.text()]
}

const TEXT = 'text/plain; charset=utf-8'

describe('a witness answers over HTTP', () => {
  test('200 with its signature line, and shows the checkpoint to whoever looks', async () => {
    const url = await serve({ prefix: '/w' })
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/w$/)
    expect((await fetch(`${url}/${MONITORED}`)).status).toBe(404)
    const [status, type, line] = await told(await post(url, log.request(0, 5)))
    expect([status, type]).toEqual([200, TEXT])
    expect(line).toMatch(/^— witness\.example\/40 [A-Za-z0-9+/]+=*\n$/)
    const { note } = log.signed(5)
    expect(verifyCosignatures(note + line, [testWitness(states[0] as WitnessState).key])).toHaveLength(1)
    const shown = await fetch(`${url}/${MONITORED}`)
    expect(await told(shown)).toEqual([200, TEXT, note + line])
    expect(shown.headers.get('cache-control')).toBe('no-store')
    const head = await fetch(`${url}/${MONITORED}`, { method: 'HEAD' })
    expect([head.headers.get('content-length'), await head.text()]).toEqual([
      String(Buffer.byteLength(note + line)),
      '',
    ])
  })

  test('409 with the size that it knows, of the media type for that', async () => {
    const url = await serve()
    await post(url, log.request(0, 5))
    expect(await told(await post(url, log.request(0, 9)))).toEqual([409, 'text/x.tlog.size', '5\n'])
    expect(suspect).not.toHaveBeenCalled()
  })

  test.for([
    { status: 400, code: 'malformed_request', body: () => utf8('old -1\n\n') },
    { status: 400, code: 'malformed_request', body: () => Uint8Array.of(0xff, 0xfe) },
    { status: 400, code: 'old_size_too_large', body: () => log.request(9, 5) },
    { status: 403, code: 'log_key_unknown', body: () => toldLog({ signer: logSigner(2) }).request(5, 9) },
    { status: 404, code: 'log_unknown', body: () => toldLog({ origin: 'x', signer: logSigner(1, 'x') }).request(5, 9) },
    { status: 413, code: 'request_too_long', body: () => Buffer.alloc(65_537) },
    { status: 422, code: 'proof_does_not_hold', body: () => toldLog({ fork: '!' }).request(5, 9) },
    { status: 422, code: 'root_differs', body: () => toldLog({ fork: '!' }).request(5, 5) },
  ])('$status $code', async ({ status, code, body }) => {
    const url = await serve()
    await post(url, log.request(0, 5))
    const [given, type, text] = await told(await post(url, body()))
    expect([given, type]).toEqual([status, TEXT])
    expect(text).toMatch(new RegExp(`^${code}: [^\\n]+\\n$`))
    expect(text).not.toMatch(/\bat \/|node:|Error/)
    expect(suspect).toHaveBeenCalledTimes(status === 422 ? 1 : 0)
  })

  test('404 and 405 for what there is not', async () => {
    const url = await serve({ prefix: '/w' })
    const root = new URL('/', url).href
    for (const path of [
      '',
      'add-checkpoint',
      'w',
      'wadd-checkpoint',
      'w/',
      'w/add-checkpoint/',
      `w/${'0'.repeat(64)}/checkpoint`,
      'w/../w/nothing',
    ]) {
      expect((await fetch(root + path, { method: 'POST', body: 'old 0\n\n' })).status, path).toBe(
        path.endsWith('/checkpoint') ? 405 : 404,
      )
    }
    const wrong = await fetch(`${url}/add-checkpoint`)
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'POST'])
    expect((await fetch(`${url}/${'0'.repeat(64)}/checkpoint`)).status).toBe(404)
  })

  test.for(['witness_state_corrupt', 'witness_state_unavailable', 'disk_full', 'schema_newer'] as const)(
    '500 when its memory says %s, without saying more, and having signed nothing away',
    async (code) => {
      const state = openWitnessDatabase(join(folder, 'witness.db'))
      const fails = { ...state, replace: () => Promise.reject(new WitnessStateError(code, '/secret/path')) }
      const url = await serve({ state: fails })
      const [status, , text] = await told(await post(url, log.request(0, 5)))
      expect([status, text]).toEqual([500, 'internal: the witness could not do its work; nothing was cosigned\n'])
      expect(report).toHaveBeenCalledWith(expect.objectContaining({ code }))
      expect(await state.latest(LOG_ORIGIN)).toBeNull()
    },
  )
})

describe('whoever means harm', () => {
  /** Sends bytes as they are, and returns what came back until the connection ended. */
  function raw(url: string, bytes: string, onOpen = (_end: () => void): void => {}): Promise<string> {
    const { hostname, port } = new URL(url)
    return new Promise((resolve) => {
      let said = ''
      const socket = connect(Number(port), hostname, () => {
        socket.write(bytes)
        onOpen(() => socket.destroy())
      })
      socket.on('data', (chunk) => {
        said += chunk.toString('latin1')
      })
      socket.on('error', () => undefined)
      socket.on('close', () => resolve(said))
    })
  }

  const HEADERS = 'POST /add-checkpoint HTTP/1.1\r\nHost: w\r\n'

  test.for([
    { name: 'headers that never end', bytes: `${HEADERS}X: ` },
    { name: 'a body that never comes', bytes: `${HEADERS}Content-Length: 500\r\n\r\nold 0` },
    { name: 'a chunk that never comes', bytes: `${HEADERS}Transfer-Encoding: chunked\r\n\r\n5\r\nold` },
  ])('is cut off: $name', async ({ bytes }) => {
    const url = await serve({ patienceMs: 200 })
    expect(await raw(url, bytes)).toMatch(/^HTTP\/1\.1 408 |^$/)
    expect((await post(url, log.request(0, 5))).status).toBe(200)
    expect(report).not.toHaveBeenCalled()
  })

  test('is answered and cut off: a body without end', async () => {
    const url = await serve()
    const answer = await raw(
      url,
      `${HEADERS}Transfer-Encoding: chunked\r\n\r\n${`8000\r\n${'a'.repeat(0x8000)}\r\n`.repeat(4)}`,
    )
    const [headers] = answer.split('\r\n\r\n')
    expect(headers).toMatch(/^HTTP\/1\.1 413 [\s\S]*connection: close/i)
  })

  test.for([
    {
      name: 'a body of two lengths',
      bytes: `${HEADERS}Content-Length: 3\r\nContent-Length: 5\r\n\r\nold 0`,
      status: 400,
    },
    {
      name: 'a body of two kinds',
      bytes: `${HEADERS}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      status: 400,
    },
    { name: 'headers without measure', bytes: `${HEADERS}X: ${'x'.repeat(9_000)}\r\n\r\n`, status: 431 },
    { name: 'no HTTP at all', bytes: '\0\0\0\0\r\n\r\n', status: 400 },
  ])('is refused: $name', async ({ bytes, status }) => {
    const answer = await raw(await serve(), bytes)
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    expect(answer).not.toContain('Error')
  })

  test('is nobody of interest: a sender that goes away', async () => {
    const url = await serve()
    await raw(url, `${HEADERS}Content-Length: 500\r\n\r\nold`, (end) => setTimeout(end, 20))
    expect((await post(url, log.request(0, 5))).status).toBe(200)
    expect(report).not.toHaveBeenCalled()
  })

  test('cannot make a proof or a body that is answered with anything but a refusal', async () => {
    const url = await serve()
    await post(url, log.request(0, 8))
    const hash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString('base64'))
    const proof = fc.array(fc.oneof({ weight: 9, arbitrary: hash }, fc.string({ maxLength: 50 })), { maxLength: 70 })
    await fc.assert(
      fc.asyncProperty(proof, fc.constantFrom(9, 16, 20), async (lines, size) => {
        const body = `old 8\n${lines.map((line) => `${line}\n`).join('')}\n${log.signed(size).note}`
        expect([400, 422]).toContain((await post(url, body)).status)
      }),
      { numRuns: 150 },
    )
    expect(await (await fetch(`${url}/${MONITORED}`)).text()).toContain('\n8\n')
  })

  test('cannot have two forks cosigned by racing them, not even through two processes of the witness', async () => {
    for (let round = 0; round < 8; round++) {
      const file = join(folder, `${round}.db`)
      const [one, two] = [
        await serve({ state: openWitnessDatabase(file) }),
        await serve({ state: openWitnessDatabase(file) }),
      ]
      await post(one, log.request(0, 10))
      const raced = [
        { url: one, told: log, other: fork, size: 11 },
        { url: two, told: fork, other: log, size: 12 },
        { url: one, told: fork, other: log, size: 13 },
        { url: two, told: log, other: fork, size: 14 },
      ]
      const answers = await Promise.all(raced.map(({ url, told, size }) => post(url, told.request(10, size))))
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409, 409])
      const won = raced[answers.findIndex(({ status }) => status === 200)] as (typeof raced)[number]
      for (const url of [one, two]) {
        expect((await post(url, won.other.request(won.size, won.size + 1))).status).toBe(422)
        expect((await post(url, won.told.request(won.size, won.size))).status).toBe(200)
      }
    }
  })
})

describe('a log and three witnesses', () => {
  test('reach a quorum of two while one is away, and go on when the sizes that the log remembers are wrong', async () => {
    const url = (at: number, known: string) => `witness w${at} ${witnessVkey(at)} ${known}\n`
    const urls = await Promise.all([50, 51].map((byte) => serveAs(byte)))
    const lines = urls.map((known, at) => url(50 + at, known)).join('') + url(52, 'http://127.0.0.1:9/')
    const policy = parseWitnessPolicy(Buffer.from(`${lines}group g 2 w50 w51 w52\nquorum g\n`))
    const witnesses = policy.witnesses.map((identity) =>
      httpWitness(identity, { clockSkewSeconds: 5, now: () => TEST_TIME }),
    )
    const wrong = new Map(policy.witnesses.map(({ verifierKey }) => [verifierKey, 33]))
    const sizes = { load: async () => wrong, store: async () => undefined }
    const cosigner = checkpointCosigner({ policy, witnesses, sizes, timeoutMs: 5_000 })
    for (const size of [4, 4, 40, 41, 64]) {
      const given = await cosigner.cosign(log.signed(size), async (from, to) => log.proof(from, to))
      expect(given.missing).toEqual([])
      expect(judgeWitnessed(policy, given.note).isReached).toBe(true)
    }
    const forked = await cosigner.cosign(toldLog({ fork: '!' }).signed(64), async () => [])
    expect(forked.missing).toEqual(['w50', 'w51', 'w52'])
    expect(forked.outcomes[0]).toMatchObject({
      code: 'proof_refused',
      message: expect.stringContaining('root_differs'),
    })
    cosigner.close()
  })

  async function serveAs(byte: number): Promise<string> {
    const state = openWitnessDatabase(join(folder, `${byte}.db`))
    states.push(state)
    const changes = { key: cosignatureKey(witnessVkey(byte)), signerAt: (time: number) => witnessSigner(byte, time) }
    const parts = testWitness(state, changes)
    const server = await serveWitness({ host: '127.0.0.1', port: 0, prefix: '', parts, report, suspect })
    servers.push(server)
    return server.url
  }
})
