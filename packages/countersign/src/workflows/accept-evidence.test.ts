import {
  formatEnvelope,
  STATEMENT_PAYLOAD_TYPE,
  sha256Hex,
  signEnvelope,
  utf8,
  verifyTlogProof,
} from '@countersign/verify'
import { describe, expect, test } from 'vitest'
import { TEST_TRUST } from '../adapters/log/log.fixtures.ts'
import { PAYLOAD_PRUNED } from '../judge/evidence-types/payload-pruned.ts'
import { PRUNED } from '../judge/evidence-types/statements.fixtures.ts'
import { CLOCK_TOLERANCE } from '../judge/gaps/observation.ts'
import { type Delivery, MAX_ENVELOPE_BYTES } from '../judge/intake/judge-delivery.ts'
import {
  decision,
  delivery,
  heartbeat,
  holdings,
  INPUTS,
  NOW,
  openIntake,
  POLICY,
  reference,
  SENDER,
  STRANGER,
  sealed,
} from './accept-evidence.fixtures.ts'
import { acceptEvidence } from './accept-evidence.ts'

const GOOD = delivery(sealed(heartbeat()))
const text = (entry: Uint8Array): string => Buffer.from(entry).toString()
const LONG = sealed(decision({ basis: 'x'.repeat(70_000) }))
const later = (seconds: number): string => new Date((NOW + seconds) * 1_000).toISOString().replace('.000Z', 'Z')
const tombstone = { subject: [{ digest: { sha256: PRUNED.payload.sha256 } }], predicateType: PAYLOAD_PRUNED }
const NONE = new Map<string, Uint8Array>()

