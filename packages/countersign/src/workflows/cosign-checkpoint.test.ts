import { formatNote, type NoteSignature, parseNote, verifyCheckpoint } from '@countersign/verify'
import { describe, expect, test, vi } from 'vitest'
import { judgeWitnessed } from '../judge/witness-policy/judge-quorum.ts'
import { parseWitnessPolicy } from '../judge/witness-policy/parse-witness-policy.ts'
import { LOG_TRUST, witnessSigner, witnessVkey } from '../judge/witness-policy/witness-policy.fixtures.ts'
import type { PolicyWitness, WitnessPolicy } from '../judge/witness-policy/witness-policy.ts'
import { type CosigningParts, checkpointCosigner } from './cosign-checkpoint.ts'
import { type CosignRequest, type Witness, WitnessError, type WitnessSizes } from './ports/witness.ts'
import { TEST_TIME, toldLog } from './witness-checkpoint.fixtures.ts'

const log = toldLog()
const noProof = async () => []
const WITNESSES = [1, 2, 3].map((byte) => `witness w${byte} ${witnessVkey(byte)}\n`).join('')
const policyOf = (lines: string): WitnessPolicy => parseWitnessPolicy(Buffer.from(WITNESSES + lines))
const two = policyOf('group g 2 w1 w2 w3\nquorum g\n')

type Behaviour = (identity: PolicyWitness, request: CosignRequest, signal: AbortSignal) => Promise<NoteSignature>

const signatureOf = ({ name }: PolicyWitness, { signed }: CosignRequest): NoteSignature => {
  const { keyId, name: keyName, sign } = witnessSigner(Number(name.slice(1)), TEST_TIME)
  return { name: keyName, keyId, signature: sign(parseNote(signed.note).text) }
}
const signs: Behaviour = async (identity, request) => signatureOf(identity, request)
const refuses: Behaviour = async ({ name }) => {
  throw new WitnessError('proof_refused', `${name} refuses`)
}
const hangs: Behaviour = (_identity, _request, signal) =>
  new Promise((_, reject) =>
    signal.addEventListener('abort', () => reject(new WitnessError('witness_slow', 'ended by its signal'))),
  )
const isSlower =
  (behaviour: Behaviour, turns = 5): Behaviour =>
  async (...asked) => {
    for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve))
    return behaviour(...asked)
  }

/** A cosigner whose witnesses, in the order of the policy, behave as they are told. */
function cosigner(policy: WitnessPolicy, behaviours: readonly Behaviour[], parts: Partial<CosigningParts> = {}) {
  const witnesses = behaviours.map((behaviour, at): Witness => {
    const identity = policy.witnesses[at] as PolicyWitness
    return {
      identity,
      cosign: async (request, signal) => ({ signature: await behaviour(identity, request, signal), time: TEST_TIME }),
    }
  })
  return checkpointCosigner({ policy, witnesses, sizes: memorySizes(), timeoutMs: 5_000, ...parts })
}

function memorySizes(
  kept: ReadonlyMap<string, number> = new Map(),
): WitnessSizes & { kept(): ReadonlyMap<string, number> } {
  let sizes = kept
  return {
    load: async () => sizes,
    store: async (next) => {
      sizes = new Map(next)
    },
    kept: () => sizes,
  }
}

