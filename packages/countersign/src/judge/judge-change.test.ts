import { canonicalJson, indexSigners, type Json, type Verdict } from '@countersign/verify'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  commit,
  facts,
  judge,
  merge,
  oid,
  PEOPLE,
  policyWith,
  resultOf,
  signedBy,
  tag,
  tagFacts,
} from './facts.fixtures.ts'
import { judgeChange } from './judge-change.ts'
import { Policy, type RuleMode, withEveryRule } from './policy.ts'

const unsigned = facts([commit('ann', { signature: signedBy('ann', 'unsigned', 'unsigned') })])
const unchecked = facts([commit('ann', { signature: signedBy('ann', 'unverifiable', 'key_absent') })])
const clean = facts([commit('ann')])
const unread = [{ object: oid('f'), reason: 'malformed_object_bad_header' }]

test.for<{ name: string; what: typeof clean; mode: RuleMode; rule: Verdict; whole: Verdict }>([
  { name: 'a failure', what: unsigned, mode: 'enforce', rule: 'fail', whole: 'fail' },
  { name: 'a failure', what: unsigned, mode: 'warn', rule: 'warn', whole: 'warn' },
  { name: 'a failure', what: unsigned, mode: 'observe', rule: 'warn', whole: 'not_applicable' },
  { name: 'what could not be told', what: unchecked, mode: 'enforce', rule: 'indeterminate', whole: 'indeterminate' },
  { name: 'what could not be told', what: unchecked, mode: 'warn', rule: 'warn', whole: 'warn' },
  { name: 'what could not be told', what: unchecked, mode: 'observe', rule: 'warn', whole: 'not_applicable' },
  { name: 'a pass', what: clean, mode: 'enforce', rule: 'pass', whole: 'pass' },
  { name: 'a pass', what: clean, mode: 'warn', rule: 'pass', whole: 'pass' },
  { name: 'a pass', what: clean, mode: 'observe', rule: 'pass', whole: 'not_applicable' },
])('$name under $mode counts as $rule and makes the whole $whole', ({ what, mode, rule, whole }) => {
  const judgement = judge(what, { 'commits-signed': { mode } })
  expect(judgement.results.map(({ verdict }) => verdict)).toEqual([rule])
  expect(judgement.verdict).toBe(whole)
})

test('whatever the mode, the explanation keeps the rule’s own answer', () => {
  for (const mode of ['observe', 'warn', 'enforce']) {
    expect(resultOf(unsigned, 'commits-signed', { mode }).explanation.verdict).toBe('fail')
  }
})

test('a rule that is off is not judged and supports no control', () => {
  const judgement = judge(unsigned, {})
  expect(judgement).toMatchObject({ verdict: 'not_applicable', results: [], controls: [] })
})

test('the worst of several rules is what the whole is', () => {
  const rules = { 'commits-signed': {}, 'history-kept': {}, 'ticket-referenced': { mode: 'warn' } }
  expect(judge(clean, rules).verdict).toBe('pass')
  expect(judge(facts([commit('ann', { message: 'x' })]), rules).verdict).toBe('warn')
  expect(judge(facts([commit('eve', { message: 'x' })]), rules).verdict).toBe('fail')
})

test.for<{ name: string; what: typeof clean; verdict: Verdict }>([
  { name: 'nothing applies', what: facts([], { unreadable: unread }), verdict: 'indeterminate' },
  { name: 'all that was read passes', what: facts([commit('ann')], { unreadable: unread }), verdict: 'indeterminate' },
  { name: 'something fails', what: facts([commit('eve')], { unreadable: unread }), verdict: 'fail' },
])('a change of which something was not read is never approved: where $name it is $verdict', ({ what, verdict }) => {
  expect(judge(what, { 'commits-signed': {} }).verdict).toBe(verdict)
})

test('names the controls of the rules that applied, each once, in order', () => {
  const { controls } = judge(clean, { 'commits-signed': {}, 'merges-signed': {}, 'tags-signed': {} })
  expect(controls).toEqual([...new Set(controls)].sort())
  expect(controls).toContain('pci-dss@4.0.1:8.2.1')
  expect(controls).not.toContain('pci-dss@4.0.1:6.5.1')
})

test('says who signed, and nobody where it is not known', () => {
  const { signerOf } = judge(clean, {})
  expect([commit('ann'), commit('eve', { object: oid('b') }), tag('bob')].map(signerOf)).toEqual(['ann', null, 'bob'])
})

test('a policy that says nothing enforces every rule but tickets, which warn', () => {
  const policy = Policy.parse({ apiVersion: 'countersign.dev/v1', kind: 'Policy' })
  const modes = Object.fromEntries(Object.entries(policy.rules).map(([id, { mode }]) => [id, mode]))
  expect(new Set(Object.values({ ...modes, 'ticket-referenced': 'enforce' }))).toEqual(new Set(['enforce']))
  expect(modes['ticket-referenced']).toBe('warn')
  expect(policy.controlledRefs).toEqual({ branches: ['main', 'master'], tags: ['**'] })
})

