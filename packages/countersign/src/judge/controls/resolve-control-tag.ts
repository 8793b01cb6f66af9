import { type Catalogue, catalogueOf, type FoundControl } from './catalogue.ts'
import { ControlTagError, normaliseControlId, parseControlTag } from './control-tag.ts'
import type { CustomControls } from './custom-controls.ts'
import type { Framework, FrameworkVersion } from './framework.ts'

/** Something that was read into a tag which its writer did not write, with both tags in the sentence. */
export interface TagNote {
  readonly code: 'framework_assumed' | 'version_assumed' | 'respelled' | 'superseded' | 'unsupported'
  readonly sentence: string
}

/** A tag that exists and is in force. */
export interface ResolvedTag {
  /** As it was written. */
  readonly asked: string
  /** In its canonical form. */
  readonly tag: string
  readonly label: string
  /** Whether some kind of evidence supports the control; where none does, looking for evidence finds nothing. */
  readonly isSupported: boolean
  readonly notes: readonly TagNote[]
}

/** A customer's own controls, where there are any. */
export interface ControlOptions {
  readonly custom?: CustomControls | undefined
}

/**
 * Finds the control that a tag means. Takes `framework@version:id`; without version, or as a bare id, where only one control can be
 * meant; other spellings of names and ids; and ids of retired versions, which lead to what took their place. All but the first are noted.
 *
 * Throws {@link ControlTagError} `tag_malformed`, `framework_unknown`, `version_unknown`, `control_unknown`, `control_withdrawn` or
 * `tag_ambiguous`.
 */
export function resolveControlTag(text: string, { custom }: ControlOptions = {}): ResolvedTag {
  const catalogue = catalogueOf(custom)
  const written = parseControlTag(text)
  const asked = text.trim()
  const places = placesOf(written.framework, written.version, catalogue)
  const hits = places.flatMap(({ framework, version }) => {
    const found = catalogue.find(framework, version, normaliseControlId(framework.spelling, written.id))
    return found === undefined ? [] : [{ framework, version, found }]
  })
  const hit = onlyHit(hits, asked, written.version !== null)
  if (hit.found.kind === 'withdrawn') {
    const where = `${hit.framework.name} ${hit.version.version}`
    throw new ControlTagError('control_withdrawn', `${asked} was withdrawn from ${where}: write ${hit.found.by}`)
  }
  const { tag, label, kind } = inForce(hit.found, catalogue, asked)
  const isSupported = kind === 'mapped' || [...catalogue.supported.values()].flat().some((one) => one.tag === tag)
  const notes: TagNote[] = []
  const note = (code: TagNote['code'], sentence: string): void => {
    notes.push({ code, sentence })
  }
  if (written.framework === null) note('framework_assumed', `${asked} is read as ${tag}`)
  else if (written.version === null) note('version_assumed', `${asked} is read as ${tag}`)
  if (hit.found.kind === 'superseded')
    note('superseded', `${asked} is of version ${hit.version.version}, which is no longer in force: now ${tag}`)
  else if (notes.length === 0 && tag !== asked) note('respelled', `${asked} is written ${tag}`)
  if (!isSupported) note('unsupported', `no kind of evidence here supports ${tag}`)
  return { asked, tag, label, isSupported, notes }
}

interface Place {
  readonly framework: Framework
  readonly version: FrameworkVersion
}

interface Hit extends Place {
  readonly found: FoundControl
}

/** The versions in which an id may have been meant. A bare id is never one of a profile, which repeats the ids of another. */
function placesOf(name: string | null, version: string | null, { frameworks, framework }: Catalogue): readonly Place[] {
  const inAll = (one: Framework): readonly Place[] => one.versions.map((each) => ({ framework: one, version: each }))
  if (name === null) return frameworks.filter(({ profileOf }) => profileOf === null).flatMap(inAll)
  const named = framework(name)
  if (named === undefined) {
    const known = frameworks.map(({ id }) => id).join(', ')
    throw new ControlTagError('framework_unknown', `there is no framework "${name}"; there are ${known}`)
  }
  if (version === null) return inAll(named)
  const there = named.versions.find((one) => one.version === version || one.aliases.includes(version))
  if (there === undefined) {
    const known = named.versions.map((one) => one.version).join(', ')
    throw new ControlTagError('version_unknown', `${named.id} has no version "${version}"; it has ${known}`)
  }
  return [{ framework: named, version: there }]
}

function onlyHit(hits: readonly Hit[], asked: string, isVersioned: boolean): Hit {
  const [first] = hits
  if (first === undefined) {
    throw new ControlTagError('control_unknown', `no control goes by "${asked}"; docs/controls.md lists those that do`)
  }
  const meanings = new Set(hits.map(({ found }) => ('tag' in found ? found.tag : found.by)))
  const mayBeOther = !isVersioned && hits.some(({ framework }) => framework.isRenumbered)
  if (meanings.size === 1 && !mayBeOther) return hits.find(({ found }) => 'tag' in found) ?? first
  const choices = [...meanings].map((meaning) => {
    const hit = hits.find(({ found }) => meaning === ('tag' in found ? found.tag : found.by)) ?? first
    if ('tag' in hit.found) return hit.found.tag
    return `${hit.framework.id}@${hit.version.version}:${asked.slice(asked.indexOf(':') + 1)} (now ${hit.found.by})`
  })
  throw new ControlTagError('tag_ambiguous', `"${asked}" may mean ${choices.join(' or ')}: name framework and version`)
}

/** Follows superseded ids to one that is in force. */
function inForce(
  found: FoundControl,
  catalogue: Catalogue,
  asked: string,
): Extract<FoundControl, { readonly tag: string }> {
  let current: FoundControl | undefined = found
  for (let steps = 0; current !== undefined && !('tag' in current) && steps < 8; steps += 1) {
    const { framework: name, version: wanted, id } = parseControlTag(current.by)
    const framework = catalogue.framework(name ?? '')
    const version = framework?.versions.find((one) => one.version === wanted)
    current = framework === undefined || version === undefined ? undefined : catalogue.find(framework, version, id)
  }
  if (current !== undefined && 'tag' in current) return current
  throw new ControlTagError('control_unknown', `what took the place of "${asked}" is not known`)
}
