import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'

/** What a workspace's package.json may say that the build reads. */
export interface WorkspaceManifest {
  readonly name: string
  readonly version: string
  readonly private?: boolean
  readonly exports?: Readonly<Record<string, string>>
  readonly bin?: Readonly<Record<string, string>>
  readonly [key: string]: unknown
}

/** A workspace that cannot be published as it is. */
export class BuildError extends Error {
  override readonly name = 'BuildError'
  readonly code: 'dirty' | 'version_mismatch' | 'not_compiled' | 'file_missing'

  constructor(code: BuildError['code'], message: string) {
    super(message)
    this.code = code
  }
}

/** Throws {@link BuildError} `dirty` unless the files that would be published are exactly those of the checked-out commit. */
export function requireCleanTree(root: string): void {
  const changed = execFileSync('git', ['status', '--porcelain', '--untracked-files=all'], {
    cwd: root,
    encoding: 'utf8',
  })
  if (changed !== '')
    throw new BuildError('dirty', `a version names a commit, and these files differ from it:\n${changed}`)
}

/** Throws {@link BuildError} `version_mismatch` unless all manifests carry one version and need each other in it. */
export function requireOneVersion(manifests: readonly WorkspaceManifest[]): void {
  const version = manifests[0]?.version
  const names = new Set(manifests.map(({ name }) => name))
  for (const manifest of manifests) {
    if (manifest.version !== version) {
      throw new BuildError(
        'version_mismatch',
        `${manifest.name} is ${manifest.version}, ${manifests[0]?.name} is ${version}`,
      )
    }
    for (const [name, wanted] of Object.entries(manifest['dependencies'] ?? {})) {
      if (names.has(name) && wanted !== version) {
        throw new BuildError('version_mismatch', `${manifest.name} needs ${name} ${wanted}, which is ${version}`)
      }
    }
  }
}

/**
 * The manifest to publish: entry points name JavaScript and its types, `files` names what is in the folder, and what only
 * development needs is gone, as are the packages that `inlined` names: they are in the bundle, and their licences beside it.
 */
export function publishedManifest(manifest: WorkspaceManifest): Readonly<Record<string, unknown>> {
  const { scripts: _scripts, devDependencies: _tools, exports: doors, ...more } = manifest
  const { bundle: _entries, together: _files, inlined, ...kept } = more
  const inside = namesIn(inlined)
  const needed = Object.entries(manifest['dependencies'] ?? {}).filter(([name]) => !inside.includes(name))
  return {
    ...kept,
    ...(inside.length > 0 && { dependencies: Object.fromEntries(needed) }),
    ...(doors && {
      exports: Object.fromEntries(Object.entries(doors).map(([door, path]) => [door, compiledDoor(path)])),
    }),
    files: ['src', 'bin', 'README.md', 'LICENSE', 'NOTICE', ...(inside.length > 0 ? ['licenses'] : [])],
  }
}

/**
 * Compiles one workspace into a folder that `npm publish` takes as it is: JavaScript, types, manifest, licence, read-me.
 * Throws {@link BuildError} `not_compiled` when the compiler refuses, `file_missing` when a file to ship is not there.
 *
 * @param root the folder that holds LICENSE, NOTICE, tsconfig.json and the installed packages
 * @param source the workspace
 * @param target the folder to make; what it held is deleted
 * @param built workspaces built before, by name, for the imports of this one
 */
export function buildPackage(
  root: string,
  source: string,
  target: string,
  built: Readonly<Record<string, string>>,
): void {
  const manifest: WorkspaceManifest = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8'))
  rmSync(target, { recursive: true, force: true })
  mkdirSync(target, { recursive: true })
  compile(root, source, target, built)
  for (const name of ['LICENSE', 'NOTICE']) ship(join(root, name), join(target, name))
  const ownReadme = join(source, 'README.md')
  ship(existsSync(ownReadme) ? ownReadme : join(root, 'README.md'), join(target, 'README.md'))
  const bundled = namesIn(manifest['bundle'])
  const inlined = namesIn(manifest['inlined'])
  const outside = Object.keys(manifest['dependencies'] ?? {}).filter((name) => !inlined.includes(name))
  const inside = Object.fromEntries(inlined.map((name) => [name, join(root, 'node_modules', name)]))
  const together = namesIn(manifest['together'])
  if (bundled.length > 0) bundle(target, { entries: bundled, together, external: outside, inside }, built)
  if (inlined.length > 0) mkdirSync(join(target, 'licenses'))
  for (const [name, folder] of Object.entries(inside))
    ship(join(folder, 'LICENSE'), join(target, 'licenses', `${name}.txt`))
  if (existsSync(join(source, 'bin'))) cpSync(join(source, 'bin'), join(target, 'bin'), { recursive: true })
  for (const path of Object.values(manifest.bin ?? {})) requireStarter(join(target, path))
  writeFileSync(join(target, 'package.json'), `${JSON.stringify(publishedManifest(manifest), null, 2)}\n`)
}

