import { afterAll, beforeAll, expect, test } from 'vitest'
import { git } from '../../../../bench/history/repository.ts'
import { openGitRepository } from '../adapters/git/git-repository.ts'
import { type Drawn, draw, Sandbox, setRef } from '../adapters/git/sandbox.fixtures.ts'
import type { RecordedRef } from './evidence-ledger.ts'
import { type FoundChange, findBranchChanges, findTagChange } from './find-changes.ts'
import type { GitRepository, Ref } from './ports/git-repository.ts'

const MAIN = 'refs/heads/main'
let sandbox: Sandbox
beforeAll(() => {
  sandbox = new Sandbox()
})
afterAll(() => sandbox.remove())

interface Case {
  readonly name: string
  readonly history: readonly Drawn[]
  readonly tip: string | null
  readonly recorded: string | null
  /** Each change: its kind when it is no step, the commit, and what comes with it in any order. */
  readonly found: readonly (readonly [own: string, brought: string, kind?: string])[]
}

const LINE: readonly Drawn[] = [
  ['a', ''],
  ['b', 'a'],
  ['c', 'b'],
]
const CASES: readonly Case[] = [
  { name: 'nothing new', history: LINE, tip: 'c', recorded: 'c', found: [] },
  {
    name: 'a branch seen for the first time',
    history: LINE,
    tip: 'c',
    recorded: null,
    found: [
      ['a', ''],
      ['b', ''],
      ['c', ''],
    ],
  },
  {
    name: 'a line',
    history: LINE,
    tip: 'c',
    recorded: 'a',
    found: [
      ['b', ''],
      ['c', ''],
    ],
  },
  {
    name: 'a merge',
    history: [
      ['a', ''],
      ['x', 'a'],
      ['y', 'x'],
      ['m', 'a y'],
    ],
    tip: 'm',
    recorded: 'a',
    found: [['m', 'x y']],
  },
  {
    name: 'a merge and what was on the branch already',
    history: [
      ['a', ''],
      ['x', 'a'],
      ['b', 'a'],
      ['m', 'b x'],
    ],
    tip: 'm',
    recorded: 'a',
    found: [
      ['b', ''],
      ['m', 'x'],
    ],
  },
  {
    name: 'a merge whose side branch merged the main branch in',
    history: [
      ['a', ''],
      ['b', 'a'],
      ['x', 'a'],
      ['y', 'x b'],
      ['m', 'b y'],
    ],
    tip: 'm',
    recorded: 'a',
    found: [
      ['b', ''],
      ['m', 'x y'],
    ],
  },
  {
    name: 'two merges of one growing branch',
    history: [
      ['a', ''],
      ['x', 'a'],
      ['m', 'a x'],
      ['y', 'x'],
      ['n', 'm y'],
    ],
    tip: 'n',
    recorded: 'a',
    found: [
      ['m', 'x'],
      ['n', 'y'],
    ],
  },
  {
    name: 'a criss-cross',
    history: [
      ['a', ''],
      ['b', 'a'],
      ['x', 'a'],
      ['c', 'b x'],
      ['y', 'x b'],
      ['m', 'c y'],
    ],
    tip: 'm',
    recorded: 'a',
    found: [
      ['b', ''],
      ['c', 'x'],
      ['m', 'y'],
    ],
  },
  {
    name: 'an octopus',
    history: [
      ['a', ''],
      ['x', 'a'],
      ['y', 'a'],
      ['z', 'a'],
      ['m', 'a x y z'],
    ],
    tip: 'm',
    recorded: 'a',
    found: [['m', 'x y z']],
  },
  {
    name: 'a merge of a history with a root of its own',
    history: [
      ['a', ''],
      ['r', ''],
      ['s', 'r'],
      ['m', 'a s'],
    ],
    tip: 'm',
    recorded: 'a',
    found: [['m', 'r s']],
  },
  {
    name: 'a merge that was pulled the wrong way round',
    history: [
      ['a', ''],
      ['b', 'a'],
      ['x', 'a'],
      ['m', 'x b'],
    ],
    tip: 'm',
    recorded: 'b',
    found: [
      ['m', '', 'history-rewritten'],
      ['x', ''],
      ['m', ''],
    ],
  },
  {
    name: 'a rewritten branch',
    history: [
      ['a', ''],
      ['b', 'a'],
      ['x', 'a'],
      ['y', 'x'],
    ],
    tip: 'y',
    recorded: 'b',
    found: [
      ['y', '', 'history-rewritten'],
      ['x', ''],
      ['y', ''],
    ],
  },
  {
    name: 'a branch that was set back',
    history: LINE,
    tip: 'a',
    recorded: 'c',
    found: [['a', '', 'history-rewritten']],
  },
  {
    name: 'a branch that shares nothing with what was recorded',
    history: [
      ['a', ''],
      ['r', ''],
    ],
    tip: 'r',
    recorded: 'a',
    found: [
      ['r', '', 'history-rewritten'],
      ['r', ''],
    ],
  },
  { name: 'a branch that is gone', history: LINE, tip: null, recorded: 'c', found: [['0', '', 'history-rewritten']] },
]

