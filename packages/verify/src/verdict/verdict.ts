/**
 * The closed set of answers. Unknown is never pass: `indeterminate` says that something could not be told, `pending`
 * that an answer is still to come.
 */
export const VERDICTS = [
  'pass',
  'fail',
  'warn',
  'not_applicable',
  'pending',
  'indeterminate',
  'waived',
  'break_glass',
] as const

export type Verdict = (typeof VERDICTS)[number]

/** From the worst to the best; what a whole is, when its parts are these. */
const WORST_FIRST: readonly Verdict[] = [
  'fail',
  'indeterminate',
  'pending',
  'break_glass',
  'waived',
  'warn',
  'pass',
  'not_applicable',
]

/**
 * The verdict of a whole from the verdicts of its parts: the worst of them.
 *
 * Nothing at all is `not_applicable`, and a whole of which no part applied is too: neither reads as approval.
 */
export function worstVerdict(parts: readonly Verdict[]): Verdict {
  return WORST_FIRST.find((verdict) => parts.includes(verdict)) ?? 'not_applicable'
}
