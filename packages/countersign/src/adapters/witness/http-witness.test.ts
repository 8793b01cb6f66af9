import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { parseNote, toBase64 } from '@countersign/verify'
import { afterEach, describe, expect, test } from 'vitest'
import { parseWitnessPolicy } from '../../judge/witness-policy/parse-witness-policy.ts'
import { witnessSigner, witnessVkey } from '../../judge/witness-policy/witness-policy.fixtures.ts'
import type { PolicyWitness } from '../../judge/witness-policy/witness-policy.ts'
import type { CosignRequest, WitnessError } from '../../workflows/ports/witness.ts'
import { TEST_TIME, toldLog, WITNESS_BYTE, WITNESS_VKEY } from '../../workflows/witness-checkpoint.fixtures.ts'
import { type AddCheckpoint, parseAddCheckpoint } from '../../workflows/witness-checkpoint-request.ts'
import { httpWitness } from './http-witness.ts'

const log = toldLog()
const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

interface Reply {
  readonly status: number
  readonly body?: string
  readonly type?: string
}
type Behaviour = (asked: AddCheckpoint, response: ServerResponse, request: IncomingMessage) => Reply | null

/** A server of HTTP that answers each request as it is told to; returns its URL and what it was asked. */
async function telling(...behaviours: readonly Behaviour[]): Promise<{ url: string; asked: AddCheckpoint[] }> {
  const asked: AddCheckpoint[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    asked.push(parseAddCheckpoint(Buffer.concat(chunks)))
    const behaviour = behaviours[Math.min(asked.length, behaviours.length) - 1] as Behaviour
    const reply = behaviour(asked.at(-1) as AddCheckpoint, response, request)
    if (reply === null) return
    response.writeHead(reply.status, { 'content-type': reply.type ?? 'text/plain' }).end(reply.body ?? '')
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/w`, asked }
}

interface Made {
  readonly byte?: number
  readonly time?: number
  readonly name?: string
}

function line(note: string, { byte = WITNESS_BYTE, time = TEST_TIME, name }: Made = {}): string {
  const signer = witnessSigner(byte, time, name)
  const signature = Buffer.concat([Buffer.from(signer.keyId, 'hex'), signer.sign(parseNote(note).text)])
  return `— ${signer.name} ${toBase64(signature)}\n`
}

const signs: Behaviour = ({ note }) => ({ status: 200, body: line(note) })
const knows =
  (size: number | string): Behaviour =>
  () => ({ status: 409, type: 'text/x.tlog.size', body: `${size}\n` })
const says =
  (status: number, body = 'why\n', type = 'text/plain'): Behaviour =>
  () => ({ status, body, type })
const answers =
  (body: (note: string) => string): Behaviour =>
  ({ note }) => ({ status: 200, body: body(note) })

function identityAt(url: string | null): PolicyWitness {
  const policy = parseWitnessPolicy(Buffer.from(`witness w ${WITNESS_VKEY} ${url ?? ''}\nquorum w\n`))
  return policy.witnesses[0] as PolicyWitness
}

function ask(url: string | null, request: Partial<CosignRequest> = {}, signal = AbortSignal.timeout(5_000)) {
  const options = { clockSkewSeconds: 300, now: () => TEST_TIME }
  const consistency = async (from: number, to: number) => log.proof(from, to)
  return httpWitness(identityAt(url), options).cosign(
    { signed: log.signed(20), knownSize: 0, consistency, ...request },
    signal,
  )
}

describe('a witness over HTTP', () => {
  test('is asked with the size that it knows and the proof from there', async () => {
    const { url, asked } = await telling((known, _, { method, url: path }) => {
      expect([method, path]).toEqual(['POST', '/w/add-checkpoint'])
      return signs(known, _, {} as IncomingMessage)
    })
    const cosignature = await ask(url, { knownSize: 7 })
    expect(asked).toEqual([{ oldSize: 7, proof: log.proof(7, 20), note: log.signed(20).note }])
    expect(cosignature).toMatchObject({ time: TEST_TIME, signature: { name: 'witness.example/40' } })
  })

  test.for([
    { name: 'nothing', knownSize: 0, learns: 12 },
    { name: 'less than it knows', knownSize: 3, learns: 12 },
    { name: 'more than it knows, as after it was restored', knownSize: 15, learns: 12 },
    { name: 'more than there is', knownSize: 99, learns: 12 },
    { name: 'nothing of a log that it knows whole', knownSize: 0, learns: 20 },
    { name: 'that it began anew', knownSize: 9, learns: 0 },
  ])('is asked again, with the right proof, when we believed $name', async ({ knownSize, learns }) => {
    const { url, asked } = await telling(knows(learns), signs)
    await ask(url, { knownSize })
    expect(asked).toHaveLength(2)
    expect(asked[0]?.oldSize).toBe(knownSize > 20 ? 0 : knownSize)
    expect(asked[1]).toMatchObject({ oldSize: learns, proof: log.proof(learns, 20) })
  })

  test('may have a slash at the end of its address, and answer with more signatures than its own', async () => {
    const more = (note: string): string => line(note, { byte: 41 }) + line(note) + line(note, { byte: 42 })
    const { url } = await telling(answers(more))
    expect((await ask(`${url}//`)).signature.name).toBe('witness.example/40')
  })

  test.for([-300, 0, 300])('may have a clock that is %i seconds off', async (off) => {
    const { url } = await telling(answers((note) => line(note, { time: TEST_TIME + off })))
    expect((await ask(url)).time).toBe(TEST_TIME + off)
  })
})

