import { readTrustRoots } from '@countersign/verify'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { git } from '../../../../../bench/history/repository.ts'
import type { GitRepository } from '../../workflows/ports/git-repository.ts'
import type { ObjectVerifier, VerifiedLines } from '../../workflows/ports/object-verifier.ts'
import { Problem } from '../../workflows/problem.ts'
import { verifyHistory, withInnerTags } from '../../workflows/verify-history.ts'
import { openGitRepository } from './git-repository.ts'
import { draw, Sandbox, setRef, writeObject } from './sandbox.fixtures.ts'
import { createThreadedVerifier } from './threaded-verifier.ts'

const NO_TRUST = { allowedSigners: [], keyrings: [], x509Roots: [], revoked: [] }
const COMMITS = 10_000
let sandbox: Sandbox
let repository: GitRepository
beforeAll(async () => {
  sandbox = new Sandbox()
  const folder = sandbox.init('large', '--bare')
  const commit = (index: number): string =>
    `commit refs/heads/main\ncommitter Ann <ann@example.com> ${1_700_000_000 + index} +0000\ndata 1\nx\n`
  git(folder, ['fast-import', '--quiet'], Array.from({ length: COMMITS }, (_, index) => commit(index)).join(''))
  repository = await openGitRepository(folder)
})
afterAll(() => sandbox.remove())

function verifier(threads: number, of: GitRepository = repository): ObjectVerifier {
  const { folder, objectFormat } = of
  const settings = { folder, objectFormat, trust: NO_TRUST, now: 1_800_000_000 }
  return createThreadedVerifier(settings, readTrustRoots(NO_TRUST).roots, threads)
}

const selection = (include: readonly string[]) => ({
  tips: { include, exclude: [], tags: [] },
  known: { commits: [], tags: [] },
})

async function linesOf(runs: AsyncIterable<VerifiedLines>): Promise<{ lines: string; tally: Record<string, number> }> {
  let lines = ''
  const tally: Record<string, number> = {}
  for await (const run of runs) {
    lines += run.lines
    for (const [key, count] of Object.entries(run.tally)) tally[key] = (tally[key] ?? 0) + count
  }
  return { lines, tally }
}

async function* runsOf(...runs: readonly (readonly string[])[]): AsyncIterable<readonly string[]> {
  yield* runs
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'none'
  } catch (error) {
    if (error instanceof Problem) return error.code
    throw error
  }
}

/** What still runs on behalf of this process: its programs, and its threads, each of which ends only after its own. */
function running(): number {
  const { workers } = process.report.getReport() as { readonly workers: readonly unknown[] }
  return workers.length + process.getActiveResourcesInfo().filter((name) => name === 'ProcessWrap').length
}

/** A thread that was still starting starts its git, and ends it at once: only what stays at nothing counts as nothing. */
async function untilNothingRuns(): Promise<number> {
  let left = running()
  for (let turn = 0, quiet = 0; quiet < 5 && turn < 75; turn += 1) {
    await new Promise((resolve) => setTimeout(resolve, 20))
    left = running()
    quiet = left === 0 ? quiet + 1 : 0
  }
  return left
}

test('threads and one thread say the same of ten thousand commits, in the order of git', async () => {
  const alone = await linesOf(verifyHistory(repository, verifier(1), selection(['main'])))
  const threaded = await linesOf(verifyHistory(repository, verifier(3), selection(['main'])))
  expect(threaded.lines).toBe(alone.lines)
  expect(threaded.tally).toEqual(alone.tally)
  expect(alone.tally).toEqual({ 'verdict:fail': COMMITS, 'git:N': COMMITS, 'reason:unsigned': COMMITS })
  const objects = alone.lines
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).object)
  expect(objects).toEqual(git(repository.folder, ['rev-list', 'main']).trim().split('\n'))
})

test('nothing to verify is nothing, and so is a run of nothing', async () => {
  expect(await linesOf(verifier(2).verify(runsOf()))).toEqual({ lines: '', tally: {} })
  expect(await linesOf(verifier(2).verify(runsOf([])))).toEqual({ lines: '', tally: {} })
})

