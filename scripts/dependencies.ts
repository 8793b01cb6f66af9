/** What a package manifest says about the packages it needs. */
export interface Manifest {
  readonly name: string
  readonly version?: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

/** One row of the table in docs/dependencies.md. */
export interface DependencyRow {
  readonly name: string
  readonly licence: string
  readonly use: string
  readonly reason: string
}

/** One package of package-lock.json. */
export interface LockedPackage {
  readonly name: string
  readonly licence: string
  /** Not needed by any published package. */
  readonly isDev: boolean
}

// Licences that ask for no more than a notice, so that they can be shipped inside an Apache-2.0 work.
const SHIPPABLE = [
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'ISC',
  'MIT',
  'MIT-0',
  'MIT OR Apache-2.0',
  'Unlicense',
]
// Fine for a tool that we run and never ship.
const TOOLS_ONLY = ['LGPL-3.0+', 'LGPL-3.0-or-later', 'MPL-2.0']

/** Every direct dependency of the manifests with its version, own packages left out. */
export function directDependencies(
  manifests: readonly Manifest[],
): readonly { name: string; version: string; isDev: boolean }[] {
  const own = new Set(manifests.map(({ name }) => name))
  return manifests
    .flatMap((manifest) => [
      ...entries(manifest.dependencies, false),
      ...entries(manifest.peerDependencies, false),
      ...entries(manifest.optionalDependencies, false),
      ...entries(manifest.devDependencies, true),
    ])
    .filter(({ name }) => !own.has(name))
}

/** Dependencies that are not pinned to one version. */
export function findLoosePins(manifests: readonly Manifest[]): readonly string[] {
  return manifests.flatMap((manifest) =>
    [manifest.dependencies, manifest.devDependencies, manifest.optionalDependencies, manifest.peerDependencies]
      .flatMap((group) => Object.entries(group ?? {}))
      .filter(([, version]) => !/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version))
      .map(([name, version]) => `${manifest.name}: ${name} is "${version}", not one exact version`),
  )
}

/** The rows of the dependency table: `| package | licence | used by | reason |`. */
export function parseDependencyTable(markdown: string): readonly DependencyRow[] {
  return [...markdown.matchAll(/^\| `([^`]+)` \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$/gm)].map((row) => ({
    name: row[1] ?? '',
    licence: (row[2] ?? '').trim(),
    use: (row[3] ?? '').trim(),
    reason: (row[4] ?? '').trim(),
  }))
}

/** Packages whose licence does not allow what we do with them. */
export function findForbiddenLicences(packages: readonly LockedPackage[]): readonly string[] {
  return packages
    .filter(({ licence, isDev }) => !(SHIPPABLE.includes(licence) || (isDev && TOOLS_ONLY.includes(licence))))
    .map(
      ({ name, licence, isDev }) =>
        `${name}: ${licence || 'no licence'} is not allowed ${isDev ? 'for a tool' : 'in what we ship'}`,
    )
}

/** The packages of a lock file (version 3), own ones left out. */
export function lockedPackages(lock: {
  readonly packages: Readonly<
    Record<string, { license?: string; dev?: boolean; devOptional?: boolean; link?: boolean }>
  >
}): readonly LockedPackage[] {
  return Object.entries(lock.packages)
    .filter(([path, { link }]) => path.includes('node_modules/') && link !== true)
    .map(([path, { license = '', dev = false, devOptional = false }]) => ({
      name: path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length),
      licence: license,
      isDev: dev || devOptional,
    }))
}

function entries(group: Readonly<Record<string, string>> | undefined, isDev: boolean) {
  return Object.entries(group ?? {}).map(([name, version]) => ({ name, version, isDev }))
}
