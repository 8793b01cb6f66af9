import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type GitHttpHandle, startGitHttp } from '../estate/git-http/git-http.ts'
import { locateProgram } from '../estate/locate.ts'
import { runProgram } from '../estate/run-program.ts'
import { FIRST_SETTINGS, shopFiles } from '../fleet/cluster-files.ts'
import { type Fleet, openFleet, type PlainRepository } from '../fleet/fleet.ts'
import { runCountersign } from '../fleet/judge-history.ts'
import { type Person, writeTrustFiles } from '../fleet/people.ts'

// No forge: people merge at home, sign with their own keys and push.
let folder: string
let server: GitHttpHandle
let fleet: Fleet
let alice: Person
let bob: Person
let carol: Person
let shop: PlainRepository

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'csn-plain-git-'))
  ;[server, fleet] = await Promise.all([startGitHttp({ folder }), openFleet()])
  ;[alice, bob] = await fleet.people('alice', 'bob')
  carol = await fleet.person('carol', 'openpgp')
  shop = await fleet.plainRepositoryOn(server, { name: 'shop', owner: alice, people: [bob, carol] })
})
afterAll(async () => {
  await Promise.all([fleet?.close(), server?.stop()])
  rmSync(folder, { recursive: true, force: true })
})

const dataFolder = (): string => join(folder, 'data')

async function merge(writer: Person, merger: Person, ticket: string, replicas: number): Promise<void> {
  const { tree, url } = shop
  await tree.goTo('topic', 'main')
  const message = `Scale production to ${replicas}, ${ticket}`
  const files = shopFiles('production', { ...FIRST_SETTINGS, replicas })
  await tree.commit({ by: writer, message, files })
  await tree.goTo('main')
  await tree.merge('topic', { by: merger, message: `Merge: ${message}` })
  await tree.push(url, 'main')
}

test('what two people sign passes, what one brings in alone does not, and evidence goes on where it ended', async () => {
  const data = dataFolder()
  await merge(bob, alice, 'SHOP-2', 3)
  await merge(carol, bob, 'SHOP-3', 4)
  await merge(alice, alice, 'SHOP-4', 5)
  const first = await fleet.judge(shop.url, data)
  expect(first.changes.map(({ kind, verdict, faults }) => [kind, verdict, ...faults])).toEqual([
    ['initial', 'not_applicable'],
    ['merge', 'pass'],
    ['merge', 'pass'],
    ['merge', 'fail', 'separation-of-duties fail self_merge'],
  ])

  const head = await shop.tree.head()
  await shop.tree.tag('v1.0.0', head, { by: alice, message: 'Shop 1.0.0' })
  const files = shopFiles('production', { ...FIRST_SETTINGS, replicas: 9 })
  await shop.tree.commit({ by: bob, unsigned: true, message: 'Hotfix', files })
  await shop.tree.push(shop.url, 'main', 'v1.0.0')
  const second = await fleet.judge(shop.url, data)
  expect(second.changes.map(({ ref, verdict, faults }) => [ref, verdict, ...faults])).toEqual([
    [
      'main',
      'fail',
      'commits-signed fail unsigned',
      'ticket-referenced warn ticket_missing',
      'separation-of-duties indeterminate second_person_not_visible',
    ],
    ['v1.0.0', 'pass'],
  ])
  expect([first.code, second.code]).toEqual([1, 1])
})

test('git itself says G of every signature, and N of the commit that has none', async () => {
  const { allowedSigners } = await writeTrustFiles(fleet.home, [alice, bob, carol])
  const trusting = ['-c', `gpg.ssh.allowedSignersFile=${allowedSigners}`]
  const letters = await shop.tree.git(...trusting, 'log', '--format=%G?', 'main')
  expect(letters.split('\n').sort().join('')).toBe('GGGGGGGN')
})

test("Tessera's fsck, which others wrote, reads the log of that evidence and finds it whole", async () => {
  const { out: vkey } = await runCountersign(['log', 'key', '--data', dataFolder()])
  const keyFile = join(folder, 'log.vkey')
  writeFileSync(keyFile, vkey.trim())
  const origin = vkey.slice(0, vkey.indexOf('+'))
  const address = pathToFileURL(join(dataFolder(), 'log')).href
  const where = ['--storage_url', address, '--public_key', keyFile, '--origin', origin]
  const command = await locateProgram('tessera-fsck')
  const { stderr } = await runProgram({ command, args: ['--ui=false', '--logtostderr', ...where], folder })
  // Its exit code is 0 whatever it finds.
  expect(stderr).toContain("Successfully fsck'd log with size 6 and root")
})
