import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isolatedEnv } from '../history/repository.ts'
import type { Corpus } from './corpus.ts'

/** The GnuPG home that gives gpg and gpgsm the corpus's trust, and copies of it that nobody has used yet. */
export interface TrustHome {
  readonly env: NodeJS.ProcessEnv
  /** Runs with a copy: gpgsm keeps every certificate it meets, so one signature could change the next answer. */
  withCopy<T>(run: (env: NodeJS.ProcessEnv) => Promise<T>): Promise<T>
  remove(): void
}

/** Makes the home; keys of the keyring are trusted without question (`trust-model always`), and so are the roots. */
export function openTrustHome(trust: Pick<Corpus, 'keyring' | 'roots' | 'zone'>): TrustHome {
  const base = mkdtempSync(join(tmpdir(), 'csb-'))
  const home = join(base, 'h')
  mkdirSync(home, { mode: 0o700 })
  const env = isolatedEnv({ GNUPGHOME: home, TZ: trust.zone })
  const quiet = { env, stdio: 'pipe' } as const
  writeFileSync(join(home, 'gpg.conf'), 'trust-model always\nno-auto-key-retrieve\nno-auto-check-trustdb\n')
  writeFileSync(join(home, 'gpgsm.conf'), 'disable-crl-checks\ndisable-dirmngr\nbatch\n')
  const roots =
    readFileSync(trust.roots, 'utf8').match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? []
  writeFileSync(
    join(home, 'trustlist.txt'),
    roots.map((pem) => `${new X509Certificate(pem).fingerprint} S relax\n`).join(''),
  )
  if (statSync(trust.keyring).size > 0) importKeyring(trust.keyring, quiet)
  if (roots.length > 0) execFileSync('gpgsm', ['--import', trust.roots], quiet)
  execFileSync('gpgconf', ['--kill', 'all'], quiet)
  let copies = 0
  return {
    env,
    withCopy: async (run) => {
      copies += 1
      const copy = join(base, `c${copies}`)
      cpSync(home, copy, { recursive: true, filter: (source) => !/S\.|\.lock$|\.#lk/.test(source) })
      try {
        return await run(isolatedEnv({ GNUPGHOME: copy, TZ: trust.zone }))
      } finally {
        // The agent watches its folder and leaves when it is gone.
        rmSync(copy, { recursive: true, force: true })
      }
    },
    remove: () => {
      execFileSync('gpgconf', ['--kill', 'all'], quiet)
      rmSync(base, { recursive: true, force: true })
    },
  }
}

/** gpg exits with an error when it skips one key of many; what it kept is what counts. */
function importKeyring(keyring: string, options: { readonly env: NodeJS.ProcessEnv; readonly stdio: 'pipe' }): void {
  try {
    execFileSync('gpg', ['--import', keyring], options)
  } catch (error) {
    const kept = execFileSync('gpg', ['--list-keys', '--with-colons'], options).toString()
    if (!kept.includes('\npub:')) throw error
  }
}
