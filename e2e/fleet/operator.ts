import type { LiveObject, ObjectRef } from '../estate/kubernetes/kubernetes-object.ts'
import type { KubernetesHandle, KubernetesUser } from '../estate/kubernetes/start-kubernetes.ts'
import type { Person } from './people.ts'

const GROUP = 'operators'
const MERGE = '--type=merge'

/** A person who may do anything in a cluster, by hand, with kubectl, and whom the cluster knows by name. */
export class Operator {
  readonly user: KubernetesUser

  constructor(user: KubernetesUser) {
    this.user = user
  }

  /** Changes the data of a ConfigMap. */
  async edit(config: ObjectRef, data: Readonly<Record<string, string>>): Promise<void> {
    await this.patch(config, { data })
  }

  /** Merges into any object that the cluster has one kind for of that name. */
  async patch({ kind, name, namespace = 'default' }: ObjectRef, change: object): Promise<void> {
    await this.user.kubectl('patch', kind.toLowerCase(), name, '-n', namespace, MERGE, '-p', JSON.stringify(change))
  }

  async annotate({ kind, name, namespace = 'default' }: ObjectRef, annotation: string): Promise<void> {
    await this.user.kubectl('annotate', kind.toLowerCase(), name, '-n', namespace, '--overwrite', annotation)
  }
}

/** Lets a person into a cluster as an operator. */
export async function signInOperator(cluster: KubernetesHandle, { id }: Person): Promise<Operator> {
  const binding = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: GROUP },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: GROUP }],
  }
  await cluster.client.apply<LiveObject>(binding)
  return new Operator(await cluster.signIn(id, [GROUP]))
}
