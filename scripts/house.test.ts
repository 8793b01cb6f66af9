import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import {
  countShippedLines,
  findBadNames,
  findLongFiles,
  findMachineTraces,
  findUnfinished,
  VERIFY_BUDGET_LINES,
} from './house.ts'
import { PROJECT_ROOT, projectFiles, readTexts } from './project-files.ts'

const paths = projectFiles()
const texts = readTexts(
  paths.filter((path) => /\.(?:ts|tsx|mjs|js|json|md|sh|ya?ml|toml|txt)$|(?:^|\/)[A-Z]+$|^\.ci\//.test(path)),
)

test('names say what they hold', () => {
  expect(findBadNames(paths)).toEqual([])
})

test('source files are short', () => {
  expect(findLongFiles(texts)).toEqual([])
})

test('nothing is left unfinished or switched off', () => {
  expect(findUnfinished(texts)).toEqual([])
})

test('no file names one machine or one registry', () => {
  expect(findMachineTraces(texts)).toEqual([])
})

test('an auditor can read packages/verify', () => {
  const lines = countShippedLines(texts, 'packages/verify/src/')
  const folders = new Set([...texts.keys()].flatMap((path) => /^packages\/verify\/src\/[^/]+\//.exec(path) ?? []))
  const shares = [...folders].map((folder) => `${folder.split('/').at(-2)} ${countShippedLines(texts, folder)}`)
  console.log(`packages/verify: ${lines} of ${VERIFY_BUDGET_LINES} lines of code (${shares.join(', ')})`)
  expect(lines).toBeGreaterThan(0)
  expect(lines).toBeLessThanOrEqual(VERIFY_BUDGET_LINES)
})

test('every npm script that a page or program names exists', () => {
  const { scripts } = JSON.parse(texts.get('package.json') ?? '{}')
  const named = [...texts]
    .filter(([path]) => /\.md$|^\.ci\/|^\.github\/|^package\.json$/.test(path))
    .flatMap(([path, text]) =>
      [...text.matchAll(/\bnpm run (?:--?[\w-]+ )*([a-z][\w:-]*)/g)].map((match) => ({ path, script: match[1] ?? '' })),
    )
  expect(named.filter(({ script }) => !(script in scripts))).toEqual([])
})

test('every program that an npm script starts exists', () => {
  const { scripts } = JSON.parse(texts.get('package.json') ?? '{}')
  const files = Object.values<string>(scripts).flatMap(
    (line) => line.match(/\b(?:scripts|bench|packages)\/[\w./-]+/g) ?? [],
  )
  expect(files.filter((file) => !existsSync(join(PROJECT_ROOT, file)))).toEqual([])
})

const file = (path: string, text: string): ReadonlyMap<string, string> => new Map([[path, text]])
const unfinished = ['TO', 'DO'].join('')

test.for([
  { name: 'a folder that says nothing', found: findBadNames(['src/utils/a.ts']), says: '"utils" says nothing' },
  { name: 'a file that says nothing', found: findBadNames(['src/common.ts']), says: '"common" says nothing' },
  { name: 'camel case', found: findBadNames(['src/readFile.ts']), says: 'kebab-case' },
  { name: 'a folder in camel case', found: findBadNames(['src/readFile/a.md']), says: 'kebab-case' },
  { name: 'a long file', found: findLongFiles(file('a.ts', 'a\n'.repeat(401))), says: '401 lines' },
  { name: 'an unfinished note', found: findUnfinished(file('a.ts', `\n// ${unfinished} later`)), says: 'a.ts:2' },
  { name: 'an unfinished page', found: findUnfinished(file('a.md', unfinished)), says: 'a.md:1' },
  { name: 'a skipped test', found: findUnfinished(file('a.test.ts', "test.skip('a')")), says: 'does not count' },
  { name: 'a lone test', found: findUnfinished(file('a.test.ts', "describe.only('a')")), says: 'does not count' },
  {
    name: 'a conditional test',
    found: findUnfinished(file('a.test.ts', "test.skipIf(x)('a')")),
    says: 'does not count',
  },
  { name: 'a home folder', found: findMachineTraces(file('a.md', ['see /ro', 'ot/x'].join(''))), says: 'one machine' },
  {
    name: 'a registry',
    found: findMachineTraces(file('a.json', ['https://registry.', 'npmjs.org/a'].join(''))),
    says: 'registry',
  },
  {
    name: 'a lock with hosts',
    found: findMachineTraces(file('a.json', ['"resolved": "ht', 'tps://a"'].join(''))),
    says: 'registry',
  },
])('finds $name', ({ found, says }) => {
  expect(found.join('\n')).toContain(says)
})

test('passes over what only looks alike', () => {
  expect(
    findBadNames(['testdata/openssh/rsaKey_1.pub', 'README.md', '.github/CODEOWNERS', 'src/a.oracle.test.ts']),
  ).toEqual([])
  expect(findLongFiles(file('a.ts', 'a\n'.repeat(400)))).toEqual([])
  expect(findUnfinished(file('a.ts', "const a = 'test.skip(1)'\nlist.only(1)"))).toEqual([])
  expect(findMachineTraces(file('a.md', 'https://example.com/work/a src/root/b ~/work/c'))).toEqual([])
})

test('counts shipped lines of code, without tests, comments and blank lines', () => {
  const sources = new Map([
    ['p/a.ts', '/** what\n * it is\n */\na\n\n  // why\nb\n'],
    ['p/a.test.ts', 'a\n'],
    ['q/b.ts', 'a\n'],
  ])
  expect(countShippedLines(sources, 'p/')).toBe(2)
})
