import { Socket } from 'node:net'
import { beforeAll } from 'vitest'
import { guardSockets } from './no-network.ts'

beforeAll(() => {
  Socket.prototype.connect = guardSockets(Socket.prototype.connect)
})
