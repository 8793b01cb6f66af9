import { type Explanation, leaf } from '@countersign/verify'
import { type ChangeFacts, type CommitFact, isTagChange } from '../change.ts'
import type { Rule, RuleContext } from '../rule.ts'
import { notApplicable } from './explain.ts'

const rule = {
  id: 'separation-of-duties',
  sentence: 'Nobody brings a change in alone: who merges is not among those who wrote it.',
} as const

/**
 * As far as Git alone can show: two different known signers, one on the merge and others on the commits that it brings. A step
 * that a service signed hides who approved it, so it is `indeterminate` until a forge's reviews are read.
 */
export const separationOfDuties: Rule = {
  ...rule,
  controls: [
    'soc2-tsc@2017-pof2022:CC8.1',
    'soc2-tsc@2017-pof2022:CC6.3',
    'nist-800-53@r5:AC-5',
    'nist-800-53@r5:CM-5(4)',
    'iso27001@2022:A.5.3',
    'pci-dss@4.0.1:6.5.4',
    'eu-2022-2554@2022:9(4)(e)',
    'eu-2024-1774@2024:17(1)(b)',
    'nist-800-171@r3:03.04.03',
    'slsa-source@1.2:two-party-review',
  ],
  evidence: ['SOD', 'PRR'],
  judge(facts, context) {
    if (isTagChange(facts.change)) return notApplicable(rule, 'tags are not merged')
    const [own, ...brought] = facts.commits
    if (own === undefined || facts.change.kind === 'history-rewritten') {
      return notApplicable(rule, 'the change brings no commit of its own')
    }
    const approver = personOf(own, context)
    if (approver.kind === 'unknown') return unknown(approver.why)
    if (own.parents.length < 2) return alone(approver.person, own)
    // A second parent that brings nothing is no second person: the whole of the change is in the merge itself.
    if (brought.length === 0) return alone(approver.person, own)
    return judgeMerge(approver.person, brought, facts, context)
  },
}

type Person = { readonly kind: 'person'; readonly person: string } | { readonly kind: 'unknown'; readonly why: string }

function personOf(commit: CommitFact, context: RuleContext): Person {
  const signer = context.signerOf(commit)
  const short = commit.object.slice(0, 10)
  if (signer.kind !== 'known') return { kind: 'unknown', why: `who signed ${short} is not known` }
  const identity = context.signers.byId.get(signer.identity)
  if (identity?.kind === 'service')
    return { kind: 'unknown', why: `service ${identity.id} signed ${short}: who approved is not in Git` }
  // An agent never counts as a second person beside the one who answers for it.
  return { kind: 'person', person: identity?.kind === 'agent' ? (identity.sponsor ?? identity.id) : signer.identity }
}

function judgeMerge(
  approver: string,
  brought: readonly CommitFact[],
  facts: ChangeFacts,
  context: RuleContext,
): Explanation {
  const written = brought.filter((commit) => commit.parents.length < 2)
  const inner = brought.filter((commit) => commit.parents.length > 1)
  const writers = (written.length > 0 ? written : brought).map((commit) => personOf(commit, context))
  const names = new Set(writers.flatMap((writer) => (writer.kind === 'person' ? [writer.person] : [])))
  const observed = `merged by ${approver}; written by ${[...names].join(', ') || 'nobody known'}`
  if (names.has(approver)) {
    return refusal('self_merge', `${approver} merged commits of their own`, observed)
  }
  const unproved = writers.find((writer) => writer.kind === 'unknown')
  if (unproved?.kind === 'unknown') return unknown(unproved.why, observed)
  if (facts.unreadable.length > 0) return unknown('a commit of the change could not be read', observed)
  // A merge can hold content that neither of its sides has, and nobody sees it in the list of commits.
  const own = inner.find((commit) => isBy(approver, personOf(commit, context)))
  if (own !== undefined)
    return unknown(`${approver} also made the merge ${own.object.slice(0, 10)} inside the branch`, observed)
  return leaf({ about: rule.id, verdict: 'pass', reason: 'two_people', sentence: rule.sentence, observed })
}

function isBy(name: string, maker: Person): boolean {
  return maker.kind === 'unknown' || maker.person === name
}

function alone(person: string, commit: CommitFact): Explanation {
  return refusal(
    'one_person_alone',
    `${person} put ${commit.object.slice(0, 10)} on the branch without anybody else's work or approval`,
    `signed by ${person} only`,
  )
}

function refusal(reason: string, sentence: string, observed: string): Explanation {
  return leaf({
    about: rule.id,
    verdict: 'fail',
    reason,
    sentence,
    observed,
    wanted: 'a merge commit signed by a second person',
    remedy: 'somebody who did not write any of it: review and merge; for this change: a review after the fact',
  })
}

function unknown(why: string, observed?: string): Explanation {
  return leaf({
    about: rule.id,
    verdict: 'indeterminate',
    reason: 'second_person_not_visible',
    sentence: `Git alone cannot tell whether a second person approved: ${why}`,
    ...(observed === undefined ? {} : { observed }),
    wanted: 'known signers on the merge and on every commit that it brings',
    remedy: 'connect the forge, so that its reviews are read',
  })
}
