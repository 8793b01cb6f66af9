import { expect, test } from 'vitest'
import { z } from 'zod'
import { Policy } from '../../judge/policy.ts'
import { Problem } from '../../workflows/problem.ts'
import { readYaml } from './read-yaml.ts'

const HEAD = 'apiVersion: countersign.dev/v1\nkind: Policy\n'
const bomb = `a: &a [x, x, x, x, x, x, x, x]\n${[...'bcdefgh']
  .map((name, at) => `${name}: &${name} [${Array(8).fill(`*${'abcdefg'[at]}`).join(', ')}]\n`)
  .join('')}`

function refusalOf(text: string | Uint8Array): string {
  try {
    readYaml('policy.yaml', typeof text === 'string' ? Buffer.from(text) : text, Policy)
  } catch (error) {
    if (error instanceof Problem && error.code === 'policy_malformed') return error.message
    throw error
  }
  return 'none'
}

test.for([
  { name: 'an unknown key', text: `${HEAD}rulez: {}\n`, says: ['policy.yaml:1:1: (the whole file): ', '"rulez"'] },
  {
    name: 'an unknown rule',
    text: `${HEAD}rules:\n  commits-sined: {}\n`,
    says: ['policy.yaml:4:3: rules: ', '"commits-sined"'],
  },
  {
    name: 'a wrong type',
    text: `${HEAD}controlledRefs:\n  branches: main\n`,
    says: ['policy.yaml:4:13: controlledRefs.branches: '],
  },
  {
    name: 'a wrong type in a list',
    text: `${HEAD}controlledRefs:\n  tags:\n    - v*\n    - 1\n`,
    says: ['policy.yaml:6:7: controlledRefs.tags.1: '],
  },
  {
    name: 'a mode that is none',
    text: `${HEAD}rules:\n  commits-signed:\n    mode: on\n`,
    says: ['policy.yaml:5:11: rules.commits-signed.mode: '],
  },
  {
    name: 'a pattern that does not compile',
    text: `${HEAD}rules:\n  ticket-referenced:\n    pattern: '('\n`,
    says: ['policy.yaml:5:14: rules.ticket-referenced.pattern: ', 'regular expression'],
  },
  { name: 'a key that is missing', text: 'kind: Policy\n', says: ['policy.yaml:1:1: apiVersion: '] },
  {
    name: 'a key that stands twice',
    text: `${HEAD}kind: Policy\n`,
    says: ['policy.yaml:3:1: kind: this key stands twice'],
  },
  {
    name: 'a key that stands twice further in',
    text: `${HEAD}rules:\n  history-kept: {mode: off, "mode": warn}\n`,
    says: ['policy.yaml:4:29: mode: this key stands twice'],
  },
  { name: 'a key that is a list', text: `${HEAD}? [a]\n: b\n`, says: ['a key must be plain text'] },
  { name: 'a key that is a number', text: `${HEAD}1: b\n`, says: ['policy.yaml:3:1: a key must be plain text'] },
  { name: 'a merge key', text: `${HEAD}rules: &r {}\n<<: *r\n`, says: ['"<<"'] },
  {
    name: 'a tab for indentation',
    text: `${HEAD}rules:\n\thistory-kept: {}\n`,
    says: ['policy.yaml:4:1: Tabs are not allowed'],
  },
  { name: 'a bracket that does not close', text: `${HEAD}rules: {\n`, says: ['policy.yaml:4:1: '] },
  { name: 'an alias of nothing', text: `${HEAD}rules: *nothing\n`, says: ['policy.yaml:3:8: Unresolved alias'] },
  {
    name: 'a tag of another language',
    text: `${HEAD}rules: !!js/function x\n`,
    says: ['policy.yaml:3:8: Unresolved tag'],
  },
  { name: 'two documents', text: `${HEAD}---\n${HEAD}`, says: ['policy.yaml:3:1: ', 'multiple documents'] },
  { name: 'an alias bomb', text: bomb, says: ['policy.yaml: ', 'alias'] },
  { name: 'nothing', text: '', says: ['policy.yaml:1:1: (the whole file): '] },
  { name: 'a list', text: '- a\n', says: ['policy.yaml:1:1: (the whole file): '] },
  {
    name: 'bytes that are not UTF-8',
    text: Buffer.from('kind: \xff\n', 'latin1'),
    says: ['policy.yaml: not UTF-8 text'],
  },
  {
    name: 'more than a megabyte',
    text: Buffer.alloc(1_000_001, ' '),
    says: ['policy.yaml: larger than 1000000 bytes'],
  },
])('refuses $name and says where', ({ text, says }) => {
  const refusal = refusalOf(text)
  for (const part of says) expect(refusal).toContain(part)
  expect(refusal).not.toContain('\n    at ')
})

test('names every fault, each on a line of its own', () => {
  const refusal = refusalOf(`${HEAD}rules:\n  commits-signed: {mode: a}\n  merges-signed: {mode: b}\n`)
  expect(refusal.split('\n').map((line) => line.split(': ').slice(0, 2))).toEqual([
    ['policy.yaml:4:26', 'rules.commits-signed.mode'],
    ['policy.yaml:5:25', 'rules.merges-signed.mode'],
  ])
})

test('says how many faults there are beyond the first twenty', () => {
  const refusal = refusalOf(`${HEAD}rules:\n${Array.from({ length: 30 }, () => '  history-kept: {}\n').join('')}`)
  expect(refusal.split('\n')).toHaveLength(21)
  expect(refusal).toMatch(/and 9 more$/)
})

test('reads what is in order, anchors and aliases included', () => {
  const text = `${HEAD}rules:\n  commits-signed: &w {mode: warn}\n  merges-signed: *w\n`
  const { rules } = readYaml('policy.yaml', Buffer.from(text), Policy)
  expect([rules['commits-signed'].mode, rules['merges-signed'].mode]).toEqual(['warn', 'warn'])
})

test.for([
  { name: 'twenty thousand keys', text: Array.from({ length: 20_000 }, (_, at) => `k${at}: 1\n`).join('') },
  { name: 'a hundred thousand quotation marks', text: '"'.repeat(100_000) },
  { name: 'fifty thousand brackets', text: '['.repeat(50_000) },
  { name: 'a thousand maps in maps', text: Array.from({ length: 1_000 }, (_, at) => `${' '.repeat(at)}k:\n`).join('') },
])('$name take no more than a moment', ({ text }) => {
  const startedAt = performance.now()
  try {
    readYaml('policy.yaml', Buffer.from(text), z.record(z.string(), z.number()))
  } catch (error) {
    expect(error).toBeInstanceOf(Problem)
  }
  expect(performance.now() - startedAt).toBeLessThan(4_000)
})
