import { afterAll, beforeAll, expect, test } from 'vitest'
import { auditEventsOf } from '../estate/audit-sink/audit-events.ts'
import type { LiveObject } from '../estate/kubernetes/kubernetes-object.ts'
import { type Estate, startEstate } from '../estate/start-estate.ts'
import { type ClusterName, FIRST_SETTINGS, folderOf, shopFiles } from '../fleet/cluster-files.ts'
import { type Fleet, openFleet } from '../fleet/fleet.ts'
import { gitRepository, kustomization } from '../fleet/flux-manifests.ts'
import type { ForgeRepository } from '../fleet/forge-repository.ts'
import { signInOperator } from '../fleet/operator.ts'
import type { Person } from '../fleet/people.ts'
import { says, settingsOf } from '../fleet/shop-objects.ts'

// Staging and production are clusters of their own, each with its own Flux and its own folder of one repository.
const CLUSTERS: readonly ClusterName[] = ['staging', 'production']
const WISH = { kubernetes: { clusters: 2 }, audit: true, flux: { clusters: [0, 1] }, gitea: true } as const

let estate: Estate<typeof WISH>
let fleet: Fleet
let alice: Person
let bob: Person
let shop: ForgeRepository

beforeAll(async () => {
  ;[estate, fleet] = await Promise.all([startEstate(WISH), openFleet()])
  ;[alice, bob] = await fleet.people('alice', 'bob')
  shop = await fleet.repositoryOn(estate.gitea, { name: 'shop', owner: alice, people: [bob] })
  for (const name of CLUSTERS) {
    const { client } = clusterOf(name).kubernetes
    await client.apply(gitRepository({ name: 'shop', url: shop.url }))
    await client.apply(kustomization({ name: 'shop', source: 'shop', path: folderOf(name) }))
  }
  await Promise.all(CLUSTERS.map((name) => untilSaid(name, 'hello')))
})
afterAll(async () => {
  await Promise.all([estate?.stop(), fleet?.close()])
})

function clusterOf(name: ClusterName): Estate<typeof WISH>['clusters'][number] {
  const cluster = estate.clusters[CLUSTERS.indexOf(name)]
  if (cluster === undefined) throw new Error(`the estate has no cluster for ${name}`)
  return cluster
}

function untilSaid(name: ClusterName, greeting: string): Promise<LiveObject> {
  return clusterOf(name).kubernetes.client.until(settingsOf(name), `saying "${greeting}"`, says(greeting))
}

const greet = (name: ClusterName, greeting: string): ReadonlyMap<string, string> =>
  shopFiles(name, { ...FIRST_SETTINGS, greeting })

test('a change goes to the cluster whose folder it is in, and then to the other', async () => {
  const tried = { message: 'Try a welcome, SHOP-2', files: greet('staging', 'welcome') }
  const { commit } = await shop.propose(bob, tried).approvedBy(alice).mergedBy(alice)
  await untilSaid('staging', 'welcome')
  await clusterOf('production').flux?.objects.waitReady('Kustomization', 'shop', { revision: commit })
  await untilSaid('production', 'hello')

  const promoted = { message: 'Welcome customers, SHOP-3', files: greet('production', 'welcome') }
  await shop.propose(bob, promoted).approvedBy(alice).mergedBy(alice)
  await untilSaid('production', 'welcome')
})

test('an edit by hand in one cluster is put back there, and only that cluster tells of it', async () => {
  const operator = await signInOperator(clusterOf('production').kubernetes, alice)
  await operator.edit(settingsOf('production'), { greeting: 'edited' })
  await untilSaid('production', 'welcome')
  const told = await estate.audit.until((request) =>
    auditEventsOf(request).some(({ user }) => user.username === 'alice'),
  )
  expect(told.path).toMatch(new RegExp(`^/${clusterOf('production').name}\\b`))
  const byAlice = estate.audit.received.filter((request) =>
    auditEventsOf(request).some(({ user }) => user.username === 'alice'),
  )
  expect(new Set(byAlice.map(({ path }) => path))).toEqual(new Set([told.path]))
})
