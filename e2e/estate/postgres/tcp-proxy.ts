import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/**
 * What becomes of bytes that pass. `pass`: they arrive, after a delay where one is set. `lose-requests` and `lose-replies`: what is sent
 * next in that direction is dropped and the connection cut. `silent`: nothing arrives and nothing is cut, as with a pulled cable.
 * `refuse`: every connection is cut.
 */
export type ProxyManners = 'pass' | 'lose-requests' | 'lose-replies' | 'silent' | 'refuse'

/** Something between a client and a server that fails on demand. */
export interface TcpProxy {
  readonly port: number
  /** From now on behaves so, also on open connections. */
  behave(manners: ProxyManners, delayMs?: number): void
  /** Cuts every open connection. */
  cut(): void
  stop(): Promise<void>
}

/** Listens on a free port of the loopback interface and passes everything on to another one. */
export async function startTcpProxy(target: number): Promise<TcpProxy> {
  const open = new Set<Socket>()
  let [manners, delayMs]: [ProxyManners, number] = ['pass', 0]
  const join = (from: Socket, to: Socket, loses: ProxyManners): void => {
    open.add(from)
    from.on('error', () => {})
    from.on('data', (bytes) => {
      if (manners === loses || manners === 'refuse') return void from.destroy()
      if (manners === 'silent') return
      if (delayMs === 0) to.write(bytes)
      else setTimeout(() => to.write(bytes), delayMs)
    })
    from.on('close', () => {
      open.delete(from)
      // A pulled cable tells the other end nothing.
      if (manners !== 'silent') to.destroy()
    })
  }
  const server = createServer((client) => {
    if (manners === 'refuse') return void client.destroy()
    const upstream = connect(target, '127.0.0.1')
    join(client, upstream, 'lose-requests')
    join(upstream, client, 'lose-replies')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const cut = (): void => {
    for (const socket of open) socket.destroy()
  }
  return {
    port: (server.address() as AddressInfo).port,
    behave: (wanted, delay = 0) => {
      manners = wanted
      delayMs = delay
      if (wanted === 'refuse') cut()
    },
    cut,
    stop: async () => {
      cut()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
