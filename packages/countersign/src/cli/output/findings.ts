import { type Explanation, leaf, type Verdict } from '@countersign/verify'
import type { Decided } from '../../workflows/make-decision.ts'
import type { ObjectLine } from './object-rows.ts'

/** What one demand said of a subject: the one shape that SARIF, JUnit, annotations and job summaries are made from. */
export interface Finding {
  /** The rule's id. */
  readonly rule: string
  /** What it demands. */
  readonly sentence: string
  /** Whether the answer is only shown, and counts for nothing. */
  readonly observed: boolean
  readonly verdict: Verdict
  /** Why: the innermost step of the reasoning that made the verdict. */
  readonly why: Explanation
}

/** Something that was judged, and everything that was said of it. */
export interface Judged {
  /** For people. Holds text from outside, in which anything may stand. */
  readonly name: string
  /** What makes it this subject and no other, from run to run. */
  readonly key: readonly string[]
  readonly findings: readonly Finding[]
}

/** A rule as a report lists it. */
export interface ReportedRule {
  readonly id: string
  readonly sentence: string
  readonly controls: readonly string[]
}

/** What a change must meet before any rule can speak of it. */
export const CHANGE_JUDGED: ReportedRule = {
  id: 'change-judged',
  sentence: 'Everything that the change brings could be read, and a policy was in force to judge it by.',
  controls: [],
}

/** What `verify` asks of each object. */
export const SIGNED_AND_TRUSTED: ReportedRule = {
  id: 'signed-and-trusted',
  sentence: 'Every commit and annotated tag carries a good signature by a trusted key.',
  controls: [],
}

/** A judged change, with what each rule said of it. No verdict but a pass goes unexplained, whatever brought it about. */
export function judgedChange({ change, verdict, basis, rules }: Decided): Judged {
  const findings = rules.map(({ rule, sentence, mode, verdict: counted, explanation }): Finding => {
    return { rule, sentence, observed: mode === 'observe', verdict: counted, why: firstFault(explanation) }
  })
  const isExplained = findings.some((finding) => !finding.observed && finding.verdict === verdict)
  const { repository, ref, object, kind } = change
  return {
    name: `${kind} ${object.slice(0, 10)} on ${ref}`,
    key: [repository, ref, object],
    findings: isExplained ? findings : [...findings, onTheWhole(verdict, basis)],
  }
}

/** One object's line, as `verify` prints it, as something that was judged. */
export function judgedObject({ object, type, signature, verdict }: ObjectLine): Judged {
  const { id: rule, sentence } = SIGNED_AND_TRUSTED
  const { status, reason, principal, key } = signature
  const why = leaf({
    about: object,
    verdict,
    reason,
    sentence: `the signature is ${status.replaceAll('_', ' ')}: ${reason.replaceAll('_', ' ')}`,
    observed: principal ?? key ?? 'no key that is known',
  })
  return { name: `${type} ${object}`, key: [object], findings: [{ rule, sentence, observed: false, verdict, why }] }
}

/** The part of an explanation that made it what it is: the first of the same verdict, as deep as it goes. */
export function firstFault(explanation: Explanation): Explanation {
  const inner = explanation.parts.find((part) => part.verdict === explanation.verdict)
  return inner === undefined ? explanation : firstFault(inner)
}

/** How loudly a report speaks of a finding; null where there is nothing to say. */
export type Level = 'error' | 'warning' | 'note'

const LEVELS: Readonly<Record<Verdict, Level | null>> = {
  pass: null,
  not_applicable: null,
  fail: 'error',
  // Not knowing stops a job as a refusal does.
  indeterminate: 'error',
  pending: 'warning',
  warn: 'warning',
  waived: 'note',
  break_glass: 'note',
}

/** How loudly to speak of a finding: what a rule in observe mode refused is never more than a note. */
export function levelOf({ verdict, observed }: Pick<Finding, 'verdict' | 'observed'>): Level | null {
  const level = LEVELS[verdict]
  return level === null || !observed ? level : 'note'
}

/** A finding as one sentence: what is wrong, what was seen, what would pass and who can do it. */
export function sayFinding({ why }: Finding): string {
  const { sentence, observed, wanted, remedy } = why
  return [
    sentence,
    ...(observed === undefined ? [] : [`seen: ${observed}`]),
    ...(wanted === undefined ? [] : [`wanted: ${wanted}`]),
    ...(remedy === undefined ? [] : [`who: ${remedy}`]),
  ].join('; ')
}

function onTheWhole(verdict: Verdict, basis: string | null): Finding {
  const { id: rule, sentence } = CHANGE_JUDGED
  const unread = verdict === 'not_applicable' ? 'no rule applies to it' : 'part of what it brings could not be read'
  const said = basis === null ? unread : basis.replaceAll('_', ' ')
  const why = leaf({ about: rule, verdict, reason: basis ?? 'not_explained_by_a_rule', sentence: said })
  return { rule, sentence, observed: false, verdict, why }
}
