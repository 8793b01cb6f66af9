import { readFile, realpath, stat } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { computeObjectId, type ObjectFormat, type ObjectType, objectFormatOf, printable } from '@countersign/verify'
import type { CommitNode, GitObject, GitRepository, Ref, Tips } from '../../workflows/ports/git-repository.ts'
import { Problem } from '../../workflows/problem.ts'
import { isObjectType, ObjectFrames } from './object-frames.ts'
import { refNameOf } from './ref-name.ts'
import { type RunningGit, runGit, startGit } from './run-git.ts'
import { entriesBelow, isFolder } from './tree-entries.ts'

const MAX_FILES = 1_000
const MAX_FOLDER_BYTES = 32 * 1024 * 1024
const IDS_PER_RUN = 256

/** Opens the repository at or above a folder. Rejects with `Problem` `not_a_repository` where there is none. */
export async function openGitRepository(folder: string): Promise<GitRepository> {
  const start = await existingFolder(folder)
  // No paths: one that holds a line break would be taken for several answers.
  const questions = ['--show-object-format', '--is-shallow-repository', '--revs-only', 'HEAD']
  const said = await runGit(start, ['rev-parse', ...questions])
  const [format, shallow, head] = said.toString('utf8').trimEnd().split('\n')
  if ((format !== 'sha1' && format !== 'sha256') || (shallow !== 'true' && shallow !== 'false')) {
    throw new Problem('git_failed', `git rev-parse said "${said.toString('utf8').slice(0, 100)}"`)
  }
  return new GitFolder(start, format, shallow === 'true', head ?? null)
}

async function existingFolder(folder: string): Promise<string> {
  try {
    const real = await realpath(folder)
    if ((await stat(real)).isDirectory()) return real
  } catch (cause) {
    throw new Problem('not_a_repository', `there is no folder ${folder}`, { cause })
  }
  throw new Problem('not_a_repository', `${folder} is not a folder`)
}

class GitFolder implements GitRepository {
  readonly folder: string
  readonly objectFormat: ObjectFormat
  readonly #shallow: boolean
  /** The commit that HEAD named when the repository was opened; null on a branch without commits. */
  readonly #head: string | null

  constructor(folder: string, objectFormat: ObjectFormat, shallow: boolean, head: string | null) {
    this.folder = folder
    this.objectFormat = objectFormat
    this.#shallow = shallow
    this.#head = head
  }

  async refs(): Promise<readonly Ref[]> {
    const format = '%(objectname) %(objecttype) %(*objectname) %(refname)'
    const lines = (await runGit(this.folder, ['for-each-ref', `--format=${format}`])).toString('latin1').split('\n')
    return lines.filter((line) => line !== '').map(parseRef)
  }

  async resolve(revision: string): Promise<string | null> {
    try {
      const said = await runGit(this.folder, ['rev-parse', '--verify', '--end-of-options', revision])
      const id = said.toString('utf8').trim()
      return objectFormatOf(id) === null ? null : id
    } catch (error) {
      if (error instanceof Problem && ['revision_not_found', 'git_failed'].includes(error.code)) return null
      throw error
    }
  }