test.for([
  { name: 'a rule that does not exist', value: { rules: { 'commits-sined': {} } }, path: 'rules' },
  {
    name: 'a mode that does not exist',
    value: { rules: { 'commits-signed': { mode: 'on' } } },
    path: 'rules.commits-signed.mode',
  },
  {
    name: 'an option of another rule',
    value: { rules: { 'commits-signed': { authors: 'any' } } },
    path: 'rules.commits-signed',
  },
  {
    name: 'an act that does not exist',
    value: { rules: { 'services-in-their-place': { allow: { a: ['push'] } } } },
    path: 'rules.services-in-their-place.allow.a.0',
  },
  {
    name: 'a pattern that does not compile',
    value: { rules: { 'ticket-referenced': { pattern: '(' } } },
    path: 'rules.ticket-referenced.pattern',
  },
  {
    name: 'a pattern for another dialect',
    value: { rules: { 'ticket-referenced': { pattern: '(?i)abc' } } },
    path: 'rules.ticket-referenced.pattern',
  },
  {
    name: 'an empty pattern',
    value: { rules: { 'ticket-referenced': { pattern: '' } } },
    path: 'rules.ticket-referenced.pattern',
  },
  { name: 'an empty branch name', value: { controlledRefs: { branches: [''] } }, path: 'controlledRefs.branches.0' },
  { name: 'an unknown key', value: { rule: {} }, path: '' },
  { name: 'another version', value: { apiVersion: 'countersign.dev/v2' }, path: 'apiVersion' },
  { name: 'another kind', value: { kind: 'Identities' }, path: 'kind' },
])('refuses a policy with $name', ({ value, path }) => {
  const parsed = Policy.safeParse({ apiVersion: 'countersign.dev/v1', kind: 'Policy', ...value })
  expect(parsed.error?.issues.map((issue) => issue.path.join('.'))).toEqual([path])
})

const anyCommit = fc
  .record({
    by: fc.constantFrom('ann', 'bob', 'eve', 'forge', 'agent'),
    digit: fc.constantFrom('a', 'b', 'c', 'd'),
    isMerge: fc.boolean(),
    status: fc.constantFrom('good', 'bad', 'unsigned', 'unverifiable'),
    message: fc.constantFrom('x', 'ABC-1', 'y (#1)'),
  })
  .map(({ by, digit, isMerge, status, message }) =>
    (isMerge ? merge : commit)(by, { object: oid(digit), message, signature: signedBy(by, status, status) }),
  )
const everything = Object.fromEntries(Object.keys(Policy.shape.rules.parse({})).map((id) => [id, { mode: 'enforce' }]))

test('the same facts and policy give the same judgement, and judging changes neither', () => {
  const signers = indexSigners(PEOPLE)
  const policy = policyWith(everything)
  const text = (value: unknown): string => canonicalJson(JSON.parse(JSON.stringify(value)) as Json)
  fc.assert(
    fc.property(fc.array(anyCommit, { maxLength: 5 }), fc.boolean(), (commits, isTag) => {
      const what = isTag ? tagFacts('tag-moved', tag('ann')) : facts(commits)
      const before = text([what, policy])
      expect(text(judgeChange(what, policy, signers))).toBe(text(judgeChange(what, policy, signers)))
      expect(text([what, policy])).toBe(before)
    }),
  )
})

test('no change passes that holds a commit without a good signature', () => {
  fc.assert(
    fc.property(fc.array(anyCommit, { minLength: 1, maxLength: 5 }), (commits) => {
      const isAllGood = commits.every(({ signature }) => signature.status === 'good')
      if (judge(facts(commits), everything).verdict === 'pass') expect(isAllGood).toBe(true)
    }),
  )
})

test('a policy from before there was a rule is not judged by it; one that is written now observes it', () => {
  const policy = Policy.parse({ apiVersion: 'countersign.dev/v1', kind: 'Policy' })
  const rulesOf = (by: Policy) => judgeChange(clean, by, indexSigners(PEOPLE)).results.map(({ rule }) => rule)
  expect(rulesOf(policy)).not.toContain('merges-add-nothing')
  expect(rulesOf(withEveryRule(policy))).toContain('merges-add-nothing')
  expect(withEveryRule(policy).rules['merges-add-nothing']).toEqual({ mode: 'observe' })
  const off = { ...policy, rules: { ...policy.rules, 'merges-add-nothing': { mode: 'off' as const } } }
  expect(withEveryRule(off)).toEqual(off)
})
