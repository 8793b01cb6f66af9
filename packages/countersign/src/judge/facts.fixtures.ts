import {
  type Identity,
  type IdentityPolicy,
  indexSigners,
  type SignatureCheck,
  type SignatureStatus,
} from '@countersign/verify'
import type { Change, ChangeFacts, ChangeKind, CommitFact, TagFact } from './change.ts'
import { type Judgement, judgeChange, type RuleResult } from './judge-change.ts'
import { Policy, type RuleId } from './policy.ts'

/** Facts and policies made by hand, each valid until a test changes one thing. */

export const MAIN = 'refs/heads/main'
export const TAG = 'refs/tags/v1'
const ZERO = '0'.repeat(40)

/** An object id that is easy to tell apart. */
export const oid = (digit: string): string => digit.repeat(40)

export function identity(id: string, more: Partial<Identity> = {}): Identity {
  const always = { validity: { from: null, until: null }, revoked: null }
  return {
    id,
    kind: 'person',
    name: id,
    emails: [`${id}@example.com`],
    accounts: [],
    roles: [],
    sponsor: null,
    validity: always.validity,
    keys: [{ scheme: 'ssh', fingerprint: `SHA256:${id}`, ...always }],
    ...more,
  }
}

/** Two people, a forge, and an agent that Ann answers for. */
export const PEOPLE: IdentityPolicy = {
  identities: [
    identity('ann'),
    identity('bob'),
    identity('forge', { kind: 'service' }),
    identity('agent', { kind: 'agent', sponsor: 'ann' }),
  ],
}

export function signedBy(id: string, status: SignatureStatus = 'good', reason = 'verified'): SignatureCheck {
  const isSigned = status !== 'unsigned'
  const fingerprint = isSigned ? `SHA256:${id}` : null
  return {
    scheme: isSigned ? 'ssh' : null,
    status,
    git: status === 'good' ? 'G' : isSigned ? 'B' : 'N',
    reason,
    key: fingerprint,
    fingerprint,
    primaryFingerprint: null,
    principal: isSigned ? `${id}@example.com` : null,
    signedAt: null,
    details: {},
  }
}

/** A commit that one person wrote and signed. */
export function commit(by: string, more: Partial<CommitFact> = {}): CommitFact {
  const ident = { name: by, email: `${by}@example.com`, time: 1_000, zone: '+0000' }
  const object = more.object ?? oid('a')
  return {
    object,
    parents: [oid('0').replace(/^0/, '1')],
    author: ident,
    committer: ident,
    message: 'Fix it (ABC-1)\n',
    signature: signedBy(by),
    ...more,
  }
}

export const merge = (by: string, more: Partial<CommitFact> = {}): CommitFact =>
  commit(by, { object: oid('d'), parents: [oid('1'), oid('2')], message: 'Merge', ...more })

export function tag(by: string, more: Partial<TagFact> = {}): TagFact {
  const tagger = { name: by, email: `${by}@example.com`, time: 1_000, zone: '+0000' }
  return { object: oid('e'), name: 'v1', target: oid('a'), tagger, signature: signedBy(by), ...more }
}

export function facts(commits: readonly CommitFact[], more: Partial<ChangeFacts> = {}): ChangeFacts {
  const object = commits[0]?.object ?? oid('a')
  const change: Change = { kind: 'direct', repository: 'r', ref: MAIN, object, base: oid('1') }
  return { change, commits, tag: null, unreadable: [], merges: new Map(), evaluatedAt: 2_000, ...more }
}

export function tagFacts(kind: ChangeKind, of: TagFact | null, more: Partial<ChangeFacts> = {}): ChangeFacts {
  const object = kind === 'tag-deleted' ? ZERO : (of?.object ?? oid('a'))
  const base = kind === 'tag-created' ? null : oid('b')
  return facts([], { change: { kind, repository: 'r', ref: TAG, object, base }, tag: of, ...more })
}

export const rewritten = (): ChangeFacts =>
  facts([], { change: { kind: 'history-rewritten', repository: 'r', ref: MAIN, object: oid('c'), base: oid('b') } })

/** What was found in {@link merge}. */
export function foundInMerge(outcome: string): Pick<ChangeFacts, 'merges'> {
  const object = oid('d')
  return { merges: new Map([[object, { object, outcome, path: 'a/b' }]]) }
}

/** A policy with every rule off but those given. */
export function policyWith(rules: Readonly<Partial<Record<RuleId, object>>>): Policy {
  const off = Object.fromEntries(Object.keys(Policy.shape.rules.parse({})).map((id) => [id, { mode: 'off' }]))
  return Policy.parse({ apiVersion: 'countersign.dev/v1', kind: 'Policy', rules: { ...off, ...rules } })
}

export function judge(what: ChangeFacts, rules: Readonly<Partial<Record<RuleId, object>>>, people = PEOPLE): Judgement {
  return judgeChange(what, policyWith(rules), indexSigners(people))
}

/** What one rule alone says. */
export function resultOf(what: ChangeFacts, rule: RuleId, options: object = {}, people = PEOPLE): RuleResult {
  const [result] = judge(what, { [rule]: { mode: 'enforce', ...options } }, people).results
  if (result === undefined) throw new Error(`${rule} said nothing`)
  return result
}
