import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type AuditSink, type ReceivedRequest, startAuditSink } from '../estate/audit-sink/audit-sink.ts'
import type { GiteaExchange } from '../estate/gitea/gitea-client.ts'
import type { GiteaHandle } from '../estate/gitea/start-gitea.ts'
import { type Estate, startEstate } from '../estate/start-estate.ts'
import { FIRST_SETTINGS, shopFiles } from '../fleet/cluster-files.ts'
import { type Fleet, openFleet } from '../fleet/fleet.ts'
import type { ForgeRepository } from '../fleet/forge-repository.ts'
import type { Judgement } from '../fleet/judge-history.ts'
import type { Person } from '../fleet/people.ts'
import { openRecording } from './recording.ts'
import { versionsOf } from './versions.ts'

// A throw-away: the recordings name it, so that their signatures can be checked.
const WEBHOOK_SECRET = 'recorded-for-tests'
const UNSEEN = 'separation-of-duties indeterminate second_person_not_visible'

let estate: Estate<{ gitea: true }>
let gitea: GiteaHandle
let sink: AuditSink
let fleet: Fleet
let alice: Person
let bob: Person
let carol: Person
let shop: ForgeRepository

beforeAll(async () => {
  ;[estate, sink, fleet] = await Promise.all([
    startEstate({ gitea: true }),
    startAuditSink('webhook receiver'),
    openFleet(),
  ])
  gitea = estate.gitea
  ;[alice, bob] = await fleet.people('alice', 'bob')
  carol = await fleet.person('carol', 'openpgp')
  shop = await fleet.repositoryOn(gitea, { name: 'shop', owner: alice, people: [bob, carol] })
  await shop.as(alice).addWebhook(`${sink.url}/gitea`, WEBHOOK_SECRET)
})
afterAll(async () => {
  await Promise.all([fleet?.close(), estate?.stop()])
  await sink?.stop()
})

const scale = (replicas: number): ReadonlyMap<string, string> =>
  shopFiles('production', { ...FIRST_SETTINGS, replicas })
const greet = (greeting: string): ReadonlyMap<string, string> => shopFiles('staging', { ...FIRST_SETTINGS, greeting })

test('a key is proved by its holder only', async () => {
  const dave = await gitea.createUser({ login: 'dave', email: 'dave@shop.example', name: 'Dave' })
  const [eve] = await fleet.people('eve')
  const proof = dave.addSshKey(eve.publicKey, (token) => alice.sign(token, 'gitea'))
  await expect(proof).rejects.toThrow('signature')
})

describe('a protected branch', () => {
  test('refuses a direct push, also by the owner of the repository', async () => {
    await shop.branchOff('straight', 'main')
    await shop.tree.commit({ by: alice, message: 'Scale to 9, SHOP-2', files: scale(9) })
    const push = shop.tree.push(shop.as(alice).pushUrl, 'straight:main')
    await expect(push).rejects.toThrow('Not allowed to push to protected branch main')
  })

  test('refuses a merge until somebody else approves what is there now', async () => {
    const scaled = shop.propose(bob, { message: 'Scale production to 3, SHOP-3', files: scale(3) })
    await expect(scaled.mergedBy(alice)).rejects.toThrow('Does not have enough approvals')
    await expect(scaled.approvedBy(bob).open()).rejects.toThrow('approve your own pull is not allowed')
    await expect(scaled.refusedBy(carol, 'Why 3?').approvedBy(alice).mergedBy(alice)).rejects.toThrow(
      'There are requested changes',
    )
    await expect(scaled.amendedBy(bob, 'Four, as measured, SHOP-3', scale(4)).mergedBy(alice)).rejects.toThrow(
      'Does not have enough approvals',
    )
    const { pull, commit, head } = await scaled.approvedBy(carol).mergedBy(alice)

    const reviews = await shop.as(alice).reviews(pull.number)
    expect(reviews.map(({ user, state, stale, dismissed }) => [user?.login, state, stale, dismissed])).toEqual([
      ['carol', 'REQUEST_CHANGES', true, true],
      ['alice', 'APPROVED', true, true],
      ['carol', 'APPROVED', false, false],
    ])
    expect(reviews.at(-1)).toMatchObject({ official: true, commit_id: head })
    expect(await shop.as(alice).pullOf(commit)).toMatchObject({ number: pull.number, merged: true })
    expect(pull.merged_by?.login).toBe('alice')
  })

  test('takes a squash and a rebase of approved commits, signing what it makes itself', async () => {
    const squashed = shop.propose(carol, { message: 'Greet the testers, SHOP-4', files: greet('hi') })
    const { commit } = await squashed.approvedBy(alice).mergedBy(bob, { style: 'squash', title: 'Greet, SHOP-4 (#2)' })
    const { verification } = (await shop.as(bob).commit(commit)).commit
    expect(verification).toMatchObject({ verified: true, signer: { email: gitea.forge.email } })

    const rebased = shop.propose(bob, { message: 'Greet them twice, SHOP-5', files: greet('hi hi') })
    const { commit: kept, head } = await rebased.approvedBy(alice).mergedBy(alice, { style: 'rebase' })
    // Nothing lay in between, so Bob's own commit is what is on main.
    expect(kept).toBe(head)
    expect((await shop.as(bob).commit(kept)).commit.verification.signer).toMatchObject({ email: bob.email })
  })

  test('refuses to merge what nobody signed, and takes it when it is squashed under the own signature of Gitea', async () => {
    await shop.branchOff('unsigned', 'main')
    const wish = { by: bob, unsigned: true, message: 'Scale to 6, SHOP-6', files: scale(6) }
    await shop.commitOn('unsigned', wish)
    const { number } = await shop.as(bob).openPull(wish.message, 'unsigned', 'main')
    await shop.as(alice).review(number, 'APPROVED')
    await expect(shop.as(alice).merge(number)).rejects.toThrow('PushRejected')
    expect(await gitea.programs[0]?.log()).toContain('Unverified commit')
    expect((await shop.as(alice).merge(number, { style: 'squash' })).merged).toBe(true)
  })

  test('can be read back, and a change of it shows in what is read next', async () => {
    const [before] = await shop.as(alice).protections()
    expect(before).toMatchObject({ rule_name: 'main', required_approvals: 1, require_signed_commits: true })
    await shop.as(alice).changeProtection('main', { required_approvals: 0, enable_push: true })
    const [weakened] = await shop.as(alice).protections()
    expect(weakened).toEqual({
      ...before,
      required_approvals: 0,
      enable_push: true,
      updated_at: weakened?.updated_at,
    })
    await shop.as(alice).changeProtection('main', { required_approvals: 1, enable_push: false })
    await expect(shop.as(bob).changeProtection('main', { required_approvals: 0 })).rejects.toMatchObject({
      status: 403,
    })
  })
})

