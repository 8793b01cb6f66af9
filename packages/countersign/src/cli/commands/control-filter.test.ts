import { describe, expect, test } from 'vitest'
import { controlFilter } from './control-filter.ts'

const CARRIED = new Set(['soc2-tsc@2017-pof2022:CC8.1', 'pci-dss@4.0.1:6.5.1', 'x-acme@2026:CHG-1'])
const look = (text: string, carried: ReadonlySet<string> = CARRIED) => {
  const { tags, notes } = controlFilter(text, carried)
  return { tags: [...tags], notes: notes.length }
}

test.for([
  { text: 'soc2-tsc@2017-pof2022:CC8.1', tags: ['soc2-tsc@2017-pof2022:CC8.1'], notes: 0 },
  { text: 'CC8.1', tags: ['soc2-tsc@2017-pof2022:CC8.1'], notes: 1 },
  { text: 'iso27001@2013:A.12.1.2', tags: ['iso27001@2022:A.8.32'], notes: 1 },
  { text: 'nist-800-53@r5:CM-03', tags: ['nist-800-53@r5:CM-3'], notes: 1 },
  { text: 'fedramp@rev5-high:CM-14', tags: ['fedramp@rev5-high:CM-14', 'nist-800-53@r5:CM-14'], notes: 0 },
  { text: 'pci-dss@4.0.1:6.4', tags: ['pci-dss@4.0.1:6.4'], notes: 1 },
  { text: 'x-acme@2026:CHG-1', tags: ['x-acme@2026:CHG-1'], notes: 0 },
  { text: 'CHG-1', tags: ['x-acme@2026:CHG-1'], notes: 1 },
])('$text looks for $tags', ({ text, ...wanted }) => {
  expect(look(text)).toEqual(wanted)
})

test('what stands for several is looked for with all of them', () => {
  const { tags } = look('pci-dss@3.2.1:6.4')
  expect(tags).toContain('pci-dss@4.0.1:6.5')
  expect(tags).toContain('pci-dss@4.0.1:6.5.1')
})

describe('refused with control_unknown, and what may be meant is named', () => {
  test.for([
    { text: 'pci-dss:6.4', says: 'pci-dss@4.0.1:6.4 or pci-dss@3.2.1:6.4' },
    { text: 'CC99', says: '"CC99"' },
    { text: 'x-acme@2026:CHG-2', says: 'no framework "x-acme"' },
    { text: '', says: 'no control tag' },
  ])('"$text"', ({ text, says }) => {
    expect(() => controlFilter(text, CARRIED)).toThrow(
      expect.objectContaining({ name: 'Problem', code: 'control_unknown', message: expect.stringContaining(says) }),
    )
  })

  test('an id that two frameworks of a customer’s have', () => {
    const two = new Set(['x-acme@2026:CHG-1', 'x-acme@2025:CHG-1'])
    expect(() => controlFilter('CHG-1', two)).toThrow(expect.objectContaining({ code: 'control_unknown' }))
  })
})
