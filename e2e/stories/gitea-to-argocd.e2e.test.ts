import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ArgocdHandle } from '../estate/argocd/start-argocd.ts'
import { type AuditEvent, auditEventsOf, untilAudited } from '../estate/audit-sink/audit-events.ts'
import type { AuditSink } from '../estate/audit-sink/audit-sink.ts'
import type { LiveObject, ObjectRef } from '../estate/kubernetes/kubernetes-object.ts'
import type { KubernetesHandle } from '../estate/kubernetes/start-kubernetes.ts'
import { type Estate, startEstate } from '../estate/start-estate.ts'
import { application, syncOperation } from '../fleet/argocd-manifests.ts'
import {
  BANNER_CHART,
  FIRST_SETTINGS,
  folderOf,
  NOTICES,
  namespaceOf,
  noticeFiles,
  refusedService,
  shopFiles,
} from '../fleet/cluster-files.ts'
import { type Fleet, openFleet } from '../fleet/fleet.ts'
import type { ForgeRepository } from '../fleet/forge-repository.ts'
import { type Operator, signInOperator } from '../fleet/operator.ts'
import type { Person } from '../fleet/people.ts'
import type { MergedProposal } from '../fleet/proposal.ts'
import { says, settingsOf } from '../fleet/shop-objects.ts'
import { openRecording } from './recording.ts'
import { versionsOf } from './versions.ts'

const STORY = 'e2e/stories/gitea-to-argocd.e2e.test.ts'
const [STAGING, PRODUCTION] = [settingsOf('staging'), settingsOf('production')]
const NOTICE: ObjectRef = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'shop-front', name: 'notice' }

const WISH = { kubernetes: true, audit: true, argocd: { resyncSeconds: 5 }, gitea: true } as const

let estate: Estate<typeof WISH>
let cluster: KubernetesHandle
let argocd: ArgocdHandle
let audited: AuditSink
let fleet: Fleet
let alice: Person
let bob: Person
let shop: ForgeRepository
/** Alice, as she is known to the cluster: she may do anything there, and the cluster knows her name. */
let operator: Operator
let merged: MergedProposal
const states: Record<string, LiveObject | null> = {}

/** What the stories read of an Application. */
type Application = LiveObject & {
  readonly status: {
    readonly sync: { readonly status: string; readonly revision?: string; readonly revisions?: readonly string[] }
    readonly history?: readonly {
      readonly id: number
      readonly revision?: string
      readonly revisions?: readonly string[]
    }[]
    readonly operationState?: {
      readonly phase: string
      readonly startedAt: string
      readonly operation: {
        readonly initiatedBy?: { readonly username?: string; readonly automated?: boolean }
        readonly sync?: { readonly autoHealAttemptsCount?: number }
      }
      readonly syncResult?: { readonly resources?: readonly { readonly kind: string; readonly status: string }[] }
    }
  }
}

test('(b) what is committed, reviewed and merged goes live where syncing is automatic, from one source and from two', async () => {
  const files = new Map([
    ...shopFiles('staging', { ...FIRST_SETTINGS, greeting: 'welcome' }),
    ...shopFiles('production', { ...FIRST_SETTINGS, greeting: 'welcome' }),
    ...noticeFiles('Closed on Sunday'),
  ])
  merged = await shop.propose(bob, { message: 'Welcome customers, SHOP-2', files }).approvedBy(alice).mergedBy(alice)
  await refresh('staging', 'front', 'production')
  await cluster.client.until(STAGING, 'as merged', says('welcome'))
  await cluster.client.until(NOTICE, 'as merged', says('Closed on Sunday'))

  const staging = await untilApplication('staging', 'synced', ({ status }) => isSynced(status, merged.commit))
  expect(staging.status.history?.at(-1)).toMatchObject({ revision: merged.commit, initiatedBy: { automated: true } })
  const front = await untilApplication('front', 'synced', ({ status }) => isSynced(status, merged.commit))
  expect(front.status.history?.at(-1)?.revisions).toEqual([merged.commit, merged.commit])
  states['automatic'] = staging
  states['twoSources'] = front
})

test('(b) where syncing is manual, nothing happens until somebody asks; whom Argo CD names is what the request said', async () => {
  await untilApplication('production', 'out of sync', ({ status }) => status.sync.status === 'OutOfSync')
  expect(says('welcome')((await cluster.client.get(PRODUCTION)) as LiveObject)).toBe(false)
  await operator.patch(refOf('production'), syncOperation('bob'))
  await cluster.client.until(PRODUCTION, 'as merged', says('welcome'))
  const synced = await untilApplication('production', 'synced', ({ status }) => isSynced(status, merged.commit))
  expect(synced.status.operationState?.operation.initiatedBy).toEqual({ username: 'bob' })
  states['manual'] = synced

  const asked = await audit(
    'the sync',
    (event) => isPatchOf(event, 'production') && 'operation' in asRecord(event.requestObject),
  )
  expect(asked.user.username).toBe('alice')
})

