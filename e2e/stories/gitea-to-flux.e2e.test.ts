import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type AuditEvent, auditEventsOf, untilAudited } from '../estate/audit-sink/audit-events.ts'
import { type AuditSink, type ReceivedRequest, startAuditSink } from '../estate/audit-sink/audit-sink.ts'
import { FLUX_NAMESPACE } from '../estate/flux/flux-accounts.ts'
import type { FluxHandle } from '../estate/flux/start-flux.ts'
import type { LiveObject, ObjectRef } from '../estate/kubernetes/kubernetes-object.ts'
import type { KubernetesHandle } from '../estate/kubernetes/start-kubernetes.ts'
import { locateProgram } from '../estate/locate.ts'
import { runProgram } from '../estate/run-program.ts'
import { type Estate, startEstate } from '../estate/start-estate.ts'
import {
  BANNER_CHART,
  bannerChart,
  FIRST_SETTINGS,
  folderOf,
  refusedService,
  shopFiles,
} from '../fleet/cluster-files.ts'
import { type Fleet, openFleet } from '../fleet/fleet.ts'
import { alertOf, type FluxAlert, isSignedWith } from '../fleet/flux-alerts.ts'
import { gitRepository, helmRelease, kustomization, signedAlert } from '../fleet/flux-manifests.ts'
import type { ForgeRepository } from '../fleet/forge-repository.ts'
import { type Operator, signInOperator } from '../fleet/operator.ts'
import type { Person } from '../fleet/people.ts'
import type { MergedProposal } from '../fleet/proposal.ts'
import { managersOf, says, settingsOf } from '../fleet/shop-objects.ts'
import { openRecording } from './recording.ts'
import { versionsOf } from './versions.ts'

const STORY = 'e2e/stories/gitea-to-flux.e2e.test.ts'
// A throw-away: the recordings name it, so that their signatures can be checked.
const ALERT_TOKEN = 'recorded-for-tests'
const SETTINGS = settingsOf('production')
const BANNER: ObjectRef = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'shop-front', name: 'front-banner' }
const KUSTOMIZATION: ObjectRef = {
  apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
  kind: 'Kustomization',
  namespace: FLUX_NAMESPACE,
  name: 'production',
}
const RELEASE: ObjectRef = {
  apiVersion: 'helm.toolkit.fluxcd.io/v2',
  kind: 'HelmRelease',
  namespace: FLUX_NAMESPACE,
  name: 'front',
}

const WISH = { kubernetes: true, audit: true, flux: true, gitea: true } as const

let estate: Estate<typeof WISH>
let cluster: KubernetesHandle
let flux: FluxHandle
let audited: AuditSink
let alerts: AuditSink
let fleet: Fleet
let alice: Person
let bob: Person
let shop: ForgeRepository
/** Alice, as she is known to the cluster: she may do anything there, and the cluster knows her name. */
let operator: Operator
let merged: MergedProposal
const states: Record<string, LiveObject | null> = {}

test('(a) what is committed, reviewed and merged goes live', async () => {
  const greeting = 'welcome'
  const files = new Map([
    ...shopFiles('production', { ...FIRST_SETTINGS, greeting }),
    ...bannerChart('1.1.0', 'Open till late'),
  ])
  merged = await shop.propose(bob, { message: 'Welcome customers, SHOP-2', files }).approvedBy(alice).mergedBy(alice)
  const live = await cluster.client.until(SETTINGS, 'as merged', says(greeting))
  expect(managersOf(live)).toEqual(['kustomize-controller Apply'])
  states['applied'] = await flux.objects.waitReady('Kustomization', 'production', { revision: merged.commit })
  await cluster.client.until(BANNER, 'as merged', says('Open till late'))

  const told = await alerts.until((request) => saysConfigured(alertOf(request)), { what: 'alert of the new settings' })
  expect(isSignedWith(ALERT_TOKEN, told)).toBe(true)
  expect(isSignedWith('another', told)).toBe(false)
  const upgraded = await alerts.until((request) => alertOf(request).reason === 'UpgradeSucceeded')
  expect(alertOf(upgraded).metadata?.['revision']).toBe(`1.1.0+${merged.commit.slice(0, 12)}`)
})