function compiledDoor(path: string): string | { readonly types: string; readonly default: string } {
  if (!path.endsWith('.ts')) return path
  return { types: path.replace(/\.ts$/, '.d.ts'), default: path.replace(/\.ts$/, '.js') }
}

function compile(root: string, source: string, target: string, built: Readonly<Record<string, string>>): void {
  const config = join(target, 'tsconfig.json')
  const settings = {
    extends: join(root, 'tsconfig.json'),
    compilerOptions: {
      noEmit: false,
      declaration: true,
      rewriteRelativeImportExtensions: true,
      rootDir: source,
      outDir: target,
      typeRoots: [join(root, 'node_modules', '@types')],
      paths: Object.fromEntries(
        Object.entries(built).map(([name, folder]) => [name, [join(folder, 'src/index.d.ts')]]),
      ),
    },
    include: [join(source, 'src')],
    exclude: ['test', 'contract', 'fixtures'].map((kind) => join(source, `src/**/*.${kind}.ts`)),
  }
  writeFileSync(config, JSON.stringify(settings))
  try {
    const compiler = join(root, 'node_modules/typescript/bin/tsc')
    execFileSync(process.execPath, [compiler, '--project', config], { encoding: 'utf8', stdio: 'pipe' })
  } catch (cause) {
    const said = cause instanceof Error && 'stdout' in cause ? String(cause.stdout) : String(cause)
    throw Object.assign(new BuildError('not_compiled', `${source} does not compile:\n${said}`), { cause })
  } finally {
    rmSync(config)
  }
}

/** What a manifest says of its bundle; `inside` names the folders of packages that go into it. */
interface BundleWish {
  readonly entries: readonly string[]
  readonly together: readonly string[]
  readonly external: readonly string[]
  readonly inside: Readonly<Record<string, string>>
}

/**
 * Joins what was compiled into one file for each entry and a few that they share, because a program that verifies one commit
 * would otherwise wait for a hundred small files. Packages that others wrote stay outside, under their own licences, unless the
 * manifest names them as `inlined`, because every command waits for them.
 */
function bundle(target: string, wanted: BundleWish, built: Readonly<Record<string, string>>): void {
  const { entries, together, external, inside } = wanted
  const settings = {
    entries: entries.map((entry) => join(target, entry)),
    source: join(target, 'src'),
    target: join(target, 'bundled'),
    external: external.filter((name) => built[name] === undefined),
    together,
    alias: {
      ...Object.fromEntries(Object.entries(built).flatMap(([name, folder]) => doorsOf(name, folder))),
      ...inside,
    },
  }
  const program = join(import.meta.dirname, 'bundle.ts')
  execFileSync(process.execPath, [program], { input: JSON.stringify(settings), encoding: 'utf8', stdio: 'pipe' })
  rmSync(settings.source, { recursive: true })
  renameSync(settings.target, settings.source)
}

function doorsOf(name: string, folder: string): readonly (readonly [string, string])[] {
  const { exports: doors = {} }: WorkspaceManifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  return Object.entries(doors).map(([door, path]) => {
    const file = typeof path === 'string' ? path : (path as { readonly default: string }).default
    return [name + door.slice(1), join(folder, file)] as const
  })
}

function namesIn(value: unknown): readonly string[] {
  return Array.isArray(value) && value.every((name) => typeof name === 'string') ? value : []
}

/** Starters in bin/ ship as they are: they run the TypeScript source where it is, and what the compiler made of it elsewhere. */
function requireStarter(file: string): void {
  if (!existsSync(file)) throw new BuildError('file_missing', `${file} is named in package.json and does not exist`)
  chmodSync(file, 0o755)
}

function ship(from: string, to: string): void {
  if (!existsSync(from)) throw new BuildError('file_missing', `${from} belongs in the package and does not exist`)
  copyFileSync(from, to)
}
