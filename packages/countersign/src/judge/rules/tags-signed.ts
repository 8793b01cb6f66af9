import { type Explanation, leaf } from '@countersign/verify'
import { type Change, isDeletion, isTagChange, type TagFact } from '../change.ts'
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
    'ssdf@1.1:PS.2',
    'slsa-source@1.2:identity-management',
  ],
  evidence: ['SIG'],
  judge(facts, context) {
    if (!isTagChange(facts.change)) return notApplicable(rule, 'the change is not about a tag')
    if (isDeletion(facts.change)) return notApplicable(rule, 'the tag is gone')
    if (facts.tag !== null) {
      const parts = [explainSigner(facts.tag, context.signerOf(facts.tag)), ...explainName(facts.tag, facts.change)]
      return explainParts(rule, parts, '')
    }
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

/** The signature covers the name inside: under another name, an old release would pass for a new one. */
function explainName(tag: TagFact, change: Change): readonly Explanation[] {
  if (change.ref === `refs/tags/${tag.name}`) return []
  return [
    leaf({
      about: tag.object,
      verdict: 'fail',
      reason: 'tag_name_mismatch',
      sentence: 'the tag that was signed has another name than the ref',
      observed: `${change.ref} holds the tag "${tag.name}"`,
      wanted: `a tag that was signed as ${change.ref.replace('refs/tags/', '')}`,
      remedy: 'whoever releases: sign a tag under the name that it is published by',
    }),
  ]
}
