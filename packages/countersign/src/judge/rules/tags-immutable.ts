import { leaf } from '@countersign/verify'
import { isTagChange } from '../change.ts'
import type { Rule } from '../rule.ts'
import { notApplicable } from './explain.ts'

const rule = { id: 'tags-immutable', sentence: 'A release tag, once published, is never moved or deleted.' } as const

/** Compares with what was recorded when the tag was last seen: Git itself keeps no memory of a tag. */
export const tagsImmutable: Rule = {
  ...rule,
  controls: [
    'soc2-tsc@2017-pof2022:CC8.1',
    'soc2-tsc@2017-pof2022:CC7.1',
    'nist-800-53@r5:CM-3',
    'nist-800-53@r5:SI-7',
    'iso27001@2022:A.8.32',
    'slsa-source@1.2:access-and-history',
  ],
  evidence: ['SIG', 'LOG'],
  judge({ change }) {
    if (!isTagChange(change)) return notApplicable(rule, 'the change is not about a tag')
    if (change.kind === 'tag-created') {
      return leaf({
        about: rule.id,
        verdict: 'pass',
        reason: 'tag_is_new',
        sentence: rule.sentence,
        observed: 'not seen before',
      })
    }
    const deleted = change.kind === 'tag-deleted'
    return leaf({
      about: rule.id,
      verdict: 'fail',
      reason: deleted ? 'tag_deleted' : 'tag_moved',
      sentence: deleted ? 'a tag that was recorded is gone' : 'a tag names another object than was recorded',
      observed: `${change.base ?? 'unknown'} became ${deleted ? 'nothing' : change.object}`,
      wanted: `${change.ref} naming ${change.base ?? 'what it named'}`,
      remedy: 'whoever may push tags: put the tag back; release a correction under a new name',
    })
  },
}
