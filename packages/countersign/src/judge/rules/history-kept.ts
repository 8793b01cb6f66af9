import { leaf } from '@countersign/verify'
import { isTagChange } from '../change.ts'
import type { Rule } from '../rule.ts'
import { notApplicable } from './explain.ts'

const rule = {
  id: 'history-kept',
  sentence: 'History that was recorded on a controlled branch is never rewritten.',
} as const

/** A rewritten branch takes changes out of the population that an auditor counts. */
export const historyKept: Rule = {
  ...rule,
  controls: [
    'soc2-tsc@2017-pof2022:CC8.1',
    'soc2-tsc@2017-pof2022:CC7.1',
    'nist-800-53@r5:CM-3',
    'nist-800-53@r5:AU-9',
    'iso27001@2022:A.8.32',
    'iso27001@2022:A.5.33',
    'slsa-source@1.2:history',
    'eu-2022-2554@2022:9(4)(e)',
  ],
  evidence: ['PRR', 'LOG'],
  judge({ change }) {
    if (isTagChange(change)) return notApplicable(rule, 'the change is about a tag')
    if (change.kind !== 'history-rewritten') {
      return leaf({
        about: rule.id,
        verdict: 'pass',
        reason: 'history_extended',
        sentence: rule.sentence,
        observed: 'a step forward',
      })
    }
    return leaf({
      about: rule.id,
      verdict: 'fail',
      reason: 'history_rewritten',
      sentence: 'the branch no longer leads back, first parent by first parent, to the tip that was recorded',
      observed: `${change.base ?? 'unknown'} is not on the first-parent line of ${change.object}`,
      wanted: 'a branch that only moves forward',
      remedy:
        'whoever may push to the branch: bring the lost commits back with a merge; an owner: forbid forced pushes',
    })
  },
}
