import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { freePort, freePorts } from './free-ports.ts'

test('no port is given twice, and each can be listened on', async () => {
  const ports = [...(await freePorts(50)), ...(await Promise.all(Array.from({ length: 50 }, freePort)))]
  expect(new Set(ports).size).toBe(100)
  expect(Math.max(...ports)).toBeLessThan(32_768)
  for (const port of ports) {
    const server = createServer()
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, '127.0.0.1', resolve)
    })
    await new Promise((resolve) => server.close(resolve))
  }
})

test('more than there are is refused', async () => {
  await expect(freePorts(20_000)).rejects.toMatchObject({ code: 'no_free_port' })
})