async function find(folder: string, tip: string | null, was: string | null): Promise<readonly FoundChange[]> {
  const repository = await openGitRepository(folder)
  return findBranchChanges({ repository, name: 'r', recorded: was === null ? null : there(was) }, MAIN, tip)
}

const there = (object: string): RecordedRef => ({ object, isGone: false })
const gone = (object: string): RecordedRef => ({ object, isGone: true })

test.for(CASES)('finds the steps of $name', async ({ name, history, tip, recorded, found }) => {
  const folder = sandbox.init(name.replaceAll(' ', '-'), '--bare')
  const ids = draw(folder, history)
  const id = (of: string): string => (of === '0' ? '0'.repeat(40) : (ids[of] ?? ''))
  const names = new Map(Object.entries(ids).map(([of, object]) => [object, of]))
  const changes = await find(folder, tip && id(tip), recorded && id(recorded))
  expect(
    changes.map(({ change, commits }) => [
      names.get(change.object) ?? '0',
      commits
        .slice(1)
        .map((commit) => names.get(commit))
        .sort()
        .join(' '),
      ...(change.kind === 'direct' ? [] : [change.kind]),
    ]),
  ).toEqual(found)
  const steps = changes.filter(({ change }) => change.kind === 'direct')
  const assigned = steps.flatMap(({ commits }) => commits)
  const range = tip === null ? [] : ['rev-list', id(tip), ...(recorded === null ? [] : [`^${id(recorded)}`])]
  const listed = range.length === 0 ? '' : git(folder, range)
  expect([...assigned].sort()).toEqual(
    listed
      .split('\n')
      .filter((line) => line !== '')
      .sort(),
  )
  for (const { change, commits } of steps) {
    expect(commits[0]).toBe(change.object)
    expect(change).toMatchObject({ repository: 'r', ref: MAIN })
    const [parent = ''] = git(folder, ['log', '-1', '--format=%P', change.object]).trim().split(' ')
    expect(change.base ?? '').toBe(parent)
  }
})

test('a rewrite says what was there and what is there now', async () => {
  const folder = sandbox.init('says', '--bare')
  const { a = '', b = '' } = draw(folder, LINE)
  const [rewrite] = await find(folder, a, b)
  expect(rewrite).toEqual({
    change: { kind: 'history-rewritten', repository: 'r', ref: MAIN, object: a, base: b },
    commits: [],
    tag: null,
  })
})

test('a recorded tip that was pruned since is a rewrite, and the whole branch is looked at again', async () => {
  const folder = sandbox.init('pruned', '--bare')
  const { b = '', a = '' } = draw(folder, LINE.slice(0, 2))
  const changes = await find(folder, b, '1'.repeat(40))
  expect(changes.map(({ change }) => [change.kind, change.object])).toEqual([
    ['history-rewritten', b],
    ['direct', a],
    ['direct', b],
  ])
})

test('finds the steps of a SHA-256 repository', async () => {
  const folder = sandbox.init('sha256', '--bare', '--object-format=sha256')
  const { a = '', c = '' } = draw(folder, LINE)
  expect((await find(folder, c, a)).map(({ commits }) => commits.length)).toEqual([1, 1])
  const [deleted] = await find(folder, null, a)
  expect(deleted?.change.object).toBe('0'.repeat(64))
})

