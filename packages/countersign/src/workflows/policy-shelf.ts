import { type ReadyPolicy, readyPolicy } from './make-decision.ts'
import type { GitRepository } from './ports/git-repository.ts'
import type { PolicySource } from './ports/policy-source.ts'
import { Problem } from './problem.ts'

/** The policy of a commit, null where it has none; or why it cannot be read. */
export interface ShelfEntry {
  readonly policy: ReadyPolicy | null
  readonly problem: Problem | null
}

/** The policies that commits hold, each `.countersign/` tree read and prepared once. */
export class PolicyShelf {
  readonly #ground: { readonly repository: GitRepository; readonly policies: PolicySource }
  readonly #ready = new Map<string, ReadyPolicy | null>()
  /** The `.countersign/` tree of each commit that was asked about. */
  readonly #trees = new Map<string, string | null>()

  constructor(ground: { readonly repository: GitRepository; readonly policies: PolicySource }) {
    this.#ground = ground
  }

  /** Asks for many commits' trees at once. Where one of them cannot be read, each is asked for by itself and the one at fault is named. */
  async prepare(commits: readonly string[]): Promise<void> {
    const unknown = [...new Set(commits)].filter((commit) => !this.#trees.has(commit))
    try {
      const trees = await this.#ground.repository.entriesAt(unknown, '.countersign')
      for (const [index, commit] of unknown.entries()) this.#trees.set(commit, trees[index] ?? null)
    } catch (error) {
      if (!(error instanceof Problem)) throw error
    }
  }

  /** The policy of a commit. Never rejects with a `Problem`. */
  async read(commit: string): Promise<ShelfEntry> {
    try {
      return { policy: await this.#at(await this.#treeAt(commit)), problem: null }
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      return { policy: null, problem: new Problem(error.code, `in ${commit}: ${error.message}`, { cause: error }) }
    }
  }

  /** The id of a commit's `.countersign/` tree, null where it has none, undefined where that cannot be told. */
  async treeOf(commit: string): Promise<string | null | undefined> {
    try {
      return await this.#treeAt(commit)
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      return undefined
    }
  }

  async #treeAt(commit: string): Promise<string | null> {
    const known = this.#trees.get(commit)
    if (known !== undefined) return known
    const [tree = null] = await this.#ground.repository.entriesAt([commit], '.countersign')
    this.#trees.set(commit, tree)
    return tree
  }

  async #at(tree: string | null): Promise<ReadyPolicy | null> {
    if (tree === null) return null
    const before = this.#ready.get(tree)
    if (before !== undefined) return before
    const sealed = await this.#ground.policies.at(tree)
    const ready = sealed === null ? null : readyPolicy(sealed)
    this.#ready.set(tree, ready)
    return ready
  }
}
