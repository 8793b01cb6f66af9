import { afterAll, beforeAll, expect, test } from 'vitest'
import { git } from '../../../../../bench/history/repository.ts'
import { openGitRepository } from './git-repository.ts'
import { type Drawn, draw, Sandbox } from './sandbox.fixtures.ts'

let sandbox: Sandbox
beforeAll(() => {
  sandbox = new Sandbox()
})
afterAll(() => sandbox.remove())

const START = { 'app/a': '1', 'app/b': '1', 'lib/deep/x': '1', 'lib/deep/y': '1', z: '1' }

type Files = Readonly<Record<string, string>>

/** A drawn merge begins as its first parent: `files` are what the merge puts in, whoever brought it. */
interface Case {
  readonly name: string
  readonly ours: Files
  readonly theirs: Files
  readonly files: Files
  readonly outcome: string
  readonly path: string | null
}

const nothing = { outcome: 'adds_nothing', path: null }
const CASES: readonly Case[] = [
  { name: 'different files', ours: { 'app/a': '2' }, theirs: { 'app/b': '2' }, files: { 'app/b': '2' }, ...nothing },
  {
    name: 'files in different folders, one of them new',
    ours: { 'lib/deep/x': '2' },
    theirs: { 'new/folder/n': '1' },
    files: { 'new/folder/n': '1' },
    ...nothing,
  },
  { name: 'the same change twice', ours: { z: '2' }, theirs: { z: '2' }, files: {}, ...nothing },
  {
    name: 'one side alone',
    ours: {},
    theirs: { z: '2', 'lib/deep/y': '2' },
    files: { z: '2', 'lib/deep/y': '2' },
    ...nothing,
  },
  {
    name: 'a new file that no side has',
    ours: { 'app/a': '2' },
    theirs: { 'app/b': '2' },
    files: { 'app/b': '2', 'app/back-door': '1' },
    outcome: 'adds_content',
    path: 'app/back-door',
  },
  {
    name: 'a new file whose name is written like that of another one, which a side brought',
    ours: { 'app/a': '2' },
    theirs: { '"run\\377"': '1' },
    files: { '"run\\377"': '1', '"run\\\\xff"': '666' },
    outcome: 'adds_content',
    path: 'run\\xff',
  },
  {
    name: 'other content in a file that one side changed',
    ours: { 'app/a': '2' },
    theirs: { 'lib/deep/x': '2' },
    files: { 'lib/deep/x': '666' },
    outcome: 'adds_content',
    path: 'lib/deep/x',
  },
  {
    name: 'other content in a file that nobody changed',
    ours: { 'app/a': '2' },
    theirs: { 'app/b': '2' },
    files: { 'app/b': '2', 'lib/deep/y': '666' },
    outcome: 'adds_content',
    path: 'lib/deep/y',
  },
  {
    name: 'nothing of what the other side brought',
    ours: { 'app/a': '2' },
    theirs: { 'app/b': '2' },
    files: {},
    outcome: 'adds_content',
    path: 'app/b',
  },
  {
    name: 'a file in the place of a folder',
    ours: { 'app/a': '2' },
    theirs: { z: '2' },
    files: { z: '2', 'lib/deep': '1' },
    outcome: 'adds_content',
    path: 'lib/deep',
  },
  {
    name: 'a file that both sides changed, whatever it holds',
    ours: { z: '2' },
    theirs: { z: '3' },
    files: { z: '3' },
    outcome: 'both_changed',
    path: 'z',
  },
  {
    name: 'a file that both sides changed, and one that nobody has',
    ours: { z: '2' },
    theirs: { z: '3' },
    files: { z: '3', 'lib/back-door': '1' },
    outcome: 'adds_content',
    path: 'lib/back-door',
  },
  {
    name: 'a new file of two makings',
    ours: { n: '1' },
    theirs: { n: '2' },
    files: { n: '12' },
    outcome: 'both_changed',
    path: 'n',
  },
]

test.for(CASES)('$name', async ({ name, ours, theirs, files, outcome, path }) => {
  const folder = sandbox.init(name.replaceAll(/\W/g, '-'), '--bare')
  const history: Drawn[] = [
    ['base', '', START],
    ['ours', 'base', ours],
    ['theirs', 'base', theirs],
    ['m', 'ours theirs', files],
  ]
  const ids = draw(folder, history)
  const parents = [ids['ours'] ?? '', ids['theirs'] ?? '']
  const repository = await openGitRepository(folder)
  expect(await repository.lookIntoMerges([{ id: ids['m'] ?? '', parents }])).toEqual([
    { object: ids['m'], outcome, path },
  ])
})

