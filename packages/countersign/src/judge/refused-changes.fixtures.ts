import type { ChangeFacts } from './change.ts'
import { commit, facts, foundInMerge, merge, oid, rewritten, signedBy, tag, tagFacts } from './facts.fixtures.ts'
import type { RuleId } from './policy.ts'

/** A change, and what one rule says of it. */
export interface Row {
  readonly name: string
  readonly rule: RuleId
  readonly facts: ChangeFacts
  readonly options?: object
  readonly says: readonly [verdict: string, reason: string]
}

const unsigned = { signature: signedBy('ann', 'unsigned', 'unsigned') }
const unknown = { signature: signedBy('ann', 'unverifiable', 'key_absent') }
const of = (email: string) => ({ name: 'x', email, time: 1_000, zone: '+0000' })
const b = { object: oid('b') }

/** Changes that a rule refuses or cannot tell, one way each. */
export const REFUSED: readonly Row[] = [
  {
    name: 'an unsigned commit',
    rule: 'commits-signed',
    facts: facts([commit('ann', unsigned)]),
    says: ['fail', 'unsigned'],
  },
  { name: 'a stranger', rule: 'commits-signed', facts: facts([commit('eve')]), says: ['fail', 'signer_not_in_policy'] },
  {
    name: 'a bad signature',
    rule: 'commits-signed',
    facts: facts([commit('ann', { signature: signedBy('ann', 'bad', 'signature_mismatch') })]),
    says: ['fail', 'signature_mismatch'],
  },
  {
    name: 'a signature that could not be checked',
    rule: 'commits-signed',
    facts: facts([commit('ann', unknown)]),
    says: ['indeterminate', 'key_absent'],
  },
  {
    name: 'one unsigned commit among signed ones',
    rule: 'commits-signed',
    facts: facts([merge('bob'), commit('ann'), commit('ann', { ...b, ...unsigned })]),
    says: ['fail', 'unsigned'],
  },
  {
    name: 'an unsigned merge',
    rule: 'merges-signed',
    facts: facts([merge('ann', unsigned), commit('ann')]),
    says: ['fail', 'unsigned'],
  },
  {
    name: 'an unsigned merge that is brought in',
    rule: 'merges-signed',
    facts: facts([merge('ann'), merge('ann', { ...b, ...unsigned })]),
    says: ['fail', 'unsigned'],
  },
  {
    name: 'a merge that could not be checked',
    rule: 'merges-signed',
    facts: facts([merge('ann', unknown)]),
    says: ['indeterminate', 'key_absent'],
  },
  {
    name: "somebody else's name as committer",
    rule: 'signer-is-committer',
    facts: facts([commit('ann', { committer: of('bob@example.com') })]),
    says: ['fail', 'committer_is_not_signer'],
  },
  {
    name: "somebody else's name as author",
    rule: 'signer-is-committer',
    facts: facts([commit('ann', { author: of('bob@example.com') })]),
    says: ['fail', 'author_is_not_signer'],
  },
  {
    name: 'an e-mail in another case',
    rule: 'signer-is-committer',
    facts: facts([commit('ann', { committer: of('Ann@example.com') })]),
    says: ['fail', 'committer_is_not_signer'],
  },
  {
    name: 'an author whom nobody knows',
    rule: 'signer-is-committer',
    options: { authors: 'known' },
    facts: facts([commit('ann', { author: of('eve@example.com') })]),
    says: ['fail', 'author_is_not_signer'],
  },
  {
    name: 'a service under the name of a person',
    rule: 'signer-is-committer',
    facts: facts([merge('forge', { committer: of('ann@example.com') })]),
    says: ['fail', 'committer_is_not_signer'],
  },
  {
    name: 'a service without leave',
    rule: 'services-in-their-place',
    facts: facts([merge('forge')]),
    says: ['fail', 'service_not_allowed'],
  },
  {
    name: 'a service that may merge and rebases',
    rule: 'services-in-their-place',
    options: { allow: { forge: ['merge'] } },
    facts: facts([commit('forge', { author: of('ann@example.com') })]),
    says: ['fail', 'service_not_allowed'],
  },
  {
    name: 'a service that may merge and squashes',
    rule: 'services-in-their-place',
    options: { allow: { forge: ['merge'] } },
    facts: facts([commit('forge', { message: 'Fix (#1)' })]),
    says: ['fail', 'service_not_allowed'],
  },
  {
    name: 'an agent without leave',
    rule: 'services-in-their-place',
    facts: facts([commit('agent')]),
    says: ['fail', 'service_not_allowed'],
  },
  {
    name: 'a tag by a service without leave',
    rule: 'services-in-their-place',
    options: { allow: { forge: ['merge'] } },
    facts: tagFacts('tag-created', tag('forge')),
    says: ['fail', 'service_not_allowed'],
  },
  {
    name: 'a lightweight tag',
    rule: 'tags-signed',
    facts: tagFacts('tag-created', null),
    says: ['fail', 'lightweight_tag'],
  },
  {
    name: 'an unsigned tag',
    rule: 'tags-signed',
    facts: tagFacts('tag-created', tag('ann', unsigned)),
    says: ['fail', 'unsigned'],
  },
  {
    name: "a stranger's tag",
    rule: 'tags-signed',
    facts: tagFacts('tag-moved', tag('eve')),
    says: ['fail', 'signer_not_in_policy'],
  },
  {
    name: 'a tag that was signed under another name',
    rule: 'tags-signed',
    facts: tagFacts('tag-created', tag('ann', { name: 'v0.9' })),
    says: ['fail', 'tag_name_mismatch'],
  },
  {
    name: 'a tag that could not be checked',
    rule: 'tags-signed',
    facts: tagFacts('tag-created', tag('ann', unknown)),
    says: ['indeterminate', 'key_absent'],
  },
  {
    name: 'a tag that could not be read',
    rule: 'tags-signed',
    facts: tagFacts('tag-created', null, { unreadable: [{ object: oid('e'), reason: 'malformed_object_bad_ident' }] }),
    says: ['indeterminate', 'malformed_object_bad_ident'],
  },
  {
    name: 'a tag that moved',
    rule: 'tags-immutable',
    facts: tagFacts('tag-moved', tag('ann')),
    says: ['fail', 'tag_moved'],
  },
  {
    name: 'a tag that is gone',
    rule: 'tags-immutable',
    facts: tagFacts('tag-deleted', null),
    says: ['fail', 'tag_deleted'],
  },
  { name: 'a rewritten branch', rule: 'history-kept', facts: rewritten(), says: ['fail', 'history_rewritten'] },
  {
    name: 'no ticket',
    rule: 'ticket-referenced',
    facts: facts([commit('ann', { message: 'Fix it' })]),
    says: ['fail', 'ticket_missing'],
  },
  {
    name: 'no ticket of the own pattern',
    rule: 'ticket-referenced',
    options: { pattern: '^OPS-\\d+' },
    facts: facts([commit('ann')]),
    says: ['fail', 'ticket_missing'],
  },
  {
    name: 'a direct commit',
    rule: 'separation-of-duties',
    facts: facts([commit('ann')]),
    says: ['fail', 'one_person_alone'],
  },
  {
    name: 'a merge of own commits',
    rule: 'separation-of-duties',
    facts: facts([merge('ann'), commit('ann')]),
    says: ['fail', 'self_merge'],
  },
  {
    name: 'a merge of own commits among those of others',
    rule: 'separation-of-duties',
    facts: facts([merge('ann'), commit('bob', b), commit('ann')]),
    says: ['fail', 'self_merge'],
  },
  {
    name: 'a merge of what the own agent wrote',
    rule: 'separation-of-duties',
    facts: facts([merge('ann'), commit('agent')]),
    says: ['fail', 'self_merge'],
  },
  {
    name: 'a merge by the agent of its sponsor',
    rule: 'separation-of-duties',
    facts: facts([merge('agent'), commit('ann')]),
    says: ['fail', 'self_merge'],
  },
  {
    name: 'a merge by a service',
    rule: 'separation-of-duties',
    facts: facts([merge('forge'), commit('ann')]),
    says: ['indeterminate', 'second_person_not_visible'],
  },
  {
    name: 'a merge by nobody known',
    rule: 'separation-of-duties',
    facts: facts([merge('eve'), commit('ann')]),
    says: ['indeterminate', 'second_person_not_visible'],
  },
  {
    name: 'a merge of unsigned commits',
    rule: 'separation-of-duties',
    facts: facts([merge('bob'), commit('ann', unsigned)]),
    says: ['indeterminate', 'second_person_not_visible'],
  },
  {
    name: 'a merge of which a commit was not read',
    rule: 'separation-of-duties',
    facts: facts([merge('bob'), commit('ann')], { unreadable: [{ object: oid('f'), reason: 'x' }] }),
    says: ['indeterminate', 'second_person_not_visible'],
  },
  {
    name: 'a merge that brings nothing',
    rule: 'separation-of-duties',
    facts: facts([merge('bob')]),
    says: ['fail', 'one_person_alone'],
  },
  {
    name: 'a merge of own merges',
    rule: 'separation-of-duties',
    facts: facts([merge('bob'), merge('bob', b)]),
    says: ['fail', 'self_merge'],
  },
  ...(
    [
      ['adds_content', 'fail', 'merge_adds_content'],
      ['both_changed', 'indeterminate', 'merge_of_same_file'],
      ['not_two_parents', 'indeterminate', 'merge_of_many'],
      ['several_bases', 'indeterminate', 'merge_of_crossed_histories'],
      ['too_large', 'indeterminate', 'merge_too_large'],
      ['unreadable', 'indeterminate', 'merge_not_readable'],
      ['constructor', 'indeterminate', 'merge_not_looked_into'],
    ] as const
  ).map(([outcome, verdict, reason]): Row => {
    const what = facts([merge('ann'), commit('bob')], foundInMerge(outcome))
    return {
      name: `a merge of which is found ${outcome}`,
      rule: 'merges-add-nothing',
      facts: what,
      says: [verdict, reason],
    }
  }),
  {
    name: 'a merge that nobody looked into',
    rule: 'merges-add-nothing',
    facts: facts([merge('ann'), commit('bob')]),
    says: ['indeterminate', 'merge_not_looked_into'],
  },
]