const REFUSED: readonly { name: string; code: WitnessError['code']; behaviours: readonly Behaviour[] }[] = [
  { name: 'status 400', code: 'request_refused', behaviours: [says(400)] },
  { name: 'status 403', code: 'log_key_refused', behaviours: [says(403)] },
  { name: 'status 404', code: 'log_unknown', behaviours: [says(404)] },
  { name: 'status 409 without a size', code: 'tree_refused', behaviours: [says(409)] },
  { name: 'status 422', code: 'proof_refused', behaviours: [says(422)] },
  { name: 'status 429', code: 'witness_failed', behaviours: [says(429)] },
  { name: 'status 500', code: 'witness_failed', behaviours: [says(500)] },
  { name: 'status 503', code: 'witness_failed', behaviours: [says(503)] },
  { name: 'status 204', code: 'witness_failed', behaviours: [says(204, '')] },
  { name: 'another size each time', code: 'size_unsettled', behaviours: [knows(3), knows(4)] },
  { name: 'the size that it was asked with', code: 'size_unsettled', behaviours: [knows(0)] },
  { name: 'a size beyond the checkpoint', code: 'witness_ahead', behaviours: [knows(21)] },
  { name: 'a size that is none', code: 'answer_malformed', behaviours: [knows('many')] },
  { name: 'a size with a zero in front', code: 'answer_malformed', behaviours: [knows('07')] },
  { name: 'a size past 2^53', code: 'answer_malformed', behaviours: [knows('9007199254740993')] },
  { name: 'a size without newline', code: 'answer_malformed', behaviours: [says(409, '7', 'text/x.tlog.size')] },
  { name: 'nothing', code: 'answer_malformed', behaviours: [says(200, '')] },
  { name: 'no signature line', code: 'answer_malformed', behaviours: [says(200, 'thank you\n')] },
  { name: 'a line without newline', code: 'answer_malformed', behaviours: [answers((note) => line(note).trimEnd())] },
  { name: 'more than 64 KiB', code: 'answer_too_long', behaviours: [says(200, 'x'.repeat(65_537))] },
  {
    name: 'the cosignature of somebody else',
    code: 'cosignature_absent',
    behaviours: [answers((note) => line(note, { byte: 41 }))],
  },
  {
    name: 'a cosignature under another name',
    code: 'cosignature_absent',
    behaviours: [answers((note) => line(note, { name: 'else.example' }))],
  },
  {
    name: 'a cosignature on another checkpoint',
    code: 'cosignature_invalid',
    behaviours: [answers(() => line(log.signed(19).note))],
  },
  {
    name: 'a cosignature on more than the checkpoint',
    code: 'answer_malformed',
    behaviours: [answers((note) => `more\n\n${line(`${parseNote(note).text}\nmore\n\n${line(note)}`)}`)],
  },
  {
    name: 'a cosignature from the past',
    code: 'cosignature_time',
    behaviours: [answers((note) => line(note, { time: TEST_TIME - 301 }))],
  },
  {
    name: 'a cosignature from the future',
    code: 'cosignature_time',
    behaviours: [answers((note) => line(note, { time: TEST_TIME + 301 }))],
  },
]