  async tips(revisions: readonly string[] | 'all-refs'): Promise<Tips> {
    if (revisions === 'all-refs') {
      const refs = await this.refs()
      const include = [...new Set([...refs.map((ref) => ref.object), ...(this.#head === null ? [] : [this.#head])])]
      return { include, exclude: [], tags: refs.filter((ref) => ref.type === 'tag').map((ref) => ref.object) }
    }
    if (revisions.length === 1 && revisions[0] === 'HEAD' && this.#head !== null) {
      return { include: [this.#head], exclude: [], tags: [] }
    }
    const said = await runGit(this.folder, ['rev-parse', '--end-of-options', ...revisions])
    const ids = said
      .toString('latin1')
      .trim()
      .split('\n')
      .filter((line) => line !== '--end-of-options')
    return {
      include: ids.filter((id) => !id.startsWith('^')),
      exclude: ids.filter((id) => id.startsWith('^')).map((id) => id.slice(1)),
      tags: [],
    }
  }

  async *commitIds(include: readonly string[], exclude: readonly string[]): AsyncIterable<readonly string[]> {
    if (include.length === 0) return
    let began = false
    try {
      for await (const ids of this.#walk(include, exclude)) {
        began = true
        yield ids
      }
    } catch (error) {
      if (began || !(error instanceof Problem)) throw error
      // What was verified before may have been pruned since. Git's own --ignore-missing would pardon included ids too.
      const checked = await this.#check(exclude)
      const present = exclude.filter((_, index) => checked[index]?.type !== null)
      if (present.length === exclude.length) throw error
      yield* this.#walk(include, present)
    }
  }

  async *#walk(include: readonly string[], exclude: readonly string[]): AsyncIterable<readonly string[]> {
    const git = startGit(this.folder, ['rev-list', '--stdin'])
    git.process.stdin?.end([...include, ...exclude.map((id) => `^${id}`)].map((line) => `${line}\n`).join(''))
    let ids: string[] = []
    for await (const lines of linesOf(git)) {
      ids = ids.concat(lines)
      while (ids.length >= IDS_PER_RUN) yield ids.splice(0, IDS_PER_RUN)
    }
    if (ids.length > 0) yield ids
  }

  async *commits(include: readonly string[], exclude: readonly string[]): AsyncIterable<CommitNode> {
    const git = startGit(this.folder, ['rev-list', '--topo-order', '--parents', '--stdin'])
    git.process.stdin?.end([...include, ...exclude.map((id) => `^${id}`)].map((line) => `${line}\n`).join(''))
    for await (const lines of linesOf(git)) {
      for (const line of lines) {
        const [id = '', ...parents] = line.split(' ')
        yield { id, parents }
      }
    }
  }

  async *objects(ids: readonly string[]): AsyncIterable<GitObject> {
    if (ids.length === 0) return
    const git = startGit(this.folder, ['cat-file', '--batch', '--buffer'])
    git.process.stdin?.end(`${ids.join('\n')}\n`)
    const frames = new ObjectFrames()
    try {
      for await (const chunk of git.process.stdout ?? []) yield* frames.push(chunk as Buffer)
      await git.done
      frames.end()
    } finally {
      git.process.kill()
    }
  }

  async entriesAt(commits: readonly string[], path: string): Promise<readonly (string | null)[]> {
    const roots = await this.#check(commits.map((commit) => `${commit}^{tree}`))
    const trees = roots.map(({ id, type }, index) => {
      if (type !== 'tree') throw new Problem('objects_missing', `the tree of commit ${commits[index]} is not here`)
      return id
    })
    const entries = await entriesBelow(this, trees, path)
    return entries.map((entry, index) => {
      if (entry === null) return null
      if (!isFolder(entry)) throw new Problem('policy_malformed', `${commits[index]}:${path} is not a folder`)
      return entry.object
    })
  }

  /** What each name stands for, in their order; a type of null where the repository does not have it. */
  async #check(names: readonly string[]): Promise<readonly { readonly id: string; readonly type: string | null }[]> {
    if (names.length === 0) return []
    const input = names.map((name) => `${name}\n`).join('')
    const said = await runGit(this.folder, ['cat-file', '--batch-check', '--buffer'], input)
    const lines = said.toString('latin1').split('\n')
    return names.map((_, index) => {
      const [id = '', type = ''] = lines[index]?.split(' ') ?? []
      return { id, type: objectFormatOf(id) === null || !isObjectType(type) ? null : type }
    })
  }

  async filesBelow(tree: string, maxBytes: number): Promise<ReadonlyMap<string, Uint8Array>> {
    const listed = await runGit(this.folder, ['ls-tree', '-r', '-z', '-l', '--full-tree', tree])
    const entries = listed
      .toString('utf8')
      .split('\0')
      .filter((line) => line !== '')
      .map(parseTreeLine)
    if (entries.length > MAX_FILES) throw new Problem('policy_malformed', `more than ${MAX_FILES} files below ${tree}`)
    const files = entries.filter((entry) => entry.mode === '100644' || entry.mode === '100755')
    const tooLarge = files.find((entry) => entry.size > maxBytes)
    if (tooLarge !== undefined)
      throw new Problem('policy_malformed', `${printable(tooLarge.path)} is larger than ${maxBytes} bytes`)
    if (files.reduce((sum, file) => sum + file.size, 0) > MAX_FOLDER_BYTES) {
      throw new Problem(
        'policy_malformed',
        `the files below ${tree} are larger than ${MAX_FOLDER_BYTES} bytes together`,
      )
    }
    const contents = new Map<string, Uint8Array>()
    let next = 0
    for await (const { id, type, body } of this.objects(files.map((file) => file.id))) {
      if (computeObjectId(type, body, this.objectFormat) !== id) {
        throw new Problem('objects_missing', `object ${id} does not hash to its own name`)
      }
      contents.set((files[next] as TreeLine).path, body)
      next += 1
    }
    // Git gives paths no encoding: bytes that are not UTF-8 may read alike.
    if (contents.size < files.length) throw new Problem('policy_malformed', `two files below ${tree} read alike`)
    return contents
  }

  async shallowBoundary(): Promise<ReadonlySet<string>> {
    if (!this.#shallow) return new Set()
    const path = (await runGit(this.folder, ['rev-parse', '--git-path', 'shallow'])).toString('utf8').trim()
    const text = await readFile(resolve(this.folder, path), 'latin1')
    return new Set(text.split('\n').filter((line) => line !== ''))
  }

  async name(): Promise<string> {
    const origin = await this.#tryGit(['config', '--get', 'remote.origin.url'])
    if (origin !== null) return withoutCredentials(origin)
    const roots = await this.#tryGit(['rev-list', '--max-parents=0', 'HEAD'])
    const first = roots?.split('\n').at(-1)
    return first === undefined ? `folder:${basename(this.folder)}` : `first-commit:${first}`
  }

  async #tryGit(args: readonly string[]): Promise<string | null> {
    try {
      return (await runGit(this.folder, args)).toString('utf8').trim()
    } catch {
      return null
    }
  }
}

/** An address as it may be shown: what stands before `@` in a URL is a secret as often as a name. */
function withoutCredentials(address: string): string {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(address)) return address
  return address.replace(/[?#].*$/s, '').replace(/^([^:]+:\/\/)[^/]*@/, '$1')
}

/** The whole lines that a git prints, in the runs that it prints them in; rejects as git's own end does. */
async function* linesOf(git: RunningGit): AsyncIterable<readonly string[]> {
  let left = ''
  try {
    for await (const chunk of git.process.stdout ?? []) {
      const lines = (left + (chunk as Buffer).toString('latin1')).split('\n')
      left = lines.pop() ?? ''
      yield lines
    }
    await git.done
  } finally {
    git.process.kill()
  }
}

interface TreeLine {
  readonly mode: string
  readonly id: string
  readonly size: number
  readonly path: string
}

function parseTreeLine(line: string): TreeLine {
  const tab = line.indexOf('\t')
  const [mode, , id, size] = line.slice(0, tab).split(/ +/)
  return { mode: mode ?? '', id: id ?? '', size: Number(size), path: line.slice(tab + 1) }
}

/** Reads a line whose characters are bytes. */
function parseRef(line: string): Ref {
  const [object, type, peeled, ...name] = line.split(' ')
  return {
    name: refNameOf(Buffer.from(name.join(' '), 'latin1')),
    object: object ?? '',
    type: type as ObjectType,
    peeled: peeled === '' || peeled === undefined ? null : peeled,
  }
}
