import { FRAMEWORKS, MAPPING_VERSION } from '../judge/controls/mapping.ts'

/** What `countersign help controls` prints: every framework with its versions, and how a control is named. */
export function controlsTopic(): string {
  const rows = FRAMEWORKS.flatMap(({ id, name, versions }) =>
    versions.map(({ version, state, controls, superseded, carriedOverTo }, at) => {
      const leading = superseded.length === 0 ? '' : `${superseded.length} ids lead on`
      const kept = carriedOverTo === undefined ? '' : `the rest as in ${carriedOverTo.version}`
      const held =
        state === 'current' ? `${controls.length} mapped` : ['retired', leading, kept].filter(Boolean).join(', ')
      return { tag: `${id}@${version}`, held, name: at === 0 ? name : '' }
    }),
  )
  const width = Math.max(...rows.map(({ tag }) => tag.length))
  const lines = rows.map(({ tag, held, name }) =>
    `  ${tag.padEnd(width)}  ${name === '' ? held : `${name}: ${held}`}`.trimEnd(),
  )
  return `Evidence carries tags of the controls that it supports: framework@version:id. It never satisfies them.

  countersign evidence list --control soc2-tsc@2017-pof2022:CC8.1
  countersign evidence list --control CC8.1
  countersign evidence list --control iso27001@2013:A.12.1.2

An id alone or without version is taken if only one control can be meant; ids of retired versions lead to what took
their place. Both are told. PCI DSS gave old numbers new meanings, so that its version must be named.

Version ${MAPPING_VERSION} of the mapping knows:

${lines.join('\n')}

docs/controls.md has every control. Frameworks of your own go into .countersign/controls.yaml.
`
}
