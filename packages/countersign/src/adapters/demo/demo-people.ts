import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { type DemoHome, runProgram } from './demo-home.ts'

/** Somebody of the demo: a name, an e-mail and a real key. */
export interface DemoPerson {
  readonly id: string
  readonly name: string
  readonly email: string
  readonly scheme: 'ssh' | 'openpgp'
  /** What git is told to sign with: the private key's file, or the OpenPGP fingerprint. */
  readonly signingKey: string
}

/** The people of the demo, and what `.countersign/` and git are told about them. */
export interface DemoPeople {
  readonly byId: ReadonlyMap<string, DemoPerson>
  /** Files of `.countersign/`, by their path below it. */
  readonly files: ReadonlyMap<string, string>
  /** The public keys as OpenSSH and GnuPG want them, for git to check with. */
  readonly allowedSigners: string
  readonly keyring: string
}

const CAST = [
  { id: 'alice', name: 'Alice Archer', scheme: 'ssh' },
  { id: 'bob', name: 'Bob Brewer', scheme: 'ssh' },
  { id: 'carol', name: 'Carol Cooper', scheme: 'openpgp' },
  { id: 'dave', name: 'Dave Dyer', scheme: 'ssh' },
  { id: 'forge-bot', name: 'Forge Bot', scheme: 'ssh' },
] as const

const DAY = 86_400

const POLICY = `apiVersion: countersign.dev/v1
kind: Policy
controlledRefs:
  branches: [main, release/**]
  tags: ['v*']
rules:
  services-in-their-place:
    # The forge's own key may sign merges, and nothing else.
    allow: { forge-bot: [merge] }
  ticket-referenced:
    mode: warn
    pattern: SHOP-[0-9]+
`

/**
 * Makes a key for everybody: ssh-keygen and gpg do it, without passphrases, inside the demo's folders.
 *
 * @param start Unix seconds: when the story begins; Dave's key has expired by then
 */
export async function makePeople(home: DemoHome, start: number): Promise<DemoPeople> {
  const people = await Promise.all(
    CAST.map(async ({ id, name, scheme }): Promise<DemoPerson> => {
      const email = `${id}@shop.example`
      const signingKey =
        scheme === 'ssh' ? await makeSshKey(home, id, email) : await makeOpenPgpKey(home, name, email, start - 60 * DAY)
      return { id, name, email, scheme, signingKey }
    }),
  )
  const armour = await runProgram(home, 'gpg', ['--batch', '--armor', '--export'])
  const lines = await Promise.all(people.filter(({ scheme }) => scheme === 'ssh').map(publicLine))
  const allowedSigners = join(home.keys, 'allowed_signers')
  const keyring = join(home.keys, 'keyring.asc')
  await writeFile(allowedSigners, lines.map(({ email, key }) => `${email} namespaces="git" ${key}\n`).join(''))
  await writeFile(keyring, `${armour}\n`)
  const keys = new Map<string, object>(lines.map(({ id, key }) => [id, { ssh: key, ...lifeOf(id, start) }]))
  const files = new Map([
    ['policy.yaml', POLICY],
    ['identities.yaml', identitiesOf(people, keys)],
    ['keys/carol.asc', `${armour}\n`],
  ])
  return { byId: new Map(people.map((person) => [person.id, person])), files, allowedSigners, keyring }
}

/** Sets the time that gpg takes for now: what it signs in the story is then as old as the commit that it signs. */
export async function setOpenPgpTime(home: DemoHome, seconds: number | null): Promise<void> {
  await writeFile(join(home.gnupg, 'gpg.conf'), seconds === null ? '' : `faked-system-time ${seconds}!\n`)
}

function identitiesOf(people: readonly DemoPerson[], keys: ReadonlyMap<string, object>): string {
  const identities = people.map(({ id, name, email, signingKey }) => ({
    id,
    ...(id === 'forge-bot' ? { kind: 'service' } : {}),
    name,
    emails: [email],
    keys: [keys.get(id) ?? { openpgp: signingKey }],
  }))
  return stringify({ apiVersion: 'countersign.dev/v1', kind: 'Identities', identities }, { lineWidth: 0 })
}

function lifeOf(id: string, start: number): object {
  return id === 'dave' ? { validUntil: new Date((start - 30 * DAY) * 1000).toISOString().slice(0, 10) } : {}
}

async function makeSshKey(home: DemoHome, id: string, comment: string): Promise<string> {
  const file = join(home.keys, id)
  await runProgram(home, 'ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', comment, '-f', file])
  return file
}

async function makeOpenPgpKey(home: DemoHome, name: string, email: string, made: number): Promise<string> {
  await setOpenPgpTime(home, made)
  const words = ['--batch', '--pinentry-mode', 'loopback', '--passphrase', '']
  await runProgram(home, 'gpg', [...words, '--quick-generate-key', `${name} <${email}>`, 'ed25519', 'sign', 'never'])
  const listed = await runProgram(home, 'gpg', ['--batch', '--with-colons', '--list-keys'])
  return /^fpr:+([0-9A-F]{40}):/m.exec(listed)?.[1] ?? email
}

async function publicLine({ id, email, signingKey }: DemoPerson): Promise<{ id: string; email: string; key: string }> {
  return { id, email, key: (await readFile(`${signingKey}.pub`, 'utf8')).trim() }
}
