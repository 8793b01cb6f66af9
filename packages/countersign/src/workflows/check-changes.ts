import { sealChangeInputs } from '@countersign/verify'
import type { Change } from '../judge/change.ts'
import { isControlled } from '../judge/controlled-refs.ts'
import type { ChangeInputs, InputObject } from '../judge/read-facts.ts'
import type { EvidenceLedger, LedgerEntry, NewDecision } from './evidence-ledger.ts'
import { type FoundChange, findBranchChanges, findTagChange, zeroId } from './find-changes.ts'
import { type Decided, makeDecision, type ReadyPolicy, readyPolicy } from './make-decision.ts'
import type { SealedPolicy } from './policy-bundle.ts'
import type { GitRepository, Ref } from './ports/git-repository.ts'
import type { PolicySource } from './ports/policy-source.ts'
import { Problem } from './problem.ts'

/** What `countersign check` looks at and how. */
export interface CheckRequest {
  readonly repository: GitRepository
  readonly policies: PolicySource
  /** A policy that stands above the repository's own; null reads each change's policy from its base commit. */
  readonly fixedPolicy: SealedPolicy | null
  /** Full ref names to look at; null looks at every ref that the policy controls. */
  readonly refs: readonly string[] | null
  readonly ledger: EvidenceLedger
  /** False judges without keeping anything. */
  readonly record: boolean
  /** Unix seconds, captured once. */
  readonly now: number
}

/** One judged change; `entry` says where its evidence lies, null when it was not recorded. */
export interface CheckedChange {
  readonly decision: Decided
  readonly entry: LedgerEntry | null
}

/** Commits read and judged together: enough to keep git and the log busy, few enough to keep memory flat. */
const COMMITS_PER_GROUP = 500

/**
 * Judges every change since the last look, oldest first, and records each decision before it is yielded.
 *
 * Ref by ref: branches, then tags. Rejects with a `Problem` where something cannot be read; what was yielded before is recorded.
 */
export async function* checkChanges(
  request: CheckRequest,
  onFound: (changes: number) => void,
): AsyncIterable<CheckedChange> {
  const name = await request.repository.name()
  const recorded = await request.ledger.recordedRefs(name)
  const present = new Map((await request.repository.refs()).map((ref) => [ref.name, ref]))
  const policies = new PolicyShelf(request)
  const [branches, tags] = split(await refsToCheck(request, policies, present, recorded))
  const find = async (ref: string): Promise<readonly FoundChange[]> => {
    const now = present.get(ref) ?? null
    const found = await findChanges(request.repository, name, ref, now, recorded.get(ref) ?? null)
    return found.filter(({ change }) => !request.ledger.hasChange(change))
  }
  for (const branch of branches) yield* checkAll(request, policies, await find(branch), onFound)
  // A tag is one change: recorded one by one, a thousand of them would wait a thousand times for the disk.
  const found = await Promise.all(tags.map(find))
  yield* checkAll(request, policies, found.flat(), onFound)
}

function split(refs: readonly string[]): readonly [branches: readonly string[], tags: readonly string[]] {
  const isTag = (ref: string): boolean => ref.startsWith('refs/tags/')
  return [refs.filter((ref) => !isTag(ref)), refs.filter(isTag)]
}

async function* checkAll(
  request: CheckRequest,
  policies: PolicyShelf,
  found: readonly FoundChange[],
  onFound: (changes: number) => void,
): AsyncIterable<CheckedChange> {
  onFound(found.length)
  for (const group of groupsOf(found)) yield* checkGroup(request, policies, group)
}

function findChanges(
  repository: GitRepository,
  name: string,
  ref: string,
  now: Ref | null,
  recorded: string | null,
): Promise<readonly FoundChange[]> {
  if (ref.startsWith('refs/tags/')) {
    return Promise.resolve(findTagChange(name, ref, now, recorded, zeroId(repository)))
  }
  return findBranchChanges({ repository, name, recorded }, ref, now?.object ?? null)
}

/**
 * The refs that a policy controls, now or when they were last recorded: taking a ref out of the policy is a change like any
 * other and does not hide what came with it.
 */
async function refsToCheck(
  request: CheckRequest,
  policies: PolicyShelf,
  present: ReadonlyMap<string, Ref>,
  recorded: ReadonlyMap<string, string>,
): Promise<readonly string[]> {
  if (request.refs !== null) {
    const unknown = request.refs.find((ref) => !present.has(ref) && !recorded.has(ref))
    if (unknown !== undefined) throw new Problem('revision_not_found', `there is no ref ${unknown}`)
    return request.refs
  }
  const head = await request.repository.resolve('HEAD^{commit}')
  const policy = head === null ? null : await policies.inForceAt(head)
  if (policy === null && recorded.size === 0) {
    throw new Problem('policy_absent', 'HEAD holds no .countersign/policy.yaml, and no policy was named')
  }
  const names = new Set([...present.keys(), ...recorded.keys()])
  const isWanted = (ref: string): boolean =>
    recorded.has(ref) || (policy !== null && isControlled(ref, policy.sealed.bundle.policy))
  return [...names].filter(isWanted).sort()
}