test('(c) what somebody edits by hand is put back, and leaves its trace in the last operation but not in the history', async () => {
  const before = await untilApplication('staging', 'synced', ({ status }) => isSynced(status, merged.commit))
  // Argo CD counts in whole seconds.
  const since = Math.floor(Date.now() / 1000) * 1000
  await operator.edit(STAGING, { greeting: 'edited' })
  await cluster.client.until(STAGING, 'put back', says('welcome'))
  const healed = await untilApplication('staging', 'healed', ({ status: { operationState } }) => {
    if (operationState?.phase !== 'Succeeded' || Date.parse(operationState.startedAt) < since) return false
    return (operationState.operation.sync?.autoHealAttemptsCount ?? 0) > 0
  })
  expect(healed.status.operationState?.operation.initiatedBy).toEqual({ automated: true })
  expect(healed.status.history).toEqual(before.status.history)
  states['healed'] = healed
})

test('(d) while syncing is off an edit stays and is called out of sync, and when it is on again it is put back', async () => {
  await operator.patch(refOf('staging'), { spec: { syncPolicy: { automated: { enabled: false } } } })
  await operator.edit(STAGING, { greeting: 'emergency' })
  states['suspended'] = await untilApplication(
    'staging',
    'out of sync',
    ({ status }) => status.sync.status === 'OutOfSync',
  )
  await sleep(3000)
  expect(says('emergency')((await cluster.client.get(STAGING)) as LiveObject)).toBe(true)

  await operator.patch(refOf('staging'), { spec: { syncPolicy: { automated: { enabled: true } } } })
  await cluster.client.until(STAGING, 'put back', says('welcome'))
  states['resumed'] = await untilApplication('staging', 'synced', ({ status }) => status.sync.status === 'Synced')
})

test('a change of which the cluster refuses a part goes live in part, is told as failed and is not in the history', async () => {
  const before = await untilApplication('production', 'synced', ({ status }) => isSynced(status, merged.commit))
  const files = new Map([
    ...shopFiles('production', { ...FIRST_SETTINGS, greeting: 'half of it' }),
    [`${folderOf('production')}/service.yaml`, refusedService()],
  ])
  const broken = shop.propose(bob, { message: 'Break the service, SHOP-3', files })
  const { commit } = await broken.approvedBy(alice).mergedBy(alice)
  await refresh('production')
  await untilApplication('production', 'at the new commit', ({ status }) => status.sync.revision === commit)
  await argocd.applications.sync('production')
  const failed = await untilApplication(
    'production',
    'failed',
    ({ status }) => status.operationState?.phase === 'Failed',
  )
  const { operationState, history } = failed.status
  expect(operationState?.syncResult?.resources?.map(({ kind, status }) => `${kind} ${status}`)).toEqual(
    expect.arrayContaining(['ConfigMap Synced', 'Service SyncFailed']),
  )
  expect(history).toEqual(before.status.history)
  expect(says('half of it')((await cluster.client.get(PRODUCTION)) as LiveObject)).toBe(true)
  states['failed'] = failed
})

test('(e) the audit webhook got all of it, with who did it', async () => {
  const edited = await audit('the edit', ({ requestObject }) => says('edited')(asRecord(requestObject) as LiveObject))
  expect(edited).toMatchObject({ user: { username: 'alice' }, verb: 'patch', responseStatus: { code: 200 } })
  for (const enabled of [false, true]) {
    const switched = await audit(`syncing ${enabled ? 'on' : 'off'}`, (event) => {
      return isPatchOf(event, 'staging') && JSON.stringify(event.requestObject).includes(`"enabled":${enabled}`)
    })
    expect(switched.user.username).toBe('alice')
  }
  const writes = changes().filter((event) => isWriteOf(event, STAGING))
  expect(new Set(writes.map(({ user, userAgent }) => `${user.username} ${userAgent?.split('/')[0]}`))).toEqual(
    new Set(['alice kubectl', `${writerName(writes)} argocd`]),
  )
  expect(writes.filter(({ user }) => user.username !== 'alice').length).toBeGreaterThanOrEqual(4)
  // What was synced by hand and what came from two sources is written by the same account.
  for (const ref of [PRODUCTION, NOTICE]) {
    const written = await audit(`what Argo CD wrote to ${ref.name}`, (event) => isWriteOf(event, ref))
    expect(written.user.username).toBe(writerName(writes))
  }
})

