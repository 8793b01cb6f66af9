import { ControlTagError } from '../../judge/controls/control-tag.ts'
import { tagsToLookFor } from '../../judge/controls/controls-for.ts'
import { resolveControlTag } from '../../judge/controls/resolve-control-tag.ts'
import { Problem } from '../../workflows/problem.ts'

/** The tags that evidence for a control may carry, and how the control was read where it was not written so. */
export interface ControlFilter {
  readonly tags: ReadonlySet<string>
  readonly notes: readonly string[]
}

/**
 * What `--control` looks for. A tag that evidence carries word for word is taken as it is, a customer's own too; anything else is
 * resolved by the mapping. Throws `Problem` `control_unknown`, naming what may be meant.
 */
export function controlFilter(text: string, carried: ReadonlySet<string>): ControlFilter {
  if (carried.has(text)) return { tags: new Set([text, ...tagsToLookFor(text)]), notes: [] }
  try {
    const { tag, notes } = resolveControlTag(text)
    return { tags: new Set(tagsToLookFor(tag)), notes: notes.map(({ sentence }) => sentence) }
  } catch (cause) {
    if (!(cause instanceof ControlTagError)) throw cause
    const [own, ...more] = [...carried].filter((tag) => tag.startsWith('x-') && tag.endsWith(`:${text}`))
    if (own !== undefined && more.length === 0) return { tags: new Set([own]), notes: [`${text} is read as ${own}`] }
    throw new Problem('control_unknown', cause.message, { cause })
  }
}
