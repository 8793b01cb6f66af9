import { once } from 'node:events'
import { createServer, type ServerOptions } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type WitnessRoutes, witnessRoutes } from './witness-routes.ts'

export interface WitnessServerOptions extends WitnessRoutes {
  readonly host: string
  /** 0 for any that is free. */
  readonly port: number
  /** How long a request may take to arrive; ten seconds when it is not given. */
  readonly patienceMs?: number
}

/** A witness that is being served. */
export interface WitnessServer {
  /** The submission prefix, which is also the monitoring prefix: what a policy names. */
  readonly url: string
  /** Stops listening, lets what is under way end, and resolves when nothing is. */
  close(): Promise<void>
}

/** Serves a witness over HTTP. Rejects with the error of the operating system when it cannot listen there. */
export async function serveWitness({
  host,
  port,
  patienceMs = 10_000,
  ...routes
}: WitnessServerOptions): Promise<WitnessServer> {
  const server = createServer(limits(patienceMs), witnessRoutes(routes))
  server.maxConnections = MAX_CONNECTIONS
  server.maxRequestsPerSocket = 1_000
  server.listen(port, host)
  await once(server, 'listening')
  const { address, family, port: taken } = server.address() as AddressInfo
  const name = family === 'IPv6' ? `[${address}]` : address
  return {
    url: `http://${name}:${taken}${routes.prefix}`,
    close: () => new Promise((resolve, reject) => server.close((error) => (error ? reject(error) : resolve()))),
  }
}

const MAX_CONNECTIONS = 256

// Whoever sends its request drop by drop is cut off: a request of a log fits into a few packets.
const limits = (patienceMs: number): ServerOptions => ({
  requestTimeout: patienceMs,
  connectionsCheckingInterval: Math.ceil(patienceMs / 10),
  keepAliveTimeout: 30_000,
  maxHeaderSize: 8_192,
})
