import { expect, test } from 'vitest'
import {
  commit,
  facts,
  foundInMerge,
  identity,
  judge,
  merge,
  oid,
  PEOPLE,
  policyWith,
  resultOf,
  rewritten,
  tag,
  tagFacts,
} from './facts.fixtures.ts'
import { withEveryRule } from './policy.ts'
import { REFUSED, type Row } from './refused-changes.fixtures.ts'
import { RULES } from './rules.ts'

const of = (email: string) => ({ name: 'x', email, time: 1_000, zone: '+0000' })
const b = { object: oid('b') }
const none = 'rule_not_applicable'

const ACCEPTED: readonly Row[] = [
  {
    name: 'signed commits',
    rule: 'commits-signed',
    facts: facts([merge('eve'), commit('ann'), commit('bob', b)]),
    says: ['pass', 'all_parts_pass'],
  },
  {
    name: 'a signed root commit',
    rule: 'commits-signed',
    facts: facts([commit('ann', { parents: [] })]),
    says: ['pass', 'all_parts_pass'],
  },
  {
    name: 'a signed merge',
    rule: 'merges-signed',
    facts: facts([merge('ann'), commit('eve')]),
    says: ['pass', 'all_parts_pass'],
  },
  {
    name: 'merges that add nothing',
    rule: 'merges-add-nothing',
    facts: facts([merge('ann'), commit('bob')], foundInMerge('adds_nothing')),
    says: ['pass', 'all_parts_pass'],
  },
  {
    name: 'the own name',
    rule: 'signer-is-committer',
    facts: facts([commit('ann')]),
    says: ['pass', 'all_parts_pass'],
  },
  {
    name: 'an author whom the policy knows',
    rule: 'signer-is-committer',
    options: { authors: 'known' },
    facts: facts([commit('ann', { author: of('bob@example.com') })]),
    says: ['pass', 'all_parts_pass'],
  },
  {
    name: 'any author, where that is the rule',
    rule: 'signer-is-committer',
    options: { authors: 'any' },
    facts: facts([commit('ann', { author: of('eve@example.com') })]),
    says: ['pass', 'all_parts_pass'],
  },
  {
    name: 'a service for an author',
    rule: 'signer-is-committer',
    facts: facts([merge('forge', { author: of('eve@example.com') })]),
    says: ['pass', 'all_parts_pass'],
  },
  ...(['merge', 'squash', 'rebase', 'commit'] as const).map((act): Row => {
    const made = {
      merge: merge('forge'),
      squash: commit('forge', { message: 'Fix (#1)' }),
      rebase: commit('forge', { author: of('ann@example.com') }),
      commit: commit('forge'),
    }[act]
    return {
      name: `a service that may ${act}`,
      rule: 'services-in-their-place',
      options: { allow: { forge: [act] } },
      facts: facts([made]),
      says: ['pass', 'all_parts_pass'],
    }
  }),
  {
    name: 'a service that may tag',
    rule: 'services-in-their-place',
    options: { allow: { forge: ['tag'] } },
    facts: tagFacts('tag-created', tag('forge')),
    says: ['pass', 'all_parts_pass'],
  },
  {
    name: 'a signed tag',
    rule: 'tags-signed',
    facts: tagFacts('tag-created', tag('ann')),
    says: ['pass', 'all_parts_pass'],
  },
  {
    name: 'a new tag',
    rule: 'tags-immutable',
    facts: tagFacts('tag-created', tag('ann')),
    says: ['pass', 'tag_is_new'],
  },
  { name: 'a step forward', rule: 'history-kept', facts: facts([commit('ann')]), says: ['pass', 'history_extended'] },
  {
    name: 'a ticket in the own commit',
    rule: 'ticket-referenced',
    facts: facts([commit('ann')]),
    says: ['pass', 'ticket_named'],
  },
  {
    name: 'a ticket in a commit that is merged',
    rule: 'ticket-referenced',
    facts: facts([merge('ann'), commit('ann')]),
    says: ['pass', 'ticket_named'],
  },
  {
    name: 'a merge by a second person',
    rule: 'separation-of-duties',
    facts: facts([merge('bob'), commit('ann')]),
    says: ['pass', 'two_people'],
  },
  {
    name: 'a merge of merges by a second person',
    rule: 'separation-of-duties',
    facts: facts([merge('bob'), merge('ann', b)]),
    says: ['pass', 'two_people'],
  },
  {
    name: 'a merge of what the agent of another wrote',
    rule: 'separation-of-duties',
    facts: facts([merge('bob'), commit('agent')]),
    says: ['pass', 'two_people'],
  },
]

