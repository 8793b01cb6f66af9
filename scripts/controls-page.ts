/** Writes docs/controls.md, the mapping of evidence to controls as a page for people: `node scripts/controls-page.ts`. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { EVIDENCE_CODES } from '../packages/countersign/src/judge/controls/evidence-codes.ts'
import type { Framework, FrameworkVersion } from '../packages/countersign/src/judge/controls/framework.ts'
import { FRAMEWORKS, MAPPING_VERSION } from '../packages/countersign/src/judge/controls/mapping.ts'
import { STATEMENT_CONTROLS } from '../packages/countersign/src/judge/evidence-types/statement-controls.ts'
import { RULES } from '../packages/countersign/src/judge/rules.ts'
import { PROJECT_ROOT } from './project-files.ts'

/** Where the page lies, below the root. */
export const CONTROLS_PAGE = 'docs/controls.md'

/** The text of the page. */
export function controlsPage(): string {
  const codes = Object.entries(EVIDENCE_CODES).map(([code, meaning]) => `| \`${code}\` | ${meaning} |\n`)
  const given = [
    ...RULES.flatMap(({ evidence }) => evidence),
    ...Object.values(STATEMENT_CONTROLS).map((one) => one.evidence),
  ]
  const recorded = [...new Set(given)].sort().map((code) => `\`${code}\``)
  return `${INTRODUCTION}
## Kinds of evidence

| code | what it is |
| --- | --- |
${codes.join('')}
This version of Countersign records ${recorded.join(', ')}.

${FRAMEWORKS.map(sectionOf).join('\n')}`
}

const INTRODUCTION = `# Controls

<!-- Made by scripts/controls-page.ts from packages/countersign/src/judge/controls/; a test holds the two equal. -->

Which controls each kind of evidence supports: version ${MAPPING_VERSION} of the mapping. A tag says that evidence *supports* a control, never
that the control is satisfied: that is for an auditor to conclude. Counting tags says nothing about coverage.

A tag is \`framework@version:id\`, such as \`soc2-tsc@2017-pof2022:CC8.1\`. Where evidence is looked for by a control, a tag without
its version, or an id alone, is taken if only one control can be meant. Ids of retired versions lead to what took their place, and both are
told. \`pci-dss:6.4\` is refused: it meant change control until 2024, and means something else now.

**Fit.** *direct*: the evidence shows the control at work. *partial*: other systems have to show the rest. *context*: it helps to
understand and shows nothing by itself.

Frameworks of your own, and what you map beyond this, go into \`.countersign/controls.yaml\`
([schema](schemas/controls.json)); [formats/control-mapping.md](formats/control-mapping.md) describes both. Labels are our own words
where the text of a framework is copyrighted, and official titles where it may be copied.
`

function sectionOf(framework: Framework): string {
  const { id, name, aliases, labels, versions, profileOf } = framework
  const other = aliases.length === 0 ? '' : ` Also taken: ${aliases.map((alias) => `\`${alias}@…\``).join(', ')}.`
  const parts = versions.map((version) =>
    version.state === 'current' ? current(version, profileOf) : retired(version),
  )
  return `## ${name}\n\nTags begin with \`${id}@\`; labels are ${labels === 'own words' ? 'our own words' : labels}.${other}\n\n${parts.join('\n')}`
}

function current({ version, controls, unsupported, withdrawn }: FrameworkVersion, profileOf: string | null): string {
  const title = `### ${version}\n\n`
  if (profileOf !== null) {
    const ids = controls.map(({ id }) => id).join(', ')
    return `${title}Of the controls of \`${profileOf}\` it selects, with the same evidence: ${ids}.\n`
  }
  const rows = controls.map(
    ({ id, label, fit, evidence, rationale }) =>
      `| ${id} | ${label} | ${fit} | ${evidence.join(' ')} | ${rationale} |\n`,
  )
  const none = unsupported.map(({ id, label }) => `${id} (${label})`).join(', ')
  return [
    `${title}| id | label | fit | evidence | what it shows |\n| --- | --- | --- | --- | --- |\n${rows.join('')}`,
    none === '' ? '' : `Known, and supported by no evidence here: ${none}.\n`,
    withdrawn.length === 0 ? '' : `Withdrawn, and refused: ${withdrawn.map(leading).join(', ')}.\n`,
  ]
    .filter((part) => part !== '')
    .join('\n')
}

function retired({ version, superseded, carriedOverTo }: FrameworkVersion): string {
  const rest = carriedOverTo === undefined ? '' : `Every other number means what it means in ${carriedOverTo.version}.`
  const moved = superseded.length === 0 ? '' : `${superseded.map(leading).join(', ')}.`
  return `### ${version} (retired)\n\n${[moved, rest].filter((part) => part !== '').join(' ')}\n`
}

function leading({ id, by }: { readonly id: string; readonly by: string }): string {
  return `${id} → ${by.slice(by.indexOf(':') + 1)}`
}

if (import.meta.main) {
  writeFileSync(join(PROJECT_ROOT, CONTROLS_PAGE), controlsPage())
  console.log(`wrote ${CONTROLS_PAGE}`)
}
