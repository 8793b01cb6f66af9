import { catalogueOf, type SupportedControl } from './catalogue.ts'
import { ControlTagError, formatControlTag, normaliseControlId, parseControlTag } from './control-tag.ts'
import type { CustomControls } from './custom-controls.ts'
import type { EvidenceCode } from './evidence-codes.ts'
import { type ControlOptions, resolveControlTag } from './resolve-control-tag.ts'

/** The controls that a kind of evidence supports, in the order of the frameworks; a customer's own come last. */
export function controlsFor(code: EvidenceCode, { custom }: ControlOptions = {}): readonly SupportedControl[] {
  return catalogueOf(custom).supported.get(code) ?? []
}

/** The tags that a customer's own controls give to evidence of these kinds: sorted, each once, and none without any. */
export function customTagsFor(codes: readonly EvidenceCode[], custom: CustomControls | undefined): readonly string[] {
  if (custom === undefined) return []
  const own = custom.frameworks.flatMap(({ id, version, controls }) =>
    controls.map((control) => ({ tag: formatControlTag(id, version, control.id), evidence: control.evidence })),
  )
  const supporting = [...own, ...custom.mappings].filter(({ evidence }) =>
    evidence.some((code) => codes.includes(code)),
  )
  return [...new Set(supporting.map(({ tag }) => tag))].sort()
}

/**
 * Every tag under which evidence for a control may have been recorded: its own, those below it (`6.5.1` below `6.5`), and for a profile
 * those of the framework that it selects from. `tag` is canonical. An enhancement of NIST (`CM-3(2)`) is a control of its own.
 */
export function tagsToLookFor(tag: string, { custom }: ControlOptions = {}): readonly string[] {
  const catalogue = catalogueOf(custom)
  const { framework: name, version, id } = parseControlTag(tag)
  const framework = catalogue.framework(name ?? '')
  if (framework === undefined) return [tag]
  const controls = framework.versions.find((one) => one.version === version)?.controls ?? []
  const below =
    framework.spelling === 'nist'
      ? []
      : controls.flatMap((one) =>
          one.id.startsWith(`${id}.`) || one.id.startsWith(`${id}(`) ? [`${name}@${version}:${one.id}`] : [],
        )
  const base = framework.profileOf === null ? undefined : catalogue.framework(framework.profileOf)
  const selected = (base?.versions ?? []).flatMap((one) => {
    const found = base === undefined ? undefined : catalogue.find(base, one, normaliseControlId(base.spelling, id))
    return found !== undefined && 'tag' in found ? [found.tag] : []
  })
  return [tag, ...below, ...selected]
}

/** A fault of a customer's controls that their schema cannot see, and where it stands. */
export interface CustomControlsFault {
  readonly path: readonly (string | number)[]
  readonly message: string
}

/** Mappings whose tag is not the canonical tag of a control that is in force. */
export function faultsOfCustomControls(custom: CustomControls): readonly CustomControlsFault[] {
  return custom.mappings.flatMap(({ tag }, at) => {
    const message = faultOf(tag, custom)
    return message === null ? [] : [{ path: ['mappings', at, 'tag'], message }]
  })
}

function faultOf(tag: string, custom: CustomControls): string | null {
  try {
    const resolved = resolveControlTag(tag, { custom })
    return resolved.tag === tag ? null : `must be written ${resolved.tag}`
  } catch (error) {
    if (error instanceof ControlTagError) return error.message
    throw error
  }
}
