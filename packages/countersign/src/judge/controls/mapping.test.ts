import { canonicalJson, sha256Hex, utf8 } from '@countersign/verify'
import { describe, expect, test } from 'vitest'
import { RULES } from '../rules.ts'
import { controlsFor } from './controls-for.ts'
import { EVIDENCE_CODE_NAMES } from './evidence-codes.ts'
import { FRAMEWORKS, MAPPING_VERSION, MAPPING_VERSIONS, mappingDocument } from './mapping.ts'
import { resolveControlTag } from './resolve-control-tag.ts'

const versions = FRAMEWORKS.flatMap((framework) => framework.versions.map((version) => ({ framework, version })))
const mapped = versions.flatMap(({ framework, version }) =>
  version.controls.map((control) => ({ tag: `${framework.id}@${version.version}:${control.id}`, control })),
)
const leading = versions.flatMap(({ framework, version }) =>
  version.superseded.map(({ id, by }) => ({ old: `${framework.id}@${version.version}:${id}`, by })),
)

describe('the mapping', () => {
  test('is the one that its version names; other data is another version', () => {
    expect(MAPPING_VERSIONS.at(-1)).toEqual({
      version: MAPPING_VERSION,
      sha256: sha256Hex(utf8(canonicalJson(mappingDocument()))),
    })
    expect(new Set(MAPPING_VERSIONS.map(({ version }) => version)).size).toBe(MAPPING_VERSIONS.length)
  })

  test('covers every framework that is promised', () => {
    const names = versions.map(({ framework, version }) => `${framework.id}@${version.version}`)
    expect(names).toEqual([
      'soc2-tsc@2017-pof2022',
      'nist-800-53@r5',
      'nist-800-53@r4',
      'fedramp@rev5-moderate',
      'fedramp@rev5-high',
      'iso27001@2022',
      'iso27001@2013',
      'pci-dss@4.0.1',
      'pci-dss@4.0',
      'pci-dss@3.2.1',
      'eu-2022-2554@2022',
      'eu-2024-1774@2024',
      'eu-2022-2555@2022',
      'eu-2024-2690@2024',
      'hipaa@45-cfr-164',
      'ssdf@1.1',
      'slsa-source@1.2',
      'nist-csf@2.0',
      'nist-800-171@r3',
      'nist-800-171@r2',
    ])
  })

  test('holds every tag once', () => {
    expect(mapped.length).toBeGreaterThan(280)
    expect(new Set(mapped.map(({ tag }) => tag)).size).toBe(mapped.length)
    for (const { framework, version } of versions) {
      const ids = [...version.controls, ...version.unsupported, ...version.superseded, ...version.withdrawn]
      expect(new Set(ids.map(({ id }) => id)).size, `${framework.id}@${version.version}`).toBe(ids.length)
    }
    const names = FRAMEWORKS.flatMap(({ id, aliases }) => [id, ...aliases])
    expect(new Set(names).size).toBe(names.length)
  })

  test('resolves every tag that it holds to itself, without a note', () => {
    for (const { tag, control } of mapped) {
      expect(resolveControlTag(tag)).toEqual({ asked: tag, tag, label: control.label, isSupported: true, notes: [] })
    }
  })

  test('leads every superseded id to a control that is in force, and says both', () => {
    for (const { old, by } of leading) {
      const resolved = resolveControlTag(old)
      expect(resolved.tag).toBe(by)
      const [note] = resolved.notes
      expect(note?.code).toBe('superseded')
      expect(note?.sentence).toContain(old)
      expect(note?.sentence).toContain(by)
    }
  })

  test('names each control, what supports it and why', () => {
    for (const { tag, control } of mapped) {
      expect(control.evidence.length, tag).toBeGreaterThan(0)
      expect(new Set(control.evidence).size, tag).toBe(control.evidence.length)
      expect(control.label, tag).toMatch(/^[A-Z].{3,}[^.\s]$/)
      expect(control.rationale, tag).toMatch(/^[A-Z].{10,150}\.$/)
      expect(control.rationale, tag).not.toMatch(/satisf|complian(?:t|ce with the control)/i)
    }
  })

  test('has no version in force whose controls nothing can be found for', () => {
    for (const { framework, version } of versions) {
      const isInForce = version.state === 'current'
      expect(version.controls.length > 0, `${framework.id}@${version.version}`).toBe(isInForce)
    }
  })
})

describe('controls by kind of evidence', () => {
  test('every kind supports some control', () => {
    for (const code of EVIDENCE_CODE_NAMES) expect(controlsFor(code).length, code).toBeGreaterThan(0)
  })

  test('are the mapping, read the other way round', () => {
    const pairs = mapped.flatMap(({ tag, control }) => control.evidence.map((code) => `${code} ${tag}`))
    const inverted = EVIDENCE_CODE_NAMES.flatMap((code) => controlsFor(code).map(({ tag }) => `${code} ${tag}`))
    expect(inverted.sort()).toEqual(pairs.sort())
  })

  test('carry label, fit and rationale', () => {
    expect(controlsFor('TIME').find(({ tag }) => tag === 'nist-800-53@r5:AU-8')).toEqual({
      tag: 'nist-800-53@r5:AU-8',
      fit: 'direct',
      label: 'Time Stamps',
      rationale: 'Clock checks of every collector, in UTC.',
    })
  })
})

test('every tag that a rule gives to its results is in the mapping, in force and in its canonical form', () => {
  for (const { id, controls } of RULES) {
    for (const control of controls) {
      const resolved = resolveControlTag(control)
      expect([resolved.tag, resolved.notes], id).toEqual([control, []])
    }
  }
})
