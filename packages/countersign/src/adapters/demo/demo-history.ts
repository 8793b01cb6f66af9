import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type DemoHome, runProgram } from './demo-home.ts'
import { type DemoPeople, type DemoPerson, setOpenPgpTime } from './demo-people.ts'

/** Who signs a commit, and in whose name it stands where that is somebody else. */
export interface Act {
  readonly message: string
  /** An id of the cast; null signs nothing. */
  readonly signer: string | null
  /** Whose name and e-mail the commit carries; the signer's when not given. */
  readonly as?: string
}

const HOURS_BETWEEN_COMMITS = 3

/** Writes the demo's history with git itself, each commit some hours after the one before. */
export class DemoHistory {
  readonly #home: DemoHome
  readonly #people: DemoPeople
  #clock: number

  constructor(home: DemoHome, people: DemoPeople, start: number) {
    this.#home = home
    this.#people = people
    this.#clock = start
  }

  git(...args: readonly string[]): Promise<string> {
    return runProgram(this.#home, 'git', args)
  }

  /** Commits files on the branch that is checked out, and returns the commit's id. */
  async commit(files: ReadonlyMap<string, string>, act: Act): Promise<string> {
    for (const [path, text] of files) {
      const file = join(this.#home.estate, path)
      await mkdir(dirname(file), { recursive: true })
      await writeFile(file, text)
    }
    await this.git('add', '--all')
    await this.#sign(act, ['commit', '--quiet', '--message', act.message])
    return this.git('rev-parse', 'HEAD')
  }

  /** Commits files on a branch of their own and merges that into `branch`. Returns the id of the merge. */
  async mergeTopic(branch: string, files: ReadonlyMap<string, string>, written: Act, merged: Act): Promise<string> {
    await this.git('switch', '--quiet', '--create', 'topic', branch)
    await this.commit(files, written)
    await this.git('switch', '--quiet', branch)
    await this.#sign(merged, ['merge', '--quiet', '--no-ff', '--message', merged.message, 'topic'])
    await this.git('branch', '--quiet', '--delete', '--force', 'topic')
    return this.git('rev-parse', 'HEAD')
  }

  /** Signs a tag, in place of one with the same name where there is one, and returns the id of the tag object. */
  async signTag(name: string, target: string, act: Act): Promise<string> {
    await this.#sign(act, ['tag', '--force', '--message', act.message, name, target])
    return this.git('rev-parse', name)
  }

  async #sign(act: Act, [command = '', ...rest]: readonly string[]): Promise<void> {
    this.#clock += HOURS_BETWEEN_COMMITS * 3600
    const signer = act.signer === null ? null : this.#person(act.signer)
    const { name, email } = this.#person(act.as ?? act.signer ?? 'bob')
    const date = `${this.#clock} +0000`
    if (signer?.scheme === 'openpgp') await setOpenPgpTime(this.#home, this.#clock)
    const args =
      signer === null ? [command, '--no-gpg-sign', ...rest] : [...keyOf(signer), command, signOf(command), ...rest]
    await runProgram(this.#home, 'git', args, {
      environment: {
        GIT_AUTHOR_NAME: name,
        GIT_AUTHOR_EMAIL: email,
        GIT_AUTHOR_DATE: date,
        GIT_COMMITTER_NAME: name,
        GIT_COMMITTER_EMAIL: email,
        GIT_COMMITTER_DATE: date,
      },
    })
  }

  #person(id: string): DemoPerson {
    const person = this.#people.byId.get(id)
    if (person === undefined) throw new Error(`nobody of the demo is called ${id}`)
    return person
  }
}

function keyOf({ scheme, signingKey }: DemoPerson): readonly string[] {
  return ['-c', `gpg.format=${scheme}`, '-c', `user.signingkey=${signingKey}`]
}

function signOf(command: string): string {
  return command === 'tag' ? '--sign' : '--gpg-sign'
}
