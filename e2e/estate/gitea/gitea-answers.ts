/** What Gitea 1.26 answers, as far as the stories read it. Whole answers lie in testdata/estate/gitea. */

export interface GiteaUser {
  readonly id: number
  readonly login: string
  readonly email: string
  readonly full_name: string
  readonly is_admin: boolean
}

export interface GiteaSshKey {
  readonly id: number
  readonly key: string
  readonly fingerprint: string
  readonly title: string
}

export interface GiteaOpenPgpKey {
  readonly id: number
  readonly key_id: string
  readonly primary_key_id: string
  readonly verified: boolean
  readonly can_sign: boolean
}

/** A rule for branches: what may reach them, and how. The names are Gitea's own. */
export interface GiteaBranchProtection {
  readonly rule_name: string
  readonly priority: number
  readonly enable_push: boolean
  readonly enable_push_whitelist: boolean
  readonly push_whitelist_usernames: readonly string[] | null
  readonly push_whitelist_deploy_keys: boolean
  readonly enable_force_push: boolean
  readonly enable_force_push_allowlist: boolean
  readonly force_push_allowlist_usernames: readonly string[] | null
  readonly enable_merge_whitelist: boolean
  readonly merge_whitelist_usernames: readonly string[] | null
  readonly enable_status_check: boolean
  readonly status_check_contexts: readonly string[] | null
  readonly required_approvals: number
  readonly enable_approvals_whitelist: boolean
  /** Singular, unlike its neighbours. */
  readonly approvals_whitelist_username: readonly string[] | null
  readonly block_on_rejected_reviews: boolean
  readonly block_on_official_review_requests: boolean
  readonly block_on_outdated_branch: boolean
  readonly dismiss_stale_approvals: boolean
  readonly ignore_stale_approvals: boolean
  readonly require_signed_commits: boolean
  readonly protected_file_patterns: string
  readonly unprotected_file_patterns: string
  readonly block_admin_merge_override: boolean
  readonly created_at: string
  readonly updated_at: string
}

export interface GiteaPull {
  readonly number: number
  readonly title: string
  readonly state: 'open' | 'closed'
  readonly user: GiteaUser
  readonly head: { readonly ref: string; readonly sha: string }
  readonly base: { readonly ref: string; readonly sha: string }
  readonly mergeable: boolean
  readonly merged: boolean
  readonly merged_at: string | null
  readonly merge_commit_sha: string | null
  readonly merged_by: GiteaUser | null
}

export interface GiteaReview {
  readonly id: number
  readonly user: GiteaUser | null
  readonly state: 'APPROVED' | 'PENDING' | 'COMMENT' | 'REQUEST_CHANGES' | 'REQUEST_REVIEW'
  readonly commit_id: string
  /** The head has moved since. */
  readonly stale: boolean
  /** By somebody whose approval counts for the branch. */
  readonly official: boolean
  readonly dismissed: boolean
  readonly submitted_at: string
}

export interface GiteaCommit {
  readonly sha: string
  readonly parents: readonly { readonly sha: string }[]
  readonly author: GiteaUser | null
  readonly committer: GiteaUser | null
  readonly commit: {
    readonly message: string
    readonly author: { readonly name: string; readonly email: string; readonly date: string }
    readonly committer: { readonly name: string; readonly email: string; readonly date: string }
    readonly verification: {
      readonly verified: boolean
      readonly reason: string
      readonly signature: string
      readonly signer: { readonly name: string; readonly email: string; readonly username: string } | null
      readonly payload: string
    }
  }
}

export interface GiteaWebhook {
  readonly id: number
  readonly type: string
  readonly active: boolean
  readonly events: readonly string[]
  readonly config: Readonly<Record<string, string>>
}

/** One line of a repository's public activity: the nearest that Gitea has to an audit log. */
export interface GiteaActivity {
  readonly id: number
  readonly op_type: string
  readonly act_user: GiteaUser
  readonly ref_name: string
  readonly content: string
  readonly created: string
}
