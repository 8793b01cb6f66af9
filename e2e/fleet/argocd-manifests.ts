import type { BuiltObject, Named } from './built-object.ts'

/** The namespace that Argo CD's own objects are in. */
export const ARGOCD_NAMESPACE = 'argocd'
/** The cluster that Argo CD itself runs in. */
const OWN_CLUSTER = 'https://kubernetes.default.svc'

/** A folder of a repository at a revision. */
export interface ApplicationSource {
  readonly repository: string
  readonly path: string
  readonly revision?: string
  readonly helm?: { readonly releaseName?: string; readonly valuesObject?: Readonly<Record<string, unknown>> }
}

/** `manual`: somebody asks for each sync. `automatic`: each new commit is applied. `self-heal`: changes by hand are put right too. */
export type SyncManner = 'manual' | 'automatic' | 'self-heal'

export interface ApplicationWish extends Named {
  /** One source, or several that are applied together. */
  readonly sources: readonly [ApplicationSource, ...ApplicationSource[]]
  /** The namespace of what is applied. */
  readonly into: string
  readonly sync: SyncManner
  readonly project?: string
}

/** Has Argo CD bring a namespace to what a repository says. */
export function application({
  name,
  namespace = ARGOCD_NAMESPACE,
  sources,
  into,
  sync,
  project = 'default',
}: ApplicationWish): BuiltObject {
  const all = sources.map(sourceSpec)
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata: { name, namespace },
    spec: {
      project,
      destination: { server: OWN_CLUSTER, namespace: into },
      ...(all.length === 1 ? { source: all[0] } : { sources: all }),
      syncPolicy: {
        ...(sync === 'manual' ? {} : { automated: { prune: true, selfHeal: sync === 'self-heal' } }),
        syncOptions: ['CreateNamespace=true'],
      },
    },
  }
}

/** What somebody asks for when they press "sync"; to be merged into the Application. */
export function syncOperation(by: string, revision?: string): Readonly<Record<string, unknown>> {
  return {
    operation: {
      initiatedBy: { username: by },
      sync: { ...(revision === undefined ? {} : { revision }), syncStrategy: { hook: {} } },
    },
  }
}

function sourceSpec({
  repository,
  path,
  revision = 'main',
  helm,
}: ApplicationSource): Readonly<Record<string, unknown>> {
  return { repoURL: repository, path, targetRevision: revision, ...(helm === undefined ? {} : { helm }) }
}
