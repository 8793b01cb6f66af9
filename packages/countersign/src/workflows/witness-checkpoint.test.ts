import {
  COSIGNATURE_V1,
  checkConsistency,
  cosignatureKey,
  ed25519NoteKey,
  emptyRoot,
  formatVerifierKey,
  parseCheckpoint,
  parseNote,
  utf8,
  verifyCosignatures,
} from '@countersign/verify'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { openWitnessDatabase } from '../adapters/witness/witness-database.ts'
import { knownKey, LOG_ORIGIN, LOG_VKEY, logSigner, logVkey } from '../judge/witness-policy/witness-policy.fixtures.ts'
import type { WitnessState } from './ports/witness-state.ts'
import { signedBy, TEST_TIME, testWitness, toldLog } from './witness-checkpoint.fixtures.ts'
import { judgeSubmission, type WitnessAnswer, witnessCheckpoint, witnessedCheckpoint } from './witness-checkpoint.ts'
import { formatAddCheckpoint } from './witness-checkpoint-request.ts'

const log = toldLog()
const fork = toldLog({ fork: ' other', from: 10 })
const witness = () => testWitness(openWitnessDatabase(':memory:'))
const codeOf = (answer: WitnessAnswer) => (answer.status === 200 ? [200] : [answer.status, answer.code])
const requestOf = (note: string, oldSize = 0): Uint8Array => utf8(formatAddCheckpoint({ oldSize, proof: [], note }))

describe('a witness', () => {
  test('cosigns a log as it grows, and remembers the newest checkpoint with its own signature', async () => {
    const parts = witness()
    for (const [old, size] of [
      [0, 0],
      [0, 3],
      [3, 3],
      [3, 8],
      [8, 64],
    ] as const) {
      const answer = await witnessCheckpoint(parts, log.request(old, size))
      expect(answer.status).toBe(200)
      const note = log.signed(size).note + (answer.status === 200 ? answer.lines : '')
      expect(verifyCosignatures(note, [parts.key])).toEqual([
        { name: 'witness.example/40', keyId: parts.key.keyId, time: TEST_TIME },
      ])
      expect(await witnessedCheckpoint(parts, LOG_ORIGIN)).toBe(note)
    }
  })

  test('begins with a log at whatever size it has', async () => {
    expect((await witnessCheckpoint(witness(), log.request(0, 41))).status).toBe(200)
  })

  test('keeps only the signatures of the log and its own, each once, however many a request repeats', async () => {
    const parts = witness()
    const { note } = log.signed(5)
    const line = note.slice(note.lastIndexOf('— '))
    const stranger = line.replace(LOG_ORIGIN, 'stranger.example')
    expect((await witnessCheckpoint(parts, requestOf(note + line.repeat(60) + stranger))).status).toBe(200)
    const kept = parseNote((await witnessedCheckpoint(parts, LOG_ORIGIN)) ?? '')
    expect(kept.signatures.map(({ name }) => name)).toEqual([LOG_ORIGIN, 'witness.example/40'])
    expect((await witnessCheckpoint(parts, log.request(5, 6))).status).toBe(200)
  })

  test('cosigns by each key of a log that has several', async () => {
    const logs = new Map([[LOG_ORIGIN, [LOG_VKEY, logVkey(2)].map(ed25519NoteKey)]])
    const parts = { ...witness(), logs }
    expect((await witnessCheckpoint(parts, log.request(0, 8))).status).toBe(200)
    expect((await witnessCheckpoint(parts, toldLog({ signer: logSigner(2) }).request(8, 9))).status).toBe(200)
  })

  test('cosigns extension lines as they stand', async () => {
    const parts = witness()
    const { root } = log.signed(4).checkpoint
    const note = `${LOG_ORIGIN}\n4\n${Buffer.from(root).toString('base64')}\nmore\n`
    const signed = logSigner().sign(note)
    const line = `— ${LOG_ORIGIN} ${Buffer.concat([Buffer.from(logSigner().keyId, 'hex'), signed]).toString('base64')}\n`
    expect((await witnessCheckpoint(parts, requestOf(`${note}\n${line}`))).status).toBe(200)
    expect(parseCheckpoint(parseNote((await witnessedCheckpoint(parts, LOG_ORIGIN)) ?? '').text).extensions).toEqual([
      'more',
    ])
  })
})

