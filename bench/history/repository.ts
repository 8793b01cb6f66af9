import { execFileSync } from 'node:child_process'
import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ObjectFormat } from './git-object.ts'

/** An environment in which no configuration of the machine or its user changes what git says. */
export function isolatedEnv(more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const { PATH, TMPDIR } = process.env
  const base = {
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    LC_ALL: 'C',
    TZ: 'UTC',
    HOME: '/nonexistent',
  }
  return { ...base, ...(PATH && { PATH }), ...(TMPDIR && { TMPDIR }), ...more }
}

/** Runs git in a repository and returns what it printed. */
export function git(repository: string, args: readonly string[], input?: string): string {
  const options = { env: isolatedEnv(), maxBuffer: 1 << 30, stdio: 'pipe', encoding: 'utf8' } as const
  return execFileSync('git', ['-C', repository, ...args], input === undefined ? options : { ...options, input })
}

/** Makes a bare repository out of a pack file, which is consumed, and refs that name its objects by hex id. */
export function repositoryFromPack(
  repository: string,
  format: ObjectFormat,
  packFile: string,
  refs: ReadonlyMap<string, string>,
): void {
  const init = ['init', '-q', '--bare', '--initial-branch=main', `--object-format=${format}`, repository]
  execFileSync('git', init, { env: isolatedEnv(), stdio: 'pipe' })
  git(repository, ['index-pack', '--threads=2', '-o', join(repository, 'objects/pack/pack-bench.idx'), packFile])
  renameSync(packFile, join(repository, 'objects/pack/pack-bench.pack'))
  // Without a header line git takes the refs as unsorted and unpeeled, and works both out itself.
  writeFileSync(join(repository, 'packed-refs'), [...refs].map(([name, id]) => `${id} ${name}\n`).join(''))
}
