import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { FleetHome } from './fleet-home.ts'

/** Somebody with a name, an e-mail and a real key. */
export interface Person {
  /** Also the name of the account at a forge. */
  readonly id: string
  readonly name: string
  readonly email: string
  readonly scheme: 'ssh' | 'openpgp'
  /** What git is told to sign with: the private key's file, or the OpenPGP fingerprint. */
  readonly signingKey: string
  /** The public half: a line of OpenSSH, or OpenPGP armour. */
  readonly publicKey: string
  /** Signs a text with the key, apart from Git, and returns the armoured signature. `namespace` is of SSH alone. */
  sign(text: string, namespace: string): Promise<string>
}

/** Makes a person with a new key, by ssh-keygen or gpg; no passphrase guards it. */
export async function makePerson(home: FleetHome, id: string, scheme: Person['scheme']): Promise<Person> {
  const name = `${id.charAt(0).toUpperCase()}${id.slice(1)} of the Shop`
  const email = `${id}@shop.example`
  return scheme === 'ssh' ? makeSshPerson(home, { id, name, email }) : makeOpenPgpPerson(home, { id, name, email })
}

type Named = Pick<Person, 'id' | 'name' | 'email'>

async function makeSshPerson(home: FleetHome, named: Named): Promise<Person> {
  const file = join(home.keys, named.id)
  await home.run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', named.email, '-f', file])
  return {
    ...named,
    scheme: 'ssh',
    signingKey: file,
    publicKey: (await readFile(`${file}.pub`, 'utf8')).trim(),
    sign: (text, namespace) => home.run('ssh-keygen', ['-Y', 'sign', '-n', namespace, '-f', file], { input: text }),
  }
}

async function makeOpenPgpPerson(home: FleetHome, named: Named): Promise<Person> {
  const quiet = ['--batch', '--pinentry-mode', 'loopback', '--passphrase', '']
  const user = `${named.name} <${named.email}>`
  await home.run('gpg', [...quiet, '--quick-generate-key', user, 'ed25519', 'sign', 'never'])
  const listed = await home.run('gpg', ['--batch', '--with-colons', '--list-keys', `=${user}`])
  const [, fingerprint = ''] = /^fpr:+([0-9A-F]{40}):/m.exec(listed) ?? []
  return {
    ...named,
    scheme: 'openpgp',
    signingKey: fingerprint,
    publicKey: await home.run('gpg', ['--batch', '--armor', '--export', fingerprint]),
    sign: (text) => home.run('gpg', [...quiet, '--armor', '--detach-sign', '-u', fingerprint], { input: text }),
  }
}

/** Writes the public keys as git wants them, to ask git itself: an allowed signers file and a keyring. */
export async function writeTrustFiles(
  home: FleetHome,
  people: readonly Pick<Person, 'email' | 'scheme' | 'publicKey'>[],
): Promise<{ readonly allowedSigners: string; readonly keyring: string }> {
  const folder = join(home.folder, 'trust')
  await mkdir(folder, { recursive: true })
  const [allowedSigners, keyring] = [join(folder, 'allowed_signers'), join(folder, 'keyring.asc')]
  const of = (scheme: Person['scheme']) => people.filter((person) => person.scheme === scheme)
  await writeFile(
    allowedSigners,
    of('ssh')
      .map(({ email, publicKey }) => `${email} namespaces="git" ${publicKey}\n`)
      .join(''),
  )
  await writeFile(
    keyring,
    of('openpgp')
      .map(({ publicKey }) => `${publicKey}\n`)
      .join(''),
  )
  return { allowedSigners, keyring }
}
