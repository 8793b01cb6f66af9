import type { LiveObject, ObjectRef } from '../estate/kubernetes/kubernetes-object.ts'
import { type ClusterName, namespaceOf } from './cluster-files.ts'

/** The ConfigMap that says how the shop greets in a cluster. */
export function settingsOf(cluster: ClusterName): ObjectRef {
  return { apiVersion: 'v1', kind: 'ConfigMap', namespace: namespaceOf(cluster), name: 'shop' }
}

/** Whether an object's data hold this text under any name. */
export function says(text: string): (object: LiveObject) => boolean {
  return ({ data }) => Object.values((data ?? {}) as Readonly<Record<string, string>>).includes(text)
}

/** Who last wrote the fields of an object that somebody owns, by the name of the manager. */
export function managersOf({ metadata }: LiveObject): readonly string[] {
  return (metadata.managedFields ?? []).map(({ manager, operation }) => `${manager} ${operation}`)
}
