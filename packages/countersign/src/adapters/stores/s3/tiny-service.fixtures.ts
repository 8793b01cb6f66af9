import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A request that came, with all of its body. */
export interface SeenRequest {
  readonly method: string
  /** The path and the query. */
  readonly target: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** What is answered; 200 and nothing unless told. */
export interface TinyAnswer {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

export interface TinyService {
  readonly endpoint: string
  readonly seen: readonly SeenRequest[]
  stop(): Promise<void>
}

/** Stands for an S3 service in what no real one can be made to do. It knows nothing but the answers that it is given. */
export async function startTinyService(answer: (request: SeenRequest) => TinyAnswer): Promise<TinyService> {
  const seen: SeenRequest[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const { method = '', url = '', headers } = request
    const one = { method, target: url, headers, body: Buffer.concat(chunks) }
    seen.push(one)
    const { status = 200, headers: sent = {}, body = '' } = answer(one)
    response
      .writeHead(status, { ...sent, 'content-length': Buffer.byteLength(body) })
      .end(method === 'HEAD' ? '' : body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** An error as S3 words it. */
export function refusal(status: number, code: string): TinyAnswer {
  return { status, headers: { 'content-type': 'application/xml' }, body: `<Error><Code>${code}</Code></Error>` }
}
