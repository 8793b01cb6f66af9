import { describe, expect, test } from 'vitest'
import { controlsFor, customTagsFor, faultsOfCustomControls } from './controls-for.ts'
import { CustomControls } from './custom-controls.ts'
import { resolveControlTag } from './resolve-control-tag.ts'

const HEAD = { apiVersion: 'countersign.dev/v1', kind: 'Controls' }
const control = { id: 'CHG-1', label: 'Changes are agreed', fit: 'direct', evidence: ['PRR', 'SOD'], rationale: 'Own.' }
const own = { id: 'x-acme', version: '2026', name: 'ACME', controls: [control] }
const custom = CustomControls.parse({
  ...HEAD,
  frameworks: [{ ...own, superseded: [{ version: '2025', id: 'C7', by: 'CHG-1' }] }],
  mappings: [
    { tag: 'soc2-tsc@2017-pof2022:CC9.2', evidence: ['EXC'], fit: 'context', rationale: 'Vendors.' },
    { tag: 'nist-800-53@r5:CM-3', evidence: ['SIG'], fit: 'partial', rationale: 'Signed.' },
    { tag: 'nist-800-53@r5:CM-14', evidence: ['SIG'], fit: 'partial', rationale: 'Less than they say.' },
  ],
})

describe('a customer’s own controls', () => {
  test('come after those that ship', () => {
    const tags = controlsFor('PRR', { custom }).map(({ tag }) => tag)
    expect(tags).toEqual([...controlsFor('PRR').map(({ tag }) => tag), 'x-acme@2026:CHG-1'])
  })

  test('are added to controls that ship, and take their place where both map the same', () => {
    const signed = controlsFor('SIG', { custom })
    expect(signed.find(({ tag }) => tag === 'nist-800-53@r5:CM-3')).toMatchObject({
      fit: 'partial',
      label: 'Configuration Change Control',
    })
    expect(signed.filter(({ tag }) => tag === 'nist-800-53@r5:CM-14').map(({ fit }) => fit)).toEqual(['partial'])
    expect(signed).toHaveLength(controlsFor('SIG').length + 1)
    expect(controlsFor('SIG').some(({ tag }) => tag === 'nist-800-53@r5:CM-3')).toBe(false)
  })

  test('are resolved, those of older versions too', () => {
    expect(resolveControlTag('x-acme@2026:CHG-1', { custom }).notes).toEqual([])
    expect(resolveControlTag('CHG-1', { custom }).tag).toBe('x-acme@2026:CHG-1')
    expect(resolveControlTag('x-acme@2025:C7', { custom })).toMatchObject({
      tag: 'x-acme@2026:CHG-1',
      notes: [{ code: 'superseded' }],
    })
    expect(() => resolveControlTag('x-acme@2026:CHG-1')).toThrow(expect.objectContaining({ code: 'framework_unknown' }))
  })

  test('give support to a control that had none', () => {
    expect(resolveControlTag('soc2-tsc@2017-pof2022:CC9.2', { custom })).toMatchObject({ isSupported: true, notes: [] })
  })

  test('give tags to evidence of the kinds that they name', () => {
    expect(customTagsFor(['SIG', 'PRR'], custom)).toEqual([
      'nist-800-53@r5:CM-14',
      'nist-800-53@r5:CM-3',
      'x-acme@2026:CHG-1',
    ])
    expect(customTagsFor(['TIME'], custom)).toEqual([])
    expect(customTagsFor(['SIG'], undefined)).toEqual([])
  })

  test('may be none at all', () => {
    expect(controlsFor('SIG', { custom: CustomControls.parse(HEAD) })).toEqual(controlsFor('SIG'))
  })
})

test.for([
  {
    name: 'a framework that might ship one day',
    value: { frameworks: [{ ...own, id: 'acme' }] },
    path: 'frameworks.0.id',
  },
  { name: 'a framework in capitals', value: { frameworks: [{ ...own, id: 'x-ACME' }] }, path: 'frameworks.0.id' },
  { name: 'a framework twice', value: { frameworks: [own, own] }, path: 'frameworks.1.id' },
  {
    name: 'a control twice',
    value: { frameworks: [{ ...own, controls: [control, control] }] },
    path: 'frameworks.0.controls.1.id',
  },
  { name: 'no control', value: { frameworks: [{ ...own, controls: [] }] }, path: 'frameworks.0.controls' },
  {
    name: 'a kind of evidence that there is not',
    value: { frameworks: [{ ...own, controls: [{ ...control, evidence: ['SIGN'] }] }] },
    path: 'frameworks.0.controls.0.evidence.0',
  },
  {
    name: 'no evidence',
    value: { frameworks: [{ ...own, controls: [{ ...control, evidence: [] }] }] },
    path: 'frameworks.0.controls.0.evidence',
  },
  {
    name: 'a fit that claims more',
    value: { frameworks: [{ ...own, controls: [{ ...control, fit: 'satisfied' }] }] },
    path: 'frameworks.0.controls.0.fit',
  },
  {
    name: 'an id with a colon',
    value: { frameworks: [{ ...own, controls: [{ ...control, id: 'a:b' }] }] },
    path: 'frameworks.0.controls.0.id',
  },
  {
    name: 'a successor that there is not',
    value: { frameworks: [{ ...own, superseded: [{ version: '2025', id: 'C7', by: 'CHG-2' }] }] },
    path: 'frameworks.0.superseded.0',
  },
  {
    name: 'a successor of the version in force',
    value: { frameworks: [{ ...own, superseded: [{ version: '2026', id: 'C7', by: 'CHG-1' }] }] },
    path: 'frameworks.0.superseded.0',
  },
  { name: 'an unknown key', value: { framework: [] }, path: '' },
  { name: 'another kind', value: { kind: 'Policy' }, path: 'kind' },
])('refuses own controls with $name', ({ value, path }) => {
  const parsed = CustomControls.safeParse({ ...HEAD, ...value })
  expect(parsed.error?.issues.map((issue) => issue.path.join('.'))).toEqual([path])
})

test.for([
  { tag: 'soc2:CC9.2', says: 'must be written soc2-tsc@2017-pof2022:CC9.2' },
  { tag: 'pci-dss@3.2.1:6.4', says: 'must be written pci-dss@4.0.1:6.5' },
  { tag: 'pci-dss:6.4', says: 'may mean' },
  { tag: 'x-other@1:A', says: 'no framework "x-other"' },
  { tag: 'nonsense', says: 'no control goes by "nonsense"' },
])('a mapping of $tag is a fault that names its place', ({ tag, says }) => {
  const mapping = { tag, evidence: ['SIG'], fit: 'partial', rationale: 'x' }
  const faults = faultsOfCustomControls(CustomControls.parse({ ...HEAD, frameworks: [own], mappings: [mapping] }))
  expect(faults).toEqual([{ path: ['mappings', 0, 'tag'], message: expect.stringContaining(says) }])
  // What was in order when it was sealed may not be so for a later version: it is left out, not refused.
  expect(controlsFor('SIG', { custom: CustomControls.parse({ ...HEAD, mappings: [mapping] }) })).toEqual(
    controlsFor('SIG'),
  )
})
