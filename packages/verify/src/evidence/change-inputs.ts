import type { ObjectFormat, ObjectType } from '../git/object-id.ts'
import { openDocument, sealDocument } from './sealed-document.ts'
import { base64, count, list, nullable, objectId, oneOf, optional, record, type Shape, text } from './shape.ts'

/** What can happen to a controlled ref. */
export const CHANGE_KINDS = [
  'initial',
  'direct',
  'merge',
  'squash',
  'rebase',
  'tag-created',
  'tag-moved',
  'tag-deleted',
  'history-rewritten',
] as const

/** The change that a decision is about. */
export interface ChangeKey {
  readonly kind: (typeof CHANGE_KINDS)[number]
  readonly repository: string
  readonly ref: string
  /** The new object id; all zeros for a deletion. */
  readonly object: string
  /** The object that the ref named before; null when there was none. */
  readonly base: string | null
}

/** One object that a change brings, byte for byte. */
export interface InputObject {
  readonly id: string
  readonly type: ObjectType
  readonly body: Uint8Array
}

/** What whoever recorded the inputs found in a merge commit, and at which path where it is about one. */
export interface MergeContent {
  readonly object: string
  /** Whoever judges knows what the word means, and takes one that is not known for not told. */
  readonly outcome: string
  readonly path: string | null
}

/**
 * All that a judgement starts from, besides the policy: enough to make the facts, and so the decision, again from nothing
 * but bytes. Sealed and named by digest in the evidence; docs/formats/change-inputs.md describes it.
 */
export interface ChangeInputs {
  readonly change: ChangeKey
  readonly objectFormat: ObjectFormat
  /** The change's own object first, then those that it brings. */
  readonly objects: readonly InputObject[]
  /** Objects that could not be read, with the reason. */
  readonly unreadable: readonly { readonly object: string; readonly reason: string }[]
  /** Unix seconds. */
  readonly evaluatedAt: number
  /** One for each merge commit among the objects; absent where there is none, and in inputs from before merges were looked into. */
  readonly merges?: readonly MergeContent[]
  /** Why the policy is not that of the base commit, where whoever recorded the inputs knows; absent where it is. */
  readonly basis?: string
}

const FORMAT = 'https://countersign.dev/formats/change-inputs/v1'

export const changeKey: Shape<ChangeKey> = record({
  kind: oneOf(CHANGE_KINDS),
  repository: text,
  ref: text,
  object: objectId,
  base: nullable(objectId),
})

const shape = record<ChangeInputs & { readonly format: string }>({
  format: oneOf([FORMAT]),
  change: changeKey,
  objectFormat: oneOf(['sha1', 'sha256']),
  objects: list(record<InputObject>({ id: objectId, type: oneOf(['blob', 'tree', 'commit', 'tag']), body: base64 })),
  unreadable: list(record({ object: text, reason: text })),
  evaluatedAt: count,
  merges: optional(list(record<MergeContent>({ object: objectId, outcome: text, path: nullable(text) }))) as Shape<
    readonly MergeContent[]
  >,
  basis: optional(text) as Shape<string>,
})

/** The sealed bytes of the inputs. Throws as `sealDocument` does. */
export function sealChangeInputs(inputs: ChangeInputs): Uint8Array {
  return sealDocument({ format: FORMAT, ...inputs })
}

/** Reads back what {@link sealChangeInputs} wrote. Throws {@link EvidenceError} as `openDocument` does. */
export function openChangeInputs(bytes: Uint8Array): ChangeInputs {
  const { format: _format, ...inputs } = openDocument(bytes, 'change-inputs', shape)
  return inputs
}
