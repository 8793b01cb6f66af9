import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { chmod, chown, copyFile, cp, link, mkdir, readFile, realpath, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { keeperMark } from '../keeper-link.ts'
import { KEEPER_MARK } from '../keeper-mark.ts'
import type { ProgramSpec } from '../program.ts'

const run = promisify(execFile)

/** What Gitea is run from and with. */
export interface GiteaHome {
  readonly folder: string
  readonly program: string
  readonly configuration: string
  /** As whom it runs; nobody in particular where this process is not root. */
  readonly user: ProgramSpec['user']
  /** The public half of the key that Gitea signs its own merges with. */
  readonly signingKey: string
}

/** The name in the commits that Gitea makes by itself. */
export const FORGE_NAME = 'Gitea'
export const FORGE_EMAIL = 'forge@shop.example'

/** By convention the user of processes that own nothing. */
const NOBODY = { uid: 65_534, gid: 65_534 }
const UNREAD_LOCALES = /[\\/]locale_(?!en-US)[^\\/]*$/

/** Lays a Gitea out in an empty folder: program, pages, configuration and a key of its own, all readable by whom it runs as. */
export async function makeGiteaHome(folder: string, program: string, data: string, port: number): Promise<GiteaHome> {
  // Gitea refuses root. Somebody else may not enter the folders that Go builds into and reads modules from.
  const user = process.getuid?.() === 0 ? NOBODY : undefined
  await mkdir(join(folder, 'home'), { recursive: true })
  if (user !== undefined) await chmod(folder, 0o755)
  const ownProgram = user === undefined ? program : await placeProgram(program, join(folder, 'gitea'))
  const pages = user === undefined ? data : await copyPages(data, join(folder, 'pages'))
  const signingKey = await makeSigningKey(folder)
  const configuration = join(folder, 'home', 'app.ini')
  await writeFile(configuration, configurationOf({ folder, pages, port }))
  const home = { folder: join(folder, 'home'), program: ownProgram, configuration, user, signingKey }
  if (user !== undefined) {
    const own = ['home', 'home/app.ini', 'signing', 'signing/key', 'signing/key.pub'].map((name) => join(folder, name))
    await Promise.all(own.map((path) => chown(path, user.uid, user.gid)))
  }
  return home
}

/** Runs a command of the program beside the server. Resolves with what it printed. */
export async function runGitea(
  { folder, program, configuration, user }: GiteaHome,
  args: readonly string[],
): Promise<string> {
  const path = process.env['PATH'] ?? ''
  const env = { PATH: path, HOME: folder, TMPDIR: join(folder, 'tmp'), [KEEPER_MARK]: keeperMark }
  const all = [...args, '--config', configuration, '--work-path', folder]
  const { stdout } = await run(program, all, { cwd: folder, env, ...user })
  return stdout
}

async function placeProgram(program: string, target: string): Promise<string> {
  try {
    await link(await realpath(program), target)
  } catch {
    // Another file system: only a copy will do.
    await copyFile(program, target, constants.COPYFILE_FICLONE)
    await chmod(target, 0o755)
  }
  return target
}

async function copyPages(data: string, target: string): Promise<string> {
  const parts = ['templates', 'options', 'public']
  const filter = (path: string): boolean => !UNREAD_LOCALES.test(path)
  await Promise.all(
    parts.map((part) => cp(join(data, part), join(target, part), { recursive: true, dereference: true, filter })),
  )
  return target
}

async function makeSigningKey(folder: string): Promise<string> {
  await mkdir(join(folder, 'signing'))
  const file = join(folder, 'signing', 'key')
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', FORGE_EMAIL, '-f', file])
  return (await readFile(`${file}.pub`, 'utf8')).trim()
}

function configurationOf({ folder, pages, port }: { folder: string; pages: string; port: number }): string {
  const sections: Readonly<Record<string, Readonly<Record<string, string | number | boolean>>>> = {
    server: {
      PROTOCOL: 'http',
      HTTP_ADDR: '127.0.0.1',
      HTTP_PORT: port,
      ROOT_URL: `http://127.0.0.1:${port}/`,
      STATIC_ROOT_PATH: pages,
      OFFLINE_MODE: true,
      // Not disabled: Gitea would take no SSH keys then. It serves none either way.
      START_SSH_SERVER: false,
      SSH_ROOT_PATH: join(folder, 'home', 'ssh'),
      SSH_CREATE_AUTHORIZED_KEYS_FILE: false,
    },
    database: { DB_TYPE: 'sqlite3', SQLITE_JOURNAL_MODE: 'WAL' },
    security: {
      INSTALL_LOCK: true,
      SECRET_KEY: randomBytes(32).toString('hex'),
      // Passwords of a few minutes need no slow hash.
      PASSWORD_HASH_ALGO: 'pbkdf2$1000$50',
      MIN_PASSWORD_LENGTH: 8,
    },
    service: { DISABLE_REGISTRATION: true },
    webhook: { ALLOWED_HOST_LIST: 'loopback', DELIVER_TIMEOUT: 5 },
    'repository.signing': {
      SIGNING_FORMAT: 'ssh',
      SIGNING_KEY: join(folder, 'signing', 'key.pub'),
      SIGNING_NAME: FORGE_NAME,
      SIGNING_EMAIL: FORGE_EMAIL,
      INITIAL_COMMIT: 'always',
      CRUD_ACTIONS: 'always',
      MERGES: 'always',
      // The committer of what Gitea signs is then Gitea, and the author whoever pressed the button.
      DEFAULT_TRUST_MODEL: 'committer',
    },
    indexer: { ISSUE_INDEXER_TYPE: 'db' },
    queue: { TYPE: 'channel' },
    session: { PROVIDER: 'memory' },
    actions: { ENABLED: false },
    'cron.update_checker': { ENABLED: false },
    i18n: { LANGS: 'en-US', NAMES: 'English' },
    log: { LEVEL: 'info', COLORIZE: false },
  }
  const lines = Object.entries(sections).flatMap(([section, settings]) => [
    `[${section}]`,
    ...Object.entries(settings).map(([name, value]) => `${name} = ${value}`),
    '',
  ])
  return ['APP_NAME = Estate', 'RUN_MODE = prod', ...lines].join('\n')
}
