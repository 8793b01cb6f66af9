import type { MergeContent } from '@countersign/verify'
import type { MergeOutcome } from '../../judge/change.ts'
import type { CommitNode } from '../../workflows/ports/git-repository.ts'
import { Problem } from '../../workflows/problem.ts'
import { refNameOf } from './ref-name.ts'
import { isFolder, readTrees, type TreeEntry, type TreeSource } from './tree-entries.ts'

/** What looking into merges needs of a repository. */
export interface MergeSource extends TreeSource {
  /** Where each pair of commits parted: no commit where they have nothing in common, several where histories cross. */
  mergeBases(pairs: readonly (readonly string[])[]): Promise<readonly (readonly string[])[]>
  /** The tree of each commit. */
  rootTrees(commits: readonly string[]): Promise<readonly string[]>
}

/** Folders that are read for one merge at most: a merge that touches more is told as too large. */
const MOST_FOLDERS = 10_000
/** Merges that are named to one git: all of them must fit on a command line. */
const MOST_AT_ONCE = 1_000

/**
 * Looks for what merges hold that no parent brought: at each path a merge must hold what the side that changed it since the two
 * parted left there.
 *
 * Git could make the merge again, and would write to the repository and run what its configuration names to do so. This reads trees, and
 * says `both_changed` where a path's content had to be put together from two sides.
 */
export async function compareMerges(
  source: MergeSource,
  merges: readonly CommitNode[],
): Promise<readonly MergeContent[]> {
  const found = new Map(
    await findingsOf(
      source,
      merges.filter(({ parents }) => parents.length === 2),
    ),
  )
  return merges.map(({ id }) => ({ object: id, ...(found.get(id) ?? { outcome: 'not_two_parents', path: null }) }))
}

/** All at once where that goes; by halves where they are too many, or where something cannot be read and most can be told all the same. */
async function findingsOf(
  source: MergeSource,
  merges: readonly CommitNode[],
): Promise<readonly (readonly [string, Finding])[]> {
  try {
    if (merges.length <= MOST_AT_ONCE) return await compareAll(source, merges)
  } catch (error) {
    if (!(error instanceof Problem) || !UNREAD.includes(error.code)) throw error
    if (merges.length === 1) return merges.map(({ id }) => [id, { outcome: 'unreadable', path: null }])
  }
  const half = Math.ceil(merges.length / 2)
  return [...(await findingsOf(source, merges.slice(0, half))), ...(await findingsOf(source, merges.slice(half)))]
}

const UNREAD: readonly string[] = ['objects_missing', 'revision_not_found', 'git_failed']

interface Finding {
  readonly outcome: MergeOutcome
  readonly path: string | null
}

/** A folder at one path in the two parents, in where they parted and in the merge; null where there is none. */
interface Place {
  readonly merge: string
  readonly path: string
  readonly sides: readonly [base: string | null, ours: string | null, theirs: string | null, merged: string | null]
}

async function compareAll(
  source: MergeSource,
  merges: readonly CommitNode[],
): Promise<readonly (readonly [string, Finding])[]> {
  if (merges.length === 0) return []
  const notes = new Map<string, Notes>(merges.map(({ id }) => [id, new Notes()]))
  let open = await rootsOf(source, merges, notes)
  while (open.length > 0) {
    const trees = new Map<string, readonly TreeEntry[]>()
    const wanted = new Set(open.flatMap(({ sides }) => sides.filter((side) => side !== null)))
    for await (const { id, entries } of readTrees(source, wanted)) trees.set(id, entries)
    open = open.flatMap((place) => {
      const own = notes.get(place.merge)
      return own?.takeFolder() ? comparePlace(place, trees, own) : []
    })
  }
  return [...notes].map(([id, own]) => [id, own.finding()])
}

/** What has been seen of one merge. */
class Notes {
  /** Why the merge is not looked into, or not to its end. */
  stopped: 'several_bases' | 'too_large' | null = null
  #folders = 0
  #added: string | null = null
  #chosen: string | null = null
  #mayBeMoved = false

