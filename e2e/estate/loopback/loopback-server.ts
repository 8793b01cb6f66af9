import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo, Server as NetServer } from 'node:net'

/** A server of this process on a free port of the loopback interface. */
export interface LoopbackServer {
  readonly port: number
  /** `http://127.0.0.1:PORT`, without a slash at its end. */
  readonly url: string
  /** Ends every connection, also those in the middle of an answer. */
  stop(): Promise<void>
}

/** Serves HTTP with this listener. */
export async function serveLoopback(listener: RequestListener): Promise<LoopbackServer> {
  const server = createServer(listener)
  const port = await listenLoopback(server)
  return { port, url: `http://127.0.0.1:${port}`, stop: () => stopServer(server) }
}

/** Binds a server to a free port of the loopback interface and returns the port. */
export function listenLoopback(server: Pick<NetServer, 'listen' | 'once' | 'address'>): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => resolve(portOf(server.address())))
  })
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('a server on a socket file has no port')
  return address.port
}

function stopServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
