import { type Explanation, leaf, verdictOfParts } from '@countersign/verify'
import type { Rule } from '../rule.ts'

type Named = Pick<Rule, 'id' | 'sentence'>

/** A rule's explanation from its parts: the worst of them, or not applicable with a reason when there are none. */
export function explainParts(rule: Named, parts: readonly Explanation[], whyNone: string): Explanation {
  if (parts.length === 0) return notApplicable(rule, whyNone)
  const verdict = verdictOfParts(parts)
  const failing = parts.filter((part) => part.verdict !== 'pass' && part.verdict !== 'not_applicable')
  return {
    about: rule.id,
    verdict,
    reason: parts.find((part) => part.verdict === verdict && failing.includes(part))?.reason ?? 'all_parts_pass',
    sentence: rule.sentence,
    observed: `${parts.length - failing.length} of ${parts.length} in order`,
    parts,
  }
}

/** A rule that has nothing to say about this change, and why. */
export function notApplicable(rule: Named, why: string): Explanation {
  return leaf({
    about: rule.id,
    verdict: 'not_applicable',
    reason: 'rule_not_applicable',
    sentence: `not applicable because ${why}`,
  })
}