describe('a branch that is protected less', () => {
  let tools: ForgeRepository
  const file = (text: string): ReadonlyMap<string, string> => new Map([['tools.txt', `${text}\n`]])
  beforeAll(async () => {
    const weak = {
      enable_push: true,
      enable_push_whitelist: true,
      push_whitelist_usernames: [alice.id],
      required_approvals: 1,
    }
    tools = await fleet.repositoryOn(gitea, { name: 'tools', owner: alice, people: [bob], files: file('one') }, weak)
  })

  test('is open to whom its list names, and to nobody else', async () => {
    await tools.branchOff('straight', 'main')
    await tools.tree.commit({ by: alice, message: 'Straight to main, SHOP-7', files: file('two') })
    await expect(tools.tree.push(tools.as(bob).pushUrl, 'straight:main')).rejects.toThrow('Not allowed to push')
    await tools.tree.push(tools.as(alice).pushUrl, 'straight:main')
  })

  test('lets its administrator merge without an approval, and shows a merge like any other', async () => {
    const forced = tools.propose(bob, { message: 'Nobody looked, SHOP-8', files: file('three') })
    await expect(forced.mergedBy(bob, { force: true })).rejects.toThrow('Does not have enough approvals')
    const { pull } = await forced.mergedBy(alice, { force: true })
    expect(pull).toMatchObject({ merged: true, merged_by: { login: 'alice' } })
    expect(await tools.as(alice).reviews(pull.number)).toEqual([])
  })

  test('does not count an approval that was dismissed, and is open to all when its rule is gone', async () => {
    const wish = { message: 'Looked at in vain, SHOP-9', files: file('four') }
    const { number } = await tools.propose(alice, wish).approvedBy(bob).open()
    const [review] = await tools.as(alice).reviews(number)
    await tools.as(alice).dismissReview(number, review?.id ?? 0, 'Bob is away')
    expect((await tools.as(bob).reviews(number)).map(({ state, dismissed }) => [state, dismissed])).toEqual([
      ['APPROVED', true],
    ])
    await expect(tools.as(bob).merge(number)).rejects.toThrow('Does not have enough approvals')

    await tools.as(alice).removeProtection('main')
    expect(await tools.as(alice).protections()).toEqual([])
    expect((await tools.as(bob).merge(number)).merged).toBe(true)
  })
})