const ELSEWHERE: readonly Row[] = [
  { name: 'merges', rule: 'commits-signed', facts: facts([merge('ann')]), says: ['not_applicable', none] },
  { name: 'tags', rule: 'commits-signed', facts: tagFacts('tag-created', tag('ann')), says: ['not_applicable', none] },
  { name: 'plain commits', rule: 'merges-signed', facts: facts([commit('ann')]), says: ['not_applicable', none] },
  {
    name: 'commits of strangers',
    rule: 'signer-is-committer',
    facts: facts([commit('eve')]),
    says: ['not_applicable', none],
  },
  { name: 'commits', rule: 'merges-add-nothing', facts: facts([commit('ann')]), says: ['not_applicable', none] },
  { name: 'people', rule: 'services-in-their-place', facts: facts([commit('ann')]), says: ['not_applicable', none] },
  { name: 'branches', rule: 'tags-signed', facts: facts([commit('ann')]), says: ['not_applicable', none] },
  {
    name: 'tags that are gone',
    rule: 'tags-signed',
    facts: tagFacts('tag-deleted', null),
    says: ['not_applicable', none],
  },
  { name: 'branches', rule: 'tags-immutable', facts: facts([commit('ann')]), says: ['not_applicable', none] },
  { name: 'tags', rule: 'history-kept', facts: tagFacts('tag-moved', tag('ann')), says: ['not_applicable', none] },
  {
    name: 'tags',
    rule: 'ticket-referenced',
    facts: tagFacts('tag-created', tag('ann')),
    says: ['not_applicable', none],
  },
  { name: 'rewritten history', rule: 'ticket-referenced', facts: rewritten(), says: ['not_applicable', none] },
  {
    name: 'tags',
    rule: 'separation-of-duties',
    facts: tagFacts('tag-created', tag('ann')),
    says: ['not_applicable', none],
  },
  { name: 'rewritten history', rule: 'separation-of-duties', facts: rewritten(), says: ['not_applicable', none] },
]

test.for(REFUSED)('$rule refuses $name', ({ facts: what, rule, options, says }) => {
  const { explanation } = resultOf(what, rule, options)
  expect([explanation.verdict, explanation.reason]).toEqual(says)
  const refusals = [explanation, ...explanation.parts].filter((one) => one.parts.length === 0 && one.verdict !== 'pass')
  // Every "no" says what would pass and who can bring that about.
  for (const { wanted, remedy } of refusals) expect([wanted, remedy]).toEqual([expect.any(String), expect.any(String)])
})

test.for(ACCEPTED)('$rule accepts $name', ({ facts: what, rule, options, says }) => {
  const { explanation } = resultOf(what, rule, options)
  expect([explanation.verdict, explanation.reason]).toEqual(says)
})

test.for(ELSEWHERE)('$rule has nothing to say of $name, and says why', ({ facts: what, rule, says }) => {
  const { explanation } = resultOf(what, rule)
  expect([explanation.verdict, explanation.reason]).toEqual(says)
  expect(explanation.sentence).toMatch(/^not applicable because /)
})

test('every rule has a row that it refuses, one that it accepts and one that is none of its business', () => {
  const ids = RULES.map(({ id }) => id).sort()
  for (const rows of [REFUSED, ACCEPTED, ELSEWHERE]) {
    expect([...new Set(rows.map(({ rule }) => rule))].sort()).toEqual(ids)
  }
})

test('every rule of the policy exists, once, with a sentence and controls of its own', () => {
  const wanted = Object.keys(withEveryRule(policyWith({})).rules)
  expect(RULES.map(({ id }) => id).sort()).toEqual([...wanted].sort())
  expect(new Set(RULES.map(({ sentence }) => sentence)).size).toBe(RULES.length)
  for (const { controls } of RULES) {
    expect(controls.length).toBeGreaterThan(0)
    for (const control of controls) expect(control).toMatch(/^[a-z0-9-]+@[a-z0-9.-]+:[A-Za-z0-9.()-]+$/)
  }
})

test('an identity with the name of what every object inherits has no leave by that', () => {
  const people = { identities: [...PEOPLE.identities, identity('constructor', { kind: 'service' })] }
  const { explanation } = resultOf(facts([merge('constructor')]), 'services-in-their-place', {}, people)
  expect(explanation.reason).toBe('service_not_allowed')
})

test('an agent whose sponsor the policy does not name counts as itself', () => {
  const people = { identities: [...PEOPLE.identities, identity('stray', { kind: 'agent' })] }
  const what = facts([merge('stray'), commit('stray')])
  expect(resultOf(what, 'separation-of-duties', {}, people).explanation.reason).toBe('self_merge')
})

test('who signed is resolved by the claimed time of each commit', () => {
  const [ann] = PEOPLE.identities
  if (ann === undefined) throw new Error('nobody')
  const people = { identities: [{ ...ann, validity: { from: null, until: 1_000 } }] }
  const late = commit('ann', { ...b, committer: { ...of('ann@example.com'), time: 1_001 } })
  const { results } = judge(facts([commit('ann'), late]), { 'commits-signed': {} }, people)
  expect(results[0]?.explanation.parts.map(({ reason }) => reason)).toEqual([
    'signed_by_known',
    'identity_no_longer_valid',
  ])
})
