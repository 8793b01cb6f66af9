import { expect, test } from 'vitest'
import { type ChangeKind, isDeletion, isTagChange, kindOfStep } from './change.ts'
import { isControlled, matchesPattern } from './controlled-refs.ts'
import { commit, merge, policyWith } from './facts.fixtures.ts'
import { Policy } from './policy.ts'

const other = { name: 'bob', email: 'bob@example.com', time: 1_000, zone: '+0000' }
const later = { name: 'ann', email: 'ann@example.com', time: 1_001, zone: '+0000' }

test.for<{ name: string; step: ReturnType<typeof commit>; kind: ChangeKind }>([
  { name: 'without parents', step: commit('ann', { parents: [] }), kind: 'initial' },
  { name: 'with two parents', step: merge('ann'), kind: 'merge' },
  { name: 'with three parents', step: merge('ann', { parents: ['1', '2', '3'] }), kind: 'merge' },
  { name: 'by one person at one time', step: commit('ann'), kind: 'direct' },
  { name: 'that names its pull request', step: commit('ann', { message: 'Fix it (#12)\n\nmore' }), kind: 'squash' },
  {
    name: 'with the words of git merge --squash',
    step: commit('ann', { message: 'Squashed commit of the following:\n' }),
    kind: 'squash',
  },
  {
    name: 'that names a pull request in its body only',
    step: commit('ann', { message: 'Fix it\n\nsee (#12)' }),
    kind: 'direct',
  },
  {
    name: 'that names a pull request in the middle',
    step: commit('ann', { message: 'Revert (#12) again' }),
    kind: 'direct',
  },
  { name: 'with another committer', step: commit('ann', { committer: other }), kind: 'rebase' },
  { name: 'with a later commit time', step: commit('ann', { committer: later }), kind: 'rebase' },
  { name: 'without a message', step: commit('ann', { message: '' }), kind: 'direct' },
])('a commit $name is a step of the kind $kind', ({ step, kind }) => {
  expect(kindOfStep(step)).toBe(kind)
})

test('tells tags from branches and deletions from moves', () => {
  const change = {
    kind: 'direct',
    repository: 'r',
    ref: 'refs/heads/main',
    object: 'a'.repeat(40),
    base: null,
  } as const
  expect(isTagChange(change)).toBe(false)
  expect(isTagChange({ ...change, ref: 'refs/tags/v1' })).toBe(true)
  expect(isDeletion(change)).toBe(false)
  expect(isDeletion({ ...change, object: '0'.repeat(64) })).toBe(true)
})

test.for([
  { name: 'main', pattern: 'main', isMatch: true },
  { name: 'main', pattern: 'mai', isMatch: false },
  { name: 'main', pattern: 'ain', isMatch: false },
  { name: 'mainx', pattern: 'main', isMatch: false },
  { name: 'Main', pattern: 'main', isMatch: false },
  { name: 'main\nx', pattern: 'main', isMatch: false },
  { name: 'release/1', pattern: 'release/*', isMatch: true },
  { name: 'release/1/2', pattern: 'release/*', isMatch: false },
  { name: 'release/1/2', pattern: 'release/**', isMatch: true },
  { name: 'release/', pattern: 'release/*', isMatch: true },
  { name: 'release', pattern: 'release/*', isMatch: false },
  { name: 'a/b/c', pattern: '**', isMatch: true },
  { name: 'a', pattern: '*', isMatch: true },
  { name: 'a/b', pattern: '*', isMatch: false },
  { name: 'a/x/b', pattern: 'a/*/b', isMatch: true },
  { name: 'a/b/c/d', pattern: '**/d', isMatch: true },
  { name: 'v1x0', pattern: 'v1.0', isMatch: false },
  { name: 'v1.0', pattern: 'v1.0', isMatch: true },
  { name: 'c++', pattern: 'c++', isMatch: true },
  { name: 'ccc', pattern: 'c+', isMatch: false },
  { name: 'a', pattern: '[ab]', isMatch: false },
  { name: '[ab]', pattern: '[ab]', isMatch: true },
  { name: 'a', pattern: 'a|b', isMatch: false },
  { name: '(a)', pattern: '(a)', isMatch: true },
  { name: 'a{2}', pattern: 'a{2}', isMatch: true },
  { name: '^a$', pattern: '^a$', isMatch: true },
  { name: 'a', pattern: '^a$', isMatch: false },
  { name: 'a\\b', pattern: 'a\\b', isMatch: true },
  { name: 'a', pattern: '?', isMatch: false },
  { name: 'feature-1', pattern: 'feature-*', isMatch: true },
])('the name "$name" and the pattern "$pattern": $isMatch', ({ name, pattern, isMatch }) => {
  expect(matchesPattern(name, pattern)).toBe(isMatch)
})

const policy = { ...policyWith({}), controlledRefs: { branches: ['main', 'release/*'], tags: ['v*'] } }

test.for([
  { ref: 'refs/heads/main', isGoverned: true },
  { ref: 'refs/heads/release/1', isGoverned: true },
  { ref: 'refs/heads/feature', isGoverned: false },
  { ref: 'refs/tags/v1', isGoverned: true },
  { ref: 'refs/tags/main', isGoverned: false },
  { ref: 'refs/heads/v1', isGoverned: false },
  { ref: 'refs/remotes/origin/main', isGoverned: false },
  { ref: 'refs/notes/main', isGoverned: false },
  { ref: 'main', isGoverned: false },
  { ref: 'refs/heads/', isGoverned: false },
])('the policy governs $ref: $isGoverned', ({ ref, isGoverned }) => {
  expect(isControlled(ref, policy)).toBe(isGoverned)
})

test.for([
  { pattern: '(a+)+$', isAllowed: false },
  { pattern: '(a|a)+b', isAllowed: false },
  { pattern: '((a+))+', isAllowed: false },
  { pattern: '(a(b+)c)*x', isAllowed: false },
  { pattern: '(?:a*){2,}', isAllowed: false },
  { pattern: 'a*a*a*a*b', isAllowed: false },
  { pattern: '\\b[A-Z][A-Z0-9]+-[0-9]+\\b|#[0-9]+', isAllowed: true },
  { pattern: '(?:JIRA|OPS|SHOP)-\\d+', isAllowed: true },
  { pattern: '[(]+a|x+|y+|z+|INC\\d+', isAllowed: true },
  { pattern: '(ab)+\\(\\+', isAllowed: true },
])('a policy may look for tickets by $pattern: $isAllowed', ({ pattern, isAllowed }) => {
  const rules = { 'ticket-referenced': { pattern } }
  expect(Policy.safeParse({ apiVersion: 'countersign.dev/v1', kind: 'Policy', rules }).success).toBe(isAllowed)
})

test('a policy may not hold a ref pattern of many stars', () => {
  const controlledRefs = { branches: ['a**b**c**d**'] }
  expect(Policy.safeParse({ apiVersion: 'countersign.dev/v1', kind: 'Policy', controlledRefs }).success).toBe(false)
})