test('(c) what somebody edits by hand is put back, and Flux tells it in an event but not by its webhook', async () => {
  const before = await configuredTimes()
  await operator.edit(SETTINGS, { greeting: 'edited' })
  await cluster.client.until(SETTINGS, 'put back', says('welcome'))
  await untilConfigured(before + 1)
  states['corrected'] = await cluster.client.get(KUSTOMIZATION)
  // The same message of the same object at the same revision within five minutes: the controller holds it back.
  expect(alerts.received.map(alertOf).filter(saysConfigured)).toHaveLength(1)
})

test('(c) an edit of what a Helm release owns is put back, and told by both', async () => {
  await operator.edit(BANNER, { text: 'Closed' })
  await cluster.client.until(BANNER, 'put back', says('Open till late'))
  const drifted = await alerts.until((request) => alertOf(request).reason === 'DriftDetected')
  expect(alertOf(drifted)).toMatchObject({ severity: 'error', involvedObject: { kind: 'HelmRelease', name: 'front' } })
  await alerts.until((request) => alertOf(request).reason === 'DriftCorrected')
  states['release'] = await cluster.client.get(RELEASE)
})

test('(d) while it is suspended an edit stays, and when it is resumed it does not', async () => {
  await flux.objects.as(operator.user).suspend('Kustomization', 'production')
  // A reconciliation that had begun goes on to its end, and would put the edit back.
  await sleep(2000)
  const before = await configuredTimes()
  await operator.edit(SETTINGS, { greeting: 'emergency' })
  // Three intervals, and a request of the kind that would otherwise be answered at once.
  await operator.annotate(KUSTOMIZATION, `reconcile.fluxcd.io/requestedAt=${Date.now()}`)
  await sleep(3000)
  expect(says('emergency')((await cluster.client.get(SETTINGS)) as LiveObject)).toBe(true)
  expect(await configuredTimes()).toBe(before)
  states['suspended'] = await cluster.client.get(KUSTOMIZATION)

  await flux.objects.as(operator.user).resume('Kustomization', 'production')
  await cluster.client.until(SETTINGS, 'put back', says('welcome'))
  await untilConfigured(before + 1)
  states['resumed'] = await cluster.client.get(KUSTOMIZATION)
  expect(alerts.received.map(alertOf).filter(({ message }) => /suspend|resume/i.test(message))).toEqual([])
})

test('a change that the cluster does not take is told as failed, and nothing of it goes live', async () => {
  const files = new Map([
    ...shopFiles('production', { ...FIRST_SETTINGS, greeting: 'never seen' }),
    [`${folderOf('production')}/service.yaml`, refusedService()],
  ])
  const { commit } = await shop
    .propose(bob, { message: 'Break the service, SHOP-3', files })
    .approvedBy(alice)
    .mergedBy(alice)
  const failed = await alerts.until((request) => alertOf(request).severity === 'error' && request.body.includes(commit))
  expect(alertOf(failed)).toMatchObject({ reason: 'ReconciliationFailed', involvedObject: { kind: 'Kustomization' } })
  expect(alertOf(failed).message).toContain('Service/shop-production/shop')
  states['failed'] = await flux.objects.get('Kustomization', 'production')
  expect(states['failed']?.['status']).toMatchObject({
    lastAppliedRevision: revision(),
    lastAttemptedRevision: `main@sha1:${commit}`,
  })
  expect(says('welcome')((await cluster.client.get(SETTINGS)) as LiveObject)).toBe(true)
})

