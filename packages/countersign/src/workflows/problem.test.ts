import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { EXIT_CODES } from '../cli/exit-code.ts'
import { PROBLEMS, Problem, type ProblemCode, problemCodeOf } from './problem.ts'

const root = join(import.meta.dirname, '../../../..')
const codes = Object.keys(PROBLEMS) as ProblemCode[]

test('docs/errors.md lists the same codes, exit codes and remedies, in the same order', () => {
  const page = readFileSync(join(root, 'docs/errors.md'), 'utf8')
  const rows = page.split('\n').flatMap((line) => {
    const [, code, exit, when, remedy] = line.split('|').map((cell) => cell.trim())
    return code?.startsWith('`') ? [{ code: code.slice(1, -1), exit: Number(exit), when, remedy }] : []
  })
  const wanted = codes.map((code) => ({ code, ...PROBLEMS[code], when: expect.stringMatching(/^[A-Z].+\.$/) }))
  expect(rows).toEqual(wanted)
})

const sources = readdirSync(join(root, 'packages/countersign/src'), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts') && !/\.(test|fixtures|contract)\.ts$|workflows\/problem\.ts$/.test(path))
  .map((path) => readFileSync(join(root, 'packages/countersign/src', path), 'utf8'))

test.for(codes)('some source refuses with %s', (code) => {
  expect(sources.some((text) => text.includes(`'${code}'`))).toBe(true)
})

test.for(codes)('%s has a remedy and an exit code that is documented', (code) => {
  const problem = new Problem(code, 'what happened', { cause: new Error('why') })
  expect(problem).toMatchObject({ name: 'Problem', code, message: 'what happened', cause: new Error('why') })
  expect(problem.remedy.length).toBeGreaterThan(10)
  expect(EXIT_CODES.map(([exit]) => exit)).toContain(problem.exit)
})

test.for([
  {
    name: 'an error of another class with a code that is listed',
    error: Object.assign(new Error(), { code: 'log_locked' }),
    code: 'log_locked',
  },
  {
    name: 'an error with a code that is not listed',
    error: Object.assign(new Error(), { code: 'ENOENT' }),
    code: null,
  },
  {
    name: 'an error with a code that every object has',
    error: Object.assign(new Error(), { code: 'constructor' }),
    code: null,
  },
  { name: 'an error whose code is a number', error: Object.assign(new Error(), { code: 1 }), code: null },
  { name: 'an error without a code', error: new Error(), code: null },
  { name: 'what is no error', error: { code: 'log_locked' }, code: null },
])('the code of $name', ({ error, code }) => {
  expect(problemCodeOf(error)).toBe(code)
})
