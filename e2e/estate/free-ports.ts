import { createServer, type Server } from 'node:net'
import { EstateError } from './estate-error.ts'

// Below the ports that Linux (32768) and macOS (49152) give to outgoing connections, so that none of those takes one.
const FIRST = 20_000
const LAST = 32_700
const given = new Set<number>()

/**
 * Ports on 127.0.0.1 on which nothing listens, each given once in the life of this process.
 *
 * Another process can still take one before it is used; ports are drawn at random so that two test processes rarely meet.
 * Rejects with {@link EstateError} `no_free_port` when the range is used up.
 */
export async function freePorts(count: number): Promise<readonly number[]> {
  const ports: number[] = []
  const span = LAST - FIRST
  const start = Math.floor(Math.random() * span)
  for (let step = 0; step < span && ports.length < count; step += 1) {
    const port = FIRST + ((start + step) % span)
    if (given.has(port) || !(await isFree(port))) continue
    given.add(port)
    ports.push(port)
  }
  if (ports.length < count) throw new EstateError('no_free_port', `no free port is left between ${FIRST} and ${LAST}`)
  return ports
}

export async function freePort(): Promise<number> {
  const [port] = await freePorts(1)
  return port as number
}

function isFree(port: number): Promise<boolean> {
  const server: Server = createServer()
  return new Promise((resolve) => {
    server.once('error', () => resolve(false))
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)))
  })
}
