import { mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { FleetHome } from './fleet-home.ts'
import type { Person } from './people.ts'

/** Files by path; null removes one. */
export type FileChanges = ReadonlyMap<string, string | null>

/** What somebody commits. */
export interface CommitWish {
  readonly by: Person
  readonly message: string
  readonly files: FileChanges
  /** In whose name the commit stands; the signer's when not given. */
  readonly as?: Person
  readonly unsigned?: boolean
}

/** A clone that the people of a fleet share: whoever commits does so with their own name and key. */
export class WorkTree {
  readonly folder: string
  readonly #home: FleetHome

  constructor(home: FleetHome, folder: string) {
    this.#home = home
    this.folder = folder
  }

  git(...args: readonly string[]): Promise<string> {
    return this.#home.run('git', args, { folder: this.folder })
  }

  async start(): Promise<void> {
    await mkdir(this.folder, { recursive: true })
    await this.git('init', '--quiet', '--initial-branch', 'main')
  }

  /** Commits on the branch that is checked out, and returns the id. */
  async commit({ files, message, ...who }: CommitWish): Promise<string> {
    for (const [path, text] of files) await this.#put(path, text)
    await this.git('add', '--all')
    await this.#act(who, ['commit', '--quiet', '--message', message])
    return this.head()
  }

  /** Merges a branch into the one that is checked out, always with a merge commit, and returns its id. */
  async merge(branch: string, { message, ...who }: Omit<CommitWish, 'files'>): Promise<string> {
    await this.#act(who, ['merge', '--quiet', '--no-ff', '--message', message, branch])
    return this.head()
  }

  /** Makes a tag object and returns its id. */
  async tag(name: string, target: string, { message, ...who }: Omit<CommitWish, 'files'>): Promise<string> {
    await this.#act(who, ['tag', '--message', message, name, target])
    return this.git('rev-parse', name)
  }

  head(): Promise<string> {
    return this.git('rev-parse', 'HEAD')
  }

  /** Goes to a branch, making it from `base` when that is given. */
  async goTo(branch: string, base?: string): Promise<void> {
    await this.git('switch', '--quiet', ...(base === undefined ? [branch] : ['--force-create', branch, base]))
  }

  async push(url: string, ...refs: readonly string[]): Promise<void> {
    await this.git('push', '--quiet', url, ...refs)
  }

  /** Takes a branch of a remote repository as the local one of the same name, and goes there. Returns its tip. */
  async pull(url: string, branch: string): Promise<string> {
    await this.git('fetch', '--quiet', url, branch)
    await this.goTo(branch, 'FETCH_HEAD')
    return this.head()
  }

  async #put(path: string, text: string | null): Promise<void> {
    const file = join(this.folder, path)
    if (text === null) {
      await rm(file)
      return
    }
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, text)
  }

  async #act(
    { by, as = by, unsigned = false }: Omit<CommitWish, 'files' | 'message'>,
    words: readonly string[],
  ): Promise<void> {
    const [command = '', ...rest] = words
    const key = ['-c', `gpg.format=${by.scheme}`, '-c', `user.signingkey=${by.signingKey}`]
    const sign = command === 'tag' ? ['--sign', '--annotate'] : ['--gpg-sign', '--no-gpg-sign']
    const args = [...key, command, sign[unsigned ? 1 : 0] ?? '', ...rest]
    const environment = {
      GIT_AUTHOR_NAME: as.name,
      GIT_AUTHOR_EMAIL: as.email,
      GIT_COMMITTER_NAME: as.name,
      GIT_COMMITTER_EMAIL: as.email,
    }
    await this.#home.run('git', args, { folder: this.folder, environment })
  }
}
