import type { WrittenObject } from '../estate/kubernetes/kubernetes-object.ts'

/** An object as a builder makes it: plain, to be applied as it is. */
export interface BuiltObject extends WrittenObject {
  readonly spec: Readonly<Record<string, unknown>>
}

/** What an object is called, for builders. */
export interface Named {
  readonly name: string
  readonly namespace?: string
}
