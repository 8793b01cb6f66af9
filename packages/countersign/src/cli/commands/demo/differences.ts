import type { ToldChange } from '../../../wire.ts'
import type { CheckedChange } from '../../../workflows/check-changes.ts'
import { faultsOf } from './judged-rows.ts'

/** Every way in which what was judged is not what the story must lead to, one sentence each. */
export function findDifferences(expected: readonly ToldChange[], judged: readonly CheckedChange[]): readonly string[] {
  const wanted = expected.map(sentenceOf)
  const found = judged.map(({ decision, ...rest }) => {
    const { ref, kind, object } = decision.change
    const faults = faultsOf({ decision, ...rest }).map(({ rule, verdict, reason }) => `${rule} ${verdict} ${reason}`)
    return sentenceOf({ ref, kind, object, verdict: decision.verdict, faults })
  })
  const length = Math.max(wanted.length, found.length)
  return Array.from({ length }, (_, at) => [wanted[at] ?? 'nothing', found[at] ?? 'nothing'] as const).flatMap(
    ([want, got]) => (want === got ? [] : [`expected ${want}; got ${got}`]),
  )
}

/** Every commit whose letter git gives otherwise than we found it without running git. */
export function findOtherLetters(
  judged: readonly CheckedChange[],
  gitSays: ReadonlyMap<string, string>,
): readonly string[] {
  return commitLetters(judged).flatMap(([object, letter]) =>
    gitSays.get(object) === letter
      ? []
      : [`git says ${gitSays.get(object) ?? 'nothing'} of ${object}, and we found ${letter}`],
  )
}

/** The commits that were judged by some keys, each once, with the letter that git would give. */
export function commitLetters(judged: readonly CheckedChange[]): readonly (readonly [string, string])[] {
  const withKeys = judged.filter(({ decision }) => decision.policy !== null)
  const signatures = withKeys.flatMap(({ decision }) => decision.signatures)
  return [...new Map(signatures.filter(({ type }) => type === 'commit').map(({ object, git }) => [object, git]))]
}

function sentenceOf({ ref, kind, object, verdict, faults }: Omit<ToldChange, 'told'>): string {
  return `${ref} ${object.slice(0, 12)} ${kind} ${verdict} (${faults.join(', ') || 'no fault'})`
}
