import type { GiteaOpenPgpKey, GiteaSshKey } from './gitea-answers.ts'
import { basicAuthorization, GiteaClient, type GiteaExchange } from './gitea-client.ts'
import { GiteaRepository } from './gitea-repository.ts'
import { signInAndPost } from './gitea-session.ts'

/** Who an account is to Gitea. Made for one run of the tests. */
export interface AccountSecrets {
  readonly login: string
  readonly password: string
  readonly token: string
}

/** Signs a text, as Gitea asks to prove that somebody holds a key; returns the armoured signature. */
export type SignToken = (token: string) => Promise<string>

/** One user of a Gitea, and what that user can do there. */
export class GiteaAccount {
  readonly login: string
  readonly client: GiteaClient
  readonly #url: string
  readonly #secrets: AccountSecrets

  constructor(url: string, secrets: AccountSecrets, onExchange?: (exchange: GiteaExchange) => void) {
    this.#url = url
    this.#secrets = secrets
    this.login = secrets.login
    this.client = new GiteaClient({ url, login: secrets.login, authorization: `token ${secrets.token}`, onExchange })
  }

  /**
   * Adds an SSH key, and proves that the user holds it where `sign` is given: Gitea believes commits signed with proved keys only.
   *
   * @param sign signs with that key in the namespace `gitea`
   */
  async addSshKey(publicLine: string, sign?: SignToken): Promise<GiteaSshKey> {
    const key = await this.client.post<GiteaSshKey>('/user/keys', { title: `key of ${this.login}`, key: publicLine })
    if (sign !== undefined) await this.#prove({ type: 'verify_ssh', fingerprint: key.fingerprint }, sign)
    return key
  }

  /** Adds an OpenPGP key, and proves it like an SSH key. */
  async addOpenPgpKey(armour: string, sign?: SignToken): Promise<GiteaOpenPgpKey> {
    const key = await this.client.post<GiteaOpenPgpKey>('/user/gpg_keys', { armored_public_key: armour })
    if (sign === undefined) return key
    // Not by the API, which answers with 500 for a key whose id begins with a zero.
    await this.#prove({ type: 'verify_gpg', key_id: key.key_id }, sign)
    return this.client.get(`/user/gpg_keys/${key.id}`)
  }

  /** Makes an empty repository of one's own. */
  async createRepository(name: string, options: { readonly private?: boolean } = {}): Promise<GiteaRepository> {
    await this.client.post('/user/repos', { name, default_branch: 'main', ...options })
    return this.repository(this.login, name)
  }

  /** A repository that is there already. */
  repository(owner: string, name: string): GiteaRepository {
    const address = new URL(`${this.#url}/${owner}/${name}.git`)
    address.username = this.login
    address.password = this.#secrets.token
    return new GiteaRepository(this.client, owner, name, address.href)
  }

  /** Another user, made by an administrator. */
  async createUser(user: { login: string; email: string; name: string; password: string }): Promise<GiteaAccount> {
    const { login, email, name, password } = user
    const known = { username: login, email, full_name: name, password, must_change_password: false }
    await this.client.post('/admin/users', known)
    const self = new GiteaClient({ url: this.#url, login, authorization: basicAuthorization(login, password) })
    const { sha1: token } = await self.post<{ sha1: string }>(`/users/${login}/tokens`, {
      name: 'estate',
      scopes: ['all'],
    })
    return new GiteaAccount(this.#url, { login, password, token }, this.client.onExchange)
  }

  async #prove(which: Readonly<Record<string, string>>, sign: SignToken): Promise<void> {
    // The same token for both kinds of key; the API has no other way to it.
    const signature = await sign(String(await this.client.get('/user/gpg_key_token')))
    const form = { title: 'none', content: 'none', ...which, signature }
    await signInAndPost(this.#url, this.#secrets, '/user/settings/keys', form)
  }
}
