import type { Change } from '../judge/change.ts'
import type { RecordedRef } from './evidence-ledger.ts'
import type { CommitNode, GitRepository, Ref } from './ports/git-repository.ts'

/** A change that nobody has judged yet, and the commits that it brings, its own first. */
export interface FoundChange {
  readonly change: Change
  readonly commits: readonly string[]
  /** The annotated tag that a tag names now; null for all else: what a tag names directly says nothing, and may be of any size. */
  readonly tag: string | null
}

const ZERO = { sha1: '0'.repeat(40), sha256: '0'.repeat(64) } as const

/** What a look at one ref needs to know. */
interface Look {
  readonly repository: GitRepository
  readonly name: string
  readonly recorded: RecordedRef | null
}

/**
 * Finds what happened to a branch since it was last recorded: a rewrite first, if there was one, then every new first-parent step,
 * oldest first.
 *
 * Every commit belongs to exactly one step, the oldest whose history holds it. A step's kind is `direct` until its commit
 * has been read.
 */
export async function findBranchChanges(look: Look, ref: string, tip: string | null): Promise<readonly FoundChange[]> {
  const { repository, name } = look
  const recorded = look.recorded?.object ?? null
  if (tip === null) {
    const isKnown = recorded === null || look.recorded?.isGone === true
    return isKnown ? [] : [rewritten(name, ref, ZERO[repository.objectFormat], recorded)]
  }
  if (tip === recorded) return []
  const kept = recorded === null ? null : await isKept(repository, recorded, tip)
  const nodes = new Map<string, CommitNode>()
  const exclude = recorded !== null && kept !== null ? [recorded] : []
  for await (const node of repository.commits([tip], exclude)) nodes.set(node.id, node)
  const steps = stepsOf(nodes, tip)
  const found = steps.map(({ own, brought }) => ({
    change: { kind: 'direct', repository: name, ref, object: own.id, base: own.parents[0] ?? null } as const,
    commits: [own.id, ...brought],
    tag: null,
  }))
  // A merge the wrong way round keeps the recorded tip in the history and puts other commits in the place of its steps.
  const leadsBack = kept === true && steps[0]?.own.parents[0] === recorded
  return leadsBack || recorded === null ? found : [rewritten(name, ref, tip, recorded), ...found]
}

/** Whether the recorded tip is still in the branch's history; null when the repository does not even have it any more. */
async function isKept(repository: GitRepository, recorded: string, tip: string): Promise<boolean | null> {
  if ((await repository.resolve(`${recorded}^{commit}`)) === null) return null
  for await (const _ of repository.commits([recorded], [tip])) return false
  return true
}

function rewritten(repository: string, ref: string, object: string, base: string | null): FoundChange {
  return { change: { kind: 'history-rewritten', repository, ref, object, base }, commits: [], tag: null }
}

/** The first-parent steps among some commits, oldest first, each with the commits that came in with it. */
export function stepsOf(
  nodes: ReadonlyMap<string, CommitNode>,
  tip: string,
): readonly { readonly own: CommitNode; readonly brought: readonly string[] }[] {
  const chain: CommitNode[] = []
  const onChain = new Set<string>()
  for (
    let node = nodes.get(tip);
    node !== undefined && !onChain.has(node.id);
    node = nodes.get(node.parents[0] ?? '')
  ) {
    chain.push(node)
    onChain.add(node.id)
  }
  const taken = new Set<string>()
  return chain.reverse().map((own) => {
    taken.add(own.id)
    return { own, brought: takeAncestors(nodes, own.parents.slice(1), taken) }
  })
}

function takeAncestors(
  nodes: ReadonlyMap<string, CommitNode>,
  from: readonly string[],
  taken: Set<string>,
): readonly string[] {
  const brought: string[] = []
  const open = [...from]
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    const node = nodes.get(id)
    if (node === undefined || taken.has(id)) continue
    taken.add(id)
    brought.push(id)
    open.push(...node.parents)
  }
  return brought
}

/** Finds what happened to a tag since it was last recorded. One that was gone and comes back elsewhere has moved. */
export function findTagChange(
  { repository, name, recorded }: Look,
  ref: string,
  now: Ref | null,
): readonly FoundChange[] {
  const was = recorded?.object ?? null
  const isGone = recorded?.isGone ?? true
  if (now === null ? isGone : now.object === was && !isGone) return []
  const object = now?.object ?? ZERO[repository.objectFormat]
  const isNew = was === null || (isGone && object === was)
  const kind = now === null ? 'tag-deleted' : isNew ? 'tag-created' : 'tag-moved'
  const tag = now?.type === 'tag' ? now.object : null
  return [{ change: { kind, repository: name, ref, object, base: was }, commits: [], tag }]
}