function* groupsOf(found: readonly FoundChange[]): Iterable<readonly FoundChange[]> {
  let group: FoundChange[] = []
  let commits = 0
  for (const change of found) {
    group.push(change)
    commits += change.commits.length + 1
    if (commits < COMMITS_PER_GROUP) continue
    yield group
    group = []
    commits = 0
  }
  if (group.length > 0) yield group
}

async function* checkGroup(
  request: CheckRequest,
  policies: PolicyShelf,
  group: readonly FoundChange[],
): AsyncIterable<CheckedChange> {
  const bodies = await readBodies(request.repository, group)
  await refuseCutHistory(request.repository, group)
  const inForce = await policies.inForceFor(group.map(({ change }) => change))
  const decisions: NewDecision[] = []
  for (const [index, found] of group.entries()) {
    const inputs = inputsOf(found, bodies, request)
    const policy = inForce[index] ?? null
    decisions.push({
      decided: makeDecision(inputs, policy),
      inputs: sealChangeInputs(inputs),
      policy: policy?.sealed ?? null,
    })
  }
  const entries = request.record ? await request.ledger.record(decisions, request.now) : []
  for (const [index, { decided }] of decisions.entries()) yield { decision: decided, entry: entries[index] ?? null }
}

/** Behind the edge of a shallow clone lie the policy in force and commits that came in unseen: neither may be guessed. */
async function refuseCutHistory(repository: GitRepository, group: readonly FoundChange[]): Promise<void> {
  const boundary = await repository.shallowBoundary()
  const cut = group.flatMap(({ commits }) => commits).find((id) => boundary.has(id))
  if (cut !== undefined)
    throw new Problem('objects_missing', `the clone is shallow: what lies behind ${cut} is not here`)
}

async function readBodies(
  repository: GitRepository,
  group: readonly FoundChange[],
): Promise<ReadonlyMap<string, InputObject>> {
  const ids = new Set(group.flatMap(({ change, commits }) => [...commits, ...tagObject(change)]))
  const bodies = new Map<string, InputObject>()
  for await (const object of repository.objects([...ids])) bodies.set(object.id, object)
  return bodies
}

function tagObject(change: Change): readonly string[] {
  return change.kind === 'tag-created' || change.kind === 'tag-moved' ? [change.object] : []
}

function inputsOf(found: FoundChange, bodies: ReadonlyMap<string, InputObject>, request: CheckRequest): ChangeInputs {
  const wanted = [...found.commits, ...tagObject(found.change)]
  const objects = wanted.flatMap((id) => bodies.get(id) ?? [])
  return {
    change: found.change,
    objectFormat: request.repository.objectFormat,
    // A tag ref may name a commit or a blob directly: then there is no tag object, and nothing that was signed.
    objects: objects.filter(({ type }) => type === (found.change.ref.startsWith('refs/tags/') ? 'tag' : 'commit')),
    unreadable: [],
    evaluatedAt: request.now,
  }
}

/** Finds the policy in force, reading and preparing each `.countersign/` tree once. */
class PolicyShelf {
  readonly #request: CheckRequest
  readonly #ready = new Map<string, ReadyPolicy | null>()
  readonly #fixed: ReadyPolicy | null

  constructor(request: CheckRequest) {
    this.#request = request
    this.#fixed = request.fixedPolicy === null ? null : readyPolicy(request.fixedPolicy)
  }

  async inForceAt(commit: string): Promise<ReadyPolicy | null> {
    if (this.#fixed !== null) return this.#fixed
    const [tree] = await this.#request.repository.entriesAt([commit], '.countersign')
    return this.#at(tree ?? null)
  }

  /** The policy for each change: the one in its base commit, so that no change can weaken its own gate. */
  async inForceFor(changes: readonly Change[]): Promise<readonly (ReadyPolicy | null)[]> {
    if (this.#fixed !== null) return changes.map(() => this.#fixed)
    const head = await this.#request.repository.resolve('HEAD^{commit}')
    const bases = changes.map((change) => (change.ref.startsWith('refs/tags/') ? head : change.base))
    const known = [...new Set(bases.filter((base) => base !== null))]
    const trees = await this.#request.repository.entriesAt(known, '.countersign')
    const treeOf = new Map(known.map((base, index) => [base, trees[index] ?? null]))
    const found: (ReadyPolicy | null)[] = []
    for (const base of bases) found.push(base === null ? null : await this.#at(treeOf.get(base) ?? null))
    return found
  }

  async #at(tree: string | null): Promise<ReadyPolicy | null> {
    if (tree === null) return null
    const before = this.#ready.get(tree)
    if (before !== undefined) return before
    const sealed = await this.#request.policies.at(tree)
    const ready = sealed === null ? null : readyPolicy(sealed)
    this.#ready.set(tree, ready)
    return ready
  }
}
