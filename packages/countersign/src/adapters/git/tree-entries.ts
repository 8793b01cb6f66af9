import { computeObjectId, GitObjectError, type ObjectFormat, parseTree } from '@countersign/verify'
import type { GitRepository } from '../../workflows/ports/git-repository.ts'
import { Problem } from '../../workflows/problem.ts'

export type TreeEntry = ReturnType<typeof parseTree>[number]

/** What reading trees needs of a repository. */
export type TreeSource = Pick<GitRepository, 'objects' | 'objectFormat'>

/**
 * For each tree, what it holds at a path of names joined by `/`; null where it holds nothing there. In their order.
 *
 * Rejects with `Problem` `objects_missing` where a tree on the way is not there, is damaged or does not parse.
 */
export async function entriesBelow(
  source: TreeSource,
  trees: readonly string[],
  path: string,
): Promise<readonly (TreeEntry | null)[]> {
  let found: readonly (TreeEntry | null)[] = trees.map((object) => ({ mode: TREE, name: NO_NAME, object }))
  for (const name of path.split('/')) {
    const folders = found.map((entry) => (entry?.mode === TREE ? entry.object : null))
    const inside = await entriesNamed(source, new Set(folders.filter((tree) => tree !== null)), name)
    found = folders.map((tree) => (tree === null ? null : (inside.get(tree) ?? null)))
  }
  return found
}

/** Whether an entry is a folder, rather than a file, a symbolic link or a submodule. */
export function isFolder(entry: Pick<TreeEntry, 'mode'>): boolean {
  return entry.mode === TREE
}

const TREE = '40000'
const NO_NAME = new Uint8Array()

async function entriesNamed(
  source: TreeSource,
  trees: ReadonlySet<string>,
  name: string,
): Promise<ReadonlyMap<string, TreeEntry>> {
  const wanted = Buffer.from(name)
  const found = new Map<string, TreeEntry>()
  for await (const { id, entries } of readTrees(source, trees)) {
    const entry = entries.find((one) => wanted.equals(one.name))
    if (entry !== undefined) found.set(id, entry)
  }
  return found
}

/** Trees with all that they hold. Rejects with `Problem` `objects_missing` where one is not there, is damaged or does not parse. */
export async function* readTrees(
  source: TreeSource,
  trees: ReadonlySet<string>,
): AsyncIterable<{ readonly id: string; readonly entries: readonly TreeEntry[] }> {
  for await (const { id, type, body } of source.objects([...trees])) {
    if (type !== 'tree' || computeObjectId(type, body, source.objectFormat) !== id) {
      throw new Problem('objects_missing', `object ${id} is not the tree that it is named for`)
    }
    yield { id, entries: parsed(id, body, source.objectFormat) }
  }
}

function parsed(id: string, body: Uint8Array, format: ObjectFormat): readonly TreeEntry[] {
  try {
    return parseTree(body, format)
  } catch (cause) {
    if (!(cause instanceof GitObjectError)) throw cause
    throw new Problem('objects_missing', `tree ${id} is damaged: ${cause.message}`, { cause })
  }
}