test('(e) the audit webhook got all of it, with who did it', async () => {
  const edited = await auditOf('the edit', (event) => isChange(event, 'configmaps', { greeting: 'edited' }))
  expect(edited).toMatchObject({ user: { username: 'alice' }, responseStatus: { code: 200 } })
  expect(edited.userAgent).toMatch(/^kubectl\//)
  await auditOf('the Helm edit', (event) => isChange(event, 'configmaps', { text: 'Closed' }))
  for (const isSuspended of [true, false]) {
    const told = await auditOf(`suspend: ${isSuspended}`, (event) => suspends(event) === isSuspended)
    expect(told.user.username).toBe('alice')
  }
  // The merge, the edit that was put back, and the edit that was put back when it was resumed.
  const greeted = auditedChanges().filter((event) => isApplied(event) && greetingOf(event) === 'welcome')
  expect(greeted.length).toBeGreaterThanOrEqual(3)
  // The upgrade by the merge, by Helm's own client, and the edit that was put back.
  const bannered = auditedChanges().filter(
    ({ objectRef, user, requestURI }) =>
      objectRef?.name === BANNER.name && user.username !== 'alice' && !requestURI.includes('dryRun=All'),
  )
  expect(bannered.length).toBeGreaterThanOrEqual(2)
  const writers = [greeted, bannered].map((events) => [...new Set(events.map(({ user }) => user.username))])
  expect(writers).toEqual([
    ['system:serviceaccount:flux-system:kustomize-controller'],
    ['system:serviceaccount:flux-system:helm-controller'],
  ])
})

test('what Flux, Helm and the API server said is kept', async () => {
  expect(alerts.received.map(alertOf).filter(saysConfigured)).toHaveLength(1)
  await keepFlux()
  await keepHelm()
  const { keep } = openRecording({
    program: 'kubernetes',
    about:
      'Audit events of a Kubernetes API server, as its webhook sent them. The policy is in `e2e/estate/kubernetes/audit.ts`.',
    story: STORY,
    versions: await versionsOf('kube-apiserver'),
  })
  const items = auditedChanges().filter((event) => event.user.username === 'alice' || isApplied(event))
  expect(items.length).toBeGreaterThan(9)
  keep(
    'audit-flux.json',
    'what Alice did by hand (edits, suspend, resume) and what Flux then wrote to the same objects',
    {
      kind: 'EventList',
      apiVersion: 'audit.k8s.io/v1',
      items,
    },
  )
})

async function keepFlux(): Promise<void> {
  const { keep } = openRecording({
    program: 'flux',
    about: `Flux brings a repository on Gitea to a cluster; somebody edits, suspends and resumes. The token of the alerts is \`${ALERT_TOKEN}\`:
\`X-Signature\` is the HMAC-SHA256 of \`body\` with it, byte for byte. Of the same message about the same object at the same revision
only the first alert is sent within five minutes: edits that were put back are in \`events.json\` and not in \`alerts.json\`.`,
    story: STORY,
    versions: await versionsOf(
      'source-controller',
      'kustomize-controller',
      'helm-controller',
      'notification-controller',
    ),
  })
  const sent = alerts.received.filter(
    ({ body }) => !body.includes('Reconciliation finished') || body.includes(revision()),
  )
  const text = sent.map(({ at, method, path, headers, body }) => ({
    at,
    method,
    path,
    headers,
    body: body.toString('utf8'),
  }))
  keep('alerts.json', 'what the webhook of a `generic-hmac` provider got; `body` as text', text.slice(0, 24))
  const events = await cluster.client.list({ apiVersion: 'v1', kind: 'Event', namespace: FLUX_NAMESPACE })
  keep(
    'events.json',
    'the Kubernetes events of Flux, without those that only say that nothing changed',
    events.filter(tellsMuch),
  )
  states['source'] = await flux.objects.get('GitRepository', 'shop')
  keep(
    'objects.json',
    'objects of Flux by the moment: applied, corrected, suspended, resumed, failed; the source; the release',
    states,
  )
}

function tellsMuch({ reason, message }: LiveObject): boolean {
  return (
    !/^(?:GitOperationSucceeded|ArtifactUpToDate)$/.test(String(reason)) &&
    !/^Reconciliation finished/.test(String(message))
  )
}

async function keepHelm(): Promise<void> {
  const { keep } = openRecording({
    program: 'helm',
    about: 'A release that Flux installed, upgraded and put right, as Helm itself says it.',
    story: STORY,
    versions: await versionsOf('helm', 'helm-controller'),
  })
  const command = await locateProgram('helm')
  const ask = async (...args: readonly string[]): Promise<unknown> => {
    const where = ['--kubeconfig', cluster.kubeconfig, '--namespace', BANNER.namespace ?? '', '-o', 'json']
    return JSON.parse((await runProgram({ command, args: [...args, ...where], folder: fleet.home.folder })).stdout)
  }
  const history = (await ask('history', 'front')) as readonly { readonly status: string; readonly chart: string }[]
  expect(history.map(({ status }) => status)).toContain('deployed')
  keep('history.json', '`helm history front -o json`', history)
  keep('status.json', '`helm status front -o json`', await ask('status', 'front'))
  const secrets = await cluster.client.list({ apiVersion: 'v1', kind: 'Secret', namespace: 'shop-front' }, 'owner=helm')
  keep('secrets.json', 'the Secrets that Helm keeps the release in, their data masked', secrets)
}

/** A change of the shop's or the banner's ConfigMap by Flux, no dry run. */
function isApplied({ objectRef, userAgent = '', requestURI }: AuditEvent): boolean {
  const isOurs = objectRef?.resource === 'configmaps' && ['shop', 'front-banner'].includes(objectRef.name ?? '')
  return isOurs && /^(?:kustomize|helm)-controller\//.test(userAgent) && !requestURI.includes('dryRun=All')
}

beforeAll(async () => {
  ;[estate, alerts, fleet] = await Promise.all([startEstate(WISH), startAuditSink('alert receiver'), openFleet()])
  ;({ kubernetes: cluster, flux, audit: audited } = estate)
  ;[alice, bob] = await fleet.people('alice', 'bob')
  shop = await fleet.repositoryOn(estate.gitea, { name: 'shop', owner: alice, people: [bob] })
  operator = await signInOperator(cluster, alice)
  const token = { name: 'alerts', namespace: FLUX_NAMESPACE }
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata: token, stringData: { token: ALERT_TOKEN } }
  await cluster.client.apply(secret)
  const manifests = [
    ...signedAlert({ name: 'countersign', address: `${alerts.url}/flux`, secret: token.name }),
    gitRepository({ name: 'shop', url: shop.url }),
    kustomization({ name: 'production', source: 'shop', path: folderOf('production') }),
    helmRelease({ name: 'front', source: 'shop', chart: BANNER_CHART, targetNamespace: 'shop-front' }),
  ]
  for (const manifest of manifests) await cluster.client.apply(manifest)
  await Promise.all([
    flux.objects.waitReady('Kustomization', 'production'),
    flux.objects.waitReady('HelmRelease', 'front'),
  ])
})

