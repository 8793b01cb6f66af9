import type { MergeContent, ObjectFormat, ObjectType } from '@countersign/verify'

/** A ref as it stands: where it points, and where that leads when it is an annotated tag. */
export interface Ref {
  /** UTF-8; a byte that is none is written `\xHH`, which no other name can hold: Git forbids the backslash in names. */
  readonly name: string
  readonly object: string
  readonly type: ObjectType
  /** The commit, tree or blob behind an annotated tag; null for everything else. */
  readonly peeled: string | null
}

/** One object, byte for byte. The id is what was asked for: nobody has checked yet that the body hashes to it. */
export interface GitObject {
  readonly id: string
  readonly type: ObjectType
  readonly body: Uint8Array
}

/** A commit and its parents, as the walk told them. */
export interface CommitNode {
  readonly id: string
  readonly parents: readonly string[]
}

/** What revisions meant at one moment, as object ids: refs that move afterwards do not change what is looked at. */
export interface Tips {
  readonly include: readonly string[]
  readonly exclude: readonly string[]
  /** The annotated tags among what was asked for. */
  readonly tags: readonly string[]
}

/**
 * Reads a Git repository and never changes it: no network, no hooks, no replacement refs, no grafts, no commit-graph file.
 *
 * Every method rejects with a `Problem`: `objects_missing` for a shallow, partial or damaged clone, `git_failed` for what
 * git itself refuses. None returns an empty list for a failure.
 */
export interface GitRepository {
  /** The repository's own folder, absolute and without symbolic links. */
  readonly folder: string
  readonly objectFormat: ObjectFormat

  /** Every ref, sorted by name. */
  refs(): Promise<readonly Ref[]>

  /** The full object id that a revision names; null when there is none. */
  resolve(revision: string): Promise<string | null>

  /** What revisions or ranges, or every ref, mean now. Rejects with `revision_not_found`. */
  tips(revisions: readonly string[] | 'all-refs'): Promise<Tips>

  /**
   * Ids of the commits that are reachable from `include` and not from `exclude`, in runs of some hundred, newest first. An
   * excluded id that the repository does not have excludes nothing; an included one rejects with `objects_missing`.
   */
  commitIds(include: readonly string[], exclude: readonly string[]): AsyncIterable<readonly string[]>

  /** Commits reachable from `include` and not from `exclude`, every commit before its parents. */
  commits(include: readonly string[], exclude: readonly string[]): AsyncIterable<CommitNode>

  /**
   * What each merge holds besides what its parents brought, in their order. One that cannot be told says why and never stands for one
   * that adds nothing.
   */
  lookIntoMerges(merges: readonly CommitNode[]): Promise<readonly MergeContent[]>

  /** The objects with these ids, in their order. */
  objects(ids: readonly string[]): AsyncIterable<GitObject>

  /**
   * For each commit, the id of the folder (a tree) at a path in it, or null where its tree is there and holds nothing at that
   * path; in their order. Rejects with `objects_missing` where the commit or a tree on the way cannot be read, and with
   * `policy_malformed` where a file, a symbolic link or a submodule is at that path.
   */
  entriesAt(commits: readonly string[], path: string): Promise<readonly (string | null)[]>

  /** Every file below a tree, by its path. `maxBytes` bounds each file and their number is bounded too. */
  filesBelow(tree: string, maxBytes: number): Promise<ReadonlyMap<string, Uint8Array>>

  /** The commits whose parents a shallow clone hides; empty for a whole one. */
  shallowBoundary(): Promise<ReadonlySet<string>>

  /** A name that does not depend on where the clone lies: the address of `origin` without credentials, else the first commit. */
  name(): Promise<string>
}
