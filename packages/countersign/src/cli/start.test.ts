import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type CliRun, runCli } from './run-cli.fixtures.ts'

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'csn-start-'))
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

const compiled = (): string => join(home, '.cache', 'countersign', 'compiled')
const kept = (): readonly string[] => (existsSync(compiled()) ? readdirSync(compiled()) : [])

function start(env: NodeJS.ProcessEnv = {}): Promise<CliRun> {
  const none = { NODE_COMPILE_CACHE: undefined, NODE_DISABLE_COMPILE_CACHE: undefined, XDG_CACHE_HOME: '' }
  return runCli(['--version'], { env: { ...none, HOME: home, ...env } })
}

const STARTED = { code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/), err: '' }

describe('compiled code', () => {
  test('is kept in the cache folder of the user, which nobody else can enter', async () => {
    expect(await start()).toEqual(STARTED)
    expect(kept().length).toBeGreaterThan(0)
    for (const folder of [join(compiled(), '..', '..'), join(compiled(), '..'), compiled()]) {
      expect(statSync(folder).mode & 0o777).toBe(0o700)
    }
  })

  test('is kept where XDG_CACHE_HOME says', async () => {
    const elsewhere = join(home, 'cache')
    expect(await start({ XDG_CACHE_HOME: elsewhere })).toEqual(STARTED)
    expect(readdirSync(join(elsewhere, 'countersign', 'compiled')).length).toBeGreaterThan(0)
    expect(kept()).toEqual([])
  })

  test.for([
    { name: 'the folder itself', at: '.cache/countersign/compiled', mode: 0o770 },
    { name: 'the folder itself, sticky as it may be', at: '.cache/countersign/compiled', mode: 0o1777 },
    { name: 'a folder on the way to it', at: '.cache', mode: 0o777 },
  ])('is not kept where others can write $name', async ({ at, mode }) => {
    mkdirSync(compiled(), { recursive: true })
    chmodSync(join(home, at), mode)
    expect(await start()).toEqual(STARTED)
    expect(kept()).toEqual([])
  })

  test('is kept below a sticky folder, in which others can only add', async () => {
    chmodSync(home, 0o1777)
    expect(await start()).toEqual(STARTED)
    expect(kept().length).toBeGreaterThan(0)
  })

  test('is not kept where the folder cannot be made, and that is no error', async () => {
    writeFileSync(join(home, '.cache'), '')
    expect(await start()).toEqual(STARTED)
    expect(await start({ HOME: join(home, 'nobody') })).toEqual(STARTED)
    expect(existsSync(join(home, 'nobody'))).toBe(false)
    expect(await start({ HOME: '', XDG_CACHE_HOME: 'relative' })).toEqual(STARTED)
  })
})
