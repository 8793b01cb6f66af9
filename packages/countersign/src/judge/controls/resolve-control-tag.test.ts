import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ControlTagError, parseControlTag } from './control-tag.ts'
import { tagsToLookFor } from './controls-for.ts'
import { FRAMEWORKS } from './mapping.ts'
import { resolveControlTag } from './resolve-control-tag.ts'

describe('a tag that is refused', () => {
  test.for([
    { text: '', code: 'tag_malformed', says: 'framework@version:id' },
    { text: ':CC8.1', code: 'tag_malformed', says: '":CC8.1"' },
    { text: 'soc2:', code: 'tag_malformed', says: '"soc2:"' },
    { text: 'soc2@2017@1:CC8.1', code: 'tag_malformed', says: 'soc2@2017@1' },
    { text: 'soc2@:CC8.1', code: 'tag_malformed', says: 'soc2@:' },
    { text: 'soc 2:CC8.1', code: 'tag_malformed', says: 'soc 2' },
    { text: 'soc2@2017-pof2022', code: 'tag_malformed', says: 'soc2@2017-pof2022' },
    { text: 'soc2:CC8.1\u0007', code: 'tag_malformed', says: '\\u0007' },
    { text: 'soc2:CC8.1:x', code: 'tag_malformed', says: 'CC8.1:x' },
    { text: `soc2:${'1'.repeat(200)}`, code: 'tag_malformed', says: 'soc2:111' },
    { text: 'cobit@2019:BAI06', code: 'framework_unknown', says: 'soc2-tsc, nist-800-53' },
    { text: 'constructor:CC8.1', code: 'framework_unknown', says: 'no framework "constructor"' },
    { text: 'iso27001@2005:A.10.1.2', code: 'version_unknown', says: 'it has 2022, 2013' },
    { text: 'soc2:CC99.9', code: 'control_unknown', says: 'no control goes by "soc2:CC99.9"' },
    { text: 'constructor', code: 'control_unknown', says: '"constructor"' },
    { text: 'iso27001@2022:A.12.1.2', code: 'control_unknown', says: 'A.12.1.2' },
    { text: 'pci-dss@3.2.1:6.5', code: 'control_unknown', says: '6.5' },
    { text: 'nist-800-53@r4:CM-14', code: 'control_unknown', says: 'CM-14' },
    { text: 'nist-800-53@r5:CM-5(2)', code: 'control_withdrawn', says: 'write nist-800-53@r5:CM-3(7)' },
    { text: 'AU-8(1)', code: 'control_withdrawn', says: 'write nist-800-53@r5:SC-45(1)' },
    {
      text: 'pci-dss:6.4',
      code: 'tag_ambiguous',
      says: 'pci-dss@4.0.1:6.4 or pci-dss@3.2.1:6.4 (now pci-dss@4.0.1:6.5)',
    },
    { text: '6.4', code: 'tag_ambiguous', says: 'name framework and version' },
    // Only one version in the mapping has it, and the number still meant something else before.
    { text: 'pci-dss:6.5.1', code: 'tag_ambiguous', says: 'pci-dss@4.0.1:6.5.1' },
    { text: 'fedramp:CM-3', code: 'tag_ambiguous', says: 'fedramp@rev5-moderate:CM-3 or fedramp@rev5-high:CM-3' },
  ])('$text: $code', ({ text, code, says }) => {
    expect(() => resolveControlTag(text)).toThrow(
      expect.objectContaining({ name: 'ControlTagError', code, message: expect.stringContaining(says) }),
    )
  })
})

