import {
  type ChangeInputs,
  type EvaluationTimes,
  GitObjectError,
  type InputObject,
  type ObjectFormat,
  parseCommit,
  parseTag,
  printable,
  type TrustRoots,
  verifyObject,
} from '@countersign/verify'
import { type Change, type ChangeFacts, type CommitFact, kindOfStep, MAX_MESSAGE, type TagFact } from './change.ts'

export type { ChangeInputs, InputObject }

/**
 * Turns bytes into facts: parses every object and checks every signature.
 *
 * A step on a branch gets its kind here, from the commit itself. An object that does not parse is listed as unreadable with a reason and
 * is never left out in silence.
 */
export function readFacts(inputs: ChangeInputs, roots: TrustRoots): ChangeFacts {
  const times = { now: inputs.evaluatedAt, trusted: null }
  const unreadable = [...inputs.unreadable]
  const commits: CommitFact[] = []
  let tag: TagFact | null = null
  for (const object of inputs.objects) {
    try {
      if (object.type === 'commit') commits.push(commitFact(object, inputs.objectFormat, roots, times))
      if (object.type === 'tag') tag = tagFact(object, inputs.objectFormat, roots, times)
    } catch (error) {
      if (!(error instanceof GitObjectError)) throw error
      unreadable.push({ object: object.id, reason: `malformed_object_${error.code}` })
    }
  }
  const own = commits[0]
  const cut = own !== undefined && inputs.change.base === null && own.object === inputs.change.object && own.parents[0]
  // A shallow clone hides parents that the commit itself names.
  if (cut) unreadable.push({ object: cut, reason: 'history_cut_short' })
  const merges = new Map((inputs.merges ?? []).map((merge) => [merge.object, merge]))
  return { change: withKind(inputs.change, commits), commits, tag, unreadable, merges, evaluatedAt: inputs.evaluatedAt }
}

function withKind(change: Change, commits: readonly CommitFact[]): Change {
  const own = commits[0]
  const isStep = change.kind === 'direct' && own?.object === change.object
  return isStep ? { ...change, kind: kindOfStep(own) } : change
}

function commitFact(object: InputObject, format: ObjectFormat, roots: TrustRoots, times: EvaluationTimes): CommitFact {
  const { parents, author, committer, message } = parseCommit(object.body)
  const { signature } = verifyObject(object.id, 'commit', object.body, format, roots, times)
  return { object: object.id, parents, author, committer, message: messageText(message), signature }
}

function tagFact(object: InputObject, format: ObjectFormat, roots: TrustRoots, times: EvaluationTimes): TagFact {
  const { name, object: target, tagger } = parseTag(object.body)
  const { signature } = verifyObject(object.id, 'tag', object.body, format, roots, times)
  return { object: object.id, name: printable(name), target, tagger, signature }
}

function messageText(message: Uint8Array): string {
  const text = new TextDecoder('utf-8').decode(message.subarray(0, MAX_MESSAGE * 4))
  return text.split('\n').map(printable).join('\n').slice(0, MAX_MESSAGE).toWellFormed()
}
