import type { WrittenObject } from '../kubernetes/kubernetes-object.ts'

/** The controllers that the estate runs, by the names of their programs and of their service accounts. */
export const CONTROLLERS = [
  'source-controller',
  'kustomize-controller',
  'helm-controller',
  'notification-controller',
] as const

export type Controller = (typeof CONTROLLERS)[number]

/** The namespace that Flux is installed in. */
export const FLUX_NAMESPACE = 'flux-system'

const RBAC = 'rbac.authorization.k8s.io/v1'
const OWN_ROLE = 'crd-controller-flux-system'
const ALL = ['*']
const TOOLKIT = ['source', 'kustomize', 'helm', 'notification', 'image'].map((part) => `${part}.toolkit.fluxcd.io`)

/**
 * Accounts and rights as an installation of Flux has them: each controller is a service account of its own, and the two that
 * apply things may do everything. So the cluster's audit names them as it does elsewhere.
 */
export function fluxAccounts(): readonly WrittenObject[] {
  const accounts = CONTROLLERS.map((name) => ({ kind: 'ServiceAccount', name, namespace: FLUX_NAMESPACE }))
  const appliers = accounts.filter(({ name }) => name === 'kustomize-controller' || name === 'helm-controller')
  return [
    ...accounts.map(({ name, namespace }) => ({
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name, namespace },
    })),
    { apiVersion: RBAC, kind: 'ClusterRole', metadata: { name: OWN_ROLE }, rules: ownRules() },
    binding(OWN_ROLE, OWN_ROLE, accounts),
    binding('cluster-reconciler-flux-system', 'cluster-admin', appliers),
  ]
}

function ownRules(): readonly object[] {
  const read = ['get', 'list', 'watch']
  return [
    { apiGroups: TOOLKIT, resources: ALL, verbs: ALL },
    { apiGroups: [''], resources: ['namespaces', 'secrets', 'configmaps', 'serviceaccounts'], verbs: read },
    { apiGroups: [''], resources: ['events'], verbs: ['create', 'patch'] },
    { apiGroups: [''], resources: ['configmaps', 'configmaps/status'], verbs: ALL },
    { apiGroups: [''], resources: ['serviceaccounts/token'], verbs: ['create'] },
    { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ALL },
    { nonResourceURLs: ['/livez/ping'], verbs: ['head'] },
  ]
}

function binding(
  name: string,
  role: string,
  subjects: readonly object[],
): WrittenObject & Readonly<Record<string, unknown>> {
  return {
    apiVersion: RBAC,
    kind: 'ClusterRoleBinding',
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
    subjects,
  }
}
