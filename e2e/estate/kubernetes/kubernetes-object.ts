/** Which object of a cluster. Without a namespace, a namespaced one is in `default`. */
export interface ObjectRef {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly namespace?: string
}

/** Which kind of object; in one namespace, or in all. */
export interface KindRef {
  readonly apiVersion: string
  readonly kind: string
  readonly namespace?: string
}

/** What the API server adds to what was written. */
export interface LiveMetadata {
  readonly name: string
  readonly namespace?: string
  readonly uid: string
  readonly resourceVersion: string
  readonly generation?: number
  readonly creationTimestamp: string
  readonly deletionTimestamp?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly managedFields?: readonly Readonly<Record<string, unknown>>[]
}

/** An object as the API server returns it. Parts that are not of every kind are left to the caller's own type. */
export interface LiveObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: LiveMetadata
  readonly [part: string]: unknown
}

/** An object as somebody writes it. Parts that are not of every kind are as its writer has them. */
export interface WrittenObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly [part: string]: unknown }
  readonly [part: string]: unknown
}

export interface WatchEvent<T extends LiveObject = LiveObject> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'
  readonly object: T
}

/** One entry of `status.conditions`. */
export interface Condition {
  readonly type: string
  readonly status: 'True' | 'False' | 'Unknown'
  readonly reason?: string
  readonly message?: string
  readonly observedGeneration?: number
}

/** The condition of this type, when the object's controller has seen the object as it is now. */
export function conditionOf(object: LiveObject, type: string): Condition | null {
  const { conditions, observedGeneration } = (object['status'] ?? {}) as {
    // A definition that is new has null there.
    readonly conditions?: readonly Condition[] | null
    readonly observedGeneration?: number
  }
  const found = conditions?.find((condition) => condition.type === type)
  const seen = found?.observedGeneration ?? observedGeneration
  const isStale = seen !== undefined && object.metadata.generation !== undefined && seen < object.metadata.generation
  return found === undefined || isStale ? null : found
}