const git3 = (folder: string) => (line: string) =>
  git(folder, ['-c', 'user.name=A', '-c', 'user.email=a@b', ...line.split(' ')])

test.for([{ format: 'sha1' }, { format: 'sha256' }])(
  'a merge that git makes by itself adds nothing; one that follows a file to its new place was chosen ($format)',
  async ({ format }) => {
    const folder = sandbox.init(`real-${format}`, `--object-format=${format}`)
    const run = git3(folder)
    const { base = '', changed = '' } = draw(folder, [
      ['base', '', { ...START, long: 'a\nb\nc\nd\ne\nf\ng\n' }],
      ['changed', 'base', { long: 'a\nb\nc\nd\ne\nf\nG\n' }],
    ])
    run(`switch -q -c left ${base}`)
    run('mv long moved')
    run('commit -q -m move')
    run(`switch -q -c right ${base}`)
    run('rm -q z')
    run('commit -q -m remove')
    const merge = (onto: string, what: string): string => {
      run(`switch -q --detach ${onto}`)
      run(`merge -q --no-ff --no-edit ${what}`)
      return run('rev-parse HEAD').trim()
    }
    const clean = merge('left', 'right')
    const followed = merge('left', changed)
    const repository = await openGitRepository(folder)
    const parents = (id: string) => run(`rev-parse ${id}^@`).trim().split('\n')
    const answers = await repository.lookIntoMerges([clean, followed].map((id) => ({ id, parents: parents(id) })))
    expect(answers.map(({ outcome, path }) => [outcome, path])).toEqual([
      ['adds_nothing', null],
      ['both_changed', 'long'],
    ])
  },
)

test('what cannot be looked into says why, each merge for itself', async () => {
  const folder = sandbox.init('kinds', '--bare')
  const ids = draw(folder, [
    ['base', '', START],
    ['a', 'base', { 'app/a': '2' }],
    ['b', 'base', { 'app/b': '2' }],
    ['c', 'base', { z: '2' }],
    ['octopus', 'a b c', {}],
    ['ab', 'a b', { 'app/b': '2' }],
    ['ba', 'b a', { 'app/a': '2' }],
    ['crossed', 'ab ba', {}],
    ['stranger', '', { s: '1' }],
    ['unrelated', 'a stranger', { s: '1' }],
    ['smuggled', 'a stranger', { s: '1', t: '1' }],
  ])
  const parents: Readonly<Record<string, string>> = {
    octopus: 'a b c',
    crossed: 'ab ba',
    unrelated: 'a stranger',
    ab: 'a b',
    smuggled: 'a stranger',
  }
  const nodes = Object.entries(parents).map(([name, of]) => ({
    id: ids[name] ?? '',
    parents: of.split(' ').map((one) => ids[one] ?? ''),
  }))
  const repository = await openGitRepository(folder)
  expect((await repository.lookIntoMerges(nodes)).map(({ outcome }) => outcome)).toEqual([
    'not_two_parents',
    'several_bases',
    'adds_nothing',
    'adds_nothing',
    'adds_content',
  ])
  const gone = { id: ids['ba'] ?? '', parents: [ids['a'] ?? '', '1'.repeat(40)] }
  const about = [...nodes.slice(2), gone, ...nodes.slice(0, 2)]
  expect((await repository.lookIntoMerges(about)).map(({ outcome }) => outcome)).toEqual([
    'adds_nothing',
    'adds_nothing',
    'adds_content',
    'unreadable',
    'not_two_parents',
    'several_bases',
  ])
  expect(await repository.lookIntoMerges([])).toEqual([])
})

test('a merge that touches more folders than are read is told as too large', async () => {
  const wide = (content: string) => Object.fromEntries(Array.from({ length: 10_000 }, (_, at) => [`f${at}/x`, content]))
  const folder = sandbox.init('wide', '--bare')
  const ids = draw(folder, [
    ['base', '', { z: '1' }],
    ['a', 'base', wide('1')],
    ['b', 'base', wide('2')],
    ['m', 'a b', {}],
  ])
  const repository = await openGitRepository(folder)
  const merge = { id: ids['m'] ?? '', parents: [ids['a'] ?? '', ids['b'] ?? ''] }
  expect((await repository.lookIntoMerges([merge]))[0]?.outcome).toBe('too_large')
})
