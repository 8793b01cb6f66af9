import type { EvidenceCode } from './evidence-codes.ts'

/**
 * How far a kind of evidence reaches for a control. `direct`: it shows the control at work. `partial`: other systems have to show the
 * rest. `context`: it helps to understand, and shows nothing by itself. None of them means that the control is satisfied.
 */
export const FITS = ['direct', 'partial', 'context'] as const
export type Fit = (typeof FITS)[number]

/** One control, and the kinds of evidence that support it. */
export interface MappedControl {
  readonly id: string
  readonly label: string
  readonly fit: Fit
  readonly evidence: readonly EvidenceCode[]
  /** What the evidence shows of the control, or what it leaves open. */
  readonly rationale: string
}

/** A control that exists and that no kind of evidence here supports. */
export interface UnsupportedControl {
  readonly id: string
  readonly label: string
}

/** An id of a retired version, and the tag that took its place. */
export interface SupersededControl {
  readonly id: string
  readonly by: string
}

/** One version of a framework. A `retired` one has no controls of its own: its ids lead to those of newer ones. */
export interface FrameworkVersion {
  readonly version: string
  /** Other names that are accepted in tags. */
  readonly aliases: readonly string[]
  readonly state: 'current' | 'retired'
  readonly controls: readonly MappedControl[]
  readonly unsupported: readonly UnsupportedControl[]
  readonly superseded: readonly SupersededControl[]
  /** Ids that this version itself took back: refused, with the tag to use instead. */
  readonly withdrawn: readonly SupersededControl[]
  /** The newer version in which every number means what it meant here, but for the ids named, which are new there. */
  readonly carriedOverTo?: { readonly version: string; readonly except: readonly string[] }
}

/** How a framework's ids are spelt; `normaliseControlId` brings other spellings to the one of the data. */
export type Spelling = 'plain' | 'upper' | 'nist' | 'iso-annex' | 'article'

/** A framework in all its versions. */
export interface Framework {
  readonly id: string
  readonly name: string
  /** Other names that are accepted in tags. */
  readonly aliases: readonly string[]
  readonly spelling: Spelling
  /** Whether labels are the official titles, where their publisher allows that, or words of our own. */
  readonly labels: 'official titles' | 'own words'
  /** Whether a number may mean another control in another version, so that a tag without version is refused. */
  readonly isRenumbered: boolean
  /** The framework whose ids this one selects from: a bare id is never read as one of these. */
  readonly profileOf: string | null
  readonly versions: readonly FrameworkVersion[]
}

type Optional = Partial<Pick<FrameworkVersion, 'aliases' | 'unsupported' | 'withdrawn'>>

/** A version that is in force, with nothing superseded inside it. */
export function currentVersion(
  version: string,
  controls: readonly MappedControl[],
  rest: Optional = {},
): FrameworkVersion {
  return { version, aliases: [], state: 'current', controls, unsupported: [], superseded: [], withdrawn: [], ...rest }
}

/** A version that is no longer in force, and where its ids lead. */
export function retiredVersion(
  version: string,
  superseded: readonly SupersededControl[],
  rest: Partial<Pick<FrameworkVersion, 'aliases' | 'carriedOverTo'>> = {},
): FrameworkVersion {
  return { version, aliases: [], state: 'retired', controls: [], unsupported: [], superseded, withdrawn: [], ...rest }
}