test.for([1, 3])('runs of one object each come out as they went in, on %i threads', async (threads) => {
  const tip = (await repository.resolve('main')) ?? ''
  const { lines } = await linesOf(verifier(threads).verify(runsOf(...Array.from({ length: 40 }, () => [tip]))))
  expect(lines.trim().split('\n')).toHaveLength(40)
})

test.for([1, 3])('a missing object ends the run with its code, on %i threads', async (threads) => {
  const tip = (await repository.resolve('main')) ?? ''
  const runs = Array.from({ length: 8 }, (_, index) => (index === 5 ? ['1'.repeat(40)] : Array(300).fill(tip)))
  const found: VerifiedLines[] = []
  const work = (async () => {
    for await (const run of verifier(threads).verify(runsOf(...runs))) found.push(run)
  })()
  expect(await codeOf(work)).toBe('objects_missing')
  expect(found.length).toBeLessThanOrEqual(5)
  expect(await untilNothingRuns()).toBe(0)
})

test('an object that is neither commit nor tag ends the run', async () => {
  const tree = (await repository.resolve('main^{tree}')) ?? ''
  expect(await codeOf(linesOf(verifier(1).verify(runsOf([tree]))))).toBe('git_failed')
})

test.for([1, 3])('a consumer that stops early leaves no process behind, on %i threads', async (threads) => {
  for await (const run of verifyHistory(repository, verifier(threads), selection(['main']))) {
    expect(run.lines).not.toBe('')
    break
  }
  expect(await untilNothingRuns()).toBe(0)
})

test('a thread that cannot start ends the run with its own error, and nothing is left running', async () => {
  const { folder, objectFormat } = repository
  const trust = { ...NO_TRUST, revoked: [Buffer.from('nonsense\n')] }
  const broken = createThreadedVerifier({ folder, objectFormat, trust, now: 1 }, readTrustRoots(NO_TRUST).roots, 3)
  await expect(linesOf(verifyHistory(repository, broken, selection(['main'])))).rejects.toThrow('SSH revocation list')
  expect(await untilNothingRuns()).toBe(0)
})

test('annotated tags come after the commits, nested ones too, and what is known is left out', async () => {
  const folder = sandbox.init('tagged', '--bare')
  const { a = '', b = '' } = draw(folder, [
    ['a', ''],
    ['b', 'a'],
  ])
  const tagOf = (object: string, type: string, name: string): string =>
    writeObject(folder, 'tag', `object ${object}\ntype ${type}\ntag ${name}\ntagger A <a@x> 1 +0000\n\nm\n`)
  const inner = tagOf(a, 'commit', 'inner')
  const outer = tagOf(inner, 'tag', 'outer')
  const broken = writeObject(folder, 'tag', `object ${a}\ntype commit\ntagger nobody\n\nm\n`)
  setRef(folder, 'refs/tags/outer', outer)
  setRef(folder, 'refs/tags/light', b)
  const opened = await openGitRepository(folder)
  expect(await withInnerTags(opened, (await opened.tips('all-refs')).tags)).toEqual([outer, inner])
  const objects = async (known: {
    commits: readonly string[]
    tags: readonly string[]
  }): Promise<readonly string[]> => {
    const tips = await opened.tips('all-refs')
    const { lines } = await linesOf(verifyHistory(opened, verifier(1, opened), { tips, known }))
    return lines
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line).object as string)
  }
  expect(await objects({ commits: [], tags: [] })).toEqual([b, a, outer, inner])
  expect(await objects({ commits: [a], tags: [outer] })).toEqual([b, inner])
  expect(await objects({ commits: ['1'.repeat(40), b], tags: [outer, inner] })).toEqual([])
  const line = await linesOf(verifier(1, opened).verify(runsOf([broken])))
  expect(JSON.parse(line.lines)).toMatchObject({ type: 'tag', verdict: 'fail' })
})
