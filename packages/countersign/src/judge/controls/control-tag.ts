import type { Spelling } from './framework.ts'

/** A control tag that cannot be taken. Each message names what was asked and what to write instead. */
export class ControlTagError extends Error {
  override readonly name = 'ControlTagError'
  readonly code:
    | 'tag_malformed'
    | 'framework_unknown'
    | 'version_unknown'
    | 'control_unknown'
    /** The id was taken back within its version; the message names its successor. */
    | 'control_withdrawn'
    /** The same words may mean several controls; the message lists them. */
    | 'tag_ambiguous'

  constructor(code: ControlTagError['code'], message: string) {
    super(message)
    this.code = code
  }
}

/** A tag in its parts, lower case but for the id; null for a part that was not written. */
export interface WrittenTag {
  readonly framework: string | null
  readonly version: string | null
  readonly id: string
}

const MAX_LENGTH = 120
/** A name of a framework or version. */
const NAME = /^[a-z0-9][a-z0-9.-]*$/
const ID = /^(?:§ ?)?[A-Za-z0-9][A-Za-z0-9 .()_-]*$/

/**
 * Splits `framework@version:id`, `framework:id` or a bare `id` into its parts; says nothing about whether they exist. Throws
 * {@link ControlTagError} `tag_malformed`.
 */
export function parseControlTag(text: string): WrittenTag {
  const asked = text.trim()
  const colon = asked.indexOf(':')
  const [framework, version, ...more] = colon < 0 ? [] : asked.slice(0, colon).toLowerCase().split('@')
  const id = asked.slice(colon + 1).trim()
  const names = [framework, version].filter((name) => name !== undefined)
  const isGood = names.every((name) => NAME.test(name)) && more.length === 0 && ID.test(id)
  if (asked.length > MAX_LENGTH || !isGood) {
    const shown = JSON.stringify(asked.slice(0, MAX_LENGTH))
    throw new ControlTagError('tag_malformed', `${shown} is no control tag: write framework@version:id`)
  }
  return { framework: framework ?? null, version: version ?? null, id }
}

/** The canonical form of a tag. */
export function formatControlTag(framework: string, version: string, id: string): string {
  return `${framework}@${version}:${id}`
}

const NIST_ID = /^([A-Z]{2})-0*(\d+)(?:\(0*(\d+)\)|\.0*(\d+))?$/
const ISO_ID = /^(?:A\.?)?(\d+(?:\.\d+)+)$/i

/** An id as the data spells it: `cm-03(02)` and OSCAL's `cm-3.2` become `CM-3(2)`, `8.32` becomes `A.8.32`, `Art. 12` becomes `12`. */
export function normaliseControlId(spelling: Spelling, id: string): string {
  const plain = id.replace(/^§/, '').replaceAll(' ', '')
  if (spelling === 'upper') return plain.toUpperCase()
  if (spelling === 'nist') {
    const [, family, number, enhancement, dotted] = NIST_ID.exec(plain.toUpperCase()) ?? []
    if (family === undefined) return plain.toUpperCase()
    const inner = enhancement ?? dotted
    return `${family}-${number}${inner === undefined ? '' : `(${inner})`}`
  }
  if (spelling === 'iso-annex') return plain.replace(ISO_ID, 'A.$1')
  if (spelling === 'article') {
    return plain
      .toLowerCase()
      .replace(/^art(?:icle)?\.?/, '')
      .replace(/^annex-?/, 'annex-')
  }
  return plain
}
