import { leaf } from '@countersign/verify'
import { isDeletion, isTagChange } from '../change.ts'
import type { Rule } from '../rule.ts'
import { explainParts, notApplicable } from './explain.ts'
import { explainSigner } from './signed-by.ts'

const rule = {
  id: 'tags-signed',
  sentence: 'Every release tag is an annotated tag, signed by a trusted identity.',
} as const

/** A lightweight tag is only a name: it cannot be signed, so nobody can be held to it. */
export const tagsSigned: Rule = {
  ...rule,
  controls: [
    'soc2-tsc@2017-pof2022:CC8.1',
    'nist-800-53@r5:CM-14',
    'nist-800-53@r5:AU-10',
    'iso27001@2022:A.8.32',
    'pci-dss@4.0.1:6.5.1',
  ],
  judge(facts, context) {
    if (!isTagChange(facts.change)) return notApplicable(rule, 'the change is not about a tag')
    if (isDeletion(facts.change)) return notApplicable(rule, 'the tag is gone')
    if (facts.tag !== null) return explainParts(rule, [explainSigner(facts.tag, context.signerOf(facts.tag))], '')
    const lightweight = leaf({
      about: facts.change.object,
      verdict: facts.unreadable.length === 0 ? 'fail' : 'indeterminate',
      reason: facts.unreadable[0]?.reason ?? 'lightweight_tag',
      sentence:
        facts.unreadable.length === 0 ? 'a lightweight tag has no signature' : 'the tag object could not be read',
      wanted: 'an annotated tag made with git tag -s',
      remedy: 'whoever releases: publish a new, signed tag under a new name',
    })
    return explainParts(rule, [lightweight], '')
  },
}
