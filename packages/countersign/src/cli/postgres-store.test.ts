import { cpSync, existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { serverForTests } from '../adapters/stores/postgres/postgres.fixtures.ts'
import { runCli } from './run-cli.fixtures.ts'
import { SignedRepository } from './signed-repository.fixtures.ts'

const server = serverForTests()
let repository: SignedRepository
let home: string
let env: NodeJS.ProcessEnv

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'postgres-store-'))
  env = { COUNTERSIGN_STORE: await server.handle.createDatabase(), COUNTERSIGN_OBJECTS: join(home, 'objects') }
  repository = new SignedRepository()
  repository.writePolicy(['alice'])
  repository.commit({ message: 'Introduce the policy', signer: 'alice' })
})
afterAll(async () => {
  repository.remove()
  await rm(home, { recursive: true, force: true })
})

const csn = (...args: string[]) => runCli(args, { env })

test('a log whose record is in PostgreSQL takes evidence from several replicas at once and is one log', {
  timeout: 90_000,
}, async () => {
  const [first, second] = [join(home, 'first'), join(home, 'second')]
  const check = (data: string) => csn('check', '--repo', repository.folder, '--data', data)
  expect(await csn('migrate', '--check', '--data', first)).toMatchObject({ code: 1 })
  expect((await check(first)).code).toBeLessThan(2)
  // Another replica has none of its keys, and makes none of its own.
  const without = await check(second)
  expect(without).toMatchObject({ code: 2, err: expect.stringContaining('error[key_missing]') })
  cpSync(join(first, 'keys'), join(second, 'keys'), { recursive: true })
  const beat = (data: string, source: string) =>
    csn(
      ...['source', 'heartbeat', source, '--observer', 'test:one', '--since', '2026-01-01T00:00:00Z'],
      ...['--within', '60', '--memory', 'none', '--data', data],
    )
  const beats = await Promise.all([beat(first, 'test:a'), beat(second, 'test:b'), beat(second, 'test:c')])
  for (const { code, err } of beats) expect([code, err]).toEqual([0, expect.any(String)])
  const listed = await csn('evidence', 'list', '-o', 'jsonl', '--data', second)
  expect(listed.out.trimEnd().split('\n')).toHaveLength(4)
  expect(await csn('log', 'fsck', '--data', first)).toMatchObject({ code: 0, out: '' })
  expect(existsSync(join(first, 'evidence.db'))).toBe(false)
  expect(await csn('backup', join(home, 'backup'), '--data', first)).toMatchObject({
    code: 2,
    err: expect.stringContaining('error[backup_by_database]'),
  })
})