  /** Counts a folder; false when there have been too many. */
  takeFolder(): boolean {
    this.#folders += 1
    if (this.#folders > MOST_FOLDERS) this.stopped = 'too_large'
    return this.stopped === null
  }

  see(answer: Exclude<Answer, 'as_one_side' | 'look'>, path: string): void {
    if (answer === 'added') this.#added ??= path
    else this.#chosen ??= path
    // What one side moved and the other changed in its old place rightly stands changed in the new one.
    if (answer === 'moved_or_chosen') this.#mayBeMoved = true
  }

  finding(): Finding {
    if (this.stopped !== null) return { outcome: this.stopped, path: null }
    if (this.#added !== null && !this.#mayBeMoved) return { outcome: 'adds_content', path: this.#added }
    return { outcome: this.#chosen === null ? 'adds_nothing' : 'both_changed', path: this.#chosen }
  }
}

async function rootsOf(
  source: MergeSource,
  merges: readonly CommitNode[],
  notes: ReadonlyMap<string, Notes>,
): Promise<readonly Place[]> {
  const bases = await source.mergeBases(merges.map(({ parents }) => parents))
  const told = merges.flatMap(({ id, parents }, at) => {
    const [base, ...more] = bases[at] ?? []
    const own = notes.get(id)
    if (own !== undefined && more.length > 0) own.stopped = 'several_bases'
    return more.length > 0 ? [] : [{ id, commits: [...(base === undefined ? [] : [base]), ...parents, id] }]
  })
  const commits = [...new Set(told.flatMap(({ commits }) => commits))]
  const roots = new Map((await source.rootTrees(commits)).map((tree, at) => [commits[at] ?? '', tree]))
  return told.map(({ id, commits }) => {
    const [merged = null, theirs = null, ours = null, base = null] = commits.map((one) => roots.get(one)).reverse()
    return { merge: id, path: '', sides: [base, ours, theirs, merged] }
  })
}

/** Compares one folder name by name, notes what is not as one side left it, and returns the folders in it that want a look. */
function comparePlace(
  { merge, path, sides }: Place,
  trees: ReadonlyMap<string, readonly TreeEntry[]>,
  notes: Notes,
): readonly Place[] {
  const held = sides.map(
    (side) =>
      new Map((trees.get(side ?? '') ?? []).map((entry) => [Buffer.from(entry.name).toString('latin1'), entry])),
  )
  const below: Place[] = []
  for (const key of new Set(held.flatMap((entries) => [...entries.keys()]))) {
    const [base, ours, theirs, merged] = held.map((entries) => entries.get(key))
    // For people alone: a name in a tree may hold what another one is written as.
    const name = refNameOf(Buffer.from(key, 'latin1'))
    const answer = compareEntries(base, ours, theirs, merged)
    if (answer === 'look') {
      below.push({
        merge,
        path: `${path}${name}/`,
        sides: [folderOf(base), folderOf(ours), folderOf(theirs), folderOf(merged)],
      })
    } else if (answer !== 'as_one_side') notes.see(answer, `${path}${name}`)
  }
  return below
}

type Entry = TreeEntry | undefined
type Answer = 'as_one_side' | 'look' | 'added' | 'chosen' | 'moved_or_chosen'

/** Whether a merge holds at a name what one side left there, given what its parents and where they parted hold. */
function compareEntries(base: Entry, ours: Entry, theirs: Entry, merged: Entry): Answer {
  const isSettled = isSame(ours, theirs) || isSame(theirs, base) || isSame(ours, base)
  const wanted = isSame(ours, base) ? theirs : ours
  if (isSettled && isSame(merged, wanted)) return 'as_one_side'
  if (folderOf(ours) !== null && folderOf(theirs) !== null && folderOf(merged) !== null) return 'look'
  // Where one side alone changed a whole folder, what differs is inside.
  if (isSettled) return folderOf(wanted) !== null && folderOf(merged) !== null ? 'look' : 'added'
  return base !== undefined && (ours === undefined || theirs === undefined) ? 'moved_or_chosen' : 'chosen'
}

function isSame(a: Entry, b: Entry): boolean {
  return a?.object === b?.object && a?.mode === b?.mode
}

function folderOf(entry: Entry): string | null {
  return entry !== undefined && isFolder(entry) ? entry.object : null
}
