import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { commitText, moments, type Question } from './vector.ts'

/** Keys and signatures made by gpg itself: each algorithm, subkeys, expiry, and each reason for a revocation. */
export function gpgVectors(): readonly Question[] {
  const home = mkdtempSync('/tmp/csv')
  const gpg = makeGpg(home)
  try {
    return [...algorithmVectors(gpg), ...subkeyVectors(gpg), ...expiryVectors(gpg), ...revocationVectors(gpg)]
  } finally {
    spawnSync('gpgconf', ['--kill', 'all'], { env: gpg.env })
    rmSync(home, { recursive: true, force: true })
  }
}

interface Gpg {
  readonly env: Record<string, string>
  /** Runs gpg at a time and returns its standard output. */
  readonly run: (at: number, args: readonly string[], input?: string) => Buffer
}

function makeGpg(home: string): Gpg {
  const env = { PATH: process.env['PATH'] ?? '', HOME: home, GNUPGHOME: home, LC_ALL: 'C' }
  const common = ['--batch', '--yes', '--quiet', '--pinentry-mode', 'loopback', '--passphrase', '']
  const run = (at: number, args: readonly string[], input = ''): Buffer =>
    execFileSync('gpg', [...common, `--faked-system-time=${at}!`, ...args], {
      env,
      input,
      stdio: ['pipe', 'pipe', 'pipe'],
    })
  return { env, run }
}

function makeKey(gpg: Gpg, name: string, algorithm: string, expiry = '0'): string {
  const userId = `${name} <${name}@example.org>`
  gpg.run(moments.key, ['--quick-generate-key', userId, algorithm, 'sign,cert', expiry])
  const listing = gpg.run(moments.key, ['--with-colons', '--list-keys', userId]).toString()
  return /^fpr:+([0-9A-F]+):/m.exec(listing)?.[1] ?? ''
}

function signWith(gpg: Gpg, user: string, payload: string, at: number, more: readonly string[] = []): string {
  return gpg.run(at, [...more, '--detach-sign', '--armor', '--local-user', user], payload).toString()
}

const exported = (gpg: Gpg, user: string): string => gpg.run(moments.now, ['--export', user]).toString('base64')

function ask(name: string, keyring: string, armor: string, payload: string, now: number = moments.now): Question {
  return { name, keyring, now, payload, armor }
}

function algorithmVectors(gpg: Gpg): readonly Question[] {
  const algorithms = ['rsa2048', 'rsa3072', 'rsa4096', 'dsa2048', 'ed25519', 'nistp256', 'nistp384', 'nistp521']
  return [...algorithms, 'brainpoolP256r1', 'brainpoolP384r1', 'brainpoolP512r1'].flatMap((algorithm) => {
    const user = makeKey(gpg, algorithm, algorithm)
    const payload = commitText(`signed with ${algorithm}`)
    const armor = signWith(gpg, user, payload, moments.signed)
    const keyring = exported(gpg, user)
    return [
      ask(`gpg ${algorithm}`, keyring, armor, payload),
      ask(`gpg ${algorithm}, payload changed`, keyring, armor, payload.replace('signed with', 'forged with')),
    ]
  })
}

function subkeyVectors(gpg: Gpg): readonly Question[] {
  const user = makeKey(gpg, 'subkeys', 'ed25519')
  gpg.run(moments.key + 1, ['--quick-add-key', user, 'rsa2048', 'sign', '0'])
  const payload = commitText('signed with a subkey')
  const armor = signWith(gpg, user, payload, moments.signed)
  const text = commitText('signed as text')
  const other = commitText('signed with SHA-1')
  const quirks = ['--digest-algo', 'SHA1']
  const expiring = commitText('signed for one day')
  return [
    ask('gpg signing subkey', exported(gpg, user), armor, payload),
    ask('gpg text signature', exported(gpg, user), signWith(gpg, user, text, moments.signed, ['--textmode']), text),
    ask('gpg SHA-1 signature', exported(gpg, user), signWith(gpg, user, other, moments.signed, quirks), other),
    ask(
      'gpg signature that has expired',
      exported(gpg, user),
      signWith(gpg, user, expiring, moments.signed, ['--default-sig-expire', 'seconds=86400']),
      expiring,
    ),
  ]
}

function expiryVectors(gpg: Gpg): readonly Question[] {
  const user = makeKey(gpg, 'expiring', 'rsa2048', `seconds=${moments.later - moments.key}`)
  const payload = commitText('signed before the key expired')
  const keyring = exported(gpg, user)
  const armor = signWith(gpg, user, payload, moments.signed)
  return [
    ask('gpg key expired since', keyring, armor, payload),
    ask('gpg key about to expire', keyring, armor, payload, moments.later - 1),
    ask('gpg key expiring this second', keyring, armor, payload, moments.later),
    ask('gpg key expired a second ago', keyring, armor, payload, moments.later + 1),
  ]
}

function revocationVectors(gpg: Gpg): readonly Question[] {
  return ['no reason', 'compromised', 'superseded', 'retired'].flatMap((reason, code) => {
    const user = makeKey(gpg, `revoked${code}`, 'ed25519')
    const payload = commitText(`signed before the key was revoked: ${reason}`)
    const armor = signWith(gpg, user, payload, moments.signed)
    const keyring = Buffer.from(exported(gpg, user), 'base64')
    const answers = `y\n${code}\n\ny\n`
    const args = ['--command-fd', '0', '--status-fd', '2', '--no-tty', '--no-batch', '--gen-revoke', user]
    const certificate = gpg.run(moments.later, args, answers).toString()
    const alone = Buffer.from(certificate.replaceAll(/^(?:-----.*|[A-Za-z]+:.*|=.{4})$/gm, ''), 'base64')
    const joined = Buffer.concat([keyring, alone]).toString('base64')
    return [ask(`gpg key revoked, ${reason}`, joined, armor, payload)]
  })
}
