import { type Explanation, leaf, type RemadeMerge } from '@countersign/verify'
import type { CommitFact } from '../change.ts'
import type { Rule } from '../rule.ts'
import { explainParts } from './explain.ts'

const rule = {
  id: 'merges-add-nothing',
  sentence: 'Every merge commit of the change holds what git makes of its parents, and nothing besides.',
} as const

/**
 * Finds what a merge brings in that none of its parents has and no list of commits shows. A merge with conflicts had to be resolved by
 * somebody, and one with other settings or another strategy differs too: neither is a fault, and both want a look.
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
    const parts = merges.map((commit) => explainMerge(commit, facts.remade.get(commit.object) ?? null))
    return explainParts(rule, parts, 'the change brings no merge commit')
  },
}

function explainMerge(commit: CommitFact, remade: RemadeMerge | null): Explanation {
  const { reason, sentence } = WHY_NOT[remade?.outcome ?? 'not_remade']
  if (remade?.tree === commit.tree) return leaf({ about: commit.object, verdict: 'pass', reason, sentence })
  const isClean = remade !== null && remade.tree !== null
  return leaf({
    about: commit.object,
    verdict: isClean ? 'fail' : 'indeterminate',
    reason: isClean ? 'merge_adds_content' : reason,
    sentence: isClean ? 'the merge holds something else than git makes of its parents' : sentence,
    observed: `tree ${commit.tree}`,
    wanted: isClean ? `tree ${remade.tree}` : 'a merge that git can make by itself',
    remedy: `somebody who did not make the merge: review what it holds itself, with git show --remerge-diff ${commit.object.slice(0, 10)}`,
  })
}

const WHY_NOT: Readonly<Record<RemadeMerge['outcome'] | 'not_remade', { reason: string; sentence: string }>> = {
  clean: { reason: 'merge_adds_nothing', sentence: 'the merge holds what git makes of its parents' },
  conflict: {
    reason: 'merge_had_conflicts',
    sentence: 'the parents conflict, so a person chose what the merge holds, and that must be reviewed',
  },
  not_two_parents: {
    reason: 'merge_of_many',
    sentence: 'the merge has more than two parents, and those are not made again',
  },
  not_mergeable: { reason: 'merge_not_possible', sentence: 'git could not make the merge again from its parents' },
  git_too_old: {
    reason: 'git_too_old',
    sentence: 'the git that read the change is older than 2.39 and cannot make merges again',
  },
  not_remade: { reason: 'merge_not_remade', sentence: 'nobody made the merge again when the change was read' },
}