test('every random history is shared out among its steps, each commit once', async () => {
  const folder = sandbox.init('random', '--bare')
  const history = Array.from({ length: 120 }, (_, index): Drawn => {
    const at = (back: number): string => (index < back ? '' : `c${index - back}`)
    const others = [(index * 7) % 5, (index * 13) % 11].filter((back) => index % 4 === 0 && back > 1).map(at)
    return [`c${index}`, [...new Set([at(1), ...others])].join(' ').trim()]
  })
  const ids = draw(folder, history)
  const tip = ids['c119'] ?? ''
  for (const recorded of [null, ids['c3'] ?? '', ids['c60'] ?? '']) {
    const found = (await find(folder, tip, recorded)).flatMap(({ commits }) => commits)
    const listed = git(folder, ['rev-list', tip, ...(recorded === null ? [] : [`^${recorded}`])])
    expect([...found].sort()).toEqual(listed.trim().split('\n').sort())
  }
})

const v1: Ref = { name: 'refs/tags/v1', object: 'a'.repeat(40), type: 'tag', peeled: 'b'.repeat(40) }

const [MOVED, ZERO] = ['c'.repeat(40), '0'.repeat(40)]
const tag = (now: Ref | null, recorded: RecordedRef | null) => {
  return findTagChange({ repository: { objectFormat: 'sha1' } as GitRepository, name: 'r', recorded }, v1.name, now)
}

test.for([
  { name: 'a tag that nobody has seen', now: v1, recorded: null, kind: 'tag-created', object: v1.object },
  { name: 'a tag that names another object', now: v1, recorded: there(MOVED), kind: 'tag-moved', object: v1.object },
  { name: 'a tag that is gone', now: null, recorded: there(v1.object), kind: 'tag-deleted', object: ZERO },
  {
    name: 'a tag that was gone and comes back',
    now: v1,
    recorded: gone(v1.object),
    kind: 'tag-created',
    object: v1.object,
  },
  {
    name: 'a tag that was gone and comes back elsewhere',
    now: v1,
    recorded: gone(MOVED),
    kind: 'tag-moved',
    object: v1.object,
  },
])('$name is one change', ({ now, recorded, kind, object }) => {
  const change = { kind, repository: 'r', ref: v1.name, object, base: recorded?.object ?? null }
  expect(tag(now, recorded)).toEqual([{ change, commits: [], tag: now?.object ?? null }])
})

test('of a tag that names a commit, a tree or a blob directly nothing is to be read: it may be of any size', () => {
  for (const type of ['commit', 'tree', 'blob'] as const) {
    expect(tag({ ...v1, type }, null).map((found) => [found.commits, found.tag])).toEqual([[[], null]])
  }
})

test('a tag that stands as it was recorded is no change, nor is one that never was or is still gone', () => {
  expect(tag(v1, there(v1.object))).toEqual([])
  expect(tag(null, null)).toEqual([])
  expect(tag(null, gone(v1.object))).toEqual([])
})

test('a branch that was gone goes on where it was, and has been rewritten where it does not', async () => {
  const folder = sandbox.init('gone', '--bare')
  const { a = '', b = '', c = '', other = '' } = draw(folder, [...LINE, ['other', 'a']])
  const look = async (tip: string | null) =>
    (
      await findBranchChanges({ repository: await openGitRepository(folder), name: 'r', recorded: gone(b) }, MAIN, tip)
    ).map(({ change }) => [change.kind, change.object])
  expect(await look(null)).toEqual([])
  expect(await look(b)).toEqual([])
  expect(await look(c)).toEqual([['direct', c]])
  expect(await look(other)).toEqual([
    ['history-rewritten', other],
    ['direct', other],
  ])
  expect(await look(a)).toEqual([['history-rewritten', a]])
})

test('a real tag is created, moved and deleted', async () => {
  const folder = sandbox.init('tags', '--bare')
  const { a = '', b = '' } = draw(folder, LINE)
  const look = async (recorded: RecordedRef | null): Promise<readonly (string | undefined)[]> => {
    const repository = await openGitRepository(folder)
    const now = (await repository.refs()).find(({ name }) => name === v1.name) ?? null
    return findTagChange({ repository, name: 'r', recorded }, v1.name, now).map(({ change }) => change.kind)
  }
  setRef(folder, v1.name, a)
  expect(await look(null)).toEqual(['tag-created'])
  setRef(folder, v1.name, b)
  expect(await look(there(a))).toEqual(['tag-moved'])
  setRef(folder, v1.name, null)
  expect(await look(there(b))).toEqual(['tag-deleted'])
})
