import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { auditEventsOf } from '../audit-sink/audit-events.ts'
import type { ObjectRef, WrittenObject } from '../kubernetes/kubernetes-object.ts'
import { type Estate, startEstate } from '../start-estate.ts'
import { FLUX_NAMESPACE } from './flux-accounts.ts'

const run = promisify(execFile)
const SHOP: ObjectRef = { apiVersion: 'v1', kind: 'ConfigMap', name: 'shop' }
type Wish = { readonly kubernetes: true; readonly audit: true; readonly flux: true; readonly git: true }
let estate: Estate<Wish>
let commitGreeting: (greeting: string) => Promise<string>

beforeAll(async () => {
  estate = await startEstate({ kubernetes: true, audit: true, flux: true, git: true })
  const { url } = await estate.git.createRepository('fleet')
  commitGreeting = await workTree(await mkdtemp(join(estate.folder, 'tree-')), url)
  await commitGreeting('hello')
  const { client } = estate.kubernetes
  const spec = { url, interval: '1h', ref: { branch: 'main' } }
  await client.apply(own('source.toolkit.fluxcd.io/v1', 'GitRepository', spec))
  const source = { sourceRef: { kind: 'GitRepository', name: 'fleet' }, path: './app', interval: '1h', prune: true }
  await client.apply(own('kustomize.toolkit.fluxcd.io/v1', 'Kustomization', source))
})
afterAll(async () => {
  await estate?.stop()
})

test('Flux applies what is committed, and the audit names its own account', async () => {
  const live = await estate.kubernetes.client.until(SHOP, 'live', says('hello'))
  expect(live.metadata.managedFields).toMatchObject([{ manager: 'kustomize-controller', operation: 'Apply' }])
  const wants = ({ objectRef }: { readonly objectRef?: { readonly name?: string } }): boolean =>
    objectRef?.name === 'shop'
  const request = await estate.audit.until((received) => auditEventsOf(received).some(wants))
  expect(auditEventsOf(request).find(wants)).toMatchObject({
    verb: 'patch',
    user: { username: 'system:serviceaccount:flux-system:kustomize-controller' },
  })
})

test('a reconciliation that is asked for brings a new commit live', async () => {
  const commit = await commitGreeting('good day')
  await estate.flux.objects.reconcile('GitRepository', 'fleet')
  const applied = await estate.flux.objects.waitReady('Kustomization', 'fleet', { revision: commit })
  expect(applied.status?.lastAppliedRevision).toBe(`main@sha1:${commit}`)
  expect(await estate.kubernetes.client.get(SHOP)).toMatchObject({ data: { greeting: 'good day' } })
})

test('while it is suspended it notes that it was asked and does nothing, and resuming puts an edit back', async () => {
  const { client } = estate.kubernetes
  await estate.flux.objects.suspend('Kustomization', 'fleet')
  await client.patch(SHOP, { data: { greeting: 'edited' } })
  await estate.flux.objects.reconcile('Kustomization', 'fleet')
  expect(await client.get(SHOP)).toMatchObject({ data: { greeting: 'edited' } })
  await estate.flux.objects.resume('Kustomization', 'fleet')
  await client.until(SHOP, 'put back', says('good day'))
})

test('waiting for a revision that nobody committed ends with what Flux says', async () => {
  const waited = estate.flux.objects.waitReady('Kustomization', 'fleet', { revision: '0'.repeat(40), withinMs: 300 })
  await expect(waited).rejects.toMatchObject({
    code: 'condition_not_met',
    message: expect.stringMatching(
      /Kustomization flux-system\/fleet is not ready at 0{40} after 300 ms: .*lastAppliedRevision/,
    ),
  })
})

test('its programs say what they did in their logs', async () => {
  const logs = await estate.logs()
  expect([...logs.keys()].sort()).toEqual([
    'first-etcd',
    'first-kube-apiserver',
    'first-kube-controller-manager',
    'helm-controller',
    'kustomize-controller',
    'notification-controller',
    'source-controller',
  ])
  expect(logs.get('kustomize-controller')).toContain('server-side apply completed')
})

const says =
  (greeting: string) =>
  (object: object): boolean =>
    'data' in object && (object.data as { readonly greeting?: string }).greeting === greeting

function own(apiVersion: string, kind: string, spec: object): WrittenObject {
  return { apiVersion, kind, metadata: { name: 'fleet', namespace: FLUX_NAMESPACE }, spec }
}

/** Returns what commits a greeting, pushes it and says its id. */
async function workTree(folder: string, url: string): Promise<typeof commitGreeting> {
  const person = { NAME: 'Alice', EMAIL: 'alice@shop.example' }
  const env = Object.fromEntries(
    ['AUTHOR', 'COMMITTER'].flatMap((who) => Object.entries(person).map(([what, is]) => [`GIT_${who}_${what}`, is])),
  )
  const git = async (...args: readonly string[]): Promise<string> =>
    (await run('git', args, { cwd: folder, env: { PATH: process.env['PATH'], HOME: folder, ...env } })).stdout.trim()
  await git('init', '--quiet', '--initial-branch', 'main')
  await mkdir(join(folder, 'app'))
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'shop', namespace: 'default' } }
  return async (greeting) => {
    await writeFile(join(folder, 'app', 'shop.yaml'), JSON.stringify({ ...object, data: { greeting } }))
    await git('add', '--all')
    await git('commit', '--quiet', '--message', greeting)
    await git('push', '--quiet', url, 'main')
    return await git('rev-parse', 'HEAD')
  }
}
