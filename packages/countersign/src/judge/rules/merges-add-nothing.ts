import { type Explanation, leaf, type MergeContent } from '@countersign/verify'
import type { CommitFact, MergeOutcome } from '../change.ts'
import type { Rule } from '../rule.ts'
import { explainParts } from './explain.ts'

const rule = {
  id: 'merges-add-nothing',
  sentence: 'Every merge commit of the change holds at each path what the side that changed it left there.',
} as const

/**
 * Finds what a merge brings in that none of its parents has and no list of commits shows. Where both sides changed a path somebody
 * chose what the merge holds: that is no fault, and wants a look.
 */
export const mergesAddNothing: Rule = {
  ...rule,
  controls: [
    'soc2-tsc@2017-pof2022:CC8.1',
    'nist-800-53@r5:CM-3',
    'nist-800-53@r5:SI-7',
    'iso27001@2022:A.8.32',
    'pci-dss@4.0.1:6.5.1',
  ],
  evidence: ['PRR'],
  judge(facts) {
    const merges = facts.commits.filter((commit) => commit.parents.length > 1)
    const parts = merges.map((commit) => explainMerge(commit, facts.merges.get(commit.object) ?? null))
    return explainParts(rule, parts, 'the change brings no merge commit')
  },
}

function explainMerge({ object, parents }: CommitFact, content: MergeContent | null): Explanation {
  const said = content !== null && Object.hasOwn(SAID, content.outcome) ? content.outcome : 'not_looked_into'
  const { verdict, reason, sentence } = SAID[said as MergeOutcome | 'not_looked_into']
  if (verdict === 'pass') return leaf({ about: object, verdict, reason, sentence })
  const path = content?.path ?? null
  return leaf({
    about: object,
    verdict,
    reason,
    sentence,
    observed: path === null ? `a merge of ${parents.length} parents` : path,
    wanted: 'a merge that holds at each path what one side left there',
    remedy: `somebody who did not make the merge: review what it holds itself, with git show --remerge-diff ${object.slice(0, 10)}`,
  })
}

type Said = Pick<Explanation, 'verdict' | 'reason' | 'sentence'>

const SAID: Readonly<Record<MergeOutcome | 'not_looked_into', Said>> = {
  adds_nothing: {
    verdict: 'pass',
    reason: 'merge_adds_nothing',
    sentence: 'the merge holds at each path what one side left there',
  },
  adds_content: {
    verdict: 'fail',
    reason: 'merge_adds_content',
    sentence: 'the merge holds something that is not what the side that changed the path left there',
  },
  both_changed: unknown(
    'merge_of_same_file',
    'both sides changed a path, so somebody chose what the merge holds there',
  ),
  not_two_parents: unknown('merge_of_many', 'a merge of more than two parents is not looked into'),
  several_bases: unknown('merge_of_crossed_histories', 'the parents parted more than once, so there is no one start'),
  too_large: unknown('merge_too_large', 'the merge touches more folders than are looked into'),
  unreadable: unknown('merge_not_readable', 'a tree or commit that the merge builds on could not be read'),
  not_looked_into: unknown('merge_not_looked_into', 'nobody looked into the merge when the change was read'),
}

function unknown(reason: string, sentence: string): Said {
  return { verdict: 'indeterminate', reason, sentence }
}