describe('refused, and nothing is stored', () => {
  test.for<{ code: string; name: string; bad: () => Delivery }>([
    { code: 'envelope_malformed', name: 'no JSON', bad: () => delivery(utf8('hello')) },
    { code: 'envelope_malformed', name: 'no UTF-8', bad: () => delivery(Uint8Array.of(0xff)) },
    { code: 'envelope_malformed', name: 'another spelling', bad: () => delivery(utf8(` ${text(GOOD.entry)}`)) },
    {
      code: 'envelope_malformed',
      name: 'two signatures',
      bad: () => {
        const payload = Buffer.from(JSON.parse(text(GOOD.entry)).payload, 'base64')
        return delivery(utf8(formatEnvelope(signEnvelope(STATEMENT_PAYLOAD_TYPE, payload, [SENDER.key, STRANGER.key]))))
      },
    },
    {
      code: 'envelope_malformed',
      name: 'another payload type',
      bad: () => delivery(utf8(formatEnvelope(signEnvelope('text/plain', utf8('{}'), [SENDER.key])))),
    },
    {
      code: 'envelope_malformed',
      name: 'a payload that is no statement',
      bad: () => delivery(utf8(formatEnvelope(signEnvelope(STATEMENT_PAYLOAD_TYPE, utf8('{}'), [SENDER.key])))),
    },
    {
      code: 'signature_wrong',
      name: 'a signature of another key under the id of a trusted one',
      bad: () => delivery(sealed(heartbeat(), { ...STRANGER.key, keyId: SENDER.key.keyId })),
    },
    {
      code: 'sender_unknown',
      name: 'a key that nobody trusts',
      bad: () => delivery(sealed(heartbeat(), STRANGER.key)),
    },
    {
      code: 'type_unknown',
      name: 'a type that nobody knows',
      bad: () => delivery(sealed({ ...heartbeat(), predicateType: 'https://example.com/x/v1' })),
    },
    {
      code: 'type_unknown',
      name: 'a type that every object has',
      bad: () => delivery(sealed({ ...heartbeat(), predicateType: 'constructor' })),
    },
    { code: 'statement_malformed', name: 'a field too few', bad: () => delivery(sealed(heartbeat({ within: null }))) },
    {
      code: 'statement_malformed',
      name: 'a watch that begins after it was seen',
      bad: () => delivery(sealed(heartbeat({ since: '2026-03-01T00:10:01Z' }))),
    },
    {
      code: 'statement_malformed',
      name: 'another source than its subject',
      bad: () => delivery(sealed({ ...heartbeat(), subject: heartbeat({ source: 'other:one' }).subject })),
    },
    {
      code: 'statement_malformed',
      name: 'another change than its subject',
      bad: () => delivery(sealed({ ...decision(), subject: heartbeat().subject }), [INPUTS, POLICY]),
    },
    {
      code: 'clock_ahead',
      name: 'seen in the future',
      bad: () => delivery(sealed(heartbeat({ at: later(CLOCK_TOLERANCE + 1) }))),
    },
    {
      code: 'clock_ahead',
      name: 'recorded in the future',
      bad: () => delivery(sealed(decision({ recordedAt: later(CLOCK_TOLERANCE + 1) })), [INPUTS, POLICY]),
    },
    { code: 'evidence_too_large', name: 'an entry that is too long', bad: () => delivery(LONG, [INPUTS, POLICY]) },
    {
      code: 'evidence_too_large',
      name: 'an envelope that is too long',
      bad: () => delivery(sealed(reference(LONG, decision().subject, MAX_ENVELOPE_BYTES + 1)), [LONG]),
    },
    {
      code: 'evidence_too_large',
      name: 'a key that is too long',
      bad: () => ({ ...GOOD, idempotencyKey: 'k'.repeat(1_001) }),
    },
    {
      code: 'envelope_missing',
      name: 'a reference alone',
      bad: () => delivery(sealed(reference(LONG, decision().subject)), [INPUTS, POLICY]),
    },
    {
      code: 'statement_malformed',
      name: 'a reference with another length',
      bad: () => delivery(sealed(reference(LONG, decision().subject, 5)), [LONG, INPUTS, POLICY]),
    },
    {
      code: 'statement_malformed',
      name: 'a reference about something else',
      bad: () => delivery(sealed(reference(LONG, heartbeat().subject)), [LONG, INPUTS, POLICY]),
    },
    {
      code: 'statement_malformed',
      name: 'a reference to a reference',
      bad: () => {
        const inner = sealed(reference(LONG, decision().subject))
        return delivery(sealed(reference(inner, decision().subject)), [inner, LONG, INPUTS, POLICY])
      },
    },
    {
      code: 'sender_unknown',
      name: 'a reference to what another key signed',
      bad: () => {
        const inner = sealed(decision(), STRANGER.key)
        return delivery(sealed(reference(inner, decision().subject)), [inner, INPUTS, POLICY])
      },
    },
    {
      code: 'about_another_log',
      name: 'a tombstone of the sender’s own log',
      bad: () =>
        delivery(sealed({ ...tombstone, predicate: { ...PRUNED, recordedAt: later(0), prunedAt: later(0) } as never })),
    },
    {
      code: 'payload_missing',
      name: 'a decision without its inputs',
      bad: () => delivery(sealed(decision()), [POLICY]),
    },
    {
      code: 'payload_missing',
      name: 'a decision without its policy',
      bad: () => delivery(sealed(decision()), [INPUTS]),
    },
    {
      code: 'payload_differs',
      name: 'other bytes under a digest',
      bad: () => ({ ...delivery(sealed(decision()), [POLICY]), payloads: new Map([[sha256Hex(INPUTS), POLICY]]) }),
    },
  ])('$code: $name', async ({ code, bad }) => {
    const parts = await openIntake()
    await expect(acceptEvidence([GOOD, bad()], parts)).rejects.toMatchObject({ name: 'Problem', code, at: 1 })
    expect(await holdings(parts)).toEqual([0, []])
  })

  test('duplicate_differs: a key that was used for other evidence, here or before', async () => {
    const parts = await openIntake()
    const [first, second] = [heartbeat(), heartbeat({ observer: 'agent-2' })].map((one) =>
      delivery(sealed(one), [], 'k'),
    )
    if (first === undefined || second === undefined) throw new Error('two are needed')
    await expect(acceptEvidence([first, second], parts)).rejects.toMatchObject({ code: 'duplicate_differs', at: 1 })
    expect(await holdings(parts)).toEqual([0, []])
    await acceptEvidence([first], parts)
    const other = { ...delivery(sealed(decision()), [INPUTS, POLICY]), idempotencyKey: 'k' }
    await expect(acceptEvidence([other], parts)).rejects.toMatchObject({ code: 'duplicate_differs', at: 0 })
    expect(await holdings(parts)).toEqual([1, []])
  })
})

