import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DATA, type DataName, PROGRAMS, type ProgramName, type ProgramSource } from './programs.ts'

const MODULES = fileURLToPath(new URL('../modules/', import.meta.url))

/** What was built, beside it as `built.json`. */
export interface BuildRecord {
  readonly version: string
  /** As `go env GOVERSION` prints it. */
  readonly go: string
  readonly seconds: number
  readonly bytes: number
}

/** Where built programs lie: `COUNTERSIGN_ESTATE_CACHE`, else `countersign-estate` in the user's cache folder (XDG). */
export function cacheFolder(): string {
  const named = process.env['COUNTERSIGN_ESTATE_CACHE']
  if (named !== undefined && named !== '') return named
  const xdg = process.env['XDG_CACHE_HOME']
  return join(xdg !== undefined && xdg !== '' ? xdg : join(homedir(), '.cache'), 'countersign-estate')
}

/** The folder with a wrapper module's `go.mod` and `go.sum`. */
export function moduleFolder(module: string): string {
  return join(MODULES, module)
}

/** The folder of a program as it is pinned now; whatever changes what is compiled changes the folder. */
export function programFolder(name: ProgramName): string {
  const source: ProgramSource = PROGRAMS[name]
  const key = [source.package, source.cgo ?? false, source.tags ?? '', linkerFlags(source), platform()]
  return join(cacheFolder(), 'programs', name, keyOf(source.module, key))
}

/** The folder of a program's data files as they are pinned now. */
export function dataFolder(name: DataName): string {
  const { module, goModule, paths } = DATA[name]
  return join(cacheFolder(), 'data', name, keyOf(module, [goModule, ...paths]))
}

/** The record of a finished build, or null when there is none. The record is written last, so what it stands beside is whole. */
export function readRecord(folder: string): BuildRecord | null {
  const file = join(folder, 'built.json')
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as BuildRecord) : null
}

/** What the linker is told: no debug tables, and the variables of the program. */
export function linkerFlags({ variables = {} }: ProgramSource): string {
  return ['-s', '-w', ...Object.entries(variables).map(([name, value]) => `-X ${name}=${value}`)].join(' ')
}

function keyOf(module: string, more: readonly unknown[]): string {
  const digest = createHash('sha256').update(JSON.stringify(more))
  for (const file of readdirSync(moduleFolder(module)).sort()) {
    const content = readFileSync(join(moduleFolder(module), file))
    digest.update(JSON.stringify([file, content.length])).update(content)
  }
  return digest.digest('hex').slice(0, 20)
}

function platform(): string {
  return `${process.platform}-${process.arch}`
}