/** What a witness that has cosigned eight entries answers. */
const REFUSED: readonly { name: string; body: () => Uint8Array; answer: readonly unknown[] }[] = [
  { name: 'a body that is empty', body: () => utf8(''), answer: [400, 'malformed_request'] },
  { name: 'a checkpoint without a note', body: () => utf8('old 8\n\n'), answer: [400, 'malformed_request'] },
  {
    name: 'a root that is no hash',
    body: () => requestOf(log.signed(9).note.replace(/\n9\n.*\n/, '\n9\nAAAA\n'), 8),
    answer: [400, 'malformed_request'],
  },
  {
    name: 'a size that is no number',
    body: () => requestOf(log.signed(9).note.replace('\n9\n', '\n09\n'), 8),
    answer: [400, 'malformed_request'],
  },
  { name: 'an old size beyond the checkpoint', body: () => log.request(9, 8), answer: [400, 'old_size_too_large'] },
  {
    name: 'a log that it does not know',
    body: () => toldLog({ origin: 'else.example', signer: logSigner(1, 'else.example') }).request(0, 3),
    answer: [404, 'log_unknown'],
  },
  {
    name: 'a key that it does not know',
    body: () => toldLog({ signer: logSigner(2) }).request(8, 9),
    answer: [403, 'log_key_unknown'],
  },
  {
    name: 'a key of a known id that did not sign',
    body: () => utf8(Buffer.from(log.request(8, 9)).toString().replace(`${LOG_ORIGIN}\n9\n`, `${LOG_ORIGIN}\n10\n`)),
    answer: [403, 'log_signature_invalid'],
  },
  {
    name: 'a name that the log key does not have',
    body: () => toldLog({ signer: logSigner(1, 'else.example') }).request(8, 9),
    answer: [403, 'log_key_unknown'],
  },
  { name: 'an old size of its past', body: () => log.request(3, 9), answer: [409, 'size_differs'] },
  { name: 'an old size of none', body: () => log.request(0, 9), answer: [409, 'size_differs'] },
  { name: 'a checkpoint of its past, again', body: () => log.request(3, 3), answer: [409, 'size_differs'] },
  { name: 'a checkpoint of its past, as if it were new', body: () => log.request(0, 3), answer: [409, 'size_differs'] },
  { name: 'a log that begins anew', body: () => log.request(0, 0), answer: [409, 'size_differs'] },
  { name: 'an old size that is still to come', body: () => log.request(9, 12), answer: [409, 'size_differs'] },
  {
    name: 'another tree of the same size',
    body: () => toldLog({ fork: ' other' }).request(8, 8),
    answer: [422, 'root_differs'],
  },
  {
    name: 'a fork',
    body: () => toldLog({ fork: ' other', from: 7 }).request(8, 20),
    answer: [422, 'proof_does_not_hold'],
  },
  {
    name: 'no proof where one is needed',
    body: () => requestOf(log.signed(20).note, 8),
    answer: [422, 'proof_does_not_hold'],
  },
  {
    name: 'a proof where none is needed',
    body: () => utf8(formatAddCheckpoint({ oldSize: 8, proof: log.proof(8, 9), note: log.signed(8).note })),
    answer: [422, 'proof_does_not_hold'],
  },
]

describe('a witness that has cosigned eight entries refuses', () => {
  test.for(REFUSED)('$name: $answer', async ({ body, answer }) => {
    const parts = witness()
    await witnessCheckpoint(parts, log.request(0, 8))
    const before = await witnessedCheckpoint(parts, LOG_ORIGIN)
    const given = await witnessCheckpoint(parts, body())
    expect(codeOf(given)).toEqual(answer)
    if (given.status === 409) expect(given.size).toBe(8)
    expect(await witnessedCheckpoint(parts, LOG_ORIGIN)).toBe(before)
    // It goes on with the honest log as if nothing had been.
    expect((await witnessCheckpoint(parts, log.request(8, 9))).status).toBe(200)
  })

  test('an empty log with a root that is not empty, and a proof from nothing: 422', async () => {
    const empty = signedBy(logSigner(), LOG_ORIGIN, 0, log.signed(1).checkpoint.root)
    expect(codeOf(await witnessCheckpoint(witness(), requestOf(empty.note)))).toEqual([422, 'root_differs'])
    const proof = utf8(formatAddCheckpoint({ oldSize: 0, proof: log.proof(3, 8), note: log.signed(8).note }))
    expect(codeOf(await witnessCheckpoint(witness(), proof))).toEqual([422, 'proof_does_not_hold'])
  })

  test('every byte of a body that is longer than 64 KiB: 413', async () => {
    expect(codeOf(await witnessCheckpoint(witness(), Buffer.alloc(65_537, 'a')))).toEqual([413, 'request_too_long'])
  })

  test('to sign while its clock is behind its last cosignature: 503', async () => {
    let time = TEST_TIME
    const parts = { ...witness(), now: () => time }
    await witnessCheckpoint(parts, log.request(0, 8))
    time -= 1
    expect(codeOf(await witnessCheckpoint(parts, log.request(8, 9)))).toEqual([503, 'clock_behind'])
    time += 1
    expect((await witnessCheckpoint(parts, log.request(8, 9))).status).toBe(200)
  })

  test('to go on for ever when others are always first: 503', async () => {
    const parts = witness()
    const state: WitnessState = { ...parts.state, replace: async () => false }
    expect(codeOf(await witnessCheckpoint({ ...parts, state }, log.request(0, 8)))).toEqual([503, 'too_busy'])
  })

  test('to believe what it did not sign itself', async () => {
    const parts = witness()
    await parts.state.replace(LOG_ORIGIN, null, log.signed(2).note)
    const corrupt = expect.objectContaining({ name: 'WitnessStateError', code: 'witness_state_corrupt' })
    await expect(witnessCheckpoint(parts, log.request(2, 9))).rejects.toEqual(corrupt)
    await expect(witnessedCheckpoint(parts, LOG_ORIGIN)).rejects.toEqual(corrupt)
  })

  test('to believe what it signed for another log', async () => {
    const parts = witness()
    await witnessCheckpoint(parts, log.request(0, 8))
    await parts.state.replace('else.example', null, (await witnessedCheckpoint(parts, LOG_ORIGIN)) ?? '')
    const corrupt = expect.objectContaining({ code: 'witness_state_corrupt' })
    await expect(witnessedCheckpoint(parts, 'else.example')).rejects.toEqual(corrupt)
  })

  test('to sign with a key that does not fit its name', async () => {
    const other = formatVerifierKey('witness.example/40', COSIGNATURE_V1, knownKey(41).publicKey)
    const parts = { ...witness(), key: cosignatureKey(other) }
    await expect(witnessCheckpoint(parts, log.request(0, 9))).rejects.toThrow('does not verify')
    expect(await witnessedCheckpoint(parts, LOG_ORIGIN)).toBeNull()
  })
})

