import type { ChangeDecision } from '@countersign/verify'

/** The subject by which every decision about a change is found. */
export function subjectOfChange({
  repository,
  ref,
  object,
}: Pick<ChangeDecision['change'], 'repository' | 'ref' | 'object'>): string {
  return `change:${object} ${ref} ${repository}`
}

/** The subject by which statements about a source are found. */
export function sourceTerm(source: string): string {
  return `source:${source}`
}

/** The subject by which a payload's tombstone is found. */
export function payloadTerm(digest: string): string {
  return `payload:${digest}`
}
