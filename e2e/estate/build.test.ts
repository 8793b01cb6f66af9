import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { programFolder } from './cache.ts'
import { PROGRAMS } from './programs.ts'

const run = promisify(execFile)
const BUILD = fileURLToPath(new URL('build.ts', import.meta.url))
let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'estate-build-'))
  vi.stubEnv('COUNTERSIGN_ESTATE_CACHE', join(folder, 'cache'))
})
afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

const build = async (args: readonly string[], path = process.env['PATH'] ?? ''): Promise<Ended> => {
  const env = { ...process.env, PATH: path }
  try {
    return { code: 0, ...(await run(process.execPath, [BUILD, ...args], { env })) }
  } catch (error) {
    return error as Ended
  }
}

/** A Go that says what a test wants and counts its builds. */
async function fakeGo(onBuild: string): Promise<string> {
  const bin = join(folder, 'bin')
  await mkdir(bin, { recursive: true })
  const script = [
    '#!/bin/sh',
    'case $1 in env) printf "go1.99\\ncc\\n"; exit 0;; esac',
    `echo built >> '${folder}/builds'`,
    'while [ "$1" != -o ]; do shift; done',
    onBuild,
  ]
  await writeFile(join(bin, 'go'), script.join('\n'))
  await chmod(join(bin, 'go'), 0o755)
  return `${bin}:/usr/bin:/bin`
}

const builds = async (): Promise<number> => (await readFile(join(folder, 'builds'), 'utf8')).split('\n').length - 1
const PLACE = 'printf "#!/bin/sh\\n" > "$2"; chmod +x "$2"'

describe('refusals', () => {
  test('an unknown name is a mistake in the call', async () => {
    expect(await build(['etdc'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('no program is called etdc'),
    })
  })

  test('a failed build names program, module and the last lines, the others are built all the same', async () => {
    const path = await fakeGo(`case $2 in */etcd) echo 'etcd.go:1: it is wrong' >&2; exit 1;; esac; ${PLACE}`)
    const { code, stderr } = await build(['etcd', 'opa'], path)
    expect(code).toBe(1)
    expect(stderr).toMatch(/build_failed: etcd \(e2e\/modules\/etcd\)[\s\S]*etcd\.go:1: it is wrong/)
    expect(stderr).toContain('opa 1.19.0: built')
    expect(stderr).toContain('1 of 2 could not be built')
    await expect(access(programFolder('etcd'))).rejects.toThrow()
  })

  test('without Go it says that Go is missing', async () => {
    const { code, stderr } = await build(['etcd'], join(folder, 'empty'))
    expect(code).toBe(1)
    expect(stderr).toMatch(/build_tool_missing: building etcd needs Go/)
  })

  test('a build that needs more than go.sum pins is not kept', async () => {
    const path = await fakeGo(`${PLACE}; echo 'example.org/new v1.0.0 h1:AAAA=' >> "$(dirname "$2")/../go.sum"`)
    const { code, stderr } = await build(['opa'], path)
    expect(code).toBe(1)
    expect(stderr).toMatch(/go\.sum does not pin everything[\s\S]*example\.org\/new v1\.0\.0/)
  })
})

test('says size and time first, then builds, then finds everything there', async () => {
  const path = await fakeGo(PLACE)
  const first = await build(['opa', 'helm'], path)
  expect(first.stderr).toMatch(/^to build: opa, helm\nabout 105 MB of programs; with empty Go caches about \d+ s/)
  const second = await build(['opa', 'helm'], path)
  expect(second).toMatchObject({ code: 0, stderr: expect.stringMatching(/^every program is there/) })
  expect(await builds()).toBe(2)
})

test('a newer Go builds again', async () => {
  const path = await fakeGo(PLACE)
  await build(['opa'], path)
  await writeFile(join(programFolder('opa'), 'built.json'), JSON.stringify({ go: 'go1.98' }))
  expect((await build(['opa'], path)).stderr).toContain('opa 1.19.0: built')
  expect(await builds()).toBe(2)
})

test('two builds at once build once, and the second says that it waits', async () => {
  const path = await fakeGo(`sleep 1; ${PLACE}`)
  const both = await Promise.all([build(['opa'], path), build(['opa'], path)])
  expect(both.map(({ code }) => code)).toEqual([0, 0])
  expect(both.map(({ stderr }) => stderr).join('')).toContain('another build works in')
  expect(await builds()).toBe(1)
})

test('a build that was killed holds no lock and leaves no half-built program', async () => {
  const path = await fakeGo(`echo $$ > '${folder}/pid'; exec sleep 30`)
  const killed = spawn(process.execPath, [BUILD, 'opa'], { env: { ...process.env, PATH: path }, stdio: 'ignore' })
  const goPid = async (): Promise<number> => Number(await readFile(join(folder, 'pid'), 'utf8').catch(() => 0))
  await expect.poll(goPid).toBeGreaterThan(0)
  killed.kill('SIGKILL')
  await once(killed, 'exit')
  expect(await build(['opa'], await fakeGo(PLACE))).toMatchObject({ code: 0 })
  expect((await stat(join(programFolder('opa'), 'opa'))).mode & 0o111).not.toBe(0)
  process.kill(await goPid(), 'SIGKILL')
})

test('a program that somebody names is not built', async () => {
  await mkdir(dirname(join(folder, 'own/opa')))
  await writeFile(join(folder, 'own/opa'), '#!/bin/sh\n', { mode: 0o755 })
  vi.stubEnv('ESTATE_OPA', join(folder, 'own/opa'))
  const { stdout } = await build(['--list', 'opa'])
  expect(stdout).toMatch(/^opa +1\.19\.0 +.*own\/opa \(variable\)\n$/)
  expect((await build(['opa'], await fakeGo('exit 1'))).stderr).toMatch(/^every program is there/)
})

test('docs/estate.md names every program as it is pinned', async () => {
  const page = await readFile(fileURLToPath(new URL('../../docs/estate.md', import.meta.url)), 'utf8')
  const rows = Object.entries(PROGRAMS).map(
    ([name, { version, coldSeconds, megabytes }]) => `| ${name} | ${version} | ${coldSeconds} s | ${megabytes} MB |`,
  )
  expect(page).toContain(rows.join('\n'))
})

test('Go itself builds a program from its pins', { timeout: 120_000 }, async () => {
  expect(await build(['miniredis'])).toMatchObject({ code: 0 })
  const program = join(programFolder('miniredis'), 'miniredis')
  await expect(run(program, [])).rejects.toMatchObject({ code: 2, stderr: 'usage: miniredis ADDRESS\n' })
})
