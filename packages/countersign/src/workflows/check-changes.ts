import { GitObjectError, type MergeContent, parseCommit, sealChangeInputs } from '@countersign/verify'
import type { ChangeInputs, InputObject } from '../judge/read-facts.ts'
import type { LedgerEntry, NewDecision, RecordedRef } from './evidence-ledger.ts'
import { type FoundChange, findBranchChanges, findTagChange } from './find-changes.ts'
import { type Decided, makeDecision } from './make-decision.ts'
import { type InForce, PoliciesInForce, type PolicyGround } from './policies-in-force.ts'
import type { GitRepository, Ref } from './ports/git-repository.ts'
import { Problem } from './problem.ts'

/** What `countersign check` looks at and how. */
export interface CheckRequest extends PolicyGround {
  /** Full ref names to look at; null looks at every ref that the policy controls. */
  readonly refs: readonly string[] | null
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
  const look: Look = { request, policies: await PoliciesInForce.open(request, name), present }
  const [branches, tags] = split(await refsToCheck(look, recorded))
  const find = async (ref: string): Promise<readonly FoundChange[]> => {
    const now = present.get(ref) ?? null
    const known = { repository: request.repository, name, recorded: recorded.get(ref) ?? null }
    const found = isTag(ref) ? findTagChange(known, ref, now) : await findBranchChanges(known, ref, now?.object ?? null)
    // The last one is judged again even where it is known, so that the evidence says where the ref stands now.
    const wanted: FoundChange[] = []
    for (const [at, one] of found.entries()) {
      if (at === found.length - 1 || !(await request.ledger.hasChange(one.change))) wanted.push(one)
    }
    return wanted
  }
  for (const branch of branches) yield* checkAll(look, await find(branch), onFound)
  // A tag is one change: recorded one by one, a thousand of them would wait a thousand times for the disk.
  const found = await Promise.all(tags.map(find))
  yield* checkAll(look, found.flat(), onFound)
}

/** One look at a repository: what was asked, how its refs stand, and which policies are in force. */
interface Look {
  readonly request: CheckRequest
  readonly policies: PoliciesInForce
  readonly present: ReadonlyMap<string, Ref>
}

/**
 * The name that the repository is recorded under, whichever spelling of its address this clone has. One that was named after its first commit keeps that name for as long as it has
 * the commit: with another name everything would be new, and what was rewritten would go unseen.
 */
async function nameOf({ repository, ledger }: CheckRequest): Promise<string> {
  const own = await repository.name()
  const recorded = await ledger.entries({ subject: `repository:${own}`, limit: 1 })
  if (recorded.length > 0) return own
  const known = new Set<string>()
  for await (const { change } of ledger.find()) known.add(change.repository)
  for (const name of known) {
    if (addressOf(name) === addressOf(own)) return name
    const first = /^first-commit:([0-9a-f]+)$/.exec(name)?.[1]
    if (first !== undefined && (await repository.resolve(`${first}^{commit}`)) !== null) return name
  }
  return own
}

/** What two spellings of one address have in common: scheme, user, port, letter case and a `.git` at the end tell no two repositories apart. */
function addressOf(name: string): string {
  const parts = /^(?:[a-z][a-z0-9+.-]*:\/\/)?(?:[^@/]*@)?([^:/]+)(?::\d+(?=\/))?[:/]+(.+)$/i.exec(name)
  const [, host = '', path = name] = parts ?? []
  const short = path.replace(/\/+$/, '').replace(/\.git$/i, '')
  return `${host}/${short}`.toLowerCase()
}

function split(refs: readonly string[]): readonly [branches: readonly string[], tags: readonly string[]] {
  return [refs.filter((ref) => !isTag(ref)), refs.filter(isTag)]
}

function isTag(ref: string): boolean {
  return ref.startsWith('refs/tags/')
}

async function* checkAll(
  look: Look,
  found: readonly FoundChange[],
  onFound: (changes: number) => void,
): AsyncIterable<CheckedChange> {
  onFound(found.length)
  for (const group of groupsOf(found)) yield* checkGroup(look, group)
}

/**
 * The refs that a policy controls, now or when they were last recorded: taking a ref out of the policy is a change like any
 * other and does not hide what came with it.
 */
async function refsToCheck(
  { request, policies, present }: Look,
  recorded: ReadonlyMap<string, RecordedRef>,
): Promise<readonly string[]> {
  if (request.refs !== null) {
    const unknown = request.refs.find((ref) => !present.has(ref) && !recorded.has(ref))
    if (unknown !== undefined) throw new Problem('revision_not_found', `there is no ref ${unknown}`)
    return request.refs
  }
  const controlled = await policies.controlled(present.keys(), present)
  return [...new Set([...controlled, ...recorded.keys()])].sort()
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
  { request, policies, present }: Look,
  group: readonly FoundChange[],
): AsyncIterable<CheckedChange> {
  const bodies = await readBodies(request.repository, group)
  await refuseCutHistory(request.repository, group)
  const merges = await lookIntoMerges(request.repository, bodies)
  await policies.prepare(group.map(({ change }) => change))
  const decisions: NewDecision[] = []
  for (const found of group) {
    const inForce = await policies.for(found.change, present)
    const inputs = inputsOf(found, { bodies, merges }, inForce, request)
    const decided = makeDecision(inputs, inForce.policy)
    decisions.push({ decided, inputs: sealChangeInputs(inputs), policy: inForce.policy?.sealed ?? null })
    await policies.settle(found.change, inForce, decided)
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
  const ids = new Set(group.flatMap(objectsOf))
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

function objectsOf({ commits, tag }: FoundChange): readonly string[] {
  return tag === null ? commits : [tag]
}

/** What was read for a whole group of changes, by object id. */
interface Gathered {
  readonly bodies: ReadonlyMap<string, InputObject>
  readonly merges: ReadonlyMap<string, MergeContent>
}

function inputsOf(
  found: FoundChange,
  gathered: Gathered,
  { fault, basis }: InForce,
  request: CheckRequest,
): ChangeInputs {
  const wanted = objectsOf(found)
  const objects = wanted.flatMap((id) => gathered.bodies.get(id) ?? [])
  const merges = wanted.flatMap((id) => gathered.merges.get(id) ?? [])
  return {
    change: found.change,
    objectFormat: request.repository.objectFormat,
    objects: objects.filter(({ type }) => type === (found.tag === null ? 'commit' : 'tag')),
    unreadable: fault === null ? [] : [fault],
    evaluatedAt: request.now,
    ...(merges.length > 0 && { merges }),
    ...(basis !== null && { basis }),
  }
}
