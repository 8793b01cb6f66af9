import { join } from 'node:path'
import type { GitHttpHandle } from '../estate/git-http/git-http.ts'
import type { GiteaAccount } from '../estate/gitea/gitea-account.ts'
import type { ProtectionSettings } from '../estate/gitea/gitea-repository.ts'
import type { GiteaHandle } from '../estate/gitea/start-gitea.ts'
import { bannerChart, type ClusterName, FIRST_SETTINGS, noticeFiles, shopFiles } from './cluster-files.ts'
import { type FleetHome, openFleetHome } from './fleet-home.ts'
import { ForgeRepository } from './forge-repository.ts'
import { type Judgement, judgeHistory } from './judge-history.ts'
import { makePerson, type Person } from './people.ts'
import { FORGE_ID, policyFiles } from './policy-files.ts'
import { WorkTree } from './work-tree.ts'

/** What a repository begins with, and who is let in. */
export interface RepositoryWish {
  readonly name: string
  /** Makes the repository and signs its first commit. */
  readonly owner: Person
  /** In beside the owner: they may push branches and review, and `.countersign/` names them. */
  readonly people: readonly Person[]
  /** What the repository holds beside `.countersign/`; the shop in both clusters, a chart and a notice when not given. */
  readonly files?: ReadonlyMap<string, string>
}

/** A repository of the fleet on plain Git over HTTP. */
export interface PlainRepository {
  readonly url: string
  readonly tree: WorkTree
}

/** People with keys and the repositories that they share. */
export interface Fleet {
  readonly home: FleetHome
  /** Makes people with SSH keys, one for each name. */
  people<Names extends readonly string[]>(...names: Names): Promise<{ readonly [Place in keyof Names]: Person }>
  /** Makes one person, with the kind of key that is asked for. */
  person(name: string, scheme: Person['scheme']): Promise<Person>
  /** Makes a repository on a Gitea, with accounts and proved keys for its people, and protects `main` after the first commit. */
  repositoryOn(gitea: GiteaHandle, wish: RepositoryWish, protection?: ProtectionSettings): Promise<ForgeRepository>
  /** Makes a repository that plain Git over HTTP serves, and pushes its first commit. */
  plainRepositoryOn(server: GitHttpHandle, wish: RepositoryWish): Promise<PlainRepository>
  /** Runs `countersign check` over a clone of what is served there; see {@link judgeHistory}. */
  judge(url: string, data?: string): Promise<Judgement>
  close(): Promise<void>
}

/** One approval that counts for what is merged, by somebody else, and signatures on everything. Not even the owner goes around it. */
export const FOUR_EYES: ProtectionSettings = {
  enable_push: false,
  required_approvals: 1,
  dismiss_stale_approvals: true,
  block_on_rejected_reviews: true,
  require_signed_commits: true,
  block_admin_merge_override: true,
}

const FIRST_MESSAGE = 'Introduce the shop and its policy, SHOP-1'
const CLUSTERS: readonly ClusterName[] = ['staging', 'production']

/** Opens an empty fleet. Close it: it holds keys and folders. */
export async function openFleet(): Promise<Fleet> {
  const home = await openFleetHome()
  const person = (name: string, scheme: Person['scheme']): Promise<Person> => makePerson(home, name, scheme)
  const accounts = new Map<string, GiteaAccount>()
  return {
    home,
    person,
    people: async (...names) =>
      (await Promise.all(names.map((name) => person(name, 'ssh')))) as { [Place in keyof typeof names]: Person },
    repositoryOn: (gitea, wish, protection = FOUR_EYES) => makeForgeRepository(home, accounts, gitea, wish, protection),
    plainRepositoryOn: (server, wish) => makePlainRepository(home, server, wish),
    judge: (url, data) => judgeHistory(home, url, data),
    close: () => home.close(),
  }
}

async function makeForgeRepository(
  home: FleetHome,
  accounts: Map<string, GiteaAccount>,
  gitea: GiteaHandle,
  wish: RepositoryWish,
  protection: ProtectionSettings,
): Promise<ForgeRepository> {
  const { name, owner, people } = wish
  for (const person of [owner, ...people]) {
    if (!accounts.has(person.id)) accounts.set(person.id, await makeAccount(gitea, person))
  }
  const tree = new WorkTree(home, join(home.folder, name))
  const repository = new ForgeRepository({ name, owner, url: `${gitea.url}/${owner.id}/${name}.git` }, tree, accounts)
  const served = await accounts.get(owner.id)?.createRepository(name)
  if (served === undefined) throw new Error(`${owner.id} has no account`)
  await tree.start()
  await tree.commit({ by: owner, message: FIRST_MESSAGE, files: firstFiles(wish, { id: FORGE_ID, ...gitea.forge }) })
  await tree.push(served.pushUrl, 'main')
  for (const { id } of people) await served.addCollaborator(id, 'write')
  await served.protect('main', protection)
  return repository
}

async function makeAccount(gitea: GiteaHandle, person: Person): Promise<GiteaAccount> {
  const { id, name, email, publicKey, scheme } = person
  const account = await gitea.createUser({ login: id, email, name })
  const sign = (token: string): Promise<string> => person.sign(token, 'gitea')
  if (scheme === 'ssh') await account.addSshKey(publicKey, sign)
  else await account.addOpenPgpKey(publicKey, sign)
  return account
}

async function makePlainRepository(
  home: FleetHome,
  server: GitHttpHandle,
  wish: RepositoryWish,
): Promise<PlainRepository> {
  const { url } = await server.createRepository(wish.name)
  const tree = new WorkTree(home, join(home.folder, `plain-${wish.name}`))
  await tree.start()
  await tree.commit({ by: wish.owner, message: FIRST_MESSAGE, files: firstFiles(wish, null) })
  await tree.push(url, 'main')
  return { url, tree }
}

function firstFiles(
  { owner, people, files }: RepositoryWish,
  forge: Parameters<typeof policyFiles>[1],
): ReadonlyMap<string, string> {
  const shop = CLUSTERS.flatMap((cluster) => [...shopFiles(cluster, FIRST_SETTINGS)])
  return new Map([
    ...policyFiles([owner, ...people], forge),
    ...(files ?? [...shop, ...bannerChart('1.0.0', 'Open all night'), ...noticeFiles('Mind the step')]),
  ])
}
