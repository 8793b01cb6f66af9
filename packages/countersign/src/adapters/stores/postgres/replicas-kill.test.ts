import { setTimeout as sleep } from 'node:timers/promises'
import { test } from 'vitest'
import { serverForTests } from './postgres.fixtures.ts'
import { replicasForTests } from './replicas.fixtures.ts'

const server = serverForTests({ fsync: true })
const estate = replicasForTests(server)
const ROUNDS = Number(process.env['COUNTERSIGN_REPLICA_KILLS'] ?? 6)

test(`replicas and database killed ${ROUNDS} times at random: nothing that was acknowledged is lost`, {
  timeout: 30_000 + ROUNDS * 6_000,
}, async () => {
  const running = new Set([estate.start('r0'), estate.start('r1')])
  await Promise.all([...running].map((replica) => replica.acknowledgesMore(5)))
  for (let round = 0; round < ROUNDS; round++) {
    await sleep(Math.random() * 300)
    if (round % 2 === 0) {
      await server.handle.kill('SIGKILL')
      await server.handle.start()
    } else {
      const victim = [...running].find(({ isElected }) => isElected === Math.random() < 0.8) ?? [...running][0]
      if (victim === undefined) throw new Error('two replicas run')
      victim.signal('SIGKILL')
      running.delete(victim)
      running.add(estate.start(`r${round + 2}`))
    }
    await Promise.all([...running].map((replica) => replica.acknowledgesMore(5)))
    // Reading everything every time would take longer than what it checks.
    if (round % 20 === 19) await estate.expectOneLog()
  }
  const size = await estate.expectOneLogOfAll()
  process.stdout.write(`${ROUNDS} kills, ${size} entries, one log\n`)
})
