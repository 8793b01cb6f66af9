import { posix } from 'node:path'
import { isTestOnly } from './project-files.ts'
import { importsOf, lineAt, maskSource, type SourceImport } from './source-text.ts'

/** One floor of the house: which files stand on it and what they may import. */
export interface Floor {
  readonly name: string
  /** Files, folders (`a/`), the files directly in a folder (`a/*.ts`), and folders that each hold one family (`a/*`). */
  readonly holds: readonly string[]
  /** The floors that its files may import, beside their own. */
  readonly uses: readonly string[]
  /** Of these floors only types. */
  readonly usesTypesOf?: readonly string[]
  readonly node: readonly string[] | 'any'
  readonly packages: readonly string[] | 'any'
  /** Whether clock, environment, randomness and network are forbidden. */
  readonly isPure: boolean
}

/** A line that breaks a rule of the house. */
export interface Violation {
  readonly file: string
  readonly line: number
  readonly rule: string
}

const CRYPTO = ['node:crypto', 'node:zlib', 'node:buffer']
const PROOF = { node: CRYPTO, packages: [], isPure: true } as const
const PRODUCT = { node: 'any', packages: 'any', isPure: false } as const
const VERIFY = 'packages/verify/src/'
const COUNTERSIGN = 'packages/countersign/src/'
const CORE = [
  'verify/signature',
  'verify/bytes',
  'verify/git',
  'verify/signatures',
  'verify/x509',
  'verify/dsse',
  'verify/tlog',
]
const MODEL = [...CORE, 'verify/identity', 'verify/verdict']
const PROVEN = [...MODEL, 'verify/evidence']
const STORIES = ['workflows', 'judge', 'verify']

/** The floors, lowest first. A file in `packages` that stands on none of them breaks a rule too. */
export const FLOORS: readonly Floor[] = [
  { name: 'verify/bytes', holds: [`${VERIFY}bytes/`], uses: [], ...PROOF },
  // The words that a signature check answers with: types alone, so that git/ can name the scheme of what it cuts out.
  { name: 'verify/signature', holds: [`${VERIFY}signatures/signature.ts`], uses: [], ...PROOF },
  { name: 'verify/git', holds: [`${VERIFY}git/`], uses: ['verify/bytes', 'verify/signature'], ...PROOF },
  { name: 'verify/dsse', holds: [`${VERIFY}dsse/`], uses: ['verify/bytes'], ...PROOF },
  { name: 'verify/tlog', holds: [`${VERIFY}tlog/`], uses: ['verify/bytes'], ...PROOF },
  {
    name: 'verify/signatures',
    holds: [`${VERIFY}signatures/`],
    uses: ['verify/bytes', 'verify/signature', 'verify/x509'],
    ...PROOF,
  },
  {
    name: 'verify/x509',
    // A gitsign signature may carry its proof of inclusion in a public log.
    holds: [`${VERIFY}signatures/x509/`],
    uses: ['verify/bytes', 'verify/signature', 'verify/signatures', 'verify/tlog'],
    ...PROOF,
  },
  { name: 'verify/identity', holds: [`${VERIFY}identity/`], uses: CORE, ...PROOF },
  { name: 'verify/verdict', holds: [`${VERIFY}verdict/`], uses: CORE, ...PROOF },
  { name: 'verify/evidence', holds: [`${VERIFY}evidence/`], uses: MODEL, ...PROOF },
  {
    name: 'verify',
    holds: [`${VERIFY}*.ts`],
    uses: PROVEN,
    ...PROOF,
  },
  {
    name: 'verify/cli',
    holds: [`${VERIFY}cli/`],
    uses: ['verify', ...PROVEN],
    node: [...CRYPTO, 'node:fs', 'node:path', 'node:process', 'node:util'],
    packages: [],
    isPure: false,
  },
  // The policy's schema is the type that judges read, and zod is as pure as they are.
  { name: 'judge', holds: [`${COUNTERSIGN}judge/`], uses: ['verify'], node: [], packages: ['zod'], isPure: true },
  { name: 'workflows', holds: [`${COUNTERSIGN}workflows/`], uses: ['judge', 'verify'], ...PRODUCT },
  { name: 'adapters', holds: [`${COUNTERSIGN}adapters/*`], uses: STORIES, ...PRODUCT },
  { name: 'reports', holds: [`${COUNTERSIGN}reports/`], uses: STORIES, ...PRODUCT },
  // What the browser shares with the server; its schemas, so nothing but zod.
  {
    name: 'api/contract',
    holds: [`${COUNTERSIGN}api/contract.ts`],
    uses: [],
    node: [],
    packages: ['zod'],
    isPure: true,
  },
  { name: 'api', holds: [`${COUNTERSIGN}api/`], uses: ['api/contract', ...STORIES, 'reports'], ...PRODUCT },
  {
    name: 'wire',
    holds: [`${COUNTERSIGN}wire.ts`, `${COUNTERSIGN}wire/`],
    uses: ['api', 'api/contract', 'reports', 'adapters', ...STORIES],
    ...PRODUCT,
  },
  ...['server', 'agent', 'cli'].map((name) => ({
    name,
    holds: [`${COUNTERSIGN}${name}/`],
    // The command line starts the other two.
    uses: [...(name === 'cli' ? ['server', 'agent'] : []), 'wire', 'api', 'api/contract', 'reports', ...STORIES],
    ...PRODUCT,
  })),
  {
    name: 'web',
    holds: ['packages/web/src/'],
    uses: [],
    usesTypesOf: ['api/contract'],
    node: [],
    packages: 'any',
    isPure: false,
  },
]

