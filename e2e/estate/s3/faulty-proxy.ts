import { connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * What goes wrong on the way.
 *
 * - `request-lost`: the connection ends before the server hears of it
 * - `request-late`: the client hears nothing, and the server hears of it only after `afterMs`
 * - `request-changed`: the last byte arrives as another one
 * - `reply-lost`: the server did what it was asked, and the connection ends without an answer
 * - `reply-stuck`: the server did what it was asked, and the client hears nothing
 * - `reply-cut`: the connection ends in the middle of the answer
 * - `reply-changed`: the last byte of the answer arrives as another one
 * - `slow`: everything takes a while
 * - `busy`: the server asks to come back later
 */
export type Fault =
  | 'request-lost'
  | 'request-late'
  | 'request-changed'
  | 'reply-lost'
  | 'reply-stuck'
  | 'reply-cut'
  | 'reply-changed'
  | 'slow'
  | 'busy'

/** When something goes wrong: with which of the requests to come, counted from 0. */
export interface FaultPlan {
  readonly fault: Fault
  readonly hits: (request: number, method: string) => boolean
  /** How long the server hears nothing: of `request-late` 300 unless told, of `slow` 100. */
  readonly afterMs?: number
}

/** A way to a server on which things go wrong as planned. */
export interface FaultyProxy {
  /** `http://127.0.0.1:PORT`. */
  readonly endpoint: string
  /** Replaces the plan and counts requests from 0 again; null lets all through. */
  plan(plan: FaultPlan | null): void
  /** How many requests came since the last plan. */
  readonly requests: number
  /** Resolves when nothing is under way to the server any more. */
  settled(): Promise<void>
  stop(): Promise<void>
}

/** Stands between clients and a server on 127.0.0.1 that answers one request a connection. */
export async function startFaultyProxy(serverEndpoint: string): Promise<FaultyProxy> {
  const serverPort = Number(new URL(serverEndpoint).port)
  const sockets = new Set<Socket>()
  const underWay = new Set<Promise<void>>()
  let current: FaultPlan | null = null
  let requests = 0

  const server: Server = createServer((client) => {
    sockets.add(client)
    client.on('close', () => sockets.delete(client))
    client.on('error', () => {})
    const work = serve(client).finally(() => underWay.delete(work))
    underWay.add(work)
  })
  const serve = async (client: Socket): Promise<void> => {
    const request = await readRequest(client)
    if (request === null) return
    const number = requests++
    const plan = current?.hits(number, request.toString('latin1').split(' ')[0] ?? '') ? current : null
    await pass(client, request, plan, serverPort)
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address() as { readonly port: number }

  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    plan: (plan) => {
      current = plan
      requests = 0
    },
    get requests() {
      return requests
    },
    settled: async () => {
      await Promise.allSettled(underWay)
    },
    stop: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function pass(client: Socket, request: Buffer, plan: FaultPlan | null, serverPort: number): Promise<void> {
  const fault = plan?.fault
  if (fault === 'request-lost') return void client.destroy()
  if (fault === 'busy') return void client.end(BUSY)
  if (fault === 'request-late') await sleep(plan?.afterMs ?? 300)
  if (fault === 'slow') await sleep(plan?.afterMs ?? 100)
  const reply = await ask(fault === 'request-changed' ? withLastChanged(request) : request, serverPort)
  if (fault === 'reply-lost') return void client.destroy()
  if (fault === 'request-late' || fault === 'reply-stuck') return
  if (fault === 'slow') await sleep(100)
  if (fault === 'reply-cut') return void client.write(reply.subarray(0, reply.length / 2), () => client.destroy())
  client.end(fault === 'reply-changed' ? withLastChanged(reply) : reply)
}

/** The whole of one request; null when the client went away. */
function readRequest(client: Socket): Promise<Buffer | null> {
  return new Promise((resolve) => {
    let seen = Buffer.alloc(0)
    client.on('data', (chunk) => {
      seen = Buffer.concat([seen, chunk])
      const head = seen.indexOf('\r\n\r\n')
      if (head < 0) return
      const text = seen.subarray(0, head).toString('latin1')
      // The client waits to be told to go on before it sends what is long.
      if (/^expect: 100-continue/im.test(text) && seen.length === head + 4)
        client.write('HTTP/1.1 100 Continue\r\n\r\n')
      const length = Number(/^content-length: *(\d+)/im.exec(text)?.[1] ?? 0)
      if (seen.length >= head + 4 + length) resolve(seen)
    })
    client.on('close', () => resolve(null))
  })
}

function ask(request: Buffer, serverPort: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const server = connect(serverPort, '127.0.0.1', () => server.write(withoutExpect(request)))
    const chunks: Buffer[] = []
    server.on('data', (chunk) => chunks.push(chunk))
    server.on('end', () => resolve(Buffer.concat(chunks)))
    server.on('error', reject)
  })
}

/** The body is sent at once, so that nothing waits for a word of the server before it. */
function withoutExpect(request: Buffer): Buffer {
  const head = request.indexOf('\r\n\r\n')
  const text = request
    .subarray(0, head)
    .toString('latin1')
    .replace(/\r\nexpect: 100-continue/i, '')
  return Buffer.concat([Buffer.from(text, 'latin1'), request.subarray(head)])
}

function withLastChanged(bytes: Buffer): Buffer {
  const changed = Buffer.from(bytes)
  const last = changed.length - 1
  changed[last] = (changed[last] ?? 0) ^ 1
  return changed
}

const BODY =
  '<?xml version="1.0"?><Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>'
const BUSY = `HTTP/1.1 503 Slow Down\r\ncontent-type: application/xml\r\ncontent-length: ${BODY.length}\r\nconnection: close\r\n\r\n${BODY}`
