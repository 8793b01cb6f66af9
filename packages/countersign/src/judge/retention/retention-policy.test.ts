import { describe, expect, test } from 'vitest'
import { resolveControlTag } from '../controls/resolve-control-tag.ts'
import { RETENTION_EXPECTATIONS, retentionShortfalls } from './expectations.ts'
import { DEFAULT_CLASSES, RetentionPolicy, retentionClass } from './retention-policy.ts'

const HEAD = { apiVersion: 'countersign.dev/v1', kind: 'Retention' }
const read = (value: object) => RetentionPolicy.parse({ ...HEAD, ...value })
const hold = { id: 'case-1', why: 'A lawsuit', by: 'legal@example.com', from: '2026-01-01T00:00:00Z' }

test.for([
  {
    name: 'a class in capitals',
    value: { classes: { Long: { records: 1, payloads: 1, erasable: false } } },
    path: 'classes.Long',
  },
  {
    name: 'a payload kept longer than its record',
    value: { classes: { a: { records: 1, payloads: 2, erasable: false } } },
    path: 'classes.a.payloads',
  },
  {
    name: 'a record kept for no day',
    value: { classes: { a: { records: 0, payloads: 0, erasable: false } } },
    path: 'classes.a.records',
  },
  {
    name: 'a class that does not say whether it may be erased',
    value: { classes: { a: { records: 1, payloads: 1 } } },
    path: 'classes.a.erasable',
  },
  {
    name: 'half a day',
    value: { classes: { a: { records: 1.5, payloads: 1, erasable: false } } },
    path: 'classes.a.records',
  },
  { name: 'a hold without a reason', value: { holds: [{ ...hold, why: '' }] }, path: 'holds.0.why' },
  { name: 'a hold twice', value: { holds: [hold, hold] }, path: 'holds.1.id' },
  {
    name: 'a hold on a class that there is not',
    value: { holds: [{ ...hold, scope: { classes: ['standart'] } }] },
    path: 'holds.0.scope.classes.0',
  },
  {
    name: 'a hold on an empty list',
    value: { holds: [{ ...hold, scope: { subjects: [] } }] },
    path: 'holds.0.scope.subjects',
  },
  {
    name: 'a hold on what nobody knows',
    value: { holds: [{ ...hold, scope: { people: ['a'] } }] },
    path: 'holds.0.scope',
  },
  { name: 'a hold from no time', value: { holds: [{ ...hold, from: 'today' }] }, path: 'holds.0.from' },
  { name: 'an unknown key', value: { class: {} }, path: '' },
  { name: 'another kind', value: { kind: 'Policy' }, path: 'kind' },
])('refuses a retention policy with $name', ({ value, path }) => {
  const parsed = RetentionPolicy.safeParse({ ...HEAD, ...value })
  expect(parsed.error?.issues.map((issue) => issue.path.join('.'))).toEqual([path])
})

describe('classes', () => {
  test('are seven years for records and 400 days for payloads, where nothing else is said', () => {
    expect(retentionClass(read({}), 'standard')).toEqual({ records: 2_557, payloads: 400, erasable: true })
    expect(retentionClass(read({}), 'decision')).toMatchObject({ records: 2_557, payloads: 2_557, erasable: false })
  })

  test('may be said otherwise, and more may be named', () => {
    const longer = { records: 3_653, payloads: 3_653, erasable: false }
    const policy = read({ classes: { standard: longer, long: longer } })
    expect([retentionClass(policy, 'standard'), retentionClass(policy, 'long')]).toEqual([longer, longer])
    expect(retentionClass(policy, 'personal')).toEqual(DEFAULT_CLASSES.personal)
  })

  test('that nobody named are unknown', () => {
    for (const name of ['standart', '', 'constructor']) expect(retentionClass(read({}), name)).toBeUndefined()
  })
})

describe('expectations of others', () => {
  test('are met by the classes that there are by default', () => {
    expect(retentionShortfalls(read({}), Object.keys(DEFAULT_CLASSES))).toEqual([])
  })

  test('that a class falls short of are named', () => {
    const policy = read({ classes: { short: { records: 365, payloads: 1, erasable: true } } })
    const short = retentionShortfalls(policy, ['standard', 'short'])
    expect(short.map((one) => one.expectation)).toEqual(RETENTION_EXPECTATIONS)
    expect(short[0]).toMatchObject({ class: 'short', days: 365, expectation: { tag: 'pci-dss@4.0.1:10.5.1' } })
    expect(retentionShortfalls(read({}), ['nobody'])).toHaveLength(RETENTION_EXPECTATIONS.length)
  })

  test('name controls that are in force', () => {
    for (const { tag } of RETENTION_EXPECTATIONS) if (tag !== null) expect(resolveControlTag(tag).notes).toEqual([])
  })
})