describe('an answer does not count', () => {
  test.for(REFUSED)('$code: $name', async ({ code, behaviours }) => {
    const { url, asked } = await telling(...behaviours)
    await expect(ask(url)).rejects.toThrow(expect.objectContaining({ name: 'WitnessError', code }))
    expect(asked.length).toBeLessThanOrEqual(2)
  })

  test('from where a redirection leads', async () => {
    const there = await telling(signs)
    const { url } = await telling((_, response) => {
      response.writeHead(307, { location: `${there.url}/add-checkpoint` }).end()
      return null
    })
    await expect(ask(url)).rejects.toThrow(expect.objectContaining({ code: 'witness_failed' }))
    expect(there.asked).toEqual([])
  })

  test('and cannot write to the terminal of who reads it', async () => {
    const { url } = await telling(says(400, '\u001b[31mred\u009b and long '.padEnd(1_000, 'x')))
    const message = await ask(url).then(String, (error: Error) => error.message)
    expect(message).toMatch(/^[\u0020-\u007e…\ufffd]{50,320}$/)
  })
})

describe('a witness that gives no answer', () => {
  test('witness_unreachable: nobody listens', async () => {
    const { url } = await telling(signs)
    servers.splice(0)[0]?.close()
    await expect(ask(url)).rejects.toThrow(
      expect.objectContaining({ code: 'witness_unreachable', message: expect.stringContaining('ECONNREFUSED') }),
    )
  })

  test('witness_unreachable: the connection breaks in the middle', async () => {
    const { url } = await telling((_, response) => {
      response.writeHead(200, { 'content-length': '500' }).write('— ')
      setImmediate(() => response.destroy())
      return null
    })
    await expect(ask(url)).rejects.toThrow(expect.objectContaining({ code: 'witness_unreachable' }))
  })

  test.for([
    { name: 'before it begins to answer', begin: false },
    { name: 'in the middle of its answer', begin: true },
  ])('witness_slow: time ends $name', async ({ begin }) => {
    const { url } = await telling((_, response) => {
      if (begin) response.writeHead(200).write('— ')
      return null
    })
    await expect(ask(url, {}, AbortSignal.timeout(60))).rejects.toThrow(
      expect.objectContaining({ code: 'witness_slow' }),
    )
  })

  test.for([
    null,
    'ftp://127.0.0.1/',
    'http://user:word@127.0.0.1/',
    'http://127.0.0.1/?a',
    'http://127.0.0.1/#a',
    'urn:x',
  ])('witness_unaddressed: its address is %s', async (url) => {
    await expect(ask(url)).rejects.toThrow(expect.objectContaining({ code: 'witness_unaddressed' }))
  })

  test('proof_unavailable: our own log cannot prove that it grew', async () => {
    const { url, asked } = await telling(knows(3))
    const consistency = () => Promise.reject(new Error('a tile is gone'))
    await expect(ask(url, { consistency })).rejects.toThrow(
      expect.objectContaining({ code: 'proof_unavailable', message: 'no proof from size 3 to 20: a tile is gone' }),
    )
    expect(asked).toHaveLength(1)
  })
})

test('the key of a witness counts, whatever its address is', async () => {
  const { url } = await telling(answers((note) => line(note, { byte: 41, name: 'witness.example/40' })))
  expect(witnessVkey(41, 'witness.example/40')).not.toBe(WITNESS_VKEY)
  await expect(ask(url)).rejects.toThrow(expect.objectContaining({ code: 'cosignature_absent' }))
})
