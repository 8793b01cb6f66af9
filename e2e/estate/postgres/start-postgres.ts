import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { chmod, chown, mkdir, readdir, readlink, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { Client } from 'pg'
import { EstateError } from '../estate-error.ts'
import { freePort } from '../free-ports.ts'
import { keeperMark } from '../keeper-link.ts'
import { KEEPER_MARK } from '../keeper-mark.ts'
import { type Program, startProgram } from '../program.ts'
import { type PostgresFiles, preparePostgresFiles } from './postgres-files.ts'

const run = promisify(execFile)
const ENDED_WITHIN_MS = 10_000

/** How the server is to be. */
export interface PostgresContext {
  /** Where it keeps everything; made when missing. Its user can enter it afterwards, also where the test process is root. */
  readonly folder: string
  /** False makes commits quicker and forgetful: what was committed may be gone after a kill of the machine, not of the server. */
  readonly fsync?: boolean
  /** Further settings of `postgresql.conf`, as `-c name=value`. */
  readonly settings?: Readonly<Record<string, string>>
  /** Key and certificate in PEM: offers TLS. */
  readonly tls?: { readonly key: string; readonly cert: string }
}

/** A running PostgreSQL server on 127.0.0.1 with the superuser `postgres`. */
export interface PostgresHandle {
  readonly host: string
  readonly port: number
  readonly password: string
  /** `postgresql://postgres:PASSWORD@127.0.0.1:PORT/DATABASE`. */
  url(database?: string): string
  /** Makes an empty database and returns its URL. */
  createDatabase(name?: string): Promise<string>
  /** Runs SQL as the superuser, in the database `postgres` unless another one is named. */
  query(sql: string, database?: string): Promise<readonly Readonly<Record<string, unknown>>[]>
  log(): Promise<string>
  /** The server, while it runs. */
  readonly programs: readonly Program[]
  /** Sends a signal to the server and, when that ends it, resolves after it and all its children are gone. */
  kill(signal: 'SIGKILL' | 'SIGQUIT' | 'SIGINT' | 'SIGTERM'): Promise<void>
  /** Starts it again after a `kill`, on the same port and data. */
  start(): Promise<void>
  /** Ends it as an administrator would, where it runs, and starts it again. */
  restart(): Promise<void>
  stop(): Promise<void>
}

/**
 * Starts PostgreSQL on a new data folder and a free loopback port, as another user where the test process is root.
 *
 * Needs npm alone. Rejects with {@link EstateError} `program_not_built` where it cannot run, `program_exited` or
 * `program_not_ready` with its last words where it does not come up.
 */
export async function startPostgres(context: PostgresContext): Promise<PostgresHandle> {
  const folder = join(context.folder, 'postgres')
  await mkdir(folder, { recursive: true })
  await letIn(context.folder)
  const files = await preparePostgresFiles(folder)
  const password = randomUUID()
  await initialise({ ...context, folder }, files, password)
  const server = new RunningPostgres({ ...context, folder }, files, await freePort(), password)
  await server.start()
  return server
}

class RunningPostgres implements PostgresHandle {
  readonly host = '127.0.0.1'
  readonly port: number
  readonly password: string
  readonly #context: PostgresContext
  readonly #files: PostgresFiles
  #program: Program | null = null
  #databases = 0

  constructor(context: PostgresContext, files: PostgresFiles, port: number, password: string) {
    this.#context = context
    this.#files = files
    this.port = port
    this.password = password
  }

  url(database = 'postgres'): string {
    return `postgresql://postgres:${this.password}@${this.host}:${this.port}/${database}`
  }

  async createDatabase(name?: string): Promise<string> {
    this.#databases += 1
    const database = name ?? `test_${this.#databases}`
    await this.query(`CREATE DATABASE "${database}"`)
    return this.url(database)
  }

  async query(sql: string, database?: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const client = new Client({ connectionString: this.url(database), connectionTimeoutMillis: 5_000 })
    client.on('error', () => {})
    try {
      await client.connect()
      return (await client.query(sql)).rows
    } finally {
      await client.end()
    }
  }

  get programs(): readonly Program[] {
    return this.#program === null ? [] : [this.#program]
  }

  async log(): Promise<string> {
    return (await this.#program?.log()) ?? ''
  }

  async start(): Promise<void> {
    const { folder } = this.#context
    const { postgres, env, user } = this.#files
    this.#program = await startProgram({
      name: 'postgres-server',
      command: postgres,
      args: ['-D', join(folder, 'data'), ...settingsOf(this.#context, this.port).flatMap((one) => ['-c', one])],
      env,
      folder,
      ...(user === undefined ? {} : { user }),
      ready: async () => (await this.query('SELECT 1')).length === 1,
    })
  }

  async kill(signal: 'SIGKILL' | 'SIGQUIT' | 'SIGINT' | 'SIGTERM'): Promise<void> {
    const program = this.#program
    if (program === null) return
    program.signal(signal)
    await Promise.race([program.exited, sleep(ENDED_WITHIN_MS, undefined, { ref: false })])
    await program.stop()
    this.#program = null
    await untilAlone(join(this.#context.folder, 'data'))
  }

  async restart(): Promise<void> {
    await this.kill('SIGINT')
    await this.start()
  }

  async stop(): Promise<void> {
    // TERM waits for every client to leave; INT sends them away.
    await this.kill('SIGINT')
  }
}

function settingsOf({ folder, fsync = true, settings = {}, tls }: PostgresContext, port: number): readonly string[] {
  const all: Readonly<Record<string, string>> = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    timezone: 'UTC',
    log_min_messages: 'warning',
    ...(fsync ? {} : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
    ...(tls === undefined ? {} : { ssl: 'on', ssl_cert_file: certFile(folder), ssl_key_file: keyFile(folder) }),
    ...settings,
  }
  return Object.entries(all).map(([name, value]) => `${name}=${value}`)
}

async function initialise(context: PostgresContext, files: PostgresFiles, password: string): Promise<void> {
  const { folder, tls } = context
  const passwordFile = join(folder, 'password')
  await give(passwordFile, password, files)
  if (tls !== undefined) {
    await give(certFile(folder), tls.cert, files)
    await give(keyFile(folder), tls.key, files)
  }
  const { user } = files
  if (user !== undefined) await chown(folder, user.uid, user.gid)
  const options = ['--encoding=UTF8', '--locale=C', '--no-sync', '--no-instructions']
  const access = ['--username=postgres', '--auth=scram-sha-256', `--pwfile=${passwordFile}`]
  try {
    await run(files.initdb, ['-D', join(folder, 'data'), ...options, ...access], {
      cwd: folder,
      env: { ...files.env, PATH: process.env['PATH'] ?? '', LANG: 'C', [KEEPER_MARK]: keeperMark },
      ...user,
    })
  } catch (cause) {
    throw new EstateError('program_failed', `initdb could not make a data folder: ${String(cause)}`, { cause })
  }
}

/** Writes a file that only the server's user may read: PostgreSQL insists on that for its key. */
async function give(path: string, text: string, { user }: PostgresFiles): Promise<void> {
  await writeFile(path, text, { mode: 0o600 })
  if (user !== undefined) await chown(path, user.uid, user.gid)
}

const certFile = (folder: string): string => join(folder, 'server.crt')
const keyFile = (folder: string): string => join(folder, 'server.key')

/** Lets every user pass through a folder of root's, not look into it; temporary folders are made for their owner alone. */
async function letIn(folder: string): Promise<void> {
  if (process.getuid?.() !== 0) return
  for (let path = folder; path !== dirname(path); path = dirname(path)) {
    const { mode } = await stat(path)
    if ((mode & 0o001) !== 0) continue
    if (path !== folder)
      throw new EstateError('program_failed', `${path} lets nobody but root in, and PostgreSQL is not root`)
    await chmod(path, mode | 0o011)
  }
}

/** A killed server's children find out by themselves that it is gone; until then they hold its data. */
async function untilAlone(data: string): Promise<void> {
  const deadline = performance.now() + ENDED_WITHIN_MS
  while (performance.now() < deadline) {
    const processes = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
    const folders = await Promise.all(processes.map((pid) => readlink(`/proc/${pid}/cwd`).catch(() => null)))
    if (!folders.includes(data)) return
    await sleep(10)
  }
  throw new EstateError('condition_not_met', `processes of PostgreSQL are still in ${data}`)
}