describe('a tag that is taken', () => {
  test.for([
    { text: 'soc2-tsc@2017-pof2022:CC8.1', tag: 'soc2-tsc@2017-pof2022:CC8.1', notes: [] },
    { text: 'CC8.1', tag: 'soc2-tsc@2017-pof2022:CC8.1', notes: ['framework_assumed'] },
    { text: 'cc8.1', tag: 'soc2-tsc@2017-pof2022:CC8.1', notes: ['framework_assumed'] },
    { text: 'soc2:CC8.1', tag: 'soc2-tsc@2017-pof2022:CC8.1', notes: ['version_assumed'] },
    { text: 'SOC2@2017: CC8.1', tag: 'soc2-tsc@2017-pof2022:CC8.1', notes: ['respelled'] },
    { text: 'CM-3', tag: 'nist-800-53@r5:CM-3', notes: ['framework_assumed'] },
    { text: 'CM-03', tag: 'nist-800-53@r5:CM-3', notes: ['framework_assumed'] },
    { text: 'nist-800-53@r5:CM-03(02)', tag: 'nist-800-53@r5:CM-3(2)', notes: ['respelled'] },
    { text: 'nist-800-53@r5:cm-3.2', tag: 'nist-800-53@r5:CM-3(2)', notes: ['respelled'] },
    { text: 'nist-800-53@rev5:CM-3', tag: 'nist-800-53@r5:CM-3', notes: ['respelled'] },
    { text: 'nist-800-53@r4:CM-3', tag: 'nist-800-53@r5:CM-3', notes: ['superseded'] },
    { text: 'nist-800-53@r4:CM-5(3)', tag: 'nist-800-53@r5:CM-14', notes: ['superseded'] },
    { text: 'iso27001@2013:A.12.1.2', tag: 'iso27001@2022:A.8.32', notes: ['superseded'] },
    { text: 'iso27001@2013:12.1.2', tag: 'iso27001@2022:A.8.32', notes: ['superseded'] },
    { text: 'A.12.1.2', tag: 'iso27001@2022:A.8.32', notes: ['framework_assumed', 'superseded'] },
    { text: 'iso27001:A.8.32', tag: 'iso27001@2022:A.8.32', notes: ['version_assumed'] },
    { text: 'iso27001@2022:8.32', tag: 'iso27001@2022:A.8.32', notes: ['respelled'] },
    { text: 'pci-dss@3.2.1:6.4', tag: 'pci-dss@4.0.1:6.5', notes: ['superseded'] },
    { text: 'pci-dss@3.2.1:6.4.5.2', tag: 'pci-dss@4.0.1:6.5.1', notes: ['superseded'] },
    { text: 'pci-dss@4.0:6.5.4', tag: 'pci-dss@4.0.1:6.5.4', notes: ['superseded'] },
    { text: 'pci@4.0.1:6.4', tag: 'pci-dss@4.0.1:6.4', notes: ['respelled', 'unsupported'] },
    { text: 'pci-dss@4.0.1:6.4', tag: 'pci-dss@4.0.1:6.4', notes: ['unsupported'] },
    { text: 'CC9.2', tag: 'soc2-tsc@2017-pof2022:CC9.2', notes: ['framework_assumed', 'unsupported'] },
    { text: 'dora:Art. 9(4)(e)', tag: 'eu-2022-2554@2022:9(4)(e)', notes: ['version_assumed'] },
    { text: 'eu-2024-1774@2024:17(1)(g)', tag: 'eu-2024-1774@2024:17(1)(g)', notes: [] },
    { text: 'nis2-ir@2024:Annex 6.4', tag: 'eu-2024-2690@2024:annex-6.4', notes: ['respelled'] },
    { text: '§164.312(b)', tag: 'hipaa@45-cfr-164:164.312(b)', notes: ['framework_assumed'] },
    { text: 'fedramp@rev5-high:CM-14', tag: 'fedramp@rev5-high:CM-14', notes: [] },
    { text: 'ssdf:ps.1', tag: 'ssdf@1.1:PS.1', notes: ['version_assumed'] },
    { text: 'slsa@1.2:two-party-review', tag: 'slsa-source@1.2:two-party-review', notes: ['respelled'] },
    { text: 'nist-800-171@r2:3.4.3', tag: 'nist-800-171@r3:03.04.03', notes: ['superseded'] },
  ])('$text is $tag', ({ text, tag, notes }) => {
    const resolved = resolveControlTag(text)
    expect([resolved.tag, resolved.notes.map(({ code }) => code)]).toEqual([tag, notes])
    expect(resolved.asked).toBe(text)
    for (const { code, sentence } of resolved.notes) {
      if (code !== 'unsupported') expect(sentence).toContain(text)
      expect(sentence).toContain(tag)
    }
  })
})

test('whatever it is given, it answers with a tag that is in force or with its own error', () => {
  const name = fc.constantFrom(...FRAMEWORKS.flatMap(({ id, aliases }) => [id, ...aliases]), 'x', '')
  const version = fc.constantFrom(...FRAMEWORKS.flatMap((one) => one.versions.map((each) => each.version)), '', '9')
  const ids = FRAMEWORKS.flatMap(({ versions }) =>
    versions.flatMap(({ controls, superseded, withdrawn }) => [...controls, ...superseded, ...withdrawn]),
  )
  const id = fc.oneof(fc.constantFrom(...ids.map((one) => one.id)), fc.string())
  const near = fc.tuple(name, version, id).map(([one, two, three]) => `${one}@${two}:${three}`)
  fc.assert(
    fc.property(fc.oneof(near, id, fc.string()), (text) => {
      try {
        const { tag } = resolveControlTag(text)
        expect(resolveControlTag(tag)).toMatchObject({ tag, asked: tag })
        const { framework, version: wanted } = parseControlTag(tag)
        const found = FRAMEWORKS.find((one) => one.id === framework)?.versions.find((one) => one.version === wanted)
        expect(found?.state).toBe('current')
      } catch (error) {
        expect(error).toBeInstanceOf(ControlTagError)
      }
    }),
    { numRuns: 2_000 },
  )
})

describe('the tags to look for', () => {
  test.for([
    { tag: 'soc2-tsc@2017-pof2022:CC8.1', also: [] },
    { tag: 'nist-800-53@r5:CM-3', also: [] },
    {
      tag: 'pci-dss@4.0.1:6.5',
      also: ['6.5.1', '6.5.2', '6.5.3', '6.5.4', '6.5.6'].map((id) => `pci-dss@4.0.1:${id}`),
    },
    {
      tag: 'eu-2024-1774@2024:17(1)',
      also: ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map((letter) => `eu-2024-1774@2024:17(1)(${letter})`),
    },
    { tag: 'iso27001@2022:A.8.3', also: [] },
    { tag: 'fedramp@rev5-moderate:CM-3(2)', also: ['nist-800-53@r5:CM-3(2)'] },
    { tag: 'x-acme@1:A', also: [] },
  ])('for $tag', ({ tag, also }) => {
    expect(tagsToLookFor(tag)).toEqual([tag, ...also])
  })
})
