import type { ArgocdContext, ArgocdHandle } from './argocd/start-argocd.ts'
import type { AuditSink } from './audit-sink/audit-sink.ts'
import type { FluxHandle } from './flux/start-flux.ts'
import type { GitHttpContext, GitHttpHandle } from './git-http/git-http.ts'
import type { GiteaHandle } from './gitea/start-gitea.ts'
import type { AuditSettings } from './kubernetes/audit.ts'
import type { KubernetesHandle } from './kubernetes/start-kubernetes.ts'
import type { OidcContext, OidcHandle } from './oidc/oidc.ts'
import type { PostgresContext, PostgresHandle } from './postgres/start-postgres.ts'
import type { S3Handle } from './s3/start-s3.ts'
import type { SmtpContext, SmtpHandle } from './smtp/smtp.ts'

export interface ClusterWish {
  /** One when not given. */
  readonly clusters?: 1 | 2
  /** How the audit sink, if there is one, is told: the webhook is the estate's to name. */
  readonly audit?: Omit<AuditSettings, 'webhook'>
}

export interface ReconcilerWish {
  /** Which clusters it runs in, counted from 0; in the first when not given. */
  readonly clusters?: readonly (0 | 1)[]
}

/** What a test needs. `true` is a service with nothing special about it; what is not named is not started. */
export interface EstateWish {
  readonly kubernetes?: true | ClusterWish
  /** Receives the audit events of every cluster, below the path `/CLUSTER`. */
  readonly audit?: true
  /** Needs `kubernetes`. */
  readonly flux?: true | ReconcilerWish
  /** Needs `kubernetes`. */
  readonly argocd?: true | (ReconcilerWish & Pick<ArgocdContext, 'resyncSeconds'>)
  readonly gitea?: true
  readonly git?: true | Omit<GitHttpContext, 'folder'>
  readonly s3?: true
  readonly postgres?: true | Omit<PostgresContext, 'folder'>
  readonly smtp?: true | SmtpContext
  readonly oidc?: true | OidcContext
}

/** The handles of what was asked for. */
export interface Services {
  /** The first cluster. */
  readonly kubernetes: KubernetesHandle
  readonly audit: AuditSink
  /** The Flux of the first cluster that has one. */
  readonly flux: FluxHandle
  /** The Argo CD of the first cluster that has one. */
  readonly argocd: ArgocdHandle
  readonly gitea: GiteaHandle
  readonly git: GitHttpHandle
  readonly s3: S3Handle
  readonly postgres: PostgresHandle
  readonly smtp: SmtpHandle
  readonly oidc: OidcHandle
}

export type ServiceName = keyof Services

/** Every cluster and what runs in it, in the order in which they are counted. */
export interface Cluster {
  readonly name: string
  readonly kubernetes: KubernetesHandle
  readonly flux: FluxHandle | null
  readonly argocd: ArgocdHandle | null
}

/** The names of clusters, in order. */
export const CLUSTER_NAMES = ['first', 'second'] as const
