import { ControlTagError, formatControlTag, normaliseControlId, parseControlTag } from './control-tag.ts'
import type { CustomControls } from './custom-controls.ts'
import type { EvidenceCode } from './evidence-codes.ts'
import { currentVersion, type Fit, type Framework, type FrameworkVersion, retiredVersion } from './framework.ts'
import { FRAMEWORKS } from './mapping.ts'

/** A control that a kind of evidence supports, and how far. */
export interface SupportedControl {
  readonly tag: string
  readonly fit: Fit
  readonly label: string
  readonly rationale: string
}

/** What an id of a version is: its own canonical tag, or the one that took its place. */
export type FoundControl =
  | { readonly kind: 'mapped' | 'unsupported'; readonly tag: string; readonly label: string }
  | { readonly kind: 'superseded' | 'withdrawn'; readonly by: string }

/** The mapping made ready for looking up: what ships, and a customer's own. */
export interface Catalogue {
  readonly frameworks: readonly Framework[]
  /** A framework by its id or any other name of it, in lower case. */
  readonly framework: (name: string) => Framework | undefined
  /** What an id is in a version of a framework; undefined where it is not known. */
  readonly find: (framework: Framework, version: FrameworkVersion, id: string) => FoundControl | undefined
  readonly supported: ReadonlyMap<EvidenceCode, readonly SupportedControl[]>
}

const made = new WeakMap<object, Catalogue>()

/** The catalogue of what ships and of a customer's own controls. The same controls give the same catalogue. */
export function catalogueOf(custom?: CustomControls): Catalogue {
  const key = custom ?? FRAMEWORKS
  const before = made.get(key)
  if (before !== undefined) return before
  const catalogue = custom === undefined ? build(FRAMEWORKS, []) : build(withOwn(custom), custom.mappings)
  made.set(key, catalogue)
  return catalogue
}

function withOwn({ frameworks }: CustomControls): readonly Framework[] {
  const own = frameworks.map(({ id, name, version, controls, superseded }): Framework => {
    const former = [...new Set(superseded.map((one) => one.version))]
    const retired = former.map((old) =>
      retiredVersion(
        old,
        superseded.flatMap((one) =>
          one.version === old ? [{ id: one.id, by: formatControlTag(id, version, one.by) }] : [],
        ),
      ),
    )
    const rest = { aliases: [], labels: 'own words', isRenumbered: false, profileOf: null, spelling: 'plain' } as const
    return { id, name, versions: [currentVersion(version, controls), ...retired], ...rest }
  })
  return [...FRAMEWORKS, ...own]
}

function build(frameworks: readonly Framework[], mappings: CustomControls['mappings']): Catalogue {
  const byName = new Map(frameworks.flatMap((one) => [one.id, ...one.aliases].map((name) => [name, one] as const)))
  const found = new Map<FrameworkVersion, ReadonlyMap<string, FoundControl>>()
  for (const framework of frameworks) {
    for (const version of framework.versions) found.set(version, indexOf(framework, version))
  }
  const catalogue: Omit<Catalogue, 'supported'> = {
    frameworks,
    framework: (name) => byName.get(name),
    find: (framework, version, id) => found.get(version)?.get(id) ?? carriedOver(found, framework, version, id),
  }
  return { ...catalogue, supported: supportOf(frameworks, mappings, catalogue) }
}

function indexOf({ id: framework }: Framework, version: FrameworkVersion): ReadonlyMap<string, FoundControl> {
  const known = (kind: 'mapped' | 'unsupported') => (control: { readonly id: string; readonly label: string }) => {
    const tag = formatControlTag(framework, version.version, control.id)
    return [control.id, { kind, tag, label: control.label }] as const
  }
  const moved = (kind: 'superseded' | 'withdrawn') => (control: { readonly id: string; readonly by: string }) =>
    [control.id, { kind, by: control.by }] as const
  return new Map<string, FoundControl>([
    ...version.controls.map(known('mapped')),
    ...version.unsupported.map(known('unsupported')),
    ...version.superseded.map(moved('superseded')),
    ...version.withdrawn.map(moved('withdrawn')),
  ])
}

/** An id of a retired version whose numbers a newer one kept. */
function carriedOver(
  found: ReadonlyMap<FrameworkVersion, ReadonlyMap<string, FoundControl>>,
  { versions }: Framework,
  { carriedOverTo }: FrameworkVersion,
  id: string,
): FoundControl | undefined {
  if (carriedOverTo === undefined || carriedOverTo.except.includes(id)) return undefined
  const newer = versions.find(({ version }) => version === carriedOverTo.version)
  const there = newer === undefined ? undefined : found.get(newer)?.get(id)
  return there !== undefined && 'tag' in there ? { kind: 'superseded', by: there.tag } : undefined
}

function supportOf(
  frameworks: readonly Framework[],
  mappings: CustomControls['mappings'],
  catalogue: Omit<Catalogue, 'supported'>,
): Catalogue['supported'] {
  const supported = new Map<EvidenceCode, Map<string, SupportedControl>>()
  const add = (codes: readonly EvidenceCode[], control: SupportedControl): void => {
    for (const code of codes) {
      const controls = supported.get(code) ?? new Map<string, SupportedControl>()
      supported.set(code, controls.set(control.tag, control))
    }
  }
  for (const { id: framework, versions } of frameworks) {
    for (const { version, controls } of versions) {
      for (const { id, label, fit, evidence, rationale } of controls)
        add(evidence, { tag: formatControlTag(framework, version, id), fit, label, rationale })
    }
  }
  for (const { tag, fit, evidence, rationale } of mappings) {
    const control = exactControl(tag, catalogue)
    if (control !== null) add(evidence, { ...control, fit, rationale })
  }
  return new Map([...supported].map(([code, controls]) => [code, [...controls.values()]]))
}

/** The control of a tag in its canonical form; null for anything else, which `faultsOfCustomControls` has refused before. */
function exactControl(
  text: string,
  { framework: byName, find }: Omit<Catalogue, 'supported'>,
): { readonly tag: string; readonly label: string } | null {
  try {
    const written = parseControlTag(text)
    const framework = byName(written.framework ?? '')
    const version = framework?.versions.find((one) => one.version === written.version)
    if (framework === undefined || version === undefined) return null
    const found = find(framework, version, normaliseControlId(framework.spelling, written.id))
    return found !== undefined && 'tag' in found && found.tag === text ? found : null
  } catch (error) {
    if (error instanceof ControlTagError) return null
    throw error
  }
}
