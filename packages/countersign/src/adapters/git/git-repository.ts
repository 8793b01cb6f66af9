import { readFileSync, realpathSync, statSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import {
  computeObjectId,
  type MergeContent,
  type ObjectFormat,
  type ObjectType,
  objectFormatOf,
  printable,
} from '@countersign/verify'
import type { CommitNode, GitObject, GitRepository, Ref, Tips } from '../../workflows/ports/git-repository.ts'
import { Problem } from '../../workflows/problem.ts'
import { compareMerges } from './merge-contents.ts'
import { isObjectType, ObjectFrames } from './object-frames.ts'
import { refNameOf } from './ref-name.ts'
import { type RunningGit, runGit, startGit } from './run-git.ts'
import { entriesBelow, isFolder } from './tree-entries.ts'

const MAX_FILES = 1_000
const MAX_FOLDER_BYTES = 32 * 1024 * 1024
const IDS_PER_RUN = 256

const HEAD = ['HEAD']

/**
 * Opens the repository at or above a folder, and asks in the same run of git what `revisions` mean, so that `tips` of the same
 * revisions needs no other. Rejects with `Problem` `not_a_repository` where there is none, and as `tips` does; a HEAD without
 * commits is no reason to.
 */
export async function openGitRepository(folder: string, revisions: readonly string[] = HEAD): Promise<GitRepository> {
  const start = existingFolder(folder)
  // No paths: one that holds a line break would be taken for several answers.
  const questions = ['--show-object-format', '--is-shallow-repository']
  const names = isHead(revisions) ? ['--revs-only', ...HEAD] : ['--end-of-options', ...revisions]
  const [format, shallow, ...ids] = linesIn(await runGit(start, ['rev-parse', ...questions, ...names]))
  if ((format !== 'sha1' && format !== 'sha256') || (shallow !== 'true' && shallow !== 'false')) {
    throw new Problem('git_failed', `git rev-parse said "${`${format} ${shallow}`.slice(0, 100)}"`)
  }
  return new GitFolder(start, format, shallow === 'true', { revisions, tips: tipsOf(ids) })
}

function isHead(revisions: readonly string[]): boolean {
  return revisions.length === 1 && revisions[0] === 'HEAD'
}

/** What `git rev-parse` made of revisions and ranges. */
function tipsOf(lines: readonly string[]): Tips {
  const ids = lines.filter((line) => line !== '--end-of-options')
  return {
    include: ids.filter((id) => !id.startsWith('^')),
    exclude: ids.filter((id) => id.startsWith('^')).map((id) => id.slice(1)),
    tags: [],
  }
}

/** git leaves out a ref that it cannot read and goes on: what would be looked at is then not all that was asked for. */
function refuseBrokenRefs(talk: string): void {
  const broken = /ignoring broken ref (\S+)/.exec(talk)?.[1]
  if (broken !== undefined)
    throw new Problem('git_failed', `the ref ${printable(broken)} is broken: git cannot read it`)
}

function linesIn(said: Buffer): readonly string[] {
  return said
    .toString('latin1')
    .split('\n')
    .filter((line) => line !== '')
}

function existingFolder(folder: string): string {
  try {
    const real = realpathSync.native(folder)
    if (statSync(real).isDirectory()) return real
  } catch (cause) {
    throw new Problem('not_a_repository', `there is no folder ${folder}`, { cause })
  }
  throw new Problem('not_a_repository', `${folder} is not a folder`)
}

class GitFolder implements GitRepository {
  readonly folder: string
  readonly objectFormat: ObjectFormat
  readonly #shallow: boolean
  /** What was asked for when the repository was opened, and what it meant then; no tips for a HEAD without commits. */
  readonly #opened: { readonly revisions: readonly string[]; readonly tips: Tips }

  constructor(
    folder: string,
    objectFormat: ObjectFormat,
    shallow: boolean,
    opened: { readonly revisions: readonly string[]; readonly tips: Tips },
  ) {
    this.folder = folder
    this.objectFormat = objectFormat
    this.#shallow = shallow
    this.#opened = opened
  }

  async refs(): Promise<readonly Ref[]> {
    const format = '%(objectname) %(objecttype) %(*objectname) %(refname)'
    return linesIn(await runGit(this.folder, ['for-each-ref', `--format=${format}`], '', refuseBrokenRefs)).map(
      parseRef,
    )
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
      const [refs, head] = await Promise.all([this.refs(), this.#headTips()])
      const include = [...new Set([...refs.map((ref) => ref.object), ...head])]
      return { include, exclude: [], tags: refs.filter((ref) => ref.type === 'tag').map((ref) => ref.object) }
    }
    const { revisions: known, tips } = this.#opened
    const isKnown = known.length === revisions.length && known.every((name, at) => name === revisions[at])
    const hasAnswer = isKnown && tips.include.length + tips.exclude.length > 0
    if (hasAnswer && isHead(revisions)) return tips
    const found = hasAnswer
      ? tips
      : tipsOf(linesIn(await runGit(this.folder, ['rev-parse', '--end-of-options', ...revisions])))
    return { ...found, tags: await this.#tagsAmong(found.include) }
  }

  async #tagsAmong(ids: readonly string[]): Promise<readonly string[]> {
    const questions = ids.map((id) => `${id}\n`).join('')
    const said = await runGit(this.folder, ['cat-file', '--batch-check=%(objectname) %(objecttype)'], questions)
    return linesIn(said).flatMap((line) => (line.endsWith(' tag') ? [line.slice(0, -' tag'.length)] : []))
  }

  async #headTips(): Promise<readonly string[]> {
    if (isHead(this.#opened.revisions)) return this.#opened.tips.include
    const head = await this.resolve('HEAD')
    return head === null ? [] : [head]
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
      for await (const chunk of git.process.stdout ?? []) {
        for (const object of frames.push(chunk as Buffer)) yield { ...object, body: Buffer.from(object.body) }
      }
      await git.done
      frames.end()
    } finally {
      git.process.kill()
    }
  }

  lookIntoMerges(merges: readonly CommitNode[]): Promise<readonly MergeContent[]> {
    return compareMerges(this, merges)
  }

  async mergeBases(pairs: readonly (readonly string[])[]): Promise<readonly (readonly string[])[]> {
    const ranges = pairs.map((pair) => pair.join('...'))
    const bases: string[][] = []
    let ends = 0
    // Each range is answered by its two ends and then, with a caret, by where they parted.
    for (const line of linesIn(await runGit(this.folder, ['rev-parse', ...ranges]))) {
      if (line.startsWith('^')) bases.at(-1)?.push(line.slice(1))
      else if (ends++ % 2 === 0) bases.push([])
    }
    return bases
  }

  async rootTrees(commits: readonly string[]): Promise<readonly string[]> {
    const roots = await this.#check(commits.map((commit) => `${commit}^{tree}`))
    return roots.map(({ id, type }, index) => {
      if (type !== 'tree') throw new Problem('objects_missing', `the tree of commit ${commits[index]} is not here`)
      return id
    })
  }

  async entriesAt(commits: readonly string[], path: string): Promise<readonly (string | null)[]> {
    const entries = await entriesBelow(this, await this.rootTrees(commits), path)
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
    // A link is not followed, and a revocation behind it would revoke nothing.
    const link = entries.find((entry) => !files.includes(entry) && /^keys(?:\/|$)/.test(entry.path))
    if (link !== undefined) throw new Problem('policy_malformed', `${printable(link.path)}: is not a file`)
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
    const text = readFileSync(resolve(this.folder, path), 'latin1')
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
