import { setTimeout as sleep } from 'node:timers/promises'
import type { GiteaAccount } from '../estate/gitea/gitea-account.ts'
import type { GiteaRepository } from '../estate/gitea/gitea-repository.ts'
import type { Person } from './people.ts'
import { Proposal, type ProposalGround, type ProposalWish } from './proposal.ts'
import type { CommitWish, WorkTree } from './work-tree.ts'

const SETTLED_WITHIN_MS = 10_000
const POLL_MS = 50

/** A repository of the fleet on a Gitea. */
export class ForgeRepository implements ProposalGround {
  readonly name: string
  readonly owner: Person
  /** Without anybody's token in it: reconcilers and auditors read it so. */
  readonly url: string
  readonly tree: WorkTree
  readonly #accounts: ReadonlyMap<string, GiteaAccount>
  #proposals = 0

  constructor(
    named: { readonly name: string; readonly owner: Person; readonly url: string },
    tree: WorkTree,
    accounts: ReadonlyMap<string, GiteaAccount>,
  ) {
    this.name = named.name
    this.owner = named.owner
    this.url = named.url
    this.tree = tree
    this.#accounts = accounts
  }

  as(person: Person): GiteaRepository {
    const account = this.#accounts.get(person.id)
    if (account === undefined) throw new Error(`${person.id} has no account at the forge`)
    return account.repository(this.owner.id, this.name)
  }

  /** Begins a pull request from a branch of its own. See {@link Proposal}. */
  propose(author: Person, wish: ProposalWish): Proposal {
    this.#proposals += 1
    return new Proposal(this, author, `proposal-${this.#proposals}`, wish)
  }

  async branchOff(branch: string, base: string): Promise<void> {
    await this.tree.pull(this.as(this.owner).pushUrl, base)
    await this.tree.goTo(branch, base)
  }

  async commitOn(branch: string, wish: CommitWish): Promise<string> {
    await this.tree.goTo(branch)
    const commit = await this.tree.commit(wish)
    await this.tree.push(this.as(wish.by).pushUrl, branch)
    return commit
  }

  async untilReviewsAreAbout(number: number, head: string): Promise<void> {
    const forge = this.as(this.owner)
    const [{ base }, rules] = await Promise.all([forge.pull(number), forge.protections()])
    const dismisses = rules.some((rule) => rule.rule_name === base.ref && rule.dismiss_stale_approvals)
    const deadline = Date.now() + SETTLED_WITHIN_MS
    for (;;) {
      const [pull, reviews] = await Promise.all([forge.pull(number), forge.reviews(number)])
      const old = reviews.filter((review) => review.commit_id !== head)
      const open = old.filter(
        ({ stale, state, dismissed }) => !stale || (dismisses && state === 'APPROVED' && !dismissed),
      )
      if (pull.head.sha === head && open.length === 0) return
      if (Date.now() > deadline)
        throw new Error(`Gitea still counts ${open.length} reviews of what was there before ${head}`)
      await sleep(POLL_MS)
    }
  }
}