/** Own packages that are imported by name. */
const DOORS: Readonly<Record<string, string>> = { '@countersign/verify': `${VERIFY}index.ts` }

const IMPURE =
  /\bDate\.now\b|\bnew Date\b(?:\(\))?(?!\()|\bperformance\.now\b|\bMath\.random\b|\b(?:randomBytes|randomInt|randomUUID|randomFill(?:Sync)?|getRandomValues|generateKeyPair(?:Sync)?|generateKey(?:Sync)?)\b|\bprocess\b|\bfetch\(|\bset(?:Timeout|Interval|Immediate)\(|\bconsole\./g

/**
 * Every line of the shipped sources that breaks a floor, in path order.
 *
 * @param texts sources by path below the root; test-only files are passed over
 * @param floors the table to hold them to
 */
export function findFloorViolations(texts: ReadonlyMap<string, string>, floors = FLOORS): readonly Violation[] {
  const found: Violation[] = []
  for (const [file, text] of texts) {
    if (isTestOnly(file)) continue
    const floor = floorOf(file, floors)
    if (!floor) {
      found.push({ file, line: 1, rule: 'stands on no floor; scripts/floors.ts names them' })
      continue
    }
    for (const entry of importsOf(text)) {
      const rule = brokenRule(file, entry, floor, floors)
      if (rule) found.push({ file, line: entry.line, rule })
    }
    if (floor.isPure) found.push(...findImpurities(file, text, floor))
  }
  return found
}

/** The import cycles, by types too, one line per cycle, each named from its first file in path order. */
export function findCycles(texts: ReadonlyMap<string, string>): readonly Violation[] {
  const state = new Map<string, 'open' | 'done'>()
  const found: Violation[] = []
  const visit = (file: string, trail: readonly string[]): void => {
    state.set(file, 'open')
    for (const { specifier, line } of importsOf(texts.get(file) ?? '')) {
      const target = resolveOwn(file, specifier)
      if (target === null || !texts.has(target)) continue
      if (state.get(target) === 'open') {
        const path = [...trail.slice(trail.indexOf(target)), target].join(' → ')
        found.push({ file, line, rule: `closes the import cycle ${path}` })
      } else if (!state.has(target)) {
        visit(target, [...trail, target])
      }
    }
    state.set(file, 'done')
  }
  for (const file of texts.keys()) if (!state.has(file)) visit(file, [file])
  return found
}

/** One line per violation: `file:line: offending text (rule)`. */
export function formatViolations(found: readonly Violation[], texts: ReadonlyMap<string, string>): string {
  return found
    .map(({ file, line, rule }) => `${file}:${line}: ${texts.get(file)?.split('\n')[line - 1]?.trim()}\n    ${rule}`)
    .join('\n')
}

function brokenRule(file: string, entry: SourceImport, floor: Floor, floors: readonly Floor[]): string | null {
  const { specifier } = entry
  if (specifier.startsWith('node:')) {
    const isAllowed = floor.node === 'any' || floor.node.includes(specifier)
    return isAllowed ? null : `${floor.name} may not use ${specifier} (${list(floor.node)})`
  }
  const target = resolveOwn(file, specifier)
  if (target === null) {
    const isAllowed = floor.packages === 'any' || floor.packages.includes(specifier)
    return isAllowed ? null : `${floor.name} may not use the package ${specifier} (${list(floor.packages)})`
  }
  const other = floorOf(target, floors)
  if (!other) return `${target} stands on no floor`
  if (isTestOnly(target)) return `${target} is for tests only`
  if (
    specifier.startsWith('.') &&
    workspaceOf(file) !== workspaceOf(target) &&
    !floor.usesTypesOf?.includes(other.name)
  ) {
    return `${workspaceOf(target)} is imported by its package name, not by path`
  }
  if (other === floor) {
    const isOwn = familyOf(file, floor) === familyOf(target, floor)
    return isOwn ? null : `one ${floor.name} family may not import another`
  }
  if (floor.uses.includes(other.name)) return null
  if (floor.usesTypesOf?.includes(other.name)) {
    return entry.isTypeOnly ? null : `${floor.name} may use the types of ${other.name} only (import type)`
  }
  return `${floor.name} may not import ${other.name} (${list([...floor.uses, ...(floor.usesTypesOf ?? [])])})`
}

function findImpurities(file: string, text: string, floor: Floor): readonly Violation[] {
  const masked = maskSource(text)
  return [...masked.matchAll(IMPURE)].map(({ 0: word, index }) => ({
    file,
    line: lineAt(masked, index),
    rule: `${floor.name} reads no clock, environment, randomness or network, and prints nothing: ${word}`,
  }))
}

function floorOf(file: string, floors: readonly Floor[]): Floor | undefined {
  let best: Floor | undefined
  let length = 0
  for (const floor of floors) {
    for (const held of floor.holds) {
      const prefix = held.replace(/\*(?:\.ts)?$/, '')
      const isHeld = held.endsWith('/*.ts') ? posix.dirname(file) === posix.dirname(held) : isAtOrBelow(file, prefix)
      if (isHeld && prefix.length > length) [best, length] = [floor, prefix.length]
    }
  }
  return best
}

function isAtOrBelow(file: string, place: string): boolean {
  return place.endsWith('/') ? file.startsWith(place) : file === place
}

function familyOf(file: string, floor: Floor): string {
  const prefix = floor.holds.find((held) => held.endsWith('/*'))?.slice(0, -1)
  return prefix === undefined ? '' : (file.slice(prefix.length).split('/')[0] ?? '')
}

/** The path that an import names, or null when it names a package of somebody else. */
function resolveOwn(file: string, specifier: string): string | null {
  if (specifier.startsWith('.')) return posix.join(posix.dirname(file), specifier)
  return DOORS[specifier] ?? null
}

function workspaceOf(file: string): string {
  return file.split('/').slice(0, 2).join('/')
}

function list(names: readonly string[] | 'any'): string {
  return names === 'any' || names.length === 0 ? 'it may use none' : `it may use ${names.join(', ')}`
}