afterAll(async () => {
  await Promise.all([estate?.stop(), fleet?.close()])
  await alerts?.stop()
})

function revision(): string {
  return `main@sha1:${merged.commit}`
}

/** The one line that tells of a changed ConfigMap, at the merged commit: of the merge, and of every edit put back after it. */
function saysConfigured({ message, metadata }: FluxAlert): boolean {
  return message === 'ConfigMap/shop-production/shop configured' && metadata?.['revision'] === revision()
}

/** How often Flux's events say that the ConfigMap was configured. */
async function configuredTimes(): Promise<number> {
  const events = await cluster.client.list({ apiVersion: 'v1', kind: 'Event', namespace: FLUX_NAMESPACE })
  return events
    .filter(({ message }) => message === 'ConfigMap/shop-production/shop configured')
    .reduce((sum, { count }) => sum + Number(count ?? 1), 0)
}

async function untilConfigured(times: number): Promise<void> {
  for (let waited = 0; (await configuredTimes()) < times; waited += 100) {
    if (waited > 10_000) throw new Error(`Flux's events tell of ${await configuredTimes()} changes, not ${times}`)
    await sleep(100)
  }
}

function auditOf(what: string, wants: (event: AuditEvent) => boolean): Promise<AuditEvent> {
  return untilAudited(audited, what, wants)
}

function auditedChanges(): readonly AuditEvent[] {
  return audited.received.flatMap((request: ReceivedRequest) => auditEventsOf(request))
}

function isChange({ objectRef, requestObject, user }: AuditEvent, resource: string, data: object): boolean {
  const { data: asked } = (requestObject ?? {}) as { readonly data?: object }
  return user.username === 'alice' && objectRef?.resource === resource && JSON.stringify(asked) === JSON.stringify(data)
}

/** What a request has the shop say. */
function greetingOf({ requestObject }: AuditEvent): string | undefined {
  const { data } = (requestObject ?? {}) as { readonly data?: { readonly greeting?: string } }
  return data?.greeting
}

/** Whether a request suspends (true) or resumes (false) a Kustomization; null where it does neither. */
function suspends({ objectRef, requestObject }: AuditEvent): boolean | null {
  const { spec } = (requestObject ?? {}) as { readonly spec?: { readonly suspend?: boolean } }
  return objectRef?.resource === 'kustomizations' && objectRef.subresource === undefined
    ? (spec?.suspend ?? null)
    : null
}
