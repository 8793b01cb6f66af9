import { GitObjectError, type MergeContent, parseCommit, sealChangeInputs } from '@countersign/verify'
import type { Change } from '../judge/change.ts'
import { isControlled } from '../judge/controlled-refs.ts'
import type { ChangeInputs, InputObject } from '../judge/read-facts.ts'
import type { EvidenceLedger, LedgerEntry, NewDecision } from './evidence-ledger.ts'
import { type FoundChange, findBranchChanges, findTagChange, zeroId } from './find-changes.ts'
import { type Decided, makeDecision, type ReadyPolicy, readyPolicy } from './make-decision.ts'
import { openPolicy, type SealedPolicy } from './policy-bundle.ts'
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
  /** Unix seconds: the time that everything is judged as of, captured once. */
  readonly now: number
  /** Unix seconds: the real time, which evidence says it was recorded at. */
  readonly recordedAt: number
  /** A name for the repository instead of the one that it gives itself; null takes that. */
  readonly name: string | null
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
  const name = request.name ?? (await nameOf(request))
  const recorded = await request.ledger.recordedRefs(name)
  const present = new Map((await request.repository.refs()).map((ref) => [ref.name, ref]))
  const policies = await PolicyShelf.open(request, name)
  const [branches, tags] = split(await refsToCheck(request, policies, present, recorded))
  const find = async (ref: string): Promise<readonly FoundChange[]> => {
    const now = present.get(ref) ?? null
    const found = await findChanges(request.repository, name, ref, now, recorded.get(ref) ?? null)
    // The last one is judged again even where it is known, so that the evidence says where the ref stands now.
    const wanted: FoundChange[] = []
    for (const [at, one] of found.entries()) {
      if (at === found.length - 1 || !(await request.ledger.hasChange(one.change))) wanted.push(one)
    }
    return wanted
  }
  for (const branch of branches) yield* checkAll(request, policies, await find(branch), onFound)
  // A tag is one change: recorded one by one, a thousand of them would wait a thousand times for the disk.
  const found = await Promise.all(tags.map(find))
  yield* checkAll(request, policies, found.flat(), onFound)
}

/**
 * The name that the repository is recorded under. One that was named after its first commit keeps that name for as long as it has
 * the commit: with another name everything would be new, and what was rewritten would go unseen.
 */
