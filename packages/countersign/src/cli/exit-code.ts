import type { Verdict } from '@countersign/verify'

/** The exit codes of every command; `countersign help exit-codes` prints this table. */
export const EXIT_CODES = [
  [0, 'pass: every demand is met, or nothing was asked that could fail'],
  [1, 'a negative verdict: a signature is bad, a rule failed, a proof does not hold'],
  [2, 'usage, configuration or policy error: nothing was evaluated'],
  [3, 'could not tell: something could not be read or checked'],
  [4, 'not authorised'],
  [5, 'warnings, where --fail-on=warn asks for them'],
  [8, 'pending: an answer is still to come'],
  [70, 'a fault of Countersign itself'],
  [130, 'interrupted'],
  [143, 'ended from outside'],
  [141, 'whoever read the output stopped reading'],
] as const

/**
 * The exit code of a whole run, computed once from its verdict and never by a printer. Break-glass and waivers let
 * a change through, so they end with 0: the decision itself says on what basis.
 */
export function exitCodeOf(verdict: Verdict, failOn: 'fail' | 'warn'): number {
  switch (verdict) {
    case 'pass':
    case 'not_applicable':
    case 'waived':
    case 'break_glass':
      return 0
    case 'fail':
      return 1
    case 'indeterminate':
      return 3
    case 'warn':
      return failOn === 'warn' ? 5 : 0
    case 'pending':
      return 8
  }
}
