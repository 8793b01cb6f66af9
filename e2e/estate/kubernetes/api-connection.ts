import type { IncomingMessage } from 'node:http'
import { Agent, type RequestOptions, request } from 'node:https'
import { text } from 'node:stream/consumers'
import { EstateError } from '../estate-error.ts'

/** How to reach an API server, and as whom. */
export interface ApiAccess {
  readonly url: string
  /** PEM. */
  readonly authority: string
  /** A client certificate, or a bearer token. */
  readonly identity: { readonly certificate: string; readonly key: string } | { readonly token: string }
}

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** With its query. */
  readonly path: string
  readonly body?: unknown
  readonly contentType?: string
  readonly signal?: AbortSignal
}

/** The API server understood a request and said no: what a test may well want to see. */
export class ApiRefusal extends Error {
  override readonly name = 'ApiRefusal'
  readonly httpStatus: number
  /** As Kubernetes names it: `NotFound`, `Forbidden`, `Invalid`, `Conflict`. */
  readonly reason: string
  /** The whole answer. */
  readonly answer: unknown

  constructor(asked: ApiRequest, httpStatus: number, answer: unknown) {
    const { reason = 'Unknown', message } = (answer ?? {}) as { readonly reason?: string; readonly message?: string }
    super(`${asked.method} ${asked.path} was answered with ${httpStatus}: ${message ?? JSON.stringify(answer)}`)
    this.httpStatus = httpStatus
    this.reason = reason
    this.answer = answer
  }
}

const WITHIN_MS = 30_000

/** Connections to one API server as one identity. */
export class ApiConnection {
  readonly #access: ApiAccess
  readonly #agent: Agent

  constructor(access: ApiAccess) {
    this.#access = access
    this.#agent = new Agent({
      keepAlive: true,
      ca: access.authority,
      ...('token' in access.identity ? {} : { cert: access.identity.certificate, key: access.identity.key }),
    })
  }

  /** The answer, parsed where it is JSON. Rejects with {@link ApiRefusal}, or {@link EstateError} `request_failed`. */
  async ask(asked: ApiRequest): Promise<unknown> {
    const signal = AbortSignal.any([AbortSignal.timeout(WITHIN_MS), ...(asked.signal ? [asked.signal] : [])])
    const response = await this.open({ ...asked, signal })
    const said = await text(response)
    const isJson = /^application\/(?:[\w-]+\+)?json\b/.test(response.headers['content-type'] ?? '')
    return isJson ? JSON.parse(said) : said
  }

  /** The answer as a stream, after its head has come. */
  async open(asked: ApiRequest): Promise<IncomingMessage> {
    const response = await this.#send(asked)
    const status = response.statusCode ?? 0
    if (status >= 200 && status < 300) return response
    const said = await text(response)
    throw new ApiRefusal(asked, status, parseOr(said))
  }

  close(): void {
    this.#agent.destroy()
  }

  #send({ method, path, body, contentType = 'application/json', signal }: ApiRequest): Promise<IncomingMessage> {
    const { url, identity } = this.#access
    const content = body === undefined ? null : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
    const options: RequestOptions = {
      method,
      agent: this.#agent,
      ...(signal === undefined ? {} : { signal }),
      headers: {
        accept: 'application/json, */*',
        'user-agent': 'countersign-estate',
        ...('token' in identity ? { authorization: `Bearer ${identity.token}` } : {}),
        ...(content === null ? {} : { 'content-type': contentType, 'content-length': content.length }),
      },
    }
    return new Promise((resolve, reject) => {
      const sent = request(`${url}${path}`, options, resolve)
      sent.once('error', (cause) => {
        reject(new EstateError('request_failed', `${method} ${url}${path}: ${cause.message}`, { cause }))
      })
      sent.end(content ?? undefined)
    })
  }
}

function parseOr(said: string): unknown {
  try {
    return JSON.parse(said)
  } catch {
    return said
  }
}
