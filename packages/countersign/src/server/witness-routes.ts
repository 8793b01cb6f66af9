import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { sha256Hex, utf8 } from '@countersign/verify'
import { type WitnessParts, witnessCheckpoint, witnessedCheckpoint } from '../workflows/witness-checkpoint.ts'
import { MAX_REQUEST_BYTES, SIZE_MEDIA_TYPE } from '../workflows/witness-checkpoint-request.ts'

export interface WitnessRoutes {
  readonly parts: WitnessParts
  /** What stands in front of every path: empty, or from a slash on and without one at the end. */
  readonly prefix: string
  /** Told of every fault of ours; whoever asked hears only that there was one. */
  readonly report: (error: unknown) => void
  /** Told why and what, when a checkpoint that its log did sign does not continue what was cosigned: it may prove a fork. */
  readonly suspect: (reason: string, request: Uint8Array) => void
}

/**
 * Answers requests as c2sp.org/tlog-witness says: `POST PREFIX/add-checkpoint`, and `GET PREFIX/HASH/checkpoint` where HASH is the
 * SHA-256 of a log's origin line in hex. An answer that is no success has a body of `code: sentence`, but for the size in a 409.
 */
export function witnessRoutes(routes: WitnessRoutes): RequestListener {
  const origins = new Map([...routes.parts.logs.keys()].map((origin) => [sha256Hex(utf8(origin)), origin]))
  return (request, response) => {
    answerTo(request, routes, origins)
      .catch((error: unknown): Reply => {
        routes.report(error)
        return plain(500, 'internal: the witness could not do its work; nothing was cosigned\n')
      })
      .then((reply) => send(request, response, reply))
      .catch(routes.report)
  }
}

interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

async function answerTo(
  request: IncomingMessage,
  routes: WitnessRoutes,
  origins: ReadonlyMap<string, string>,
): Promise<Reply> {
  const { parts, prefix } = routes
  const path = (request.url ?? '').split('?', 1)[0] ?? ''
  if (!path.startsWith(`${prefix}/`)) return NOT_FOUND
  const place = path.slice(prefix.length + 1)
  if (place === 'add-checkpoint') return request.method === 'POST' ? addCheckpoint(request, routes) : onlyBy('POST')
  const [, hash] = /^([0-9a-f]{64})\/checkpoint$/.exec(place) ?? []
  if (hash === undefined) return NOT_FOUND
  if (request.method !== 'GET' && request.method !== 'HEAD') return onlyBy('GET, HEAD')
  const origin = origins.get(hash)
  const note = origin === undefined ? null : await witnessedCheckpoint(parts, origin)
  return note === null ? NOT_FOUND : plain(200, note)
}

async function addCheckpoint(request: IncomingMessage, { parts, suspect }: WitnessRoutes): Promise<Reply> {
  const body = await readBody(request)
  if (body === null) return plain(400, 'malformed_request: the request broke off\n')
  const answer = await witnessCheckpoint(parts, body)
  if (answer.status === 200) return plain(200, answer.lines)
  if (answer.status === 409)
    return { status: 409, headers: { 'content-type': SIZE_MEDIA_TYPE }, body: `${answer.size}\n` }
  if (answer.status === 422) suspect(`${answer.code}: ${answer.message}`, body)
  return plain(answer.status, `${answer.code}: ${answer.message}\n`)
}

/** Reads a body up to one byte more than may be: enough to know that it is too long. Null when the sender broke off. */
async function readBody(request: IncomingMessage): Promise<Uint8Array | null> {
  const chunks: Buffer[] = []
  let length = 0
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      chunks.push(chunk)
      length += chunk.length
      if (length > MAX_REQUEST_BYTES) break
    }
  } catch {
    return null
  }
  return Buffer.concat(chunks)
}

function send(request: IncomingMessage, response: ServerResponse, { status, headers, body }: Reply): void {
  // What is still on its way would be taken for the next request.
  if (!request.complete) response.setHeader('connection', 'close')
  const length = String(Buffer.byteLength(body))
  response
    .writeHead(status, { ...SAFE, ...headers, 'content-length': length })
    .end(request.method === 'HEAD' ? '' : body)
}

const SAFE = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' }
const NOT_FOUND = plain(404, 'not_found: there is nothing here\n')

function onlyBy(methods: string): Reply {
  const { status, headers, body } = plain(405, `method_not_allowed: only ${methods}\n`)
  return { status, headers: { ...headers, allow: methods }, body }
}

function plain(status: number, body: string): Reply {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8' }, body }
}