describe('whatever comes in whatever order', () => {
  const logs = [log, fork, toldLog({ fork: ' third', from: 3 })] as const

  test('what a witness cosigned is one log that only grows', async () => {
    const step = fc.record({ which: fc.nat(2), old: fc.nat(30), size: fc.nat(30), honest: fc.boolean() })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const parts = witness()
        const cosigned: { size: number; root: Uint8Array; which: number }[] = []
        for (const { which, old, size, honest } of steps) {
          const told = logs[which] as (typeof logs)[number]
          const known = cosigned.at(-1)?.size ?? 0
          const answer = await witnessCheckpoint(parts, told.request(honest ? Math.min(known, size) : old, size))
          if (answer.status === 200) cosigned.push({ size, root: told.signed(size).checkpoint.root, which })
        }
        for (const [at, next] of cosigned.entries()) {
          const last = cosigned[at - 1]
          if (last === undefined) continue
          const told = logs[next.which] as (typeof logs)[number]
          checkConsistency(
            last.size,
            next.size,
            last.size === 0 ? emptyRoot() : last.root,
            next.root,
            told.proof(last.size, next.size),
          )
        }
      }),
      { numRuns: 60 },
    )
  })

  test('a witness says yes exactly when the old size fits and the proof holds', () => {
    fc.assert(
      fc.property(fc.nat(30), fc.nat(30), fc.nat(30), fc.nat(2), fc.nat(2), (known, old, size, which, was) => {
        const told = logs[which] as (typeof logs)[number]
        const latest = known === 0 ? null : (logs[was] as (typeof logs)[number]).signed(known).checkpoint
        const proof = old <= size ? told.proof(old, size) : []
        const refusal = judgeSubmission({ oldSize: old, proof }, told.signed(size).checkpoint, latest)
        const agreed = which === was ? 64 : Math.min(...[which, was].map((at) => (at === 0 ? 64 : at === 1 ? 10 : 3)))
        expect(refusal === null).toBe(old === known && known <= size && known <= agreed)
      }),
      { numRuns: 1_000 },
    )
  })

  test('a body that is no request, or a changed one, is answered and never cosigned', async () => {
    const good = Buffer.from(log.request(8, 20))
    const parts = witness()
    await witnessCheckpoint(parts, log.request(0, 8))
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.uint8Array({ maxLength: 300 }),
          fc.string({ maxLength: 300 }).map(utf8),
          fc.tuple(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 })).map(([at, by]) => {
            const changed = Buffer.from(good)
            changed[at] = (changed[at] as number) ^ by
            return new Uint8Array(changed)
          }),
          fc.nat(good.length - 1).map((length) => new Uint8Array(good.subarray(0, length))),
        ),
        async (body) => {
          expect((await witnessCheckpoint(parts, body)).status).toBeGreaterThanOrEqual(400)
        },
      ),
      { numRuns: 600 },
    )
    expect((await witnessCheckpoint(parts, good)).status).toBe(200)
  })
})
