import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Problem } from '../../workflows/problem.ts'
import { readControls } from './read-controls.ts'
import { readPolicy } from './read-policy.ts'

const HEAD = 'apiVersion: countersign.dev/v1\nkind: Controls\n'
const OWN = `frameworks:
  - id: x-acme
    version: "2026"
    name: ACME
    controls:
      - {id: CHG-1, label: Changes are agreed, fit: direct, evidence: [PRR], rationale: Own.}
`
const map = (tag: string): string =>
  `mappings:\n  - tag: ${tag}\n    evidence: [SIG]\n    fit: partial\n    rationale: Own.\n`

function refusalOf(text: string): string {
  try {
    readControls('controls.yaml', Buffer.from(text))
  } catch (error) {
    if (error instanceof Problem && error.code === 'policy_malformed') return error.message
    throw error
  }
  return 'none'
}

describe('refuses own controls and names file, line, column and key', () => {
  test.for([
    {
      name: 'a tag that nobody knows',
      text: `${HEAD}${map('soc2-tsc@2017-pof2022:CC99')}`,
      says: 'controls.yaml:4:10: mappings.0.tag: no control goes by',
    },
    {
      name: 'a tag that may mean two',
      text: `${HEAD}${map('pci-dss:6.4')}`,
      says: 'controls.yaml:4:10: mappings.0.tag: "pci-dss:6.4" may mean',
    },
    {
      name: 'a tag that is no longer in force',
      text: `${HEAD}${map('iso27001@2013:A.12.1.2')}`,
      says: 'controls.yaml:4:10: mappings.0.tag: must be written iso27001@2022:A.8.32',
    },
    {
      name: 'a framework that could ship one day',
      text: `${HEAD}${OWN.replace('x-acme', 'acme')}`,
      says: 'controls.yaml:4:9: frameworks.0.id: must begin with x-',
    },
    {
      name: 'a kind of evidence that there is not',
      text: `${HEAD}${OWN.replace('[PRR]', '[PR]')}`,
      says: 'controls.yaml:8:72: frameworks.0.controls.0.evidence.0: ',
    },
    { name: 'an unknown key', text: `${HEAD}framework: []\n`, says: 'controls.yaml:1:1: (the whole file): ' },
    { name: 'no kind', text: 'apiVersion: countersign.dev/v1\n', says: 'controls.yaml:1:1: kind: ' },
  ])('$name', ({ text, says }) => {
    expect(refusalOf(text)).toContain(says)
  })
})

test('reads own frameworks and what they add to others', () => {
  const controls = readControls('controls.yaml', Buffer.from(`${HEAD}${OWN}${map('x-acme@2026:CHG-1')}`))
  expect(controls.frameworks.map(({ id }) => id)).toEqual(['x-acme'])
  expect(controls.mappings.map(({ tag }) => tag)).toEqual(['x-acme@2026:CHG-1'])
})

test('a policy folder seals them with its rules, and nothing where there is no such file', () => {
  const rules = 'apiVersion: countersign.dev/v1\nkind: Policy\n'
  const folder = (more: Record<string, string>): ReadonlyMap<string, Uint8Array> =>
    new Map(Object.entries({ 'policy.yaml': rules, ...more }).map(([path, text]) => [path, Buffer.from(text)]))
  const { policy } = readPolicy(folder({ 'controls.yaml': `${HEAD}${OWN}` }), { kind: 'folder' })
  expect(policy.controls?.frameworks).toHaveLength(1)
  expect('controls' in readPolicy(folder({}), { kind: 'folder' }).policy).toBe(false)
  expect(() => readPolicy(folder({ 'controls.yaml': 'x' }), { kind: 'folder' })).toThrow(
    expect.objectContaining({ code: 'policy_malformed' }),
  )
})

test('reads the example on the page about the mapping', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../../../docs/formats/control-mapping.md'), 'utf8')
  const [, example = ''] = /```yaml\n([\s\S]*?)```/.exec(page) ?? []
  const { frameworks, mappings } = readControls('controls.yaml', Buffer.from(example))
  expect([frameworks.length, mappings.length]).toEqual([1, 1])
})
