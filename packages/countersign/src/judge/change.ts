import type { Ident, MergeContent, SignatureCheck } from '@countersign/verify'

/**
 * What happened to a controlled ref. `initial`, `direct`, `merge`, `squash` and `rebase` are first-parent steps on a
 * branch; which of the last three a step with one parent is can only be inferred from Git, and is reported as such.
 */
export type ChangeKind =
  | 'initial'
  | 'direct'
  | 'merge'
  | 'squash'
  | 'rebase'
  | 'tag-created'
  | 'tag-moved'
  | 'tag-deleted'
  | 'history-rewritten'

/** One change: the unit that auditors count. Its key is repository, ref and new object id. */
export interface Change {
  readonly kind: ChangeKind
  /** A name for the repository that does not depend on where the clone lies. */
  readonly repository: string
  readonly ref: string
  /** The new object id; all zeros for a deletion. */
  readonly object: string
  /** The object that the ref named before: the first parent, or the last recorded tip or tag; null when there was none. */
  readonly base: string | null
}

/** A commit that a change brings, with what its signature proves. */
export interface CommitFact {
  readonly object: string
  readonly parents: readonly string[]
  readonly author: Ident
  readonly committer: Ident
  /** The message as text, at most {@link MAX_MESSAGE} characters of it. */
  readonly message: string
  readonly signature: SignatureCheck
}

/** An annotated tag with what its signature proves. */
export interface TagFact {
  readonly object: string
  readonly name: string
  readonly target: string
  readonly tagger: Ident | null
  readonly signature: SignatureCheck
}

/**
 * What can be found in a merge commit, compared path by path with its parents and with where they parted; docs/formats/change-inputs.md
 * says what each word means.
 */
export type MergeOutcome =
  | 'adds_nothing'
  | 'adds_content'
  | 'both_changed'
  | 'not_two_parents'
  | 'several_bases'
  | 'too_large'
  | 'unreadable'

/** Everything that the rules may look at. */
export interface ChangeFacts {
  readonly change: Change
  /** The commits that became reachable with this change, the change's own commit first. Empty for tags. */
  readonly commits: readonly CommitFact[]
  /** The tag object; null for branches, and for a lightweight tag, which has no object. */
  readonly tag: TagFact | null
  /** Objects that could not be read or parsed, with the reason: never silently left out. */
  readonly unreadable: readonly { readonly object: string; readonly reason: string }[]
  /** What each merge commit holds besides what its parents brought, by its id. */
  readonly merges: ReadonlyMap<string, MergeContent>
  /** Unix seconds: when the change is judged. */
  readonly evaluatedAt: number
}

export const MAX_MESSAGE = 10_000

const SQUASH = /\(#\d+\)$|^Squashed commit of the following/m
const NOTHING = /^0+$/

/**
 * What kind of step a commit is on its branch. For one parent this is an inference: a squash names its pull request in the
 * subject, a rebase has a committer or a commit time of its own.
 */
export function kindOfStep(commit: CommitFact): ChangeKind {
  if (commit.parents.length === 0) return 'initial'
  if (commit.parents.length > 1) return 'merge'
  const subject = commit.message.split('\n', 1)[0] ?? ''
  if (SQUASH.test(subject)) return 'squash'
  const { author, committer } = commit
  return author.email !== committer.email || author.time !== committer.time ? 'rebase' : 'direct'
}

/** Whether a change is about a tag. */
export function isTagChange(change: Change): boolean {
  return change.ref.startsWith('refs/tags/')
}

/** Whether a change took its ref away. */
export function isDeletion(change: Change): boolean {
  return NOTHING.test(change.object)
}
