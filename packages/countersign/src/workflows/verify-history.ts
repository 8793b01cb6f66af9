import { GitObjectError, parseTag } from '@countersign/verify'
import type { GitRepository } from './ports/git-repository.ts'
import type { ObjectVerifier, VerifiedLines } from './ports/object-verifier.ts'

/** Which objects to verify. */
export interface HistorySelection {
  /** Revisions or ranges, or every commit that any ref reaches and every annotated tag. */
  readonly revisions: readonly string[] | 'all-refs'
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

async function* idsOf(
  repository: GitRepository,
  { revisions, known }: HistorySelection,
): AsyncIterable<readonly string[]> {
  yield* repository.commitIds({ revisions, exclude: known.commits })
  if (revisions !== 'all-refs') return
  const before = new Set(known.tags)
  const tags = (await annotatedTags(repository)).filter((id) => !before.has(id))
  if (tags.length > 0) yield tags
}

/** The ids of every annotated tag that a ref names, and of every tag that such a tag names in turn. */
export async function annotatedTags(repository: GitRepository): Promise<readonly string[]> {
  const refs = await repository.refs()
  const found = new Set<string>()
  let open = [...new Set(refs.filter((ref) => ref.type === 'tag').map((ref) => ref.object))]
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
