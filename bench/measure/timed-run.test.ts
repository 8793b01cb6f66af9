import { expect, test } from 'vitest'
import { timedRun } from './timed-run.ts'

const shell = (script: string) => ({ program: 'sh', args: ['-c', script], env: process.env })

test.for([
  { name: 'fails', script: 'exit 7', more: {}, message: 'ended with 7' },
  { name: 'does not end in time', script: 'sleep 60 & wait', more: { timeoutMs: 100 }, message: 'did not end in time' },
])('a command that $name is an error', async ({ script, more, message }) => {
  await expect(timedRun({ ...shell(script), ...more })).rejects.toThrow(message)
})

test('an exit code that counts as an answer is none', async () => {
  expect((await timedRun({ ...shell('exit 7'), allowedExits: [7] })).wallMs).toBeGreaterThan(0)
})
