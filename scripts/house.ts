import { isTestOnly } from './project-files.ts'
import { lineAt, maskSource } from './source-text.ts'

/** The most lines that one source file may have. */
export const MAX_FILE_LINES = 400
/**
 * The most lines of code that the shipped sources of `packages/verify` may have together, blank lines and comments not counted:
 * an auditor reads them all. The aim is 8,000; docs/decisions/0002 says where the rest went.
 */
export const VERIFY_BUDGET_LINES = 8_300

const EMPTY_NAMES = ['util', 'utils', 'helper', 'helpers', 'common', 'misc', 'shared', 'manager']
/** A line that is blank or only comment. */
const NO_CODE = /^\s*(?:$|\/\/|\/\*|\*)/
const KEBAB = /^[a-z0-9]+(?:-[a-z0-9]+)*$/
const SOURCE = /\.(?:ts|tsx|mjs|js)$/
// Vectors and recordings keep the names that their makers gave them.
const FOREIGN = /^testdata\//

const UNFINISHED = /\b(?:TO[D]O|FIX[M]E|XX[X]|HA[C]K)\b/g
const SKIPPED_TEST = /\b(?:test|it|describe|bench|suite)(?:\.\w+)*\.(?:skip|only|todo|skipIf|runIf|fails)\b/g
const MACHINE_PATH = /(?<![\w.~-])\/(?:work|root|home\/[\w.-]+)\/[\w.-]/g
const REGISTRY_HOST = /registry\.npmjs\.[a-z]+|\/api\/npm\/|"resolved": "https?:/g

/** What is wrong with a file's or a folder's name, one sentence each. */
export function findBadNames(paths: readonly string[]): readonly string[] {
  const found = new Set<string>()
  for (const path of paths) {
    const parts = path.split('/')
    const folders = parts.slice(0, -1)
    const stem = (parts.at(-1) ?? '').split('.')[0] ?? ''
    for (const name of [...folders, stem]) {
      if (EMPTY_NAMES.includes(name)) found.add(`${path}: "${name}" says nothing; name what it holds`)
    }
    if (FOREIGN.test(path)) continue
    if (SOURCE.test(path) && !KEBAB.test(stem)) found.add(`${path}: a source file is named in kebab-case`)
    for (const name of folders.filter((folder) => !folder.startsWith('.') && !KEBAB.test(folder))) {
      found.add(`${path}: the folder "${name}" is not named in kebab-case`)
    }
  }
  return [...found]
}

/** Source files longer than {@link MAX_FILE_LINES}. */
export function findLongFiles(texts: ReadonlyMap<string, string>): readonly string[] {
  return [...texts]
    .filter(([path]) => SOURCE.test(path))
    .map(([path, text]) => ({ path, lines: countLines(text) }))
    .filter(({ lines }) => lines > MAX_FILE_LINES)
    .map(({ path, lines }) => `${path}: ${lines} lines, at most ${MAX_FILE_LINES}`)
}

/** Notes of unfinished work, and tests that do not run. */
export function findUnfinished(texts: ReadonlyMap<string, string>): readonly string[] {
  const found: string[] = []
  for (const [path, text] of texts) {
    if (FOREIGN.test(path)) continue
    if (SOURCE.test(path)) {
      found.push(...hits(path, text, UNFINISHED, 'is a promise; finish it or file it'))
      found.push(...hits(path, maskSource(text), SKIPPED_TEST, 'is a test that does not count'))
    } else if (/\.(?:md|sh|ya?ml)$/.test(path)) {
      found.push(...hits(path, text, UNFINISHED, 'is a promise; finish it or file it'))
    }
  }
  return found
}

/** Paths and hosts that exist on one machine only. */
export function findMachineTraces(texts: ReadonlyMap<string, string>): readonly string[] {
  return [...texts].flatMap(([path, text]) => [
    ...hits(path, text, MACHINE_PATH, 'is a path of one machine'),
    ...hits(path, text, REGISTRY_HOST, 'names a package registry'),
  ])
}

/** The lines of the shipped sources below a folder. */
export function countShippedLines(texts: ReadonlyMap<string, string>, folder: string): number {
  return [...texts]
    .filter(([path]) => path.startsWith(folder) && path.endsWith('.ts') && !isTestOnly(path))
    .reduce((sum, [, text]) => sum + text.split('\n').filter((line) => !NO_CODE.test(line)).length, 0)
}

function hits(path: string, text: string, pattern: RegExp, claim: string): readonly string[] {
  return [...text.matchAll(pattern)].map(({ 0: word, index }) => `${path}:${lineAt(text, index)}: "${word}" ${claim}`)
}

function countLines(text: string): number {
  return text.split('\n').length - (text.endsWith('\n') ? 1 : 0)
}
