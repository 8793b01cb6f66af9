import type { ObjectCheck } from './verify-object.ts'

/**
 * One object's check as one line of JSON, LF included: `object, type, signature{scheme, status, git, key, principal, reason},
 * verdict`, and `mergetags` where a merge carries signed tags. docs/formats/object-line.md describes it.
 */
export function formatObjectLine(check: ObjectCheck): string {
  const { object, type, signature, mergetags, verdict } = check
  const line = { object, type, signature: brief(signature), verdict }
  return `${JSON.stringify(mergetags.length === 0 ? line : { ...line, mergetags: mergetags.map(brief) })}\n`
}

function brief({ scheme, status, git, key, principal, reason }: ObjectCheck['signature']): object {
  return { scheme, status, git, key, principal, reason }
}
