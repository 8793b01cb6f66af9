import { once } from 'node:events'
import { get } from 'node:http'
import { connect, createServer } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { expect, test } from 'vitest'

const refusal = expect.objectContaining({ name: 'NetworkForbiddenError' })

// 192.0.2.0/24 is for documentation (RFC 5737): nothing answers there even without the guard.
test.for([
  { name: 'net with an options object', open: () => connect({ host: '192.0.2.1', port: 9 }) },
  { name: 'net with a port and a host', open: () => connect(9, '192.0.2.1') },
  { name: 'a host that only looks local', open: () => connect({ host: 'localhost.example', port: 9 }) },
  { name: 'tls', open: () => connectTls({ host: '192.0.2.1', port: 9 }) },
  { name: 'http', open: () => get('http://192.0.2.1:9/') },
])('refuses $name', ({ open }) => {
  expect(open).toThrow(refusal)
})

test('refuses fetch', async () => {
  await expect(fetch('http://192.0.2.1:8080/')).rejects.toThrow(expect.objectContaining({ cause: refusal }))
})

test('lets a test talk to a server of its own', async () => {
  const server = createServer((socket) => socket.end('hello')).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  const socket = connect(address.port, '127.0.0.1')
  const [data] = await once(socket, 'data')
  expect(String(data)).toBe('hello')
  server.close()
})
