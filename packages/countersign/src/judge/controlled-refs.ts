import type { Policy } from './policy.ts'

/** Whether a policy governs a full ref name. Refs outside `refs/heads/` and `refs/tags/` are never controlled. */
export function isControlled(ref: string, policy: Policy): boolean {
  const { branches, tags } = policy.controlledRefs
  if (ref.startsWith('refs/heads/')) return matchesAny(ref.slice('refs/heads/'.length), branches)
  if (ref.startsWith('refs/tags/')) return matchesAny(ref.slice('refs/tags/'.length), tags)
  return false
}

function matchesAny(name: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => matchesPattern(name, pattern))
}

/** Whether a name matches a pattern: `*` is any run without a slash, `**` any run at all, everything else itself. */
export function matchesPattern(name: string, pattern: string): boolean {
  const source = pattern
    .split(/(\*\*|\*)/)
    .map((part) => (part === '**' ? '.*' : part === '*' ? '[^/]*' : part.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')))
    .join('')
  return new RegExp(`^${source}$`, 's').test(name)
}
