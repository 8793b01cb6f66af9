import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Estate, startEstate } from '../estate/start-estate.ts'
import { FIRST_SETTINGS, folderOf, shopFiles } from '../fleet/cluster-files.ts'
import { type Fleet, openFleet, type PlainRepository } from '../fleet/fleet.ts'
import { gitRepository, kustomization } from '../fleet/flux-manifests.ts'
import type { Person } from '../fleet/people.ts'
import { says, settingsOf } from '../fleet/shop-objects.ts'

// The fleet without a forge: what people merge at home and push over plain HTTP is what Flux brings to the cluster.
type Wish = { readonly kubernetes: true; readonly flux: true; readonly git: true }
let estate: Estate<Wish>
let fleet: Fleet
let alice: Person
let bob: Person
let shop: PlainRepository

beforeAll(async () => {
  estate = await startEstate({ kubernetes: true, flux: true, git: true })
  fleet = await openFleet()
  ;[alice, bob] = await fleet.people('alice', 'bob')
  shop = await fleet.plainRepositoryOn(estate.git, { name: 'shop', owner: alice, people: [bob] })
  await estate.kubernetes.client.apply(gitRepository({ name: 'shop', url: shop.url }))
  await estate.flux.objects.waitReady('GitRepository', 'shop')
})
afterAll(async () => {
  await Promise.all([estate?.stop(), fleet?.close()])
})

test('what Alice merges and pushes goes live, and passes as the work of two', async () => {
  const manifest = kustomization({ name: 'production', source: 'shop', path: folderOf('production') })
  await estate.kubernetes.client.apply(manifest)
  const { tree, url } = shop
  await tree.goTo('topic', 'main')
  const files = shopFiles('production', { ...FIRST_SETTINGS, greeting: 'welcome' })
  await tree.commit({ by: bob, message: 'Welcome customers, SHOP-2', files })
  await tree.goTo('main')
  await tree.merge('topic', { by: alice, message: 'Merge: Welcome customers, SHOP-2' })
  await tree.push(url, 'main')
  const commit = await tree.head()
  await estate.flux.objects.waitReady('Kustomization', 'production', { revision: commit })
  await estate.kubernetes.client.until(settingsOf('production'), 'as merged', says('welcome'))
  const { changes } = await fleet.judge(url)
  expect(changes.at(-1)).toMatchObject({ object: commit, kind: 'merge', verdict: 'pass' })
})

test('docs/estate.md shows how this story begins and ends', () => {
  const page = readFileSync(new URL('../../docs/estate.md', import.meta.url), 'utf8')
  const [, snippet = ''] = /```ts\n(.*?)```/s.exec(page) ?? []
  const story = readFileSync(new URL(import.meta.url), 'utf8')
  const lines = snippet.split('\n').filter((line) => line !== '' && !line.includes('.stop()'))
  expect(lines.length).toBeGreaterThan(4)
  expect(lines.filter((line) => !story.includes(line.replace(/^const /, '')))).toEqual([])
})
