import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** What real git prints for a signed commit. */
export interface GitAnswer {
  readonly git: string
  readonly key: string | null
  readonly fingerprint: string | null
  readonly primaryFingerprint: string | null
  readonly principal: string | null
}

export interface SignedPayload {
  readonly payload: string
  readonly armor: string
}

/** A repository with a fresh GNUPGHOME whose gpg believes that it is `now`. Close it, or its agent stays. */
export interface GitOracle {
  readonly ask: (commits: readonly SignedPayload[]) => readonly GitAnswer[]
  readonly close: () => void
}

/** Imports the keyring into a new GNUPGHOME with `trust-model always`, as of `now` (Unix seconds). */
export function openGitOracle(keyring: Uint8Array, now: number): GitOracle {
  // A GNUPGHOME path must be short, for the agent's socket.
  const home = mkdtempSync('/tmp/csg')
  const gpgHome = join(home, 'g')
  const repository = join(home, 'r')
  mkdirSync(gpgHome, { mode: 0o700 })
  writeFileSync(join(gpgHome, 'gpg.conf'), `trust-model always\nfaked-system-time ${now}\nno-auto-check-trustdb\n`)
  const wrapper = join(home, 'gpg')
  writeFileSync(wrapper, '#!/bin/sh\nexec gpg "$@"\n')
  chmodSync(wrapper, 0o755)
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: home,
    GNUPGHOME: gpgHome,
    LC_ALL: 'C',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_SYSTEM: '/dev/null',
  }
  execFileSync('git', ['init', '-q', repository], { env })
  // gpg reports keys that it does not take with its exit status; that is part of what is asked.
  const imported = spawnSync('gpg', ['--batch', '--import'], { env, input: keyring })
  if (imported.error !== undefined) throw new Error('this needs gpg (GnuPG 2.2)', { cause: imported.error })
  const git = (args: readonly string[], input: string): Buffer =>
    execFileSync('git', ['-C', repository, '-c', `gpg.program=${wrapper}`, ...args], {
      env,
      input,
      stdio: ['pipe', 'pipe', 'inherit'],
      maxBuffer: 1 << 28,
    })
  const store = (commit: SignedPayload): string =>
    git(['hash-object', '-t', 'commit', '-w', '--stdin', '--literally'], signedCommit(commit)).toString().trim()
  return {
    ask: (questions) => {
      if (!questions.every(({ payload }) => payload.startsWith('tree '))) {
        return questions.map((question) => answerOfGpg(question, home, env))
      }
      const ids = questions.map(store)
      const out = git(['log', '--no-walk=unsorted', '--stdin', `--format=${FORMAT}`], `${ids.join('\n')}\n`)
      return out.toString('utf8').split('\u0001\n').slice(0, -1).map(parseAnswer)
    },
    close: () => {
      spawnSync('gpgconf', ['--kill', 'all'], { env })
      rmSync(home, { recursive: true, force: true })
    },
  }
}

/** For payloads that are no commits: what git would make of gpg's answer (`parse_gpg_output` in gpg-interface.c). */
function answerOfGpg({ payload, armor }: SignedPayload, home: string, env: NodeJS.ProcessEnv): GitAnswer {
  const file = join(home, 'signature')
  writeFileSync(file, armor)
  const args = ['--keyid-format=long', '--status-fd=1', '--verify', file, '-']
  const status = spawnSync('gpg', args, { env, input: payload }).stdout.toString()
  const [, word = '', key = null, principal = null] =
    /^\[GNUPG:\] (GOODSIG|BADSIG|ERRSIG|EXPSIG|EXPKEYSIG|REVKEYSIG) (\w+) (.*)$/m.exec(status) ?? []
  const valid = /^\[GNUPG:\] VALIDSIG (\w+) .* (\w+)$/m.exec(status)
  const letters: Readonly<Record<string, string>> = {
    GOODSIG: 'G',
    BADSIG: 'B',
    ERRSIG: 'E',
    EXPSIG: 'X',
    EXPKEYSIG: 'Y',
    REVKEYSIG: 'R',
  }
  return {
    git: letters[word] ?? 'N',
    key,
    fingerprint: valid?.[1] ?? null,
    primaryFingerprint: valid?.[2] ?? null,
    principal: word === 'ERRSIG' ? null : principal,
  }
}

const FORMAT = '%G?%x00%GK%x00%GF%x00%GP%x00%GS%x01'

function parseAnswer(line: string): GitAnswer {
  const [git = '', key, fingerprint, primaryFingerprint, principal] = line.split('\0')
  const orNull = (text: string | undefined): string | null => (text === '' || text === undefined ? null : text)
  return {
    git,
    key: orNull(key),
    fingerprint: orNull(fingerprint),
    primaryFingerprint: orNull(primaryFingerprint),
    principal: orNull(principal),
  }
}

function signedCommit({ payload, armor }: SignedPayload): string {
  const end = payload.indexOf('\n\n')
  const header = armor.replace(/\n$/, '').replaceAll('\n', '\n ')
  return `${payload.slice(0, end)}\ngpgsig ${header}${payload.slice(end)}`
}
