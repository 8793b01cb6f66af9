import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { PROBLEMS } from '../workflows/problem.ts'
import { EXIT_CODES } from './exit-code.ts'
import { MEANINGS, TOPICS } from './help-topics.ts'
import { readArguments } from './program.ts'
import { runCli } from './run-cli.fixtures.ts'
import type { Terminal } from './terminal.ts'

const root = join(import.meta.dirname, '../../../..')
const glyphs = {
  pass: '1',
  fail: '2',
  warn: '3',
  not_applicable: '4',
  pending: '5',
  indeterminate: '6',
  waived: '7',
  break_glass: '8',
}

async function help(...names: readonly string[]): Promise<string> {
  let out = ''
  const terminal: Terminal = {
    data: async (text) => {
      out += text
    },
    talk: (text) => expect.unreachable(`talked: ${text}`),
    redraws: false,
    paint: (_style, text) => text,
    glyphs,
  }
  expect(await readArguments(['help', ...names], terminal)).toBe(0)
  return out
}

describe('what is not there is refused with 2', () => {
  test.for([
    { name: 'a misspelt topic', words: ['exit-code'], advice: 'did you mean "exit-codes"?' },
    { name: 'a misspelt error code', words: ['log_lokced'], advice: 'did you mean "log_locked"?' },
    { name: 'a misspelt command', words: ['verfy'], advice: 'did you mean "verify"?' },
    { name: 'what every object has', words: ['constructor'], advice: 'countersign help lists what there is' },
    { name: 'what is like nothing', words: ['zzzzzzzzzzzz'], advice: 'countersign help lists what there is' },
    { name: 'a very long word', words: ['config'.repeat(9_999)], advice: 'countersign help lists what there is' },
    { name: 'a word behind a topic', words: ['config', 'x'], advice: 'did you mean "config"?' },
    { name: 'a word behind a command', words: ['verify', 'x'], advice: 'did you mean "verify"?' },
  ])('$name', async ({ words, advice }) => {
    await expect(help(...words)).rejects.toMatchObject({
      code: 'usage',
      message: `there is no command, topic or error code "${words.join(' ')}": ${advice}`,
    })
  })

  test('in a process, on standard error alone', async () => {
    const { code, out, err } = await runCli(['help', 'log_lokced'])
    expect([code, out]).toEqual([2, ''])
    expect(err).toContain('did you mean "log_locked"?')
  })

  test('an option that help does not have', async () => {
    expect((await runCli(['help', '--nonsense'])).code).toBe(2)
  })
})

test.for(Object.entries(PROBLEMS))('%s is explained with meaning, remedy and exit code', async ([code, problem]) => {
  const text = await help(code)
  const exit = EXIT_CODES.find(([candidate]) => candidate === problem.exit)
  expect(text.split('\n')).toEqual([
    code,
    '',
    expect.stringMatching(/^ {2}meaning {2}[A-Z].+\.$/),
    `  remedy   ${problem.remedy}`,
    `  exit     ${exit?.join(', ')}`,
    '',
  ])
})

test('meanings are those of docs/errors.md', () => {
  const page = readFileSync(join(root, 'docs/errors.md'), 'utf8')
  const rows = page.split('\n').flatMap((line) => {
    const [, code, , when] = line.split('|').map((cell) => cell.trim().replaceAll('`', '').replaceAll('’', "'"))
    return line.startsWith('| `') ? [[code, when]] : []
  })
  expect(Object.entries(MEANINGS)).toEqual(rows)
})

describe('topics', () => {
  test('exit-codes prints the whole table and nothing else', async () => {
    const lines = (await help('exit-codes')).trimEnd().split('\n')
    expect(lines.map((line) => [Number(line.slice(0, 4)), line.slice(6)])).toEqual(EXIT_CODES)
  })

  test('environment names every variable that steers the command line', async () => {
    const sources = join(root, 'packages/countersign/src')
    const read = readdirSync(sources, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts') && !/\.(test|fixtures|contract)\.ts$|adapters\/demo\//.test(path))
      .flatMap((path) => readFileSync(join(sources, path), 'utf8').split('\n'))
      .flatMap((line) =>
        /\benv\b/.test(line) ? [...line.matchAll(/\b[A-Z][A-Z_]+(?=['"]\]|:? \w+[,} ])/g)].map(String) : [],
      )
    const text = await help('environment')
    const named = text.split('\n').flatMap((line) => line.match(/^[A-Z_]+(?= {2})/)?.[0] ?? [])
    expect(named.filter((name) => name !== 'PATH').sort()).toEqual([...new Set(read)].sort())
  })

  test('formatting shows the glyph of every verdict as this terminal prints it', async () => {
    const text = await help('formatting')
    for (const [verdict, glyph] of Object.entries(glyphs)) expect(text).toContain(`\n  ${glyph} ${verdict}\n`)
  })

  test('config names the files that init writes', async () => {
    const text = await help('config')
    for (const name of ['.countersign/policy.yaml', '.countersign/identities.yaml']) expect(text).toContain(name)
  })

  test.for(Object.keys(TOPICS))('%s is named by the whole help, and fits 120 columns', async (topic) => {
    expect(await help()).toContain(topic)
    for (const line of (await help(topic)).split('\n')) expect(line.length).toBeLessThanOrEqual(120)
  })
})

test.for([
  { words: [], usage: 'Usage: countersign [options] [command]' },
  { words: ['check'], usage: 'Usage: countersign check [options]' },
  { words: ['log'], usage: 'Usage: countersign log [options] [command]' },
  { words: ['log', 'fsck'], usage: 'Usage: countersign log fsck [options]' },
  { words: ['help'], usage: 'Usage: countersign help [options] [name...]' },
])('help $words prints that command’s own help', async ({ words, usage }) => {
  expect((await help(...words)).split('\n')[0]).toBe(usage)
})