describe('taken in', () => {
  test('evidence comes with a receipt that proves it, its payloads stored, and is found by what it says', async () => {
    const parts = await openIntake()
    const entry = sealed(decision())
    const [receipt] = await acceptEvidence([delivery(entry, [INPUTS, POLICY, utf8('not named')], 'once')], parts)
    expect(verifyTlogProof(entry, receipt?.proof ?? '', TEST_TRUST)).toMatchObject({ index: 0 })
    expect(receipt?.isDuplicate).toBe(false)
    expect((await holdings(parts))[1].map((path) => path.slice(-64)).sort()).toEqual(
      [INPUTS, POLICY].map(sha256Hex).sort(),
    )
    const subjects = [`gitCommit:${'1'.repeat(40)}`, 'repository:https://git.example/shop', 'ref:refs/heads/main']
    for (const subject of subjects) {
      const found = await Array.fromAsync(parts.log.find({ subject, control: 'soc2-tsc@2017-pof2022:CC8.1' }))
      expect(found.map(({ terms }) => [terms.digest, terms.retention])).toEqual([[sha256Hex(entry), 'decision']])
    }
  })

  test('a change may claim any time: only the recorder’s own clock is held against ours', async () => {
    const parts = await openIntake()
    const claims = decision({ occurredAt: '2099-01-01T00:00:00Z', evaluatedAt: '2099-01-01T00:00:00Z' })
    await acceptEvidence([delivery(sealed(claims), [INPUTS, POLICY])], parts)
    expect((await holdings(parts))[0]).toBe(1)
  })

  test('the same again changes nothing, and its payloads need not come again', async () => {
    const parts = await openIntake()
    const entry = sealed(decision())
    const [first] = await acceptEvidence([delivery(entry, [INPUTS, POLICY], 'once')], parts)
    const before = await holdings(parts)
    await parts.objects.remove(before[1][0] ?? '')
    const [again] = await acceptEvidence([delivery(entry, [], 'once')], parts)
    expect([again?.index, again?.isDuplicate, again?.leafHash]).toEqual([first?.index, true, first?.leafHash])
    expect((await holdings(parts))[0]).toBe(1)
  })

  test('what is too long for the log comes as a reference, and is known by the digest of its envelope', async () => {
    const parts = await openIntake()
    const entry = sealed(reference(LONG, decision().subject))
    await acceptEvidence([delivery(entry, [LONG, INPUTS, POLICY])], parts)
    const [found] = await Array.fromAsync(parts.log.find({ digest: sha256Hex(LONG) }))
    expect(found?.terms.type).toBe(decision().predicateType)
    expect(await parts.blobs.get(sha256Hex(LONG))).not.toBeNull()
  })

  test('payloads that are there, or that came with another of the same delivery, are enough', async () => {
    const parts = await openIntake()
    await parts.blobs.put(POLICY)
    const two = [decision(), decision({ verdict: 'fail' })].map((one) => sealed(one))
    const [first, second] = [delivery(two[0] ?? NO_BYTES, []), delivery(two[1] ?? NO_BYTES, [INPUTS])]
    await acceptEvidence([first, second], parts)
    expect(await parts.blobs.get(sha256Hex(INPUTS))).not.toBeNull()
  })

  test('no sender can take the key of another, nor one of the log’s own', async () => {
    const parts = await openIntake()
    await acceptEvidence([delivery(sealed(heartbeat()), [], 'k')], parts)
    await acceptEvidence([delivery(sealed(heartbeat({ observer: 'us' }), parts.ownKey), [], 'k')], parts)
    const keys = (await Array.fromAsync(parts.log.find({}))).map(({ terms }) => terms.idempotencyKey)
    expect(keys).toEqual([`${SENDER.key.keyId} k`, 'k'])
  })

  test('the log’s own key may sign a tombstone', async () => {
    const parts = await openIntake()
    const predicate = { ...PRUNED, recordedAt: later(0), prunedAt: later(0) } as never
    await acceptEvidence([{ ...delivery(sealed({ ...tombstone, predicate }, parts.ownKey)), payloads: NONE }], parts)
    expect((await holdings(parts))[0]).toBe(1)
  })
})

const NO_BYTES = new Uint8Array()
