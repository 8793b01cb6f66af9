import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, readlinkSync, watch } from 'node:fs'
import { chmod, copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { locateProgram, variableOf } from './locate.ts'
import type { ProgramName } from './programs.ts'
import { startEstate } from './start-estate.ts'

const STARTS = 20
// With everything that it starts, an estate takes about eight seconds on two idle cores.
const LATEST_KILL_MS = 8_000
// The keeper tries for ten seconds; a machine that does other work besides takes longer.
const SOON = { timeout: 30_000, interval: 50 }
let temporary: string

beforeEach(async () => {
  temporary = await mkdtemp('/tmp/estate-test-')
  // Gitea and PostgreSQL are not root.
  await chmod(temporary, 0o711)
  vi.stubEnv('TMPDIR', temporary)
})
afterEach(async () => {
  await rm(temporary, { recursive: true, force: true })
})

test('reconcilers without a cluster are refused', async () => {
  await expect(startEstate({ flux: true })).rejects.toThrow('Flux and Argo CD need kubernetes')
  expect(readdirSync(temporary)).toEqual([])
})

test('a program that is missing is named, and what was started is stopped and removed', async () => {
  vi.stubEnv('ESTATE_KUSTOMIZE_CONTROLLER', '/nowhere/kustomize-controller')
  await expect(startEstate({ kubernetes: true, flux: true, gitea: true })).rejects.toMatchObject({
    code: 'program_not_built',
    message: expect.stringContaining('npm run estate:build -- kustomize-controller'),
  })
  expect(processesBelow(temporary)).toEqual([])
  expect(readdirSync(temporary)).toEqual([])
})

describe('a service that fails when part of it already runs', () => {
  let programs: string

  beforeEach(async () => {
    programs = await mkdtemp('/tmp/estate-programs-')
    await chmod(programs, 0o711)
  })
  afterEach(() => rm(programs, { recursive: true, force: true }))

  /** A program that is the real one, except for what its arguments or its environment say. */
  async function breakProgram(name: ProgramName, condition: string): Promise<void> {
    // Not where it was built: others than root may not enter there.
    const real = join(programs, `real-${name}`)
    await copyFile(await locateProgram(name), real)
    await chmod(real, 0o755)
    const path = join(programs, name)
    await writeFile(
      path,
      `#!/bin/sh\nif ${condition}; then echo broken for the test >&2; exit 7; fi\nexec ${real} "$@"\n`,
    )
    await chmod(path, 0o755)
    vi.stubEnv(variableOf(name), path)
  }

  test('Gitea runs and makes no administrator', async () => {
    await breakProgram('gitea', `[ "$1" = admin ]`)
    await expect(startEstate({ gitea: true })).rejects.toThrow('broken for the test')
    expect(processesBelow(temporary)).toEqual([])
    expect(readdirSync(temporary)).toEqual([])
  })

  test('Argo CD runs but for one of its roles', async () => {
    await breakProgram('argocd', `[ "$ARGOCD_BINARY_NAME" = argocd-notifications ]`)
    await expect(startEstate({ kubernetes: true, argocd: true })).rejects.toMatchObject({
      code: 'program_exited',
      message: expect.stringMatching(/argocd-notifications ended with exit code 7[\s\S]*broken for the test/),
    })
    expect(processesBelow(temporary)).toEqual([])
    expect(readdirSync(temporary)).toEqual([])
  })
})

test('only what is asked for is started, and stopping leaves nothing', async () => {
  const estate = await startEstate({ git: true, smtp: true, oidc: true })
  expect(await estate.peakMemory()).toEqual([])
  expect([...estate.startTimes.keys()].sort()).toEqual(['git', 'oidc', 'smtp'])
  expect(estate.clusters).toEqual([])
  await Promise.all([estate.stop(), estate.stop()])
  expect(readdirSync(temporary)).toEqual([])
})

test('every program tells its peak memory', async () => {
  const estate = await startEstate({ kubernetes: true, gitea: true, s3: true, postgres: true })
  try {
    const peaks = await estate.peakMemory()
    expect(peaks.map(({ program }) => program).sort()).toEqual([
      'first-etcd',
      'first-kube-apiserver',
      'first-kube-controller-manager',
      'gitea',
      'postgres-server',
      'versitygw',
    ])
    expect([...(await estate.logs()).keys()].sort()).toEqual(peaks.map(({ program }) => program).sort())
    if (process.platform === 'linux') expect(Math.min(...peaks.map(({ peakKiB }) => peakKiB ?? 0))).toBeGreaterThan(0)
  } finally {
    await estate.stop()
  }
})

test(`a test process that ends in any way leaves no process and no file, ${STARTS} times`, {
  timeout: 600_000,
}, async () => {
  const signals = ['SIGKILL', 'SIGINT', 'SIGTERM', 'SIGHUP'] as const
  let mostProcesses = 0
  for (let start = 0; start < STARTS; start += 1) {
    const maker = spawn(process.execPath, [fileURLToPath(new URL('fixtures/estate-maker.ts', import.meta.url))], {
      env: { ...process.env, TMPDIR: temporary },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    // At moments all over the start, and at last once by each signal when everything runs.
    if (start < STARTS - signals.length) await sleep(((start + 1) * LATEST_KILL_MS) / STARTS)
    else await once(maker.stdout, 'data')
    mostProcesses = Math.max(mostProcesses, processesBelow(temporary).length)
    maker.kill(signals[start % signals.length])
    await once(maker, 'exit')
    await expect.poll(() => processesBelow(temporary), SOON).toEqual([])
    await expect.poll(() => readdirSync(temporary), SOON).toEqual([])
  }
  // Fifteen programs with what they start; a test that kills before anything runs would prove nothing.
  expect(mostProcesses).toBeGreaterThanOrEqual(15)
  expect(existsSync(temporary)).toBe(true)
})

test('a test process that is killed the instant its folder appears leaves no folder', async () => {
  for (const what of ['estate', 'fleet']) {
    const seen = new AbortController()
    const appears = once(watch(temporary, { signal: seen.signal }), 'change')
    const maker = spawn(process.execPath, [fileURLToPath(new URL('fixtures/folder-maker.ts', import.meta.url)), what], {
      env: { ...process.env, TMPDIR: temporary },
      stdio: 'inherit',
    })
    const [, folder] = await appears
    maker.kill('SIGKILL')
    seen.abort()
    expect(String(folder)).toMatch(what)
    await once(maker, 'exit')
    await expect.poll(() => readdirSync(temporary), SOON).toEqual([])
  }
})

/** What runs in this folder, was told of it, or was started from it. */
function processesBelow(folder: string): readonly string[] {
  return readdirSync('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return []
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ')
      const isBelow =
        command.includes(folder) ||
        readlinkSync(`/proc/${pid}/cwd`).startsWith(folder) ||
        readFileSync(`/proc/${pid}/environ`, 'latin1').includes(folder)
      return isBelow ? [`${pid} ${command}`] : []
    } catch {
      return []
    }
  })
}
