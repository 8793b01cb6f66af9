import type { Verdict } from '@countersign/verify'
import type { Change } from '../judge/change.ts'
import { isControlled } from '../judge/controlled-refs.ts'
import type { EvidenceLedger, LedgerEntry } from './evidence-ledger.ts'
import { type Decided, type ReadyPolicy, readyPolicy } from './make-decision.ts'
import { openPolicy, type SealedPolicy } from './policy-bundle.ts'
import { PolicyShelf } from './policy-shelf.ts'
import type { GitRepository, Ref } from './ports/git-repository.ts'
import type { PolicySource } from './ports/policy-source.ts'
import { Problem } from './problem.ts'

/** What is needed to tell which policy is in force. */
export interface PolicyGround {
  readonly repository: GitRepository
  readonly policies: PolicySource
  readonly ledger: EvidenceLedger
  /** A policy that stands above the repository's own; null reads each change's policy from its base commit. */
  readonly fixedPolicy: SealedPolicy | null
}

/** The policy for one change. */
export interface InForce {
  readonly policy: ReadyPolicy | null
  /** What is wrong with the one that should have been read. */
  readonly fault: { readonly object: string; readonly reason: string } | null
  /** Why it is not that of the base commit; null where it is, and where the fault says so. */
  readonly basis: string | null
}

const GIVEN = 'policy_given'
const REFUSED = 'policy_refused_at_base'

/**
 * Says which policy judges a change.
 *
 * A step is judged by the policy of its base, so that no change can weaken its own gate. One that a refused step brought does not
 * take force: what judged that step goes on judging its branch until a step that is not refused brings a policy, or the one that is in
 * force is back. Once a repository has had a policy it is never without one: where the base holds none, is gone, or holds one that cannot
 * be read, the last that was known judges. Only what was there before the first policy is judged by none.
 *
 * Tags are judged by what is in force at the last judged tip of the branch that was recorded first, whatever is checked out.
 */
export class PoliciesInForce {
  readonly #ground: PolicyGround
  readonly #name: string
  readonly #shelf: PolicyShelf
  readonly #fixed: ReadyPolicy | null
  /** By branch: what stays in force though the branch holds another policy. */
  readonly #held = new Map<string, ReadyPolicy>()
  /** As `#held`, by the objects of steps that were judged meanwhile: branches may begin there. */
  readonly #heldAfter = new Map<string, ReadyPolicy>()
  /** By branch: the last policy that was in force, and behind `''` that of the whole repository. */
  readonly #last = new Map<string, ReadyPolicy>()
  /** By branch: the last tip that was judged. In the order in which branches were first recorded. */
  readonly #tips = new Map<string, string>()
  /** Steps that were judged before there was any policy: on another branch they are no different. */
  readonly #before = new Set<string>()

  private constructor(ground: PolicyGround, name: string) {
    this.#ground = ground
    this.#name = name
    this.#shelf = new PolicyShelf(ground)
    this.#fixed = ground.fixedPolicy === null ? null : readyPolicy(ground.fixedPolicy)
  }

  /** Takes up where the evidence of a repository, by its name, left off. Rejects with `Problem` where that cannot be read. */
  static async open(ground: PolicyGround, name: string): Promise<PoliciesInForce> {
    const policies = new PoliciesInForce(ground, name)
    const entries = await ground.ledger.entries({ subject: `repository:${name}` })
    for (const { change, policy } of entries) {
      if (!isBranch(change.ref)) continue
      policies.#moveTip(change)
      if (policy === null) policies.#before.add(change.object)
    }
    const digest = entries.findLast(({ policy }) => policy !== null)?.policy ?? null
    if (digest !== null) policies.#last.set('', await policies.#recorded(digest))
    for (const ref of policies.#tips.keys()) {
      const own = entries.filter(({ change }) => change.ref === ref)
      const known = own.findLast(({ policy }) => policy !== null)?.policy ?? null
      if (known !== null) policies.#last.set(ref, await policies.#recorded(known))
      const held = await policies.#heldBehind(own)
      if (held !== null) policies.#held.set(ref, held)
    }
    return policies
  }

