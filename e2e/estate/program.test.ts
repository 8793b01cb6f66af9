import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Program, type ProgramSpec, startProgram } from './program.ts'

const STARTS = 20
let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'estate-program-'))
})
afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

const shell = (script: string, more: Partial<ProgramSpec> = {}): ProgramSpec => ({
  name: 'shell',
  command: 'sh',
  args: ['-c', script],
  folder,
  ready: async () => true,
  ...more,
})

const says =
  (word: string): (() => Promise<boolean>) =>
  async () =>
    (await readFile(join(folder, 'shell.log'), 'utf8')).includes(word)

describe('a start that fails', () => {
  test('names a program that ended before it was ready, its exit code and its last words', async () => {
    const start = startProgram(shell('echo it is broken >&2; exit 3', { ready: async () => false }))
    await expect(start).rejects.toMatchObject({
      code: 'program_exited',
      message: expect.stringMatching(/shell ended with exit code 3 before it was ready[\s\S]*it is broken/),
    })
  })

  test('names a program that does not exist', async () => {
    const start = startProgram(shell('', { command: join(folder, 'nothing'), ready: async () => false }))
    await expect(start).rejects.toMatchObject({
      code: 'program_exited',
      message: expect.stringContaining('exit code 127'),
    })
  })

  test('names a program that is not ready in time, and leaves none running', async () => {
    const start = startProgram(
      shell('echo $$; exec sleep 600', {
        readyWithinMs: 300,
        ready: () => Promise.reject(new Error('nobody listens')),
      }),
    )
    await expect(start).rejects.toMatchObject({
      code: 'program_not_ready',
      message: expect.stringMatching(/shell was not ready within 300 ms \(nobody listens\)/),
    })
    expect(isRunning(Number(readFileSync(join(folder, 'shell.log'), 'utf8')))).toBe(false)
  })

  test('does not wait for a question that is never answered', async () => {
    const start = startProgram(shell('exec sleep 600', { readyWithinMs: 200, ready: () => new Promise(() => {}) }))
    await expect(start).rejects.toMatchObject({ code: 'program_not_ready' })
  })
})

describe('a program that runs', () => {
  test('has a clean environment, its own folder and one log', async () => {
    const program = await startProgram(
      shell('env; pwd; echo to stderr >&2; echo done; exec sleep 600', {
        env: { GIVEN: 'yes' },
        ready: says('done'),
      }),
    )
    const log = await program.log()
    await program.stop()
    expect(log).toContain('GIVEN=yes')
    expect(log).toContain(`HOME=${folder}`)
    expect(log).toContain(`TMPDIR=${join(folder, 'tmp')}`)
    expect(log).toContain(`\n${folder}\n`)
    expect(log).toContain('to stderr')
    expect(log).not.toMatch(/^(?:VITEST|NODE_ENV|npm_)/m)
  })

  test('stops on TERM with its own exit code, and stopping twice is the same', async () => {
    const program = await startProgram(
      shell('trap "exit 7" TERM; echo up; while :; do sleep 0.05; done', { ready: says('up') }),
    )
    await Promise.all([program.stop(), program.stop()])
    expect(await program.exited).toBe(7)
  })

  test('is killed when it does not heed TERM for five seconds', async () => {
    const program = await startProgram(
      shell('trap "" TERM; echo up; while :; do sleep 0.05; done', { ready: says('up') }),
    )
    await program.stop()
    expect(await program.exited).toBe(null)
    expect(isRunning(program.pid)).toBe(false)
  })

  test('takes the rest of its group with it, also when it ends by itself', async () => {
    const program = await startProgram(shell('sleep 600 & echo child $!; sleep 0.2', { ready: says('child') }))
    const child = Number(/child (\d+)/.exec(await program.log())?.[1])
    await program.exited
    await expect.poll(() => isRunning(child)).toBe(false)
  })

  test('tells its peak memory, also after its end', async () => {
    const program: Program = await startProgram(shell('exec sleep 600'))
    const before = await program.peakMemoryKiB()
    await program.stop()
    if (process.platform === 'linux') expect(before).toBeGreaterThan(0)
    expect(await program.peakMemoryKiB()).toBeGreaterThanOrEqual(before ?? 0)
  })
})

describe('a test process that is killed', () => {
  test(`leaves no process and no folder, ${STARTS} times`, { timeout: 120_000 }, async () => {
    for (let start = 0; start < STARTS; start += 1) {
      const mark = `orphan-${process.pid}-${start}`
      const { maker, temporary } = await startOrphanMaker(mark)
      await expect.poll(() => marked(mark).length, { interval: 5 }).toBeGreaterThanOrEqual(4)
      // Alternating: nothing runs in a process that is killed, and little in one that gets a Ctrl-C.
      maker.kill(start % 2 === 0 ? 'SIGKILL' : 'SIGINT')
      await expect.poll(() => marked(mark), { timeout: 5_000, interval: 20 }).toEqual([])
      await expect.poll(() => existsSync(temporary), { timeout: 5_000, interval: 20 }).toBe(false)
    }
  })

  test('leaves no process when it dies at any moment of the start', { timeout: 60_000 }, async () => {
    for (let start = 0; start < STARTS; start += 1) {
      const mark = `early-${process.pid}-${start}`
      const maker = spawnOrphanMaker(mark)
      await sleep(60 + start * 8)
      maker.kill('SIGKILL')
      await once(maker, 'exit')
      await expect.poll(() => marked(mark), { timeout: 5_000, interval: 20 }).toEqual([])
    }
  })
})

const spawnOrphanMaker = (mark: string) =>
  spawn(process.execPath, [fileURLToPath(new URL('fixtures/orphan-maker.ts', import.meta.url)), mark], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })

async function startOrphanMaker(mark: string) {
  const maker = spawnOrphanMaker(mark)
  const [line] = (await once(maker.stdout, 'data')) as [Buffer]
  return { maker, temporary: line.toString('utf8').trim().split(' ')[1] ?? '' }
}

/** Every process that was started under this mark and runs. */
function marked(mark: string): readonly string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/environ`, 'latin1').includes(`ORPHAN_TEST=${mark}\0`)
    } catch {
      return false
    }
  })
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0) && !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ')
  } catch {
    return false
  }
}
