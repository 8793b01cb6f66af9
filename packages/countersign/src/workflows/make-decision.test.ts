import {
  type ChangeInputs,
  canonicalJson,
  computeObjectId,
  type Json,
  openChangeInputs,
  sealChangeInputs,
} from '@countersign/verify'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { AUTHOR, COMMITTER, TREE } from '../../../../testdata/git/odd-objects.ts'
import { ANN, BOB, signCommit, signTag, trustIn } from '../../../verify/src/signed-objects.fixtures.ts'
import { PEOPLE, policyWith } from '../judge/facts.fixtures.ts'
import { makeDecision, readyPolicy, toRfc3339 } from './make-decision.ts'
import { sealPolicy } from './policy-bundle.ts'
import type { Problem } from './problem.ts'

const trust = trustIn({ 'ann@example.com': ANN, 'bob@example.com': BOB })
const bundle = {
  source: { kind: 'built-in' },
  policy: policyWith({ 'commits-signed': {}, 'tags-signed': {} }),
  identities: PEOPLE,
  trust,
} as const
const policy = readyPolicy(sealPolicy(bundle))
const text = (value: unknown): string => canonicalJson(JSON.parse(JSON.stringify(value)) as Json)

function inputsOf(commits: readonly string[], by = ANN): ChangeInputs {
  const objects = commits.map((message) => {
    const body = signCommit(by, `tree ${TREE}\nparent ${'1'.repeat(40)}\n${AUTHOR}${COMMITTER}\n${message}\n`)
    return { id: computeObjectId('commit', body, 'sha1'), type: 'commit' as const, body }
  })
  const change = { kind: 'direct', repository: 'r', ref: 'refs/heads/main', base: '1'.repeat(40) } as const
  const object = objects[0]?.id ?? '2'.repeat(40)
  return { change: { ...change, object }, objectFormat: 'sha1', objects, unreadable: [], evaluatedAt: 1_800_000_000 }
}

test('without a policy nothing is approved, and the basis says so', () => {
  expect(makeDecision(inputsOf(['m']), null)).toMatchObject({
    verdict: 'not_applicable',
    basis: 'no_policy_in_force',
    rules: [],
    policy: null,
    signatures: [{ signer: null }],
  })
})

test('a policy whose revocation list cannot be read is refused: it would trust what was revoked', () => {
  const revoked = [Buffer.from('nonsense\n')]
  const broken = sealPolicy({ ...bundle, trust: { ...trust, revoked } })
  expect(() => readyPolicy(broken)).toThrow(expect.objectContaining({ code: 'policy_malformed' }) as Problem)
})

test('says what was decided, on whose word, when and by what', () => {
  const decision = makeDecision(inputsOf(['m']), policy)
  expect(decision).toMatchObject({
    verdict: 'fail',
    basis: null,
    policy: { sha256: policy.sealed.digest },
    signatures: [{ type: 'commit', scheme: 'ssh', status: 'good', git: 'G', principal: 'ann@example.com' }],
    occurredAt: '2023-11-14T22:13:20Z',
    evaluatedAt: '2027-01-15T08:00:00Z',
  })
  expect(decision.rules.map(({ rule }) => rule)).toEqual(['commits-signed', 'tags-signed'])
})

test('the time of a tag is the one that its tagger gave, and a change without objects has none', () => {
  const body = signTag(ANN, `object ${TREE}\ntype tree\ntag v1\ntagger Ann <ann@example.com> 60 +0000\n\nm\n`)
  const tag = { id: computeObjectId('tag', body, 'sha1'), type: 'tag' as const, body }
  expect(makeDecision({ ...inputsOf([]), objects: [tag] }, policy)).toMatchObject({
    occurredAt: '1970-01-01T00:01:00Z',
    signatures: [{ type: 'tag' }],
  })
  expect(makeDecision(inputsOf([]), policy).occurredAt).toBeNull()
})

test('the same inputs decide the same, also after they were sealed and the policy was made ready again', () => {
  const again = readyPolicy(sealPolicy(bundle))
  fc.assert(
    fc.property(fc.array(fc.string(), { maxLength: 3 }), fc.boolean(), (messages, isBob) => {
      const inputs = inputsOf(messages, isBob ? BOB : ANN)
      const decision = text(makeDecision(inputs, policy))
      expect(text(makeDecision(inputs, again))).toBe(decision)
      expect(text(makeDecision(openChangeInputs(sealChangeInputs(inputs)), policy))).toBe(decision)
    }),
    { numRuns: 40 },
  )
})

test.for([
  { seconds: 0, says: '1970-01-01T00:00:00Z' },
  { seconds: 253_402_300_799, says: '9999-12-31T23:59:59Z' },
  { seconds: 999_999_999_999_999, says: '9999-12-31T23:59:59Z' },
])('$seconds seconds are $says', ({ seconds, says }) => {
  expect(toRfc3339(seconds)).toBe(says)
})