describe('a checkpoint', () => {
  test('comes back with the cosignatures in the order of the policy, whoever was first', async () => {
    const all = policyOf('group g all w1 w2 w3\nquorum g\n')
    const given = await cosigner(all, [isSlower(signs, 9), signs, isSlower(signs)]).cosign(log.signed(5), noProof)
    expect(parseNote(given.note).signatures.map(({ name }) => name)).toEqual([
      'log.example/one',
      'witness.example/1',
      'witness.example/2',
      'witness.example/3',
    ])
    expect(given).toMatchObject({
      missing: [],
      outcomes: ['w1', 'w2', 'w3'].map((name) => ({ name, status: 'cosigned', time: TEST_TIME })),
    })
    expect(judgeWitnessed(all, given.note).isReached).toBe(true)
    expect(verifyCheckpoint(given.note, LOG_TRUST)).toEqual(log.signed(5).checkpoint)
  })

  test('comes back as soon as the quorum is reached, without the witness that hangs', async () => {
    const given = await cosigner(two, [hangs, isSlower(signs), signs]).cosign(log.signed(5), noProof)
    expect(given.missing).toEqual([])
    expect(given.outcomes).toMatchObject([
      { name: 'w1', status: 'refused', code: 'witness_slow' },
      { status: 'cosigned' },
      { status: 'cosigned' },
    ])
    expect(judgeWitnessed(two, given.note).isReached).toBe(true)
  })

  test('comes back with what there is when time is up, and says who is missing', async () => {
    const given = await cosigner(two, [hangs, signs, hangs], { timeoutMs: 20 }).cosign(log.signed(5), noProof)
    expect(given.missing).toEqual(['w1', 'w3'])
    expect(given.outcomes.map((outcome) => (outcome.status === 'refused' ? outcome.code : outcome.status))).toEqual([
      'witness_slow',
      'cosigned',
      'witness_slow',
    ])
    expect([...judgeWitnessed(two, given.note).cosignatures.keys()].map(({ name }) => name)).toEqual(['w2'])
  })

  test('comes back at once when every witness has refused, as it was', async () => {
    const given = await cosigner(two, [refuses, refuses, refuses], { timeoutMs: 60_000 }).cosign(log.signed(5), noProof)
    expect(given).toMatchObject({ note: log.signed(5).note, missing: ['w1', 'w2', 'w3'] })
    expect(given.outcomes[0]).toEqual({ name: 'w1', status: 'refused', code: 'proof_refused', message: 'w1 refuses' })
  })

  test('is shown to nobody when the policy asks for nobody', async () => {
    const asked = vi.fn(signs)
    const given = await cosigner(policyOf('quorum none\n'), [asked, asked, asked]).cosign(log.signed(5), noProof)
    expect(given).toMatchObject({ note: log.signed(5).note, missing: [] })
    expect(asked).not.toHaveBeenCalled()
  })

  test('does not fail because a witness fails in a way that nobody expected', async () => {
    const odd: Behaviour = async () => {
      throw new TypeError('odd\u001b[31m')
    }
    const given = await cosigner(two, [odd, signs, signs]).cosign(log.signed(5), noProof)
    expect(given).toMatchObject({ missing: [], outcomes: [{ name: 'w1' }, {}, {}] })
    const alone = await cosigner(policyOf('quorum w1\n'), [odd, refuses, refuses]).cosign(log.signed(5), noProof)
    expect(alone.outcomes[0]).toMatchObject({ code: 'witness_failed', message: 'w1 could not be asked: odd\ufffd[31m' })
  })

  test('has each cosignature once when it had some before', async () => {
    const note = parseNote(log.signed(5).note)
    const earlier = { ...note, signatures: [...note.signatures, ...[2, 9].map((byte) => old(byte, note.text))] }
    const before = { ...log.signed(5), note: formatNote(earlier) }
    const { note: after } = await cosigner(two, [signs, signs, hangs]).cosign(before, noProof)
    expect(parseNote(after).signatures.map(({ name }) => name)).toEqual([
      'log.example/one',
      'witness.example/9',
      'witness.example/1',
      'witness.example/2',
    ])
    expect([...judgeWitnessed(two, after).cosignatures.values()].map(({ time }) => time)).toEqual([
      TEST_TIME,
      TEST_TIME,
    ])
  })
})

function old(byte: number, text: string): NoteSignature {
  const { name, keyId, sign } = witnessSigner(byte, 1)
  return { name, keyId, signature: sign(text) }
}

