import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder that holds the workspaces, with a slash at its end. */
export const PROJECT_ROOT = fileURLToPath(new URL('..', import.meta.url))

/** Every file that git tracks or would track, as paths below the root with forward slashes, sorted. */
export function projectFiles(root: string = PROJECT_ROOT): readonly string[] {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  })
  const paths = new Set(listed.split('\0').filter((path) => path !== ''))
  return [...paths].filter((path) => existsSync(join(root, path))).sort()
}

/** The texts of the named files, by path. */
export function readTexts(paths: readonly string[], root: string = PROJECT_ROOT): ReadonlyMap<string, string> {
  return new Map(paths.map((path) => [path, readFileSync(join(root, path), 'utf8')]))
}

/** Whether a file exists for tests alone, so that the rules for shipped code do not bind it. */
export function isTestOnly(path: string): boolean {
  return /\.(?:test|contract|fixtures)\.ts$/.test(path) || path.startsWith('testdata/')
}