async function nameOf({ repository, ledger }: CheckRequest): Promise<string> {
  const own = await repository.name()
  const recorded = await ledger.entries({ subject: `repository:${own}`, limit: 1 })
  if (recorded.length > 0) return own
  const known = new Set<string>()
  for await (const { change } of ledger.find()) known.add(change.repository)
  for (const name of known) {
    const first = /^first-commit:([0-9a-f]+)$/.exec(name)?.[1]
    if (first !== undefined && (await repository.resolve(`${first}^{commit}`)) !== null) return name
  }
  return own
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
  const merges = await lookIntoMerges(request.repository, bodies)
  const inForce = await policies.inForceFor(group.map(({ change }) => change))
  const decisions: NewDecision[] = []
  for (const [index, found] of group.entries()) {
    const { policy, fault } = inForce[index] as InForce
    const inputs = inputsOf(found, { bodies, merges }, fault, request)
    decisions.push({
      decided: makeDecision(inputs, policy),
      inputs: sealChangeInputs(inputs),
      policy: policy?.sealed ?? null,
    })
  }
  const entries = request.record ? await request.ledger.record(decisions, request.recordedAt) : []
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

/** Looks into every merge of a group, by its id. What does not parse is told as unreadable elsewhere. */
async function lookIntoMerges(
  repository: GitRepository,
  bodies: ReadonlyMap<string, InputObject>,
): Promise<ReadonlyMap<string, MergeContent>> {
  const found = [...bodies.values()].flatMap(({ id, type, body }) => {
    const parents = type === 'commit' ? parentsOf(body) : []
    return parents.length > 1 ? [{ id, parents }] : []
  })
  return new Map((await repository.lookIntoMerges(found)).map((merge) => [merge.object, merge]))
}

function parentsOf(body: Uint8Array): readonly string[] {
  try {
    return parseCommit(body).parents
  } catch (error) {
    if (error instanceof GitObjectError) return []
    throw error
  }
}

function tagObject(change: Change): readonly string[] {
  return change.kind === 'tag-created' || change.kind === 'tag-moved' ? [change.object] : []
}

/** What was read for a whole group of changes, by object id. */
interface Gathered {
  readonly bodies: ReadonlyMap<string, InputObject>
  readonly merges: ReadonlyMap<string, MergeContent>
}

function inputsOf(
  found: FoundChange,
  gathered: Gathered,
  fault: InForce['fault'],
  request: CheckRequest,
): ChangeInputs {
  const wanted = [...found.commits, ...tagObject(found.change)]
  const objects = wanted.flatMap((id) => gathered.bodies.get(id) ?? [])
  const merges = wanted.flatMap((id) => gathered.merges.get(id) ?? [])
  return {
    change: found.change,
    objectFormat: request.repository.objectFormat,
    // A tag ref may name a commit or a blob directly: then there is no tag object, and nothing that was signed.
    objects: objects.filter(({ type }) => type === (found.change.ref.startsWith('refs/tags/') ? 'tag' : 'commit')),
    unreadable: fault === null ? [] : [fault],
    evaluatedAt: request.now,
    ...(merges.length > 0 && { merges }),
  }
}

/** The policy for one change, and what is wrong with the one that should have been read. */
interface InForce {
  readonly policy: ReadyPolicy | null
  readonly fault: { readonly object: string; readonly reason: string } | null
}

/**
 * Finds the policy in force, reading and preparing each `.countersign/` tree once.
 *
 * A step is judged by the policy of its base, so that no change can weaken its own gate. Once a repository has had a policy it is
 * never without one: where the base holds none, is gone, or holds one that cannot be read, the last that was known
 * judges. Only what was there before the first policy is judged by none.
 */
class PolicyShelf {
  readonly #request: CheckRequest
  readonly #ready = new Map<string, ReadyPolicy | null>()
  /** The `.countersign/` tree of each commit that was asked about. */
  readonly #trees = new Map<string, string | null>()
  readonly #fixed: ReadyPolicy | null
  /** Objects that were judged before there was any policy: under another ref they are no different. */
  readonly #before: Set<string>
  #last: ReadyPolicy | null

  private constructor(request: CheckRequest, last: ReadyPolicy | null, before: Set<string>) {
    this.#request = request
    this.#fixed = request.fixedPolicy === null ? null : readyPolicy(request.fixedPolicy)
    this.#last = last
    this.#before = before
  }

  static async open(request: CheckRequest, name: string): Promise<PolicyShelf> {
    const entries = await request.ledger.entries({ subject: `repository:${name}` })
    const digest = entries.findLast(({ policy }) => policy !== null)?.policy ?? null
    const last = digest === null ? null : readyPolicy(await request.ledger.document(digest, openPolicy))
    const before = entries.filter(({ policy }) => policy === null).map(({ change }) => change.object)
    return new PolicyShelf(request, last, new Set(before))
  }

  /** The policy that says which refs are controlled: that of a commit, or the last known where it has none or none that can be read. */
  async inForceAt(commit: string): Promise<ReadyPolicy | null> {
    if (this.#fixed !== null) return this.#fixed
    const { policy, problem } = await this.#read(commit)
    if (problem !== null && this.#last === null) throw problem
    return policy ?? this.#last
  }

  async inForceFor(changes: readonly Change[]): Promise<readonly InForce[]> {
    const head = await this.#request.repository.resolve('HEAD^{commit}')
    const bases = changes.map((change) => (change.ref.startsWith('refs/tags/') ? head : change.base))
    await this.#findTrees(bases.filter((base) => base !== null))
    const found: InForce[] = []
    for (const [index, change] of changes.entries()) found.push(await this.#inForce(change, bases[index] ?? null))
    return found
  }

  /** Asks for all trees at once. Where one of them cannot be read, each is asked for by itself and the one at fault is named. */
  async #findTrees(commits: readonly string[]): Promise<void> {
    const unknown = [...new Set(commits)].filter((commit) => !this.#trees.has(commit))
    try {
      const trees = await this.#request.repository.entriesAt(unknown, '.countersign')
      for (const [index, commit] of unknown.entries()) this.#trees.set(commit, trees[index] ?? null)
    } catch (error) {
      if (!(error instanceof Problem)) throw error
    }
  }

  async #inForce(change: Change, base: string | null): Promise<InForce> {
    if (this.#fixed !== null) return { policy: this.#fixed, fault: null }
    const { policy, problem } = base === null ? NOTHING_READ : await this.#read(base)
    if (policy !== null) this.#last = policy
    // A rewritten branch may have left its old tip behind; what it was judged by last is known all the same.
    const isGone = problem?.code === 'objects_missing' && change.kind === 'history-rewritten'
    if (problem !== null && problem.code !== 'policy_malformed' && !isGone) throw problem
    const fault =
      problem?.code === 'policy_malformed' ? { object: base ?? change.object, reason: 'policy_malformed' } : null
    if (policy === null && (this.#last === null || this.#before.has(change.object))) {
      this.#before.add(change.object)
      return { policy: null, fault }
    }
    return { policy: policy ?? this.#last, fault }
  }

  async #read(commit: string): Promise<{ readonly policy: ReadyPolicy | null; readonly problem: Problem | null }> {
    try {
      const known = this.#trees.get(commit)
      const [tree] = known === undefined ? await this.#request.repository.entriesAt([commit], '.countersign') : [known]
      return { policy: await this.#at(tree ?? null), problem: null }
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      return { policy: null, problem: new Problem(error.code, `in ${commit}: ${error.message}`, { cause: error }) }
    }
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

const NOTHING_READ = { policy: null, problem: null }
