import { GitObjectError, parseTag } from '@countersign/verify'
import type { GitRepository, Tips } from './ports/git-repository.ts'
import type { ObjectVerifier, VerifiedLines } from './ports/object-verifier.ts'

/** Which objects to verify. */
export interface HistorySelection {
  readonly tips: Tips
  /** Objects that were verified before: commits with all that they reach, and tags. */
  readonly known: { readonly commits: readonly string[]; readonly tags: readonly string[] }
}

/** Verifies a selection, commits first and then tags; yields outcomes as they come, in order. */
export async function* verifyHistory(
  repository: GitRepository,
  verifier: ObjectVerifier,
  selection: HistorySelection,
): AsyncIterable<VerifiedLines> {
  yield* verifier.verify(idsOf(repository, selection))
}

async function* idsOf(repository: GitRepository, { tips, known }: HistorySelection): AsyncIterable<readonly string[]> {
  yield* repository.commitIds(tips.include, [...tips.exclude, ...known.commits])
  const before = new Set(known.tags)
  const tags = (await withInnerTags(repository, tips.tags)).filter((id) => !before.has(id))
  if (tags.length > 0) yield tags
}

/** Annotated tags, and every tag that one of them names in turn. */
export async function withInnerTags(repository: GitRepository, tags: readonly string[]): Promise<readonly string[]> {
  const found = new Set<string>()
  let open = [...new Set(tags)]
  while (open.length > 0) {
    for (const id of open) found.add(id)
    const inner: string[] = []
    for await (const { type, body } of repository.objects(open)) {
      const target = type === 'tag' ? innerTag(body) : null
      if (target !== null && !found.has(target)) inner.push(target)
    }
    open = [...new Set(inner)]
  }
  return [...found]
}

/** What is known once a selection has been verified: its tips with everything that they reach, unless a part was left out. */
export function knownAfter(selection: HistorySelection, tags: readonly string[]): HistorySelection['known'] {
  const { tips, known } = selection
  // A range reaches less than its end does, so it says nothing about what lies before.
  if (tips.exclude.length > 0) return known
  const commits = [...new Set([...tips.include, ...known.commits])]
  return {
    commits: commits.slice(0, Math.max(MOST_TIPS, tips.include.length)),
    tags: tags.length > 0 ? tags : known.tags,
  }
}

/** Old tips that are kept beside the newest: they save time where a branch is looked at again, and no more than that. */
const MOST_TIPS = 1_000

function innerTag(body: Uint8Array): string | null {
  try {
    const tag = parseTag(body)
    return tag.type === 'tag' ? tag.object : null
  } catch (error) {
    // A tag that does not parse is verified, and refused, like any other.
    if (error instanceof GitObjectError) return null
    throw error
  }
}