test('what Argo CD and the API server said is kept', async () => {
  const { keep } = openRecording({
    program: 'argocd',
    about: `Argo CD brings a repository on Gitea to a cluster: an automatic application with self-heal, one with two sources, a manual one.
Somebody edits by hand, switches syncing off and on, and asks for a sync in the name of somebody else.`,
    story: STORY,
    versions: await versionsOf('argocd'),
  })
  keep(
    'applications.json',
    'an Application at each moment; `manual` was asked for by Alice, who wrote Bob; `failed` by the API, where nobody logs in',
    states,
  )
  const events = await cluster.client.list({ apiVersion: 'v1', kind: 'Event', namespace: argocd.namespace })
  expect(events.map(({ reason }) => reason)).toContain('OperationCompleted')
  keep(
    'events.json',
    'the Kubernetes events of Argo CD',
    events.filter(({ reason }) => reason !== 'ResourceUpdated').slice(0, 24),
  )
  openRecording({
    program: 'kubernetes',
    about:
      'Audit events of a Kubernetes API server, as its webhook sent them. The policy is in `e2e/estate/kubernetes/audit.ts`.',
    story: STORY,
    versions: await versionsOf('kube-apiserver'),
  }).keep(
    'audit-argocd.json',
    'what Alice did by hand (edits, syncing off and on, a sync) and what Argo CD then wrote to the same objects',
    {
      kind: 'EventList',
      apiVersion: 'audit.k8s.io/v1',
      items: changes().filter((event) => event.user.username === 'alice' || isWriteOf(event, STAGING)),
    },
  )
})

beforeAll(async () => {
  ;[estate, fleet] = await Promise.all([startEstate(WISH), openFleet()])
  ;({ kubernetes: cluster, argocd, audit: audited } = estate)
  ;[alice, bob] = await fleet.people('alice', 'bob')
  shop = await fleet.repositoryOn(estate.gitea, { name: 'shop', owner: alice, people: [bob] })
  operator = await signInOperator(cluster, alice)
  const source = (path: string) => ({ repository: shop.url, path })
  const applications = [
    application({
      name: 'staging',
      sources: [source(folderOf('staging'))],
      into: namespaceOf('staging'),
      sync: 'self-heal',
    }),
    application({
      name: 'production',
      sources: [source(folderOf('production'))],
      into: namespaceOf('production'),
      sync: 'manual',
    }),
    application({
      name: 'front',
      sources: [{ ...source(BANNER_CHART), helm: { releaseName: 'front' } }, source(NOTICES)],
      into: 'shop-front',
      sync: 'automatic',
    }),
  ]
  for (const one of applications) await cluster.client.apply(one)
  await operator.patch(refOf('production'), syncOperation('alice'))
  await Promise.all([...[STAGING, PRODUCTION].map((ref) => cluster.client.until(ref, 'there', says('hello')))])
  await cluster.client.until(NOTICE, 'there', says('Mind the step'))
})

afterAll(async () => {
  await Promise.all([estate?.stop(), fleet?.close()])
})

function refOf(name: string): ObjectRef {
  return { apiVersion: 'argoproj.io/v1alpha1', kind: 'Application', namespace: argocd.namespace, name }
}

function untilApplication(
  name: string,
  wanted: string,
  isAsWanted: (state: Application) => boolean,
): Promise<Application> {
  return cluster.client.until<Application>(
    refOf(name),
    wanted,
    (state) => state.status !== undefined && isAsWanted(state),
  )
}

function isSynced({ sync, operationState }: Application['status'], commit: string): boolean {
  const revisions = sync.revisions ?? [sync.revision]
  return sync.status === 'Synced' && operationState?.phase === 'Succeeded' && revisions.every((one) => one === commit)
}

/** Has Argo CD look at the repository now, as its own button does; by itself it looks every few minutes. */
async function refresh(...names: readonly string[]): Promise<void> {
  await Promise.all(names.map((name) => argocd.applications.get(name, 'normal')))
}

function audit(what: string, wants: (event: AuditEvent) => boolean): Promise<AuditEvent> {
  return untilAudited(audited, what, wants)
}

function changes(): readonly AuditEvent[] {
  return audited.received.flatMap((request) => auditEventsOf(request))
}

function isPatchOf({ objectRef, user }: AuditEvent, name: string): boolean {
  return objectRef?.resource === 'applications' && objectRef.name === name && user.username === 'alice'
}

function isWriteOf({ objectRef }: AuditEvent, { name, namespace }: ObjectRef): boolean {
  return objectRef?.resource === 'configmaps' && objectRef.name === name && objectRef.namespace === namespace
}

/** Who Argo CD is to the cluster. */
function writerName(writes: readonly AuditEvent[]): string {
  return writes.find(({ user }) => user.username !== 'alice')?.user.username ?? 'nobody'
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return (value ?? {}) as Readonly<Record<string, unknown>>
}
