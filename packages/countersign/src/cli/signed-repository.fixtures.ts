import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { ed25519SshKey, type SshKey } from '../../../../bench/signers/ssh-keys.ts'
import { sshArmor, sshsigBlob } from '../../../../bench/signers/sshsig.ts'

/** What one commit of a test repository is like. */
export interface CommitOptions {
  readonly message: string
  readonly parents?: readonly string[]
  /** Who signs; nobody when not given. */
  readonly signer?: string
  /** Whose e-mail stands as author and committer; the signer's when not given. */
  readonly as?: string
  readonly time?: number
}

/** A repository made by git, signed in this process by people with keys made from their names. */
export class SignedRepository {
  readonly home = mkdtempSync(join(tmpdir(), 'csn-test-'))
  readonly folder = join(this.home, 'repo')
  readonly data = join(this.home, 'data')
  #clock = 1_790_000_000

  constructor() {
    mkdirSync(this.folder)
    this.git('init', '-q', '-b', 'main')
  }

  git(...args: string[]): string {
    return this.#run(args)
  }

  /** Writes files into the tree that the next commits carry. */
  write(path: string, content: string): void {
    const file = join(this.folder, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, content)
  }

  commit({ message, parents = this.#head(), signer, as = signer ?? 'nobody', time }: CommitOptions): string {
    this.git('add', '-A')
    this.#clock += 60
    const who = `${as} <${as}@example.com> ${time ?? this.#clock} +0000`
    const lines = [
      `tree ${this.git('write-tree')}`,
      ...parents.map((id) => `parent ${id}`),
      `author ${who}`,
      `committer ${who}`,
    ]
    const payload = Buffer.from(`${lines.join('\n')}\n\n${message}\n`)
    const signature = signer === undefined ? '' : `\ngpgsig ${armorOf(signer, payload).replaceAll('\n', '\n ')}`
    const id = this.#hash('commit', `${lines.join('\n')}${signature}\n\n${message}\n`)
    this.git('update-ref', 'HEAD', id)
    return id
  }

  tag(name: string, target: string, signer?: string): string {
    this.#clock += 60
    const who = signer ?? 'nobody'
    const text = `object ${target}\ntype commit\ntag ${name}\ntagger ${who} <${who}@example.com> ${this.#clock} +0000\n\n${name}\n`
    const id = this.#hash('tag', signer === undefined ? text : `${text}${armorOf(signer, Buffer.from(text))}\n`)
    this.git('update-ref', `refs/tags/${name}`, id)
    return id
  }

  /** A `.countersign/` that trusts these people, everything enforced but tickets. */
  writePolicy(people: readonly string[]): void {
    this.write('.countersign/policy.yaml', 'apiVersion: countersign.dev/v1\nkind: Policy\n')
    const identities = people.map(
      (name) =>
        `  - { id: ${name}, name: ${name}, emails: [${name}@example.com], keys: [{ ssh: "${publicLine(name)}" }] }\n`,
    )
    this.write(
      '.countersign/identities.yaml',
      `apiVersion: countersign.dev/v1\nkind: Identities\nidentities:\n${identities.join('')}`,
    )
  }

  /** An allowed signers file for these people. */
  allowedSigners(people: readonly string[]): string {
    const file = join(this.home, 'allowed_signers')
    writeFileSync(file, people.map((name) => `${name}@example.com namespaces="git" ${publicLine(name)}\n`).join(''))
    return file
  }

  remove(): void {
    rmSync(this.home, { recursive: true, force: true })
  }

  #head(): readonly string[] {
    try {
      return [this.git('rev-parse', '--verify', '-q', 'HEAD')]
    } catch {
      return []
    }
  }

  #hash(type: string, text: string): string {
    return this.#run(['hash-object', '-t', type, '-w', '--stdin'], text)
  }

  #run(args: readonly string[], input = ''): string {
    return execFileSync('git', args, {
      cwd: this.folder,
      input,
      encoding: 'utf8',
      stdio: ['pipe', 'pipe', 'pipe'],
    }).trim()
  }
}

function keyOf(name: string): SshKey {
  return ed25519SshKey(`cli test ${name}`)
}

function publicLine(name: string): string {
  const { type, blob } = keyOf(name)
  return `${type} ${blob.toString('base64')}`
}

function armorOf(name: string, payload: Uint8Array): string {
  return sshArmor(sshsigBlob(keyOf(name), payload)).trimEnd()
}
