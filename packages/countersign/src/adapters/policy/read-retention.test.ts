import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { DEFAULT_CLASSES } from '../../judge/retention/retention-policy.ts'
import { readRetention } from './read-retention.ts'

const HEAD = 'apiVersion: countersign.dev/v1\nkind: Retention\n'
const HOLD =
  'holds:\n  - {id: case-1, why: A lawsuit, by: legal, from: 2026-01-01T00:00:00Z, scope: {classes: [long]}}\n'
const read = (text: string) => readRetention('retention.yaml', Buffer.from(text))

test.for([
  {
    name: 'a class that does not say how long',
    text: `${HEAD}classes:\n  long: {records: 9, erasable: false}\n`,
    says: 'retention.yaml:4:9: classes.long.payloads: ',
  },
  {
    name: 'a hold on a class that there is not',
    text: `${HEAD}${HOLD}`,
    says: 'retention.yaml:4:91: holds.0.scope.classes.0: there is no class "long"',
  },
  { name: 'another kind', text: 'apiVersion: countersign.dev/v1\nkind: Policy\n', says: 'retention.yaml:2:7: kind: ' },
])('refuses $name and names its place', ({ text, says }) => {
  expect(() => read(text)).toThrow(
    expect.objectContaining({ code: 'policy_malformed', message: expect.stringContaining(says) }),
  )
})

test('reads classes and holds', () => {
  const policy = read(`${HEAD}classes:\n  long: {records: 9, payloads: 9, erasable: false}\n${HOLD}`)
  expect(policy.classes).toEqual({ long: { records: 9, payloads: 9, erasable: false } })
  expect(policy.holds).toMatchObject([{ id: 'case-1', scope: { classes: ['long'] } }])
})

test('reads the example on the page about retention, whose table is that of the classes', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../../../docs/operations/retention.md'), 'utf8')
  const [, example = ''] = /```yaml\n([\s\S]*?)```/.exec(page) ?? []
  expect(read(example).holds).toHaveLength(1)
  const said = (days: number): string => (days === 2_557 ? '7 years' : `${days} days`)
  for (const [name, { records, payloads, erasable }] of Object.entries(DEFAULT_CLASSES)) {
    expect(page).toContain(`| \`${name}\` | ${said(records)} | ${said(payloads)} | ${erasable ? 'yes' : 'no'} |`)
  }
})
