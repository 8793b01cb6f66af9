import type { GiteaPull } from '../estate/gitea/gitea-answers.ts'
import type { GiteaRepository, MergeWish } from '../estate/gitea/gitea-repository.ts'
import type { Person } from './people.ts'
import type { CommitWish, FileChanges } from './work-tree.ts'

/** What somebody proposes. The message of the commit is also the title of the pull request. */
export interface ProposalWish {
  readonly message: string
  readonly files: FileChanges
  /** The branch that it is proposed for; `main` when not given. */
  readonly base?: string
}

/** What a proposal asks of the repository that it is made to. */
export interface ProposalGround {
  /** The repository as this person sees it on the forge. */
  as(person: Person): GiteaRepository
  /** Makes a local branch at the tip that the forge has for another. */
  branchOff(branch: string, base: string): Promise<void>
  /** Commits on a local branch and pushes that as whoever committed. Returns the commit. */
  commitOn(branch: string, wish: CommitWish): Promise<string>
  /**
   * Waits until Gitea has marked, and where the branch asks for it dismissed, the reviews of what was there before `head`. It
   * does so some time after a push: until then an approval of the old head lets the new one in.
   */
  untilReviewsAreAbout(number: number, head: string): Promise<void>
}

/** What a merged proposal left behind. */
export interface MergedProposal {
  readonly pull: GiteaPull
  /** The new tip of the base branch. */
  readonly commit: string
  /** The commit that was reviewed. */
  readonly head: string
}

/**
 * A pull request as a chain: `propose(bob, ...).approvedBy(alice).mergedBy(alice)`. Nothing happens before the chain is asked
 * to {@link open} or to merge; then its steps happen in order, and it can go on from there.
 */
export class Proposal {
  readonly #repository: ProposalGround
  readonly #author: Person
  readonly #wish: ProposalWish
  readonly #branch: string
  #pull: GiteaPull | null = null
  #steps: ((number: number) => Promise<unknown>)[] = []

  constructor(repository: ProposalGround, author: Person, branch: string, wish: ProposalWish) {
    this.#repository = repository
    this.#author = author
    this.#branch = branch
    this.#wish = wish
  }

  approvedBy(person: Person, body = 'Looks right.'): this {
    return this.#then((number) => this.#repository.as(person).review(number, 'APPROVED', body))
  }

  refusedBy(person: Person, why: string): this {
    return this.#then((number) => this.#repository.as(person).review(number, 'REQUEST_CHANGES', why))
  }

  commentedBy(person: Person, body: string): this {
    return this.#then((number) => this.#repository.as(person).review(number, 'COMMENT', body))
  }

  /** Pushes one more commit, as somebody who was asked for a change does. */
  amendedBy(person: Person, message: string, files: FileChanges): this {
    return this.#then(async (number) => {
      const head = await this.#repository.commitOn(this.#branch, { by: person, message, files })
      await this.#repository.untilReviewsAreAbout(number, head)
    })
  }

  /** Does all steps so far and returns the pull request as it is then. */
  async open(): Promise<GiteaPull> {
    this.#pull ??= await this.#begin()
    const { number } = this.#pull
    const steps = this.#steps
    this.#steps = []
    for (const step of steps) await step(number)
    return this.#repository.as(this.#author).pull(number)
  }

  /** Does all steps so far, then merges. Rejects with `GiteaError` where Gitea does not let this person, or not yet. */
  async mergedBy(person: Person, wish: MergeWish = {}): Promise<MergedProposal> {
    const { number, head } = await this.open()
    const pull = await this.#repository.as(person).merge(number, { title: `Merge: ${this.#wish.message}`, ...wish })
    const commit = pull.merge_commit_sha
    if (commit === null) throw new Error(`Gitea says that pull request ${number} is merged, but not as what`)
    return { pull, commit, head: head.sha }
  }

  async #begin(): Promise<GiteaPull> {
    const { message, files, base = 'main' } = this.#wish
    await this.#repository.branchOff(this.#branch, base)
    await this.#repository.commitOn(this.#branch, { by: this.#author, message, files })
    return this.#repository.as(this.#author).openPull(message, this.#branch, base)
  }

  #then(step: (number: number) => Promise<unknown>): this {
    this.#steps.push(step)
    return this
  }
}
