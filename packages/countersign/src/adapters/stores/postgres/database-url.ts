import { readFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import type { ClientConfig } from 'pg'
import { Problem } from '../../../workflows/problem.ts'

/** Where a PostgreSQL database is, and how to speak to it. */
export interface DatabasePlace {
  readonly config: ClientConfig
  /** The same without the password, for messages. */
  readonly label: string
}

/**
 * Reads a database URL: `postgresql://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=verify-full&sslrootcert=FILE`.
 *
 * `sslmode` is `disable`, `require` (encrypted, to whomever), `verify-ca` or `verify-full`; without it, this machine is spoken to
 * plainly and any other as with `verify-full`. Further parameters: `sslrootcert`, `sslcert`, `sslkey` (files in PEM), `host` (a folder
 * for a Unix socket), `connect_timeout` in seconds, `application_name`. A password that is not in the URL is taken from `PGPASSWORD` or
 * the password file. Rejects with {@link Problem} `database_url_malformed`, whose message never holds a password.
 */
export async function readDatabaseUrl(text: string): Promise<DatabasePlace> {
  const url = parseUrl(text)
  const asked = parametersOf(url)
  const host = asked.get('host') ?? decoded(url.hostname.replace(/^\[(.+)\]$/, '$1'), 'host')
  const database = decoded(url.pathname.slice(1), 'database')
  const user = decoded(url.username, 'user')
  if (host === '' || database === '' || user === '') throw malformed('names no host, no database or no user')
  const port = url.port === '' ? 5432 : Number(url.port)
  const seconds = Number(asked.get('connect_timeout') ?? CONNECT_SECONDS)
  if (!(seconds > 0 && seconds <= 3_600)) throw malformed('has a connect_timeout that is no number of seconds')
  const tls = await readTls(host, asked)
  const config: ClientConfig = {
    host,
    port,
    database,
    user,
    ...(url.password === '' ? {} : { password: decoded(url.password, 'password') }),
    ssl: tls,
    application_name: asked.get('application_name') ?? 'countersign',
    connectionTimeoutMillis: seconds * 1_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  }
  return { config, label: `postgresql://${user}@${host}:${port}/${database}` }
}

const CONNECT_SECONDS = 10
const PARAMETERS = ['sslmode', 'sslrootcert', 'sslcert', 'sslkey', 'host', 'connect_timeout', 'application_name']

function parseUrl(text: string): URL {
  let url: URL
  try {
    // A host is needed by the parser, not by us: a Unix socket is named by a parameter.
    url = new URL(text.replace(/^(postgres(?:ql)?:\/\/(?:[^/?#]*@)?)(?=[/?#]|$)/, '$1socket.invalid'))
  } catch {
    // Without the cause: it quotes the URL, and with it the password.
    throw malformed('cannot be read as a URL')
  }
  if (url.protocol !== 'postgresql:' && url.protocol !== 'postgres:')
    throw malformed('does not begin with postgresql://')
  return url
}

function parametersOf(url: URL): ReadonlyMap<string, string> {
  for (const name of url.searchParams.keys()) {
    if (!PARAMETERS.includes(name)) throw malformed(`has an unknown parameter, ${name}`)
  }
  const asked = new Map(url.searchParams)
  if (url.hostname === 'socket.invalid' && !asked.has('host')) throw malformed('names no host')
  return asked
}

async function readTls(host: string, asked: ReadonlyMap<string, string>): Promise<ClientConfig['ssl']> {
  const mode = asked.get('sslmode') ?? (isThisMachine(host) ? 'disable' : 'verify-full')
  if (mode === 'disable') return false
  if (mode !== 'require' && mode !== 'verify-ca' && mode !== 'verify-full') {
    throw malformed('has an sslmode that is none of disable, require, verify-ca and verify-full')
  }
  const [ca, cert, key] = await Promise.all(
    ['sslrootcert', 'sslcert', 'sslkey'].map((name) => readPem(name, asked.get(name))),
  )
  if (mode === 'verify-ca' && ca === undefined) {
    throw malformed('asks for verify-ca without an sslrootcert: every public authority would do')
  }
  return {
    rejectUnauthorized: mode !== 'require',
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(mode === 'verify-full' ? {} : { checkServerIdentity: () => undefined }),
  }
}

async function readPem(name: string, path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw malformed(`names a file as ${name} that cannot be read: ${path}`, { cause })
  }
}

function isThisMachine(host: string): boolean {
  return host.startsWith('/') || host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}

function decoded(text: string, what: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw malformed(`has a ${what} with a % that begins no character`)
  }
}

function malformed(why: string, options?: ErrorOptions): Problem {
  return new Problem('database_url_malformed', `the database URL ${why}`, options)
}
