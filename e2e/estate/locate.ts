import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { access, constants } from 'node:fs/promises'
import { delimiter, isAbsolute, join } from 'node:path'
import { promisify } from 'node:util'
import { dataFolder, programFolder, readRecord } from './cache.ts'
import { EstateError } from './estate-error.ts'
import { type DataName, PROGRAMS, type ProgramName, type ProgramSource } from './programs.ts'

const run = promisify(execFile)

/** Where a program was found. */
export interface FoundProgram {
  readonly path: string
  /** The variable that names it, `PATH`, or `built` for our own build of the pinned version. */
  readonly from: 'variable' | 'KUBEBUILDER_ASSETS' | 'PATH' | 'built'
}

const ASSETS: ReadonlySet<ProgramName> = new Set(['etcd', 'kube-apiserver', 'kube-controller-manager', 'kubectl'])
const ASK_WITHIN_MS = 10_000
const onPath = new Map<string, Promise<string | null>>()

/** The variable that names a program of somebody's own: `ESTATE_KUBE_APISERVER` for `kube-apiserver`. */
export function variableOf(name: ProgramName): string {
  return `ESTATE_${name.toUpperCase().replaceAll('-', '_')}`
}

/**
 * The path of a program: named by its variable, in `KUBEBUILDER_ASSETS`, on PATH in the pinned major and minor version, or
 * built by `npm run estate:build`, the first that applies. Needs no Go.
 *
 * Rejects with {@link EstateError} `program_not_built`, which names the program and the way to get it. Never skips.
 */
export async function locateProgram(name: ProgramName): Promise<string> {
  const found = await findProgram(name)
  if (found !== null) return found.path
  const { coldSeconds } = PROGRAMS[name]
  throw new EstateError(
    'program_not_built',
    `${name} is not there; build it with "npm run estate:build -- ${name}" (up to ${coldSeconds} s), ` +
      `or name a program of your own with ${variableOf(name)}`,
  )
}

/** As {@link locateProgram}, with where it was found; null when it was not. */
export async function findProgram(name: ProgramName): Promise<FoundProgram | null> {
  const elsewhere = await findElsewhere(name)
  if (elsewhere !== null) return elsewhere
  const folder = programFolder(name)
  return readRecord(folder) === null ? null : { path: join(folder, name), from: 'built' }
}

/** A program that somebody else provides, so that it need not be built. */
export async function findElsewhere(name: ProgramName): Promise<FoundProgram | null> {
  const named = process.env[variableOf(name)]
  if (named !== undefined && named !== '') {
    await mustBeProgram(name, named, variableOf(name))
    return { path: named, from: 'variable' }
  }
  const assets = process.env['KUBEBUILDER_ASSETS']
  if (assets !== undefined && assets !== '' && ASSETS.has(name)) {
    const path = join(assets, name)
    if (existsSync(path)) return { path, from: 'KUBEBUILDER_ASSETS' }
  }
  const path = await findOnPath(name)
  return path === null ? null : { path, from: 'PATH' }
}

/**
 * The folder with the files that a program needs beside itself (custom resource definitions, manifests, pages), laid out as
 * in its Go module. Rejects with {@link EstateError} `program_not_built` as {@link locateProgram} does.
 */
export async function locateData(name: DataName): Promise<string> {
  const folder = dataFolder(name)
  if (readRecord(folder) !== null) return folder
  throw new EstateError(
    'program_not_built',
    `the files of ${name} are not there; get them with "npm run estate:build -- ${name}"`,
  )
}

async function mustBeProgram(name: ProgramName, path: string, variable: string): Promise<void> {
  const isThere = isAbsolute(path) && (await isProgram(path))
  if (isThere) return
  throw new EstateError(
    'program_not_built',
    `${variable} is ${JSON.stringify(path)}, which is not an absolute path of a program; correct it, or unset it and ` +
      `build ${name} with "npm run estate:build -- ${name}"`,
  )
}

function findOnPath(name: ProgramName): Promise<string | null> {
  const path = process.env['PATH'] ?? ''
  const key = `${name}${delimiter}${path}`
  const known = onPath.get(key) ?? searchPath(name, path)
  onPath.set(key, known)
  return known
}

async function searchPath(name: ProgramName, path: string): Promise<string | null> {
  for (const folder of path.split(delimiter).filter((folder) => isAbsolute(folder))) {
    const candidate = join(folder, name)
    if ((await isProgram(candidate)) && (await hasPinnedVersion(PROGRAMS[name], candidate))) return candidate
  }
  return null
}

/** A program of another version would make tests speak of something else than they say. */
async function hasPinnedVersion({ version, askVersion }: ProgramSource, path: string): Promise<boolean> {
  if (askVersion === undefined) return true
  const [major, minor] = version.split('.')
  try {
    const { stdout, stderr } = await run(path, [...askVersion], { timeout: ASK_WITHIN_MS })
    return new RegExp(`(?<![\\d.])${major}\\.${minor}(?!\\d)`).test(`${stdout}${stderr}`)
  } catch {
    return false
  }
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
