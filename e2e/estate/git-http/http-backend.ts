import { spawn } from 'node:child_process'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { devNull } from 'node:os'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

/** One request for `git http-backend`. */
interface BackendCall {
  /** The folder that the repositories lie in. */
  readonly root: string
  readonly login: string | null
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

const HEAD_END = Buffer.from('\r\n\r\n')

/** Runs the program by the rules of CGI (RFC 3875), and answers with what it printed. */
export async function runHttpBackend({ root, login, request, response }: BackendCall): Promise<void> {
  const child = spawn('git', ['http-backend'], { env: environmentOf(root, login, request), stdio: 'pipe' })
  let talk = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    talk += text
  })
  const ended = new Promise<void>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) =>
      code === 0 ? resolve() : reject(new Error(`git http-backend ended with ${code}: ${talk}`)),
    )
  })
  // The backend need not read to the end of what it refuses.
  const sent = pipeline(request, child.stdin).catch(() => undefined)
  await Promise.all([relay(child.stdout, response), sent, ended])
}

function environmentOf(root: string, login: string | null, request: IncomingMessage): NodeJS.ProcessEnv {
  const { headers, method = 'GET', url = '/' } = request
  const [path = '', query = ''] = url.split(/\?(.*)/s)
  return {
    PATH: process.env['PATH'],
    HOME: root,
    GIT_CONFIG_GLOBAL: devNull,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_PROJECT_ROOT: root,
    GIT_HTTP_EXPORT_ALL: '1',
    REQUEST_METHOD: method,
    PATH_INFO: decodeURIComponent(path),
    QUERY_STRING: query,
    CONTENT_TYPE: headers['content-type'] ?? '',
    // A body whose length is not known beforehand is read to its end.
    ...(headers['content-length'] === undefined ? {} : { CONTENT_LENGTH: headers['content-length'] }),
    HTTP_CONTENT_ENCODING: headers['content-encoding'] ?? '',
    GIT_PROTOCOL: String(headers['git-protocol'] ?? ''),
    REMOTE_ADDR: '127.0.0.1',
    ...(login === null ? {} : { REMOTE_USER: login }),
  }
}

/** Passes the body on and takes the head, as the program printed it, for the head of the answer. */
function relay(printed: Readable, response: ServerResponse): Promise<void> {
  return pipeline(printed, (chunks: AsyncIterable<Buffer>) => withoutHead(chunks, response), response)
}

async function* withoutHead(chunks: AsyncIterable<Buffer>, response: ServerResponse): AsyncGenerator<Buffer> {
  let head: Buffer | null = Buffer.alloc(0)
  for await (const chunk of chunks) {
    if (head === null) {
      yield chunk
      continue
    }
    head = Buffer.concat([head, chunk])
    const end = head.indexOf(HEAD_END)
    if (end === -1) continue
    writeHead(response, head.toString('latin1', 0, end))
    yield head.subarray(end + HEAD_END.length)
    head = null
  }
}

function writeHead(response: ServerResponse, head: string): void {
  const fields = head.split('\r\n').map((line) => line.split(/: *(.*)/s).slice(0, 2) as [string, string])
  const status = fields.find(([name]) => name.toLowerCase() === 'status')?.[1] ?? '200'
  const rest = fields.filter(([name]) => name.toLowerCase() !== 'status')
  response.writeHead(Number.parseInt(status, 10), Object.fromEntries(rest))
}
