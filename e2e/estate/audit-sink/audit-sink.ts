import type { IncomingMessage, ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { serveLoopback } from '../loopback/loopback-server.ts'
import { type Patience, WaitingList } from '../loopback/waiting-list.ts'

/** One request that the sink received, whatever it answered. */
export interface ReceivedRequest {
  /** Counts from 1, in the order in which the requests were complete. */
  readonly number: number
  /** RFC 3339, by this machine's clock. */
  readonly at: string
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** The bytes as they came: a signature over them can be checked. */
  readonly body: Buffer
  /** The status that it was answered with. */
  readonly answered: number
}

/** What the sink says to a request. */
export interface SinkAnswer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** How long the sender waits for the answer. */
  readonly delayMs?: number
}

/** Receives HTTP requests and keeps them: audit events of a Kubernetes API server, webhooks of a forge, alerts of a reconciler. */
export interface AuditSink {
  /** `http://127.0.0.1:PORT`; any path below it is received. */
  readonly url: string
  readonly received: readonly ReceivedRequest[]
  /**
   * The first request that `wants` takes, received before or to come. Rejects with `NothingCameError` after 20 s, or `withinMs`.
   */
  until(wants: (request: ReceivedRequest) => boolean, patience?: Patience): Promise<ReceivedRequest>
  /** From now on answers so; a function is asked for each request anew. Without a call: 200 at once. */
  answer(how: SinkAnswer | ((request: Omit<ReceivedRequest, 'answered'>) => SinkAnswer)): void
  stop(): Promise<void>
}

const RECEIVED: SinkAnswer = { status: 200 }

/** Starts a sink on a free port of the loopback interface. */
export async function startAuditSink(name = 'audit sink'): Promise<AuditSink> {
  const list = new WaitingList<ReceivedRequest>(name, ({ method, path, answered }) => `${method} ${path} ${answered}`)
  const pending = new Set<NodeJS.Timeout>()
  let choose: (request: Omit<ReceivedRequest, 'answered'>) => SinkAnswer = () => RECEIVED
  let count = 0
  const server = await serveLoopback(async (request, response) => {
    const body = await readBody(request)
    if (body === null) return
    count += 1
    const { method = '', url: path = '' } = request
    const known = { number: count, at: new Date().toISOString(), method, path, headers: headersOf(request), body }
    const answer = choose(known)
    list.add({ ...known, answered: answer.status })
    send(response, answer, pending)
  })
  return {
    url: server.url,
    received: list.items,
    until: (wants, patience) => list.until(wants, patience),
    answer(how) {
      choose = typeof how === 'function' ? how : () => how
    },
    async stop() {
      for (const timer of pending) clearTimeout(timer)
      list.close()
      await server.stop()
    },
  }
}

async function readBody(request: IncomingMessage): Promise<Buffer | null> {
  try {
    return await buffer(request)
  } catch {
    // The sender went away in the middle: it never sent this request.
    return null
  }
}

function headersOf(request: IncomingMessage): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(request.headersDistinct).map(([name, values]) => [name, (values ?? []).join(', ')]),
  )
}

function send(response: ServerResponse, answer: SinkAnswer, pending: Set<NodeJS.Timeout>): void {
  const { status, headers = {}, body = '', delayMs = 0 } = answer
  const reply = (): void => void response.writeHead(status, headers).end(body)
  if (delayMs === 0) {
    reply()
    return
  }
  const timer = setTimeout(() => {
    pending.delete(timer)
    reply()
  }, delayMs)
  pending.add(timer)
}
