/** Asks git and gpgsm about a signature, in a home directory made for the question. */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The whole configuration: no revocation lists, which would need dirmngr and a network. */
export const GPGSM_CONF = 'disable-crl-checks\n'

export interface GitAnswer {
  readonly git: string
  readonly key: string
  readonly principal: string
}

export interface GpgsmHome {
  readonly path: string
  readonly run: (program: string, args: readonly string[], input?: string | Uint8Array) => Buffer
  readonly close: () => void
}

/** A GnuPG home whose trust list names these roots (each `S relax`) and whose key box holds them and the others. */
export function openGpgsm(roots: readonly Uint8Array[], others: readonly Uint8Array[]): GpgsmHome {
  const path = mkdtempSync(join(tmpdir(), 'gpgsm-'))
  const run: GpgsmHome['run'] = (program, args, input) => {
    const env = {
      ...process.env,
      GNUPGHOME: path,
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_CONFIG_GLOBAL: '/dev/null',
      LC_ALL: 'C',
    }
    const result = spawnSync(program, args, { env, ...(input === undefined ? {} : { input }) })
    if (result.error !== undefined) throw new Error(`${program} could not be run: ${result.error.message}`)
    return result.stdout
  }
  writeFileSync(join(path, 'gpgsm.conf'), GPGSM_CONF)
  writeFileSync(join(path, 'gpg-agent.conf'), 'allow-loopback-pinentry\n')
  const fingerprint = (der: Uint8Array): string => createHash('sha1').update(der).digest('hex').toUpperCase()
  writeFileSync(join(path, 'trustlist.txt'), roots.map((root) => `${fingerprint(root)} S relax\n`).join(''))
  for (const der of [...roots, ...others]) run('gpgsm', ['--batch', '--import'], der)
  return {
    path,
    run,
    close: () => {
      run('gpgconf', ['--kill', 'all'])
      rmSync(path, { recursive: true, force: true })
    },
  }
}

/** What `git log` says of a commit whose signature this is: `%G?`, `%GK` and `%GS`. */
export function askGit(home: GpgsmHome, payload: string, armor: string): GitAnswer {
  const repository = join(home.path, 'repository')
  mkdirSync(repository, { recursive: true })
  home.run('git', ['init', '-q', repository])
  const header = `gpgsig ${armor.replace(/\n$/, '').replaceAll('\n', '\n ')}\n`
  const body = payload.replace('\n\n', () => `\n${header}\n`)
  const hashed = home.run(
    'git',
    ['-C', repository, 'hash-object', '-t', 'commit', '-w', '--literally', '--stdin'],
    body,
  )
  const shown = home.run('git', ['-C', repository, 'log', '-1', '--format=%G?%x00%GK%x00%GS', hashed.toString().trim()])
  const [git = '', key = '', principal = ''] = shown.toString().trimEnd().split('\0')
  return { git, key, principal }
}
