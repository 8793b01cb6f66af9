import { setTimeout as sleep } from 'node:timers/promises'
import type {
  GiteaActivity,
  GiteaBranchProtection,
  GiteaCommit,
  GiteaPull,
  GiteaReview,
  GiteaWebhook,
} from './gitea-answers.ts'
import { type GiteaClient, GiteaError } from './gitea-client.ts'

/** How Gitea brings a pull request onto its base. */
export type MergeStyle = 'merge' | 'squash' | 'rebase' | 'rebase-merge' | 'fast-forward-only'

/** What of a protection somebody sets; the rest stays as it is, or at Gitea's default. */
export type ProtectionSettings = Partial<Omit<GiteaBranchProtection, 'rule_name' | 'created_at' | 'updated_at'>>

export interface MergeWish {
  readonly style?: MergeStyle
  /** The first line of the merge or squash commit, and what stands below it. */
  readonly title?: string
  readonly message?: string
  /** Refuses when the head is another one by then. */
  readonly headCommit?: string
  /** Lets an administrator go around the protection. */
  readonly force?: boolean
}

const MERGEABLE_WITHIN_MS = 15_000
const POLL_MS = 50

/** One repository, as one account sees it. Every method rejects with {@link GiteaError} where Gitea refuses. */
export class GiteaRepository {
  readonly owner: string
  readonly name: string
  /** With the account's name and token in it, for git. */
  readonly pushUrl: string
  readonly #client: GiteaClient

  constructor(client: GiteaClient, owner: string, name: string, pushUrl: string) {
    this.#client = client
    this.owner = owner
    this.name = name
    this.pushUrl = pushUrl
  }

  /** Lets somebody else in. */
  async addCollaborator(login: string, permission: 'read' | 'write' | 'admin'): Promise<void> {
    await this.#client.request('PUT', this.#path(`/collaborators/${login}`), { permission })
  }

  /** Makes a rule for a branch, or for every branch that a pattern names. */
  protect(rule: string, settings: ProtectionSettings): Promise<GiteaBranchProtection> {
    return this.#client.post(this.#path('/branch_protections'), { rule_name: rule, ...settings })
  }

  changeProtection(rule: string, settings: ProtectionSettings): Promise<GiteaBranchProtection> {
    return this.#client.request('PATCH', this.#path(`/branch_protections/${encodeURIComponent(rule)}`), settings)
  }

  async removeProtection(rule: string): Promise<void> {
    await this.#client.request('DELETE', this.#path(`/branch_protections/${encodeURIComponent(rule)}`))
  }

  protections(): Promise<readonly GiteaBranchProtection[]> {
    return this.#client.get(this.#path('/branch_protections'))
  }

  /** Sends these events (Gitea's names; all of them without any) to a URL, signed with the secret. */
  addWebhook(url: string, secret: string, events?: readonly string[]): Promise<GiteaWebhook> {
    return this.#client.post(this.#path('/hooks'), {
      type: 'gitea',
      active: true,
      config: { url, secret, content_type: 'json' },
      ...(events === undefined ? { events: ALL_EVENTS } : { events }),
    })
  }

  openPull(title: string, head: string, base: string): Promise<GiteaPull> {
    return this.#client.post(this.#path('/pulls'), { title, head, base })
  }

  pull(number: number): Promise<GiteaPull> {
    return this.#client.get(this.#path(`/pulls/${number}`))
  }

  review(number: number, event: 'APPROVED' | 'REQUEST_CHANGES' | 'COMMENT', body = ''): Promise<GiteaReview> {
    return this.#client.post(this.#path(`/pulls/${number}/reviews`), { event, body })
  }

  dismissReview(number: number, review: number, message: string): Promise<GiteaReview> {
    return this.#client.post(this.#path(`/pulls/${number}/reviews/${review}/dismissals`), { message })
  }

  reviews(number: number): Promise<readonly GiteaReview[]> {
    return this.#client.list(this.#path(`/pulls/${number}/reviews`))
  }

  /** Merges, and returns the pull request as it is then. Waits while Gitea is still looking for conflicts. */
  async merge(number: number, wish: MergeWish = {}): Promise<GiteaPull> {
    const { style = 'merge', title, message, headCommit, force } = wish
    const body = {
      do: style,
      ...(title === undefined ? {} : { merge_title_field: title }),
      ...(message === undefined ? {} : { merge_message_field: message }),
      ...(headCommit === undefined ? {} : { head_commit_id: headCommit }),
      ...(force === undefined ? {} : { force_merge: force }),
    }
    for (let waited = 0; ; waited += POLL_MS) {
      try {
        await this.#client.post(this.#path(`/pulls/${number}/merge`), body)
        return await this.pull(number)
      } catch (error) {
        const isEarly = error instanceof GiteaError && /try again later/i.test(error.says)
        if (!isEarly || waited >= MERGEABLE_WITHIN_MS) throw error
        await sleep(POLL_MS)
      }
    }
  }

  /** A commit, and what Gitea thinks of its signature. */
  commit(id: string): Promise<GiteaCommit> {
    return this.#client.get(this.#path(`/git/commits/${id}`))
  }

  /** The pull request that brought a commit onto the default branch. */
  pullOf(commit: string): Promise<GiteaPull> {
    return this.#client.get(this.#path(`/commits/${commit}/pull`))
  }

  activity(): Promise<readonly GiteaActivity[]> {
    return this.#client.list(this.#path('/activities/feeds'))
  }

  #path(rest: string): string {
    return `/repos/${this.owner}/${this.name}${rest}`
  }
}

const ALL_EVENTS = [
  'create',
  'delete',
  'push',
  'pull_request',
  'pull_request_comment',
  'pull_request_review_approved',
  'pull_request_review_rejected',
  'pull_request_review_comment',
  'pull_request_review_request',
  'pull_request_sync',
  'repository',
  'status',
]
