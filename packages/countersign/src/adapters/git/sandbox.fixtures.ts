import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { git, isolatedEnv } from '../../../../../bench/history/repository.ts'

/** A temporary folder for real repositories; `remove` takes it away with all that is in it. */
export class Sandbox {
  readonly folder = mkdtempSync(join(tmpdir(), 'csn-git-'))

  /** Makes an empty repository and returns its folder. */
  init(name: string, ...options: readonly string[]): string {
    const folder = join(this.folder, name)
    mkdirSync(folder)
    execFileSync('git', ['init', '-q', '--initial-branch=main', ...options, folder], { env: isolatedEnv() })
    return folder
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** A commit of a drawn history, its parents named before it; `files` are what it puts in. */
export type Drawn = readonly [name: string, parents: string, files?: Readonly<Record<string, string>>]

/**
 * Makes commits as drawn (`['m', 'a b']` is a merge of `b` into `a`) and returns their ids by name. Refs are left to the
 * caller: every commit is reachable from `refs/drawn/<name>`.
 */
export function draw(repository: string, history: readonly Drawn[]): Readonly<Record<string, string>> {
  const marks = new Map(history.map(([name], index) => [name, index + 1]))
  const mark = (name: string): string => `:${marks.get(name) ?? name}`
  const text = history.map(([name, parents, files = {}], index) => {
    const [first, ...others] = parents.split(' ').filter((parent) => parent !== '')
    return [
      `reset refs/drawn/${name}\n`,
      `commit refs/drawn/${name}\nmark ${mark(name)}\n`,
      `committer Ann <ann@example.com> ${1_700_000_000 + index} +0000\ndata ${name.length}\n${name}\n`,
      first === undefined ? '' : `from ${mark(first)}\n`,
      ...others.map((parent) => `merge ${mark(parent)}\n`),
      ...Object.entries(files).map(
        ([path, content]) => `M 100644 inline ${path}\ndata ${Buffer.byteLength(content)}\n${content}\n`,
      ),
      '\n',
    ].join('')
  })
  const marksFile = join(repository, 'drawn-marks')
  git(repository, ['fast-import', '--quiet', '--force', `--export-marks=${marksFile}`], text.join(''))
  const ids = new Map(
    readFileSync(marksFile, 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.split(' ') as [string, string]),
  )
  rmSync(marksFile)
  return Object.fromEntries(history.map(([name]) => [name, ids.get(mark(name)) ?? '']))
}

/** Points a ref at an object, or takes it away. */
export function setRef(repository: string, ref: string, object: string | null): void {
  git(repository, object === null ? ['update-ref', '-d', ref] : ['update-ref', ref, object])
}

/** Writes an object, sound or not, and returns its id. */
export function writeObject(repository: string, type: string, body: string | Uint8Array): string {
  const args = ['-C', repository, 'hash-object', '-t', type, '-w', '--literally', '--stdin']
  return execFileSync('git', args, { env: isolatedEnv(), input: body }).toString().trim()
}
