import { emptyRoot, formatNote, parseNote, signCheckpoint } from '@countersign/verify'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { judgeQuorum, judgeWitnessed } from './judge-quorum.ts'
import { parseWitnessPolicy } from './parse-witness-policy.ts'
import { LOG_ORIGIN, logSigner, witnessSigner, witnessVkey } from './witness-policy.fixtures.ts'
import type { PolicyWitness, QuorumPart, WitnessPolicy } from './witness-policy.ts'

const COUNT = 6
const WITNESSES = Array.from({ length: COUNT }, (_, at) => `witness w${at} ${witnessVkey(at + 20)}\n`).join('')
const policyOf = (lines: string): WitnessPolicy => parseWitnessPolicy(Buffer.from(`${WITNESSES}${lines}`))
const names = (witnesses: Iterable<PolicyWitness>): readonly string[] => [...witnesses].map(({ name }) => name)
const some = (policy: WitnessPolicy, ...wanted: readonly string[]): ReadonlySet<PolicyWitness> =>
  new Set(policy.witnesses.filter(({ name }) => wanted.includes(name)))

describe('a quorum', () => {
  const policy = policyOf('group x 2 w0 w1 w2\ngroup y any w3 w4\ngroup both all x y\nquorum both\n')

  test.for([
    { cosigned: [], reached: false, missing: ['w0', 'w1', 'w2', 'w3', 'w4'] },
    { cosigned: ['w0'], reached: false, missing: ['w1', 'w2', 'w3', 'w4'] },
    { cosigned: ['w0', 'w2'], reached: false, missing: ['w3', 'w4'] },
    { cosigned: ['w3', 'w4', 'w5'], reached: false, missing: ['w0', 'w1', 'w2'] },
    { cosigned: ['w1', 'w2', 'w4'], reached: true, missing: [] },
  ])('of two and one with $cosigned: reached $reached, missing $missing', ({ cosigned, reached, missing }) => {
    const judged = judgeQuorum(policy, some(policy, ...cosigned))
    expect([judged.isReached, names(judged.missing)]).toEqual([reached, missing])
  })

  test('of nobody is reached by nobody, and one of a single witness by that one alone', () => {
    expect(judgeQuorum(policyOf('quorum none\n'), new Set())).toEqual({ isReached: true, missing: [] })
    const single = policyOf('quorum w3\n')
    expect(judgeQuorum(single, some(single, 'w0', 'w1', 'w2', 'w4', 'w5')).isReached).toBe(false)
    expect(judgeQuorum(single, some(single, 'w3')).isReached).toBe(true)
  })
})

/** Lines of groups that take in each witness once, and the plain meaning of each group as a function of who cosigned. */
const policies = fc
  .array(fc.record({ take: fc.integer({ min: 1, max: 3 }), threshold: fc.nat() }), { minLength: 1, maxLength: 6 })
  .map((steps) => {
    let open: readonly { name: string; holds: (bits: number) => boolean }[] = Array.from(
      { length: COUNT },
      (_, at) => ({
        name: `w${at}`,
        holds: (bits) => ((bits >> at) & 1) === 1,
      }),
    )
    let lines = ''
    for (const [at, { take, threshold }] of steps.entries()) {
      const members = open.slice(0, take)
      const needed = 1 + (threshold % members.length)
      lines += `group g${at} ${needed} ${members.map(({ name }) => name).join(' ')}\n`
      const holds = (bits: number): boolean => members.filter((member) => member.holds(bits)).length >= needed
      open = [...open.slice(take), { name: `g${at}`, holds }]
    }
    const { name, holds } = open.at(-1) as (typeof open)[number]
    return { policy: policyOf(`${lines}quorum ${name}\n`), holds }
  })

describe('every quorum', () => {
  test('is reached exactly when its groups say so, for every set of witnesses', () => {
    fc.assert(
      fc.property(policies, ({ policy, holds }) => {
        for (let bits = 0; bits < 2 ** COUNT; bits++) {
          const cosigned = new Set(policy.witnesses.filter((_, at) => ((bits >> at) & 1) === 1))
          const { isReached, missing } = judgeQuorum(policy, cosigned)
          expect(isReached).toBe(holds(bits))
          expect(missing.length === 0).toBe(isReached)
          expect(missing.some((witness) => cosigned.has(witness))).toBe(false)
          // Together the missing ones are always enough.
          expect(judgeQuorum(policy, new Set([...cosigned, ...missing])).isReached).toBe(true)
        }
      }),
      { numRuns: 50 },
    )
  })

  test('stays reached when more witnesses cosign', () => {
    fc.assert(
      fc.property(policies, fc.nat(63), fc.nat(63), ({ policy }, bits, more) => {
        const set = (mask: number) => new Set(policy.witnesses.filter((_, at) => ((mask >> at) & 1) === 1))
        if (judgeQuorum(policy, set(bits)).isReached) {
          expect(judgeQuorum(policy, set(bits | more)).isReached).toBe(true)
        }
      }),
    )
  })

  test('has each witness in it at most once', () => {
    const leaves = (part: QuorumPart): readonly PolicyWitness[] =>
      part.kind === 'witness' ? [part] : part.members.flatMap(leaves)
    fc.assert(
      fc.property(policies, ({ policy }) => {
        const inside = leaves(policy.quorum as QuorumPart)
        expect(new Set(inside).size).toBe(inside.length)
      }),
    )
  })
})

describe('a cosigned checkpoint', () => {
  const policy = policyOf('group two 2 w0 w1 w2\nquorum two\n')
  const checkpoint = { origin: LOG_ORIGIN, size: 0, root: emptyRoot(), extensions: [] }
  const cosigned = (...bytes: readonly number[]): string =>
    signCheckpoint(checkpoint, [logSigner(), ...bytes.map((byte) => witnessSigner(byte, 1_700_000_000 + byte))])

  test('counts each witness that signed it, once', () => {
    const judged = judgeWitnessed(policy, cosigned(20, 20, 22))
    expect(judged.isReached).toBe(true)
    expect([...judged.cosignatures].map(([{ name }, { time }]) => [name, time])).toEqual([
      ['w0', 1_700_000_020],
      ['w2', 1_700_000_022],
    ])
    expect(judgeWitnessed(policy, cosigned(20, 20)).isReached).toBe(false)
  })

  test('is worth nothing by the keys of strangers, nor by a witness of ours under another name', () => {
    const stranger = signCheckpoint(checkpoint, [
      logSigner(),
      witnessSigner(99, 1),
      witnessSigner(20, 1, 'else.example'),
    ])
    expect(judgeWitnessed(policy, stranger).cosignatures.size).toBe(0)
  })

  test('is refused as a whole when one known cosignature is false', () => {
    const { text, signatures } = parseNote(cosigned(20, 21))
    const moved = formatNote({ text: text.replace('\n0\n', '\n1\n'), signatures })
    expect(() => judgeWitnessed(policy, moved)).toThrow(expect.objectContaining({ code: 'signature_invalid' }))
  })
})
