import {
  type AllowedSigner,
  type Keyring,
  matchesPatternList,
  parseAllowedSigners,
  printable,
  readKeyring,
  type TrustMaterial,
} from '@countersign/verify'
import { foldedName } from './folded-name.ts'

/** One identity as `identities.yaml` spells it. */
export interface ImportedIdentity {
  id: string
  kind: 'person'
  name: string
  emails: string[]
  keys: Record<string, unknown>[]
}

/** People made from key files, and what could not be made into anybody. */
export interface Imported {
  readonly identities: readonly ImportedIdentity[]
  readonly notes: readonly string[]
}

/**
 * Makes people from OpenSSH allowed signers and OpenPGP keyrings: one for each principal or e-mail, with every key that goes by it.
 *
 * Patterns name nobody in particular, so a line that has only patterns becomes a note and not a person.
 */
export function importIdentities(trust: TrustMaterial): Imported {
  const people = new Map<string, ImportedIdentity>()
  const notes: string[] = []
  for (const file of trust.allowedSigners) {
    const { signers, problems } = parseAllowedSigners(file)
    notes.push(...problems.map(({ line, message }) => `allowed signers line ${line} left out: ${message}`))
    for (const signer of signers) importSigner(signer, people, notes)
  }
  for (const file of trust.keyrings) importKeyring(readKeyring(file), people, notes)
  const identities = [...people.values()]
  return { identities, notes: [...notes, ...sharedEmails(identities)] }
}

/** A policy in which two people have one e-mail is refused, and only who knows them can say whose it is. */
function sharedEmails(identities: readonly ImportedIdentity[]): readonly string[] {
  const owners = new Map<string, string>()
  return identities.flatMap(({ id, emails }) =>
    emails.flatMap((email) => {
      const owner = owners.get(foldedName(email)) ?? id
      owners.set(foldedName(email), owner)
      if (owner === id) return []
      return [
        `"${printable(email)}" belongs to "${owner}" and "${id}": take it from one of them, or make them one person`,
      ]
    }),
  )
}

function importSigner(signer: AllowedSigner, people: Map<string, ImportedIdentity>, notes: string[]): void {
  if (signer.namespaces !== null && !matchesPatternList('git', signer.namespaces)) {
    notes.push(`allowed signers line ${signer.line} left out: its namespaces do not let it sign for git`)
    return
  }
  const exact = wholeNames(signer, notes)
  const first = exact[0]
  if (first === undefined) return
  const line = sshLine(signer)
  const life = lifeOf(signer)
  if (!signer.certAuthority) {
    addKey(people, first, exact, { ssh: line, ...life })
    return
  }
  for (const principal of exact)
    addKey(people, principal, [principal], { sshCertificate: { authority: line, principal }, ...life })
}

/** The names of a line that are whole and that the line itself matches, with a note for everything else that could have named somebody. */
function wholeNames({ line, principals }: AllowedSigner, notes: string[]): readonly string[] {
  const items = principals.split(',').filter((item) => item !== '' && !item.startsWith('!'))
  const named = items.filter((item) => !/[*?!]/.test(item))
  const whole = named.filter((name) => matchesPatternList(name, principals))
  if (items.length === 0) notes.push(`allowed signers line ${line} left out: it names nobody`)
  if (named.length < items.length)
    notes.push(`allowed signers line ${line}: patterns name nobody in particular and were left out`)
  if (whole.length < named.length) {
    notes.push(
      `allowed signers line ${line}: names that the line itself does not match were left out; a "!" takes them back, or a pattern is too long`,
    )
  }
  return whole.map((name) => Buffer.from(name, 'latin1').toString('utf8'))
}

function sshLine({ key }: AllowedSigner): string {
  const { blob } = key.plain
  const type = Buffer.from(blob.subarray(4, 4 + Buffer.from(blob).readUInt32BE(0))).toString('latin1')
  return `${type} ${Buffer.from(blob).toString('base64')}`
}

function lifeOf({ validAfter, validBefore }: AllowedSigner): Record<string, string> {
  const text = (seconds: number): string => new Date(seconds * 1000).toISOString().replace('.000Z', 'Z')
  return {
    ...(validAfter === null ? {} : { validFrom: text(validAfter) }),
    ...(validBefore === null ? {} : { validUntil: text(validBefore) }),
  }
}

function importKeyring(keyring: Keyring, people: Map<string, ImportedIdentity>, notes: string[]): void {
  notes.push(...keyring.broken.map(({ message }) => `a part of a keyring left out: ${message}`))
  for (const { primary, userIds } of keyring.certificates) {
    const texts = userIds
      .filter(({ isText }) => isText)
      .map(({ body }) => printable(Buffer.from(body).toString('utf8')))
    const emails = texts.flatMap((text) => /<([^<>]+)>$/.exec(text)?.[1] ?? [])
    const first = emails[0]
    if (first === undefined) {
      notes.push(`OpenPGP key ${primary.fingerprint} has no e-mail: add it to an identity by hand`)
      continue
    }
    addKey(people, first, emails, { openpgp: primary.fingerprint }, texts[0]?.replace(/ *<[^<>]*>$/, ''))
  }
}

function addKey(
  people: Map<string, ImportedIdentity>,
  name: string,
  emails: readonly string[],
  key: Record<string, unknown>,
  shown = name,
): void {
  // Letter case tells no two people apart.
  const person = people.get(foldedName(name))
  if (person === undefined) {
    people.set(foldedName(name), {
      id: freeId(name, people),
      kind: 'person',
      name: shown,
      emails: [...new Set(emails)],
      keys: [key],
    })
    return
  }
  // Every spelling stays: a commit's e-mails are compared letter by letter.
  person.emails = [...new Set([...person.emails, ...emails])]
  person.keys.push(key)
}

function freeId(name: string, people: ReadonlyMap<string, ImportedIdentity>): string {
  const base =
    (name.split('@', 1)[0] ?? '')
      .toLowerCase()
      .replaceAll(/[^a-z0-9._-]+/g, '-')
      .replace(/^[^a-z0-9]+/, '')
      .slice(0, 50) || 'person'
  const taken = new Set([...people.values()].map(({ id }) => id))
  let id = base
  for (let next = 2; taken.has(id); next += 1) id = `${base}-${next}`
  return id
}
