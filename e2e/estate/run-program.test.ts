import { tmpdir } from 'node:os'
import { expect, test } from 'vitest'
import { runProgram } from './run-program.ts'

const shell = (script: string, more: { readonly input?: string; readonly withinMs?: number } = {}) =>
  runProgram({ command: 'sh', args: ['-c', script], folder: tmpdir(), ...more })

test('a program that fails is named with what it said', async () => {
  await expect(shell('echo out; echo wrong >&2; exit 3')).rejects.toMatchObject({
    code: 'program_failed',
    message: expect.stringMatching(/sh -c .* ended with exit code 3: wrong\nout/s),
  })
})

test('a program that does not exist is named', async () => {
  await expect(runProgram({ command: '/nowhere/it', args: [], folder: tmpdir() })).rejects.toMatchObject({
    code: 'program_failed',
    message: expect.stringContaining('/nowhere/it'),
  })
})

test('a program that does not end in time is ended', async () => {
  await expect(shell('exec sleep 600', { withinMs: 200 })).rejects.toMatchObject({
    code: 'program_failed',
    message: expect.stringContaining('did not end in time'),
  })
})

test('what it reads and prints goes through, and it has a clean environment', async () => {
  const { stdout, stderr } = await shell('cat; env; echo note >&2', { input: 'given\n' })
  expect(stdout).toMatch(/^given\n/)
  expect(stdout).not.toMatch(/^VITEST/m)
  expect(stderr).toBe('note\n')
})
