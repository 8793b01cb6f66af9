import { randomBytes } from 'node:crypto'
import { EstateError } from '../estate-error.ts'
import { freePort } from '../free-ports.ts'
import { locateData, locateProgram } from '../locate.ts'
import { type Program, startProgram } from '../program.ts'
import { GiteaAccount } from './gitea-account.ts'
import type { GiteaExchange } from './gitea-client.ts'
import { FORGE_EMAIL, FORGE_NAME, type GiteaHome, makeGiteaHome, runGitea } from './gitea-home.ts'

/** Where Gitea puts its things. */
export interface GiteaContext {
  /** Its own empty folder, below folders that everybody may enter. */
  readonly folder: string
}

/** A Gitea with one administrator, for as long as a test runs. */
export interface GiteaHandle {
  /** `http://127.0.0.1:PORT`, without a slash at its end. */
  readonly url: string
  readonly programs: readonly Program[]
  readonly admin: GiteaAccount
  /** Who signs what Gitea commits itself (merges, squashes, rebases). */
  readonly forge: { readonly name: string; readonly email: string; readonly publicKey: string }
  /** Every request that accounts of this handle sent to the API, with its answer, in order. */
  readonly exchanges: readonly GiteaExchange[]
  version(): Promise<string>
  /** Makes an account, with a password and a token of its own. */
  createUser(user: { readonly login: string; readonly email: string; readonly name: string }): Promise<GiteaAccount>
  stop(): Promise<void>
}

const ADMIN = 'estate-admin'

/**
 * Starts Gitea with SQLite, not as root, on a free port of the loopback interface, and makes an administrator.
 *
 * Rejects with {@link EstateError} `program_not_built` where there is no Gitea, and as {@link startProgram} does.
 */
export async function startGitea({ folder }: GiteaContext): Promise<GiteaHandle> {
  const [file, data] = await Promise.all([locateProgram('gitea'), locateData('gitea')])
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const home = await makeGiteaHome(folder, file, data, port)
  const program = await startProgram({
    name: 'gitea',
    command: home.program,
    args: ['web', '--config', home.configuration, '--work-path', home.folder],
    folder: home.folder,
    ...(home.user === undefined ? {} : { user: home.user }),
    ready: async () => (await fetch(`${url}/api/v1/version`)).ok,
  })
  const password = randomBytes(12).toString('hex')
  const token = await makeAdmin(home, password).catch(async (error: unknown) => {
    await program.stop()
    throw error
  })
  const exchanges: GiteaExchange[] = []
  const admin = new GiteaAccount(url, { login: ADMIN, password, token }, (exchange) => exchanges.push(exchange))
  return {
    url,
    programs: [program],
    admin,
    forge: { name: FORGE_NAME, email: FORGE_EMAIL, publicKey: home.signingKey },
    exchanges,
    version: async () => (await admin.client.get<{ readonly version: string }>('/version')).version,
    createUser: (user) => admin.createUser({ ...user, password: randomBytes(12).toString('hex') }),
    stop: () => program.stop(),
  }
}

/** Makes the administrator and returns a token of theirs. */
async function makeAdmin(home: GiteaHome, password: string): Promise<string> {
  const named = ['--username', ADMIN, '--email', `${ADMIN}@shop.example`, '--password', password]
  const kind = ['--admin', '--must-change-password=false', '--access-token', '--access-token-scopes', 'all']
  const said = await runGitea(home, ['admin', 'user', 'create', ...kind, ...named])
  const [, token] = /^Access token was successfully created\W+(\w+)$/m.exec(said) ?? []
  if (token !== undefined) return token
  throw new EstateError('program_failed', `gitea made no token for ${ADMIN}; it said: ${said}`)
}
