import { createHash } from 'node:crypto'
import type { TokenClaims } from './oidc.ts'

/** One run of a pipeline. */
export interface CiRun {
  /** The audience: whoever is to believe the token. */
  readonly audience: string
  /** As `owner/name`. */
  readonly repository: string
  /** As `refs/heads/main`. */
  readonly ref: string
  readonly sha: string
  /** Who set it off. */
  readonly actor: string
  /** What set it off, in the words of the system; a push when not given. */
  readonly event?: string
  readonly environment?: string
}

/** What the token of a GitHub Actions job says. Ids are made from names: the same name has the same id. */
export function githubActionsClaims({
  audience,
  repository,
  ref,
  sha,
  actor,
  event = 'push',
  environment,
}: CiRun): TokenClaims {
  const [owner = ''] = repository.split('/')
  const workflow = `${repository}/.github/workflows/deploy.yml@${ref}`
  return {
    aud: audience,
    sub: `repo:${repository}:${environment === undefined ? `ref:${ref}` : `environment:${environment}`}`,
    actor,
    actor_id: idOf(actor),
    base_ref: '',
    head_ref: '',
    event_name: event,
    job_workflow_ref: workflow,
    job_workflow_sha: sha,
    ref,
    ref_type: ref.startsWith('refs/tags/') ? 'tag' : 'branch',
    repository,
    repository_id: idOf(repository),
    repository_owner: owner,
    repository_owner_id: idOf(owner),
    repository_visibility: 'private',
    run_id: idOf(sha),
    run_number: '1',
    run_attempt: '1',
    runner_environment: 'github-hosted',
    workflow: 'Deploy',
    workflow_ref: workflow,
    workflow_sha: sha,
    sha,
    ...(environment === undefined ? {} : { environment }),
  }
}

/** What the token of a GitLab job says. Its ids and its `ref_protected` are texts. */
export function gitlabClaims({
  audience,
  repository,
  ref,
  sha,
  actor,
  event = 'push',
  environment,
}: CiRun): TokenClaims {
  const [namespace = ''] = repository.split('/')
  const [, kind = 'heads', name = ref] = /^refs\/(heads|tags)\/(.*)$/.exec(ref) ?? []
  const type = kind === 'tags' ? 'tag' : 'branch'
  return {
    aud: audience,
    sub: `project_path:${repository}:ref_type:${type}:ref:${name}`,
    namespace_id: idOf(namespace),
    namespace_path: namespace,
    project_id: idOf(repository),
    project_path: repository,
    job_project_id: idOf(repository),
    job_project_path: repository,
    user_id: idOf(actor),
    user_login: actor,
    user_email: `${actor}@shop.example`,
    pipeline_id: idOf(sha),
    pipeline_source: event,
    job_id: idOf(`${sha} job`),
    ref: name,
    ref_type: type,
    ref_path: ref,
    ref_protected: 'true',
    runner_environment: 'gitlab-hosted',
    sha,
    ...(environment === undefined ? {} : { environment, environment_protected: 'true' }),
  }
}

function idOf(name: string): string {
  return String(createHash('sha256').update(name).digest().readUInt32BE(0))
}