describe('from one checkpoint to the next', () => {
  const single = policyOf('quorum w1\n')
  const verifierKey = single.witnesses[0]?.verifierKey ?? ''

  test('the size that a witness cosigned is remembered, and only that', async () => {
    const sizes = memorySizes(new Map([[verifierKey, 3]]))
    const known: number[] = []
    const notes: Behaviour = async (identity, request) => {
      known.push(request.knownSize)
      return request.signed.checkpoint.size === 7
        ? refuses(identity, request, new AbortController().signal)
        : signs(identity, request, new AbortController().signal)
    }
    const gather = cosigner(single, [notes], { sizes })
    for (const size of [5, 7, 9]) await gather.cosign(log.signed(size), noProof)
    expect(known).toEqual([3, 5, 5])
    expect([...sizes.kept()]).toEqual([[verifierKey, 9]])
  })

  test('a memory that fails costs nothing but a round trip', async () => {
    const broken: WitnessSizes = {
      load: () => Promise.reject(new Error('load')),
      store: () => Promise.reject(new Error('store')),
    }
    const gather = cosigner(single, [signs], { sizes: broken })
    expect((await gather.cosign(log.signed(5), noProof)).missing).toEqual([])
    expect((await gather.cosign(log.signed(6), noProof)).missing).toEqual([])
  })

  test('a proof that several witnesses need is made once', async () => {
    const consistency = vi.fn(async (from: number, to: number) => log.proof(from, to))
    const proves: Behaviour = async (identity, request) => {
      await request.consistency(3, request.signed.checkpoint.size)
      return signatureOf(identity, request)
    }
    await cosigner(two, [proves, proves, proves]).cosign(log.signed(9), consistency)
    expect(consistency.mock.calls).toEqual([[3, 9]])
  })

  test('who still hangs is let go when the next checkpoint comes', async () => {
    const signals: AbortSignal[] = []
    const hangsOn: Behaviour = (identity, request, signal) => {
      signals.push(signal)
      return hangs(identity, request, signal)
    }
    const gather = cosigner(two, [signs, signs, hangsOn])
    await gather.cosign(log.signed(5), noProof)
    expect(signals.map(({ aborted }) => aborted)).toEqual([false])
    await gather.cosign(log.signed(6), noProof)
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false])
    gather.close()
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true])
  })

  test('who hangs is waited for another second after the quorum, and no longer', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      let signal: AbortSignal | null = null
      const hangsOn: Behaviour = (identity, request, given) => {
        signal = given
        return hangs(identity, request, given)
      }
      await cosigner(two, [signs, signs, hangsOn], { timeoutMs: 60_000 }).cosign(log.signed(5), noProof)
      vi.advanceTimersByTime(999)
      expect(signal).toMatchObject({ aborted: false })
      vi.advanceTimersByTime(1)
      expect(signal).toMatchObject({ aborted: true })
    } finally {
      vi.useRealTimers()
    }
  })

  test('two checkpoints at once are taken one after the other', async () => {
    const seen: number[] = []
    const notes: Behaviour = async (identity, request) => {
      seen.push(request.signed.checkpoint.size)
      const signature = await isSlower(signs)(identity, request, new AbortController().signal)
      seen.push(request.signed.checkpoint.size)
      return signature
    }
    const gather = cosigner(single, [notes])
    const both = await Promise.all([gather.cosign(log.signed(5), noProof), gather.cosign(log.signed(6), noProof)])
    expect(both.map(({ missing }) => missing)).toEqual([[], []])
    expect(seen).toEqual([5, 5, 6, 6])
  })

  test('what a witness answers to an earlier checkpoint does not make us forget a later one', async () => {
    const known: number[] = []
    let answerLate = (): void => undefined
    const ignoresItsSignal: Behaviour = async (identity, request) => {
      known.push(request.knownSize)
      if (request.signed.checkpoint.size === 5) await new Promise<void>((resolve) => (answerLate = resolve))
      return signatureOf(identity, request)
    }
    const gather = cosigner(two, [signs, signs, ignoresItsSignal])
    for (const size of [5, 6]) await gather.cosign(log.signed(size), noProof)
    await new Promise((resolve) => setImmediate(resolve))
    answerLate()
    await new Promise((resolve) => setImmediate(resolve))
    await gather.cosign(log.signed(7), noProof)
    expect(known).toEqual([0, 0, 6])
  })

  test('closing before anybody was asked ends the wait too', async () => {
    let loaded: (sizes: ReadonlyMap<string, number>) => void = () => undefined
    const sizes: WitnessSizes = { ...memorySizes(), load: () => new Promise((resolve) => (loaded = resolve)) }
    const gather = cosigner(two, [hangs, hangs, hangs], { sizes, timeoutMs: 60_000 })
    const waiting = gather.cosign(log.signed(5), noProof)
    await new Promise((resolve) => setImmediate(resolve))
    gather.close()
    loaded(new Map())
    expect((await waiting).missing).toEqual(['w1', 'w2', 'w3'])
  })

  test('closing ends a wait with what there is', async () => {
    const gather = cosigner(two, [signs, hangs, hangs], { timeoutMs: 60_000 })
    const waiting = gather.cosign(log.signed(5), noProof)
    await new Promise((resolve) => setImmediate(resolve))
    gather.close()
    expect((await waiting).missing).toEqual(['w2', 'w3'])
  })
})
