import { execFile } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { devNull } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { serveLoopback } from '../loopback/loopback-server.ts'
import { runHttpBackend } from './http-backend.ts'

const run = promisify(execFile)

/** Where the server keeps its repositories, and who may use it. */
export interface GitHttpContext {
  readonly folder: string
  /** Passwords by login, asked for by HTTP basic authentication. Without any, everybody may read and write. */
  readonly passwords?: Readonly<Record<string, string>>
}

/** One request that git sent, and who sent it. */
export interface GitHttpRequest {
  readonly method: string
  /** The path and the query, as `/shop.git/info/refs?service=git-upload-pack`. */
  readonly path: string
  readonly login: string | null
  readonly status: number
}

/** A bare repository on the server. */
export interface ServedRepository {
  readonly url: string
  /** The bare repository itself, for hooks and for looking in from behind. */
  readonly folder: string
}

/** Plain Git over HTTP: no users' pages, no branch protection, no webhooks. */
export interface GitHttpHandle {
  /** `http://127.0.0.1:PORT`, without a slash at its end. */
  readonly url: string
  readonly requests: readonly GitHttpRequest[]
  /** Makes an empty bare repository with the branch `main`, served at `URL/NAME.git`. */
  createRepository(name: string): Promise<ServedRepository>
  stop(): Promise<void>
}

/** Starts `git http-backend` behind a server on a free port of the loopback interface. */
export async function startGitHttp({ folder, passwords }: GitHttpContext): Promise<GitHttpHandle> {
  const root = join(folder, 'repositories')
  await mkdir(root, { recursive: true })
  const requests: GitHttpRequest[] = []
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const login = loginOf(request, passwords)
    if (login === 'refused') {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end('who are you?\n')
    } else {
      await runHttpBackend({ root, login, request, response })
    }
    const { method = '', url: path = '' } = request
    requests.push({ method, path, login: login === 'refused' ? null : login, status: response.statusCode })
  }
  const server = await serveLoopback((request, response) => {
    serve(request, response).catch((cause: unknown) => {
      if (!response.headersSent) response.writeHead(500)
      response.end(`${cause}\n`)
    })
  })
  return {
    url: server.url,
    requests,
    createRepository: (name) => createRepository(join(root, `${name}.git`), `${server.url}/${name}.git`),
    stop: () => server.stop(),
  }
}

async function createRepository(folder: string, url: string): Promise<ServedRepository> {
  const env = { PATH: process.env['PATH'], HOME: folder, GIT_CONFIG_GLOBAL: devNull, GIT_CONFIG_NOSYSTEM: '1' }
  await run('git', ['init', '--quiet', '--bare', '--initial-branch', 'main', folder], { env })
  // Without this the backend takes pushes from authenticated users only, and there may be none.
  await run('git', ['-C', folder, 'config', 'http.receivepack', 'true'], { env })
  return { url, folder }
}

function loginOf(
  { headers }: IncomingMessage,
  passwords: Readonly<Record<string, string>> | undefined,
): string | 'refused' | null {
  if (passwords === undefined) return null
  const [, encoded = ''] = /^Basic +(\S+)$/i.exec(headers.authorization ?? '') ?? []
  const [, login = '', password = ''] = /^([^:]*):(.*)$/s.exec(Buffer.from(encoded, 'base64').toString('utf8')) ?? []
  return Object.hasOwn(passwords, login) && passwords[login] === password ? login : 'refused'
}
