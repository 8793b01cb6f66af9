import { execFile, spawn } from 'node:child_process'
import { chmod, cp, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { type BuildRecord, cacheFolder, dataFolder, linkerFlags, moduleFolder, programFolder } from './cache.ts'
import { EstateError } from './estate-error.ts'
import { DATA, type DataName, PROGRAMS, type ProgramName, type ProgramSource } from './programs.ts'

const run = promisify(execFile)
const LAST_LINES = 20

/** Called with what Go does now: how many modules it has fetched so far. */
export type BuildProgress = (fetchedModules: number) => void

/**
 * The version of Go that builds a module; it may be newer than the one installed, where the module asks for that.
 * Rejects with {@link EstateError} `build_tool_missing` where Go, or the C compiler that the program needs, is not there.
 */
export async function goVersion(name: ProgramName): Promise<string> {
  const { module, cgo }: ProgramSource = PROGRAMS[name]
  let answer: string
  try {
    answer = (await run('go', ['env', 'GOVERSION', 'CC'], { cwd: moduleFolder(module), env: goEnvironment() })).stdout
  } catch (cause) {
    throw missing(name, 'Go 1.26 or newer (https://go.dev/dl)', cause)
  }
  const [version = '', compiler = 'cc'] = answer.trim().split('\n')
  if (cgo)
    await run(compiler, ['--version']).catch((cause) =>
      Promise.reject(missing(name, `a C compiler (${compiler})`, cause)),
    )
  return version
}

/**
 * Builds one program into the cache. Nothing is left there when it fails: {@link EstateError} `build_failed` names the program,
 * the module and the last lines. Only for a holder of the build lock.
 */
export async function buildProgram(name: ProgramName, go: string, onProgress: BuildProgress): Promise<BuildRecord> {
  const source: ProgramSource = PROGRAMS[name]
  const startedAt = performance.now()
  const { folder, pins } = await workingCopy(name, source.module)
  const output = join(folder, 'out', name)
  const flags = [
    '-mod=mod',
    '-trimpath',
    '-buildvcs=false',
    '-tags',
    source.tags ?? '',
    '-ldflags',
    linkerFlags(source),
  ]
  const said = await goRun(
    name,
    folder,
    ['build', ...flags, '-o', output, source.package],
    source.cgo ?? false,
    onProgress,
  )
  await mustHoldPins(name, folder, pins, said)
  const seconds = Math.round((performance.now() - startedAt) / 1000)
  const record = { version: source.version, go, seconds, bytes: (await stat(output)).size }
  await publish(dirname(output), programFolder(name), record)
  await rm(folder, { recursive: true, force: true })
  return record
}

/** Copies the files that a program needs beside itself from Go's module cache into ours. As {@link buildProgram} otherwise. */
export async function copyData(name: DataName, go: string): Promise<void> {
  const { module, goModule, paths } = DATA[name]
  const { folder } = await workingCopy(name, module)
  const answer = (await goRun(name, folder, ['mod', 'download', '-json', goModule], false, () => {})).join('\n')
  const found = /"Dir": (".*")/.exec(answer)?.[1]
  if (found === undefined) throw failed(name, module, [answer])
  const output = join(folder, 'out')
  for (const path of paths) await cp(join(JSON.parse(found), path), join(output, path), { recursive: true })
  await makeWritable(output)
  await publish(output, dataFolder(name), { version: PROGRAMS[name].version, go, seconds: 0, bytes: 0 })
  await rm(folder, { recursive: true, force: true })
}

/** Removes what builds that were ended left behind. Only for a holder of the build lock. */
export async function clearWork(): Promise<void> {
  await rm(join(cacheFolder(), 'work'), { recursive: true, force: true })
}

/** Go writes to `go.mod` and `go.sum`: it works on a copy, and the sums are held against ours afterwards. */
async function workingCopy(name: string, module: string): Promise<{ readonly folder: string; readonly pins: string }> {
  const folder = join(cacheFolder(), 'work', name)
  await rm(folder, { recursive: true, force: true })
  await mkdir(join(folder, 'out'), { recursive: true })
  await cp(moduleFolder(module), folder, { recursive: true })
  return { folder, pins: await readFile(join(folder, 'go.sum'), 'utf8') }
}

async function mustHoldPins(name: ProgramName, folder: string, pins: string, said: readonly string[]): Promise<void> {
  const now = await readFile(join(folder, 'go.sum'), 'utf8')
  if (now === pins) return
  const added = now.split('\n').filter((line) => !pins.includes(line))
  throw failed(name, PROGRAMS[name].module, [...said, 'go.sum does not pin everything that was compiled:', ...added])
}

async function publish(output: string, target: string, record: BuildRecord): Promise<void> {
  await writeFile(join(output, 'built.json'), `${JSON.stringify(record)}\n`)
  await mkdir(dirname(target), { recursive: true })
  await rm(target, { recursive: true, force: true })
  await rename(output, target)
}

/** Go's module cache is read-only and without run bits; ours can be removed, and its scripts run. */
async function makeWritable(folder: string): Promise<void> {
  await chmod(folder, 0o755)
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) await makeWritable(path)
    else await chmod(path, entry.name.endsWith('.sh') ? 0o755 : 0o644)
  }
}

function goRun(
  name: ProgramName,
  folder: string,
  args: readonly string[],
  cgo: boolean,
  onProgress: BuildProgress,
): Promise<readonly string[]> {
  const env = { ...goEnvironment(), CGO_ENABLED: cgo ? '1' : '0' }
  const child = spawn('go', args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const said: string[] = []
  let fetched = 0
  createInterface({ input: child.stdout }).on('line', (line) => said.push(line))
  createInterface({ input: child.stderr }).on('line', (line) => {
    if (!line.startsWith('go: downloading ')) return void said.push(line)
    fetched += 1
    onProgress(fetched)
  })
  return new Promise((resolve, reject) => {
    child.once('error', (cause) => reject(missing(name, 'Go 1.26 or newer (https://go.dev/dl)', cause)))
    child.once('close', (code) =>
      code === 0 ? resolve(said) : reject(failed(name, basename(PROGRAMS[name].module), said)),
    )
  })
}

function goEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, GOFLAGS: '', GOWORK: 'off' }
}

function failed(name: string, module: string, said: readonly string[]): EstateError {
  const lines = said.slice(-LAST_LINES).join('\n')
  return new EstateError(
    'build_failed',
    `${name} (e2e/modules/${module}) could not be built; Go's last lines:\n${lines}`,
  )
}

function missing(name: string, tool: string, cause: unknown): EstateError {
  return new EstateError('build_tool_missing', `building ${name} needs ${tool}; install it and run this again`, {
    cause,
  })
}