  /** The refs among `names` that a policy in force controls. Rejects with `Problem` `policy_absent` where there never was one. */
  async controlled(names: Iterable<string>, present: ReadonlyMap<string, Ref>): Promise<readonly string[]> {
    const head = await this.#ground.repository.resolve('HEAD^{commit}')
    const first = this.#firstBranch(present)
    const commits = [head, first === null ? null : (present.get(first)?.object ?? null)]
    const found = [first === null ? null : await this.#atTip(first)]
    // Whatever is checked out may put more refs under control, and takes none out of it.
    for (const commit of commits) found.push(commit === null ? null : await this.#readOr(commit))
    const policies = this.#fixed === null ? found.filter((policy) => policy !== null) : [this.#fixed]
    if (policies.length === 0 && this.#tips.size === 0) {
      throw new Problem('policy_absent', 'HEAD holds no .countersign/policy.yaml, and no policy was named')
    }
    return [...names].filter((ref) => policies.some(({ sealed }) => isControlled(ref, sealed.bundle.policy)))
  }

  /** Reads what the policies of some changes are read from, all at once. */
  async prepare(changes: readonly Change[]): Promise<void> {
    await this.#shelf.prepare(changes.flatMap(({ ref, base }) => (isBranch(ref) && base !== null ? [base] : [])))
  }

  /** The policy for a change. Those before it on the same branch must be settled. */
  async for(change: Change, present: ReadonlyMap<string, Ref>): Promise<InForce> {
    if (this.#fixed !== null) return { policy: this.#fixed, fault: null, basis: GIVEN }
    return isBranch(change.ref) ? this.#forStep(change) : this.#forTag(change, present)
  }

  /** Takes note of what was decided. */
  async settle(change: Change, { policy }: InForce, { verdict }: Pick<Decided, 'verdict'>): Promise<void> {
    if (!isBranch(change.ref)) return
    this.#moveTip(change)
    if (this.#fixed !== null || policy === null) return
    if (isRefused(verdict)) this.#held.set(change.ref, policy)
    else if (this.#held.has(change.ref) && (await this.#bringsPolicy(change))) this.#held.delete(change.ref)
    const held = this.#held.get(change.ref)
    if (held !== undefined) this.#heldAfter.set(change.object, held)
  }

  async #forStep(change: Change): Promise<InForce> {
    const { ref, base } = change
    if (!this.#tips.has(ref) && base !== null) await this.#beginAt(ref, base)
    const { policy, problem } = base === null ? NOTHING_READ : await this.#shelf.read(base)
    const held = this.#held.get(ref)
    if (held !== undefined && held.sealed.digest === policy?.sealed.digest) this.#held.delete(ref)
    const inForce = this.#held.get(ref) ?? policy
    if (inForce !== null) this.#last.set(ref, inForce).set('', inForce)
    // A rewritten branch may have left its old tip behind; what it was judged by last is known all the same.
    const isGone = problem?.code === 'objects_missing' && change.kind === 'history-rewritten'
    if (problem !== null && problem.code !== 'policy_malformed' && !isGone) throw problem
    const fault = faultOf(problem, base ?? change.object)
    const last = this.#last.get(ref) ?? this.#last.get('') ?? null
    const isBefore = change.kind === 'direct' && this.#before.has(change.object)
    if (inForce === null && (last === null || isBefore)) {
      this.#before.add(change.object)
      return { policy: null, fault, basis: null }
    }
    return { policy: inForce ?? last, fault, basis: base !== null && this.#held.has(ref) ? REFUSED : null }
  }

  async #forTag(change: Change, present: ReadonlyMap<string, Ref>): Promise<InForce> {
    const first = this.#firstBranch(present)
    const commit = first === null ? await this.#ground.repository.resolve('HEAD^{commit}') : this.#tips.get(first)
    const { policy, problem } = commit == null ? NOTHING_READ : await this.#shelf.read(commit)
    if (problem !== null && problem.code !== 'policy_malformed') throw problem
    const held = first === null ? undefined : this.#held.get(first)
    const last = this.#last.get(first ?? '') ?? this.#last.get('') ?? null
    return {
      policy: held ?? policy ?? last,
      fault: held === undefined ? faultOf(problem, commit ?? change.object) : null,
      basis: held === undefined || held.sealed.digest === policy?.sealed.digest ? null : REFUSED,
    }
  }

  /** A branch that is gone and comes back goes on where it was. */
  #moveTip({ ref, object }: Change): void {
    if (!/^0+$/.test(object)) this.#tips.set(ref, object)
  }

  /** The branch that was recorded or judged first of those that are still there; null where none was. */
  #firstBranch(present: ReadonlyMap<string, Ref>): string | null {
    return [...this.#tips.keys()].find((ref) => present.has(ref)) ?? null
  }

  /** A branch that nobody has judged begins at a commit of another one, perhaps: what is held there is held here. */
  async #beginAt(ref: string, base: string): Promise<void> {
    const judged = await this.#ground.ledger.entries({ subject: base })
    const own = judged.filter(({ change }) => change.repository === this.#name && change.object === base)
    const held = this.#heldAfter.get(base) ?? (await this.#heldBehind(own.filter(({ change }) => isBranch(change.ref))))
    if (held !== null) this.#held.set(ref, held)
  }

  /** What is held behind the last of some decisions about a branch; those by a policy that was given tell nothing. */
  async #heldBehind(entries: readonly LedgerEntry[]): Promise<ReadyPolicy | null> {
    for (const { index, change, verdict, policy } of entries.toReversed()) {
      const { basis } = (await this.#ground.ledger.read(index)).decision
      if (basis === GIVEN) continue
      const isHeld = isRefused(verdict) || (basis === REFUSED && !(await this.#bringsPolicy(change)))
      return policy !== null && isHeld ? this.#recorded(policy) : null
    }
    return null
  }

  /** Whether a step left another policy than it found; a commit that is gone brings none. */
  async #bringsPolicy({ object, base }: Change): Promise<boolean> {
    const after = await this.#shelf.treeOf(object)
    const before = base === null ? null : await this.#shelf.treeOf(base)
    return after !== undefined && before !== undefined && after !== before
  }

  async #atTip(ref: string): Promise<ReadyPolicy | null> {
    const tip = this.#tips.get(ref)
    return this.#held.get(ref) ?? (tip === undefined ? null : await this.#readOr(tip))
  }

  /** The policy of a commit, or the last known where it has none or none that can be read. */
  async #readOr(commit: string): Promise<ReadyPolicy | null> {
    const { policy, problem } = await this.#shelf.read(commit)
    const last = this.#last.get('') ?? null
    if (problem !== null && last === null) throw problem
    return policy ?? last
  }

  async #recorded(digest: string): Promise<ReadyPolicy> {
    return readyPolicy(await this.#ground.ledger.document(digest, openPolicy))
  }
}

const NOTHING_READ = { policy: null, problem: null }

function isBranch(ref: string): boolean {
  return !ref.startsWith('refs/tags/')
}

/** Whether a step with such a verdict brings nothing into force: what is not known is not a pass. */
function isRefused(verdict: Verdict): boolean {
  return verdict === 'fail' || verdict === 'indeterminate' || verdict === 'pending'
}

function faultOf(problem: Problem | null, object: string): InForce['fault'] {
  return problem?.code === 'policy_malformed' ? { object, reason: 'policy_malformed' } : null
}