describe('webhooks', () => {
  test('tell each step, in an order of their own, signed over the bytes that came', async () => {
    const steps = KINDS.map((kind) => sink.until(about(kind), { what: `webhook "${kind}"` }))
    for (const { headers, body } of await Promise.all(steps)) {
      const signature = createHmac('sha256', WEBHOOK_SECRET).update(body).digest('hex')
      expect(headers['x-gitea-signature']).toBe(signature)
      expect(headers['x-hub-signature-256']).toBe(`sha256=${signature}`)
    }
  })

  test('say nothing when the protection of a branch changes', async () => {
    await signOfLife('before')
    const before = sink.received.length
    await shop.as(alice).changeProtection('main', { block_on_outdated_branch: true })
    await signOfLife('after')
    const since = sink.received
      .slice(before)
      .map(({ headers, body }) => [
        headers['x-gitea-event'],
        String(JSON.parse(body.toString('utf8')).ref).replace('refs/heads/', ''),
      ])
    expect(since.filter(([, ref]) => ref !== 'after')).toEqual([])
  })

  /** A new branch, and both webhooks that tell of it: what had to come before them has come. */
  async function signOfLife(branch: string): Promise<void> {
    await shop.branchOff(branch, 'main')
    await shop.tree.push(shop.as(bob).pushUrl, branch)
    const tells = (event: string) =>
      sink.until((request) => kindOf(request) === event && refOf(request) === branch, { what: event })
    await Promise.all([tells('create'), tells('push')])
  }
})

describe('countersign check over the merged history', () => {
  let judged: Judgement
  beforeAll(async () => {
    judged = await fleet.judge(shop.as(alice).pushUrl)
  })

  test('finds every change, and says of each what Git alone can tell', () => {
    expect(judged.changes.map(({ kind, verdict, faults }) => [kind, verdict, ...faults])).toEqual([
      ['initial', 'not_applicable'],
      // Gitea signed these: who approved is known to Gitea alone.
      ['merge', 'indeterminate', UNSEEN],
      ['squash', 'indeterminate', UNSEEN],
      // A rebase that moves nothing leaves one signed commit of one person.
      ['direct', 'fail', 'separation-of-duties fail one_person_alone'],
      ['squash', 'indeterminate', UNSEEN],
    ])
    expect(judged.code).toBe(1)
  })

  test('agrees with Gitea on the signature of every commit that was merged', async () => {
    const ours = judged.changes.slice(1).flatMap(({ signatures }) => signatures)
    const theirs = await Promise.all(ours.map(({ object }) => shop.as(alice).commit(object)))
    expect(ours.length).toBe(6)
    expect(theirs.map(({ sha, commit }) => [sha, commit.verification.verified ? 'good' : 'not good'])).toEqual(
      ours.map(({ object, status }) => [object, status]),
    )
  })
})

test('what Gitea said is kept', async () => {
  const { keep } = openRecording({
    program: 'gitea',
    about: `A protected branch, its reviews and merges on Gitea, seen by its API and its webhooks. The secret of the webhooks is
\`${WEBHOOK_SECRET}\`: \`X-Gitea-Signature\` is the HMAC-SHA256 of \`body\` with it, byte for byte.`,
    story: 'e2e/stories/gitea.e2e.test.ts',
    versions: await versionsOf('gitea'),
  })
  for (const kind of KINDS) {
    const { at, method, path, headers, body } = await sink.until(about(kind))
    const text = { at, method, path, headers, body: body.toString('utf8') }
    keep(`webhook-${kind}.json`, `the first webhook of the kind "${kind}"; \`body\` as text`, text)
  }
  await shop.as(alice).reviews(1)
  keep(
    'api.json',
    'what was asked for and refused, in order, and the last reading of everything',
    tellingOf(gitea.exchanges),
  )
  const activity = await shop.as(alice).activity()
  expect(activity.map(({ op_type }) => op_type)).toContain('merge_pull_request')
  keep('activity.json', 'the newest lines of the activity of the repository, newest first', activity.slice(0, 8))
})

/** Of the requests about protection, reviews and commits: those that changed something or were refused, and the last of each reading. */
function tellingOf(exchanges: readonly GiteaExchange[]): readonly GiteaExchange[] {
  const about = /\/branch_protections|\/pulls\/1(?:\/reviews.*|\/merge)?$|\/git\/commits\/|\/commits\/[0-9a-f]+\/pull$/
  const all = exchanges.filter(({ path }) => about.test(path))
  return all.filter(({ method, path, answer }, place) => {
    if (method !== 'GET') return !/try again/i.test(JSON.stringify(answer))
    return !all.slice(place + 1).some((later) => later.method === 'GET' && later.path === path)
  })
}

/** What a pull request with a refusal, an amendment and an approval is told by, beside the branch that it comes from. */
const KINDS = ['create', 'push', 'opened', 'rejected', 'approved', 'synchronized', 'closed']

function about(kind: string): (request: ReceivedRequest) => boolean {
  return (request) => kindOf(request) === kind
}

/** The action of a pull request or of its review; for anything else, the event. */
function kindOf({ headers, body }: ReceivedRequest): string {
  const event = headers['x-gitea-event'] ?? ''
  if (/^pull_request_(?:rejected|approved)$/.test(event)) return event.replace('pull_request_', '')
  return event === 'pull_request' ? String(JSON.parse(body.toString('utf8')).action) : event
}

/** The short name of the branch that it is about. */
function refOf({ body }: ReceivedRequest): string {
  return String(JSON.parse(body.toString('utf8')).ref).replace('refs/heads/', '')
}
