import { type Verdict, worstVerdict } from './verdict.ts'

/**
 * One step of the reasoning behind a verdict. A tree of them lets a reader see why, without knowing the rules: every
 * "no" says what was observed, what would pass, and who can bring that about.
 */
export interface Explanation {
  /** The rule or the fact that this step is about, for example `commits-signed` or a commit id. */
  readonly about: string
  readonly verdict: Verdict
  /** A stable code in snake_case. */
  readonly reason: string
  /** A plain sentence. */
  readonly sentence: string
  readonly observed?: string
  /** What would make this step pass; present whenever the verdict is not pass and something would. */
  readonly wanted?: string
  /** Who can do that. */
  readonly remedy?: string
  readonly parts: readonly Explanation[]
}

/** An explanation without parts. */
export function leaf(fields: Omit<Explanation, 'parts'>): Explanation {
  return { ...fields, parts: [] }
}

/** The verdict that an explanation's parts imply; for its own verdict when it has none. */
export function verdictOfParts(parts: readonly Explanation[]): Verdict {
  return worstVerdict(parts.map((part) => part.verdict))
}
