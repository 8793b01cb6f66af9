import { expect, test } from 'vitest'
import { ed25519SshKey } from '../../../../../bench/signers/ssh-keys.ts'
import { Problem } from '../../workflows/problem.ts'
import { readPolicy } from './read-policy.ts'

const POLICY = 'apiVersion: countersign.dev/v1\nkind: Policy\n'
const HEAD = 'apiVersion: countersign.dev/v1\nkind: Identities\nidentities:\n'
const KEY = `ssh-ed25519 ${ed25519SshKey('ann').blob.toString('base64')}`
const ANN = '  - {id: ann, name: Ann}\n'
const files = (entries: Readonly<Record<string, string>>): ReadonlyMap<string, Uint8Array> =>
  new Map(Object.entries({ 'policy.yaml': POLICY, ...entries }).map(([path, text]) => [path, Buffer.from(text)]))
const read = (identities: string, more = {}) =>
  readPolicy(files({ 'identities.yaml': HEAD + identities, ...more }), { kind: 'folder' })

function problemOf(run: () => unknown): readonly [string, string] {
  try {
    run()
  } catch (error) {
    if (error instanceof Problem) return [error.code, error.message]
    throw error
  }
  return ['none', '']
}

test('refuses a folder without a policy', () => {
  expect(problemOf(() => readPolicy(new Map(), { kind: 'folder' }))[0]).toBe('policy_absent')
})

const withKey = (key: string): string => `  - id: ann\n    name: Ann\n    keys:\n      - ${key}\n`

test.for([
  { name: 'an id twice', text: ANN + ANN, says: 'identities.yaml:5:10: identities.1.id: "ann" stands twice' },
  { name: 'an id in capitals', text: '  - {id: Ann, name: Ann}\n', says: 'identities.0.id' },
  { name: 'an id that is empty', text: '  - {id: "", name: Ann}\n', says: 'identities.0.id' },
  { name: 'no name', text: '  - {id: ann}\n', says: 'identities.0.name' },
  { name: 'a kind that there is not', text: '  - {id: ann, name: Ann, kind: robot}\n', says: 'identities.0.kind' },
  { name: 'an agent without a sponsor', text: '  - {id: bot, name: Bot, kind: agent}\n', says: 'identities.0.sponsor' },
  {
    name: 'a person with a sponsor',
    text: `${ANN}  - {id: bob, name: Bob, sponsor: ann}\n`,
    says: 'identities.1.sponsor',
  },
  {
    name: 'a sponsor whom nobody knows',
    text: '  - {id: bot, name: Bot, kind: agent, sponsor: eve}\n',
    says: 'identities.0.sponsor: "eve" is not a person',
  },
  {
    name: 'an agent for a sponsor',
    text: `${ANN}  - {id: a, name: A, kind: agent, sponsor: ann}\n  - {id: b, name: B, kind: agent, sponsor: a}\n`,
    says: 'identities.2.sponsor: "a" is not a person',
  },
  {
    name: 'one e-mail for two people',
    text: '  - {id: ann, name: Ann, emails: [ann@x]}\n  - {id: bob, name: Bob, emails: [bob@x, ann@x]}\n',
    says: 'identities.yaml:5:42: identities.1.emails.1: "ann@x" belongs to "ann" already',
  },
  {
    name: 'two people whom letter case alone tells apart',
    text: '  - {id: ann, name: Ann, emails: [ann@x]}\n  - {id: bob, name: Bob, emails: [Ann@X]}\n',
    says: 'identities.1.emails.0: "Ann@X" belongs to "ann" already',
  },
  {
    name: 'two people whose e-mail Unicode spells in two ways',
    text: '  - {id: ann, name: Ann, emails: [jos\u00e9@x]}\n  - {id: bob, name: Bob, emails: [JOSE\u0301@x]}\n',
    says: 'identities.1.emails.0: "JOSE\u0301@x" belongs to "ann" already',
  },
  {
    name: 'one account for two people, in other letter case',
    text: '  - {id: ann, name: Ann, accounts: [{forge: f, login: ann}]}\n  - {id: bob, name: Bob, accounts: [{forge: F, login: Ann}]}\n',
    says: 'identities.1.accounts.0: "F/Ann" belongs to "ann" already',
  },
  { name: 'an unknown key', text: '  - {id: ann, name: Ann, mail: a@x}\n', says: '"mail"' },
  {
    name: 'an e-mail with a line break',
    text: '  - {id: ann, name: Ann, emails: ["a@x\\n*"]}\n',
    says: 'identities.0.emails.0',
  },
  {
    name: 'an e-mail with a quotation mark',
    text: "  - {id: ann, name: Ann, emails: ['a\"@x']}\n",
    says: 'identities.0.emails.0',
  },
  {
    name: 'a day that there is not',
    text: '  - {id: ann, name: Ann, validFrom: 2026-02-30}\n',
    says: 'identities.0.validFrom',
  },
  {
    name: 'a time without a zone',
    text: '  - {id: ann, name: Ann, validFrom: "2026-01-01T00:00:00"}\n',
    says: 'identities.0.validFrom',
  },
  { name: 'a year alone', text: '  - {id: ann, name: Ann, validUntil: 2026}\n', says: 'identities.0.validUntil' },
  {
    name: 'a key of two schemes',
    text: withKey(`{ssh: ${KEY}, openpgp: ${'A'.repeat(40)}}`),
    says: 'identities.0.keys.0: must hold exactly one of',
  },
  { name: 'a key of no scheme', text: withKey('{validFrom: 2026-01-01}'), says: 'identities.0.keys.0' },
  { name: 'an SSH key that is a path', text: withKey('{ssh: ~/.ssh/id.pub}'), says: 'identities.0.keys.0' },
  {
    name: 'an OpenPGP key id instead of a fingerprint',
    text: withKey(`{openpgp: ${'A'.repeat(16)}}`),
    says: 'identities.0.keys.0',
  },
  { name: 'a fingerprint of 50 digits', text: withKey(`{openpgp: ${'A'.repeat(50)}}`), says: 'identities.0.keys.0' },
  { name: 'a fingerprint of spaces', text: withKey(`{openpgp: "${' '.repeat(40)}"}`), says: 'identities.0.keys.0' },
  {
    name: 'a reason for revocation that there is not',
    text: withKey(`{ssh: ${KEY}, revokedWhy: lost}`),
    says: 'identities.0.keys.0',
  },
  {
    name: 'an SSH key that does not decode',
    text: withKey('{ssh: ssh-ed25519 AAAA}'),
    says: 'identities.yaml: not an SSH public key: ssh-ed25519 AAAA',
  },
])('refuses identities with $name', ({ text, says }) => {
  const [code, message] = problemOf(() => read(text))
  expect(code).toBe('policy_malformed')
  expect(message).toContain(says)
  expect(message).toMatch(/^identities\.yaml/)
})

test('nobody is trusted without an identities file', () => {
  expect(readPolicy(files({}), { kind: 'built-in' })).toMatchObject({
    source: { kind: 'built-in' },
    identities: { identities: [] },
  })
})

test.for([
  { text: 'validFrom: 2026-01-02', validity: { from: 1_767_312_000, until: null } },
  { text: 'validUntil: 2026-01-02', validity: { from: null, until: 1_767_398_399 } },
  { text: 'validUntil: 2026-01-02T00:00:00Z', validity: { from: null, until: 1_767_312_000 } },
  { text: 'validFrom: 2026-01-02T01:00:00+01:00', validity: { from: 1_767_312_000, until: null } },
])('reads "$text"', ({ text, validity }) => {
  expect(read(`  - {id: ann, name: Ann, ${text}}\n`).identities.identities[0]?.validity).toEqual(validity)
})

test.for([
  { text: 'revokedAt: 2026-01-02', revoked: { at: 1_767_312_000, why: 'unspecified' } },
  { text: 'revokedAt: 2026-01-02, revokedWhy: retired', revoked: { at: 1_767_312_000, why: 'retired' } },
  { text: 'revokedWhy: compromised', revoked: { at: 0, why: 'compromised' } },
])('reads a revocation: $text', ({ text, revoked }) => {
  expect(read(withKey(`{ssh: ${KEY}, ${text}}`)).identities.identities[0]?.keys[0]?.revoked).toEqual(revoked)
})

test('names keys as signatures are compared by', () => {
  const keys = [
    `{ssh: ${KEY} ann@laptop}`,
    `{sshCertificate: {authority: ${KEY}, principal: ann@example.com}}`,
    `{openpgp: "${'abcd '.repeat(10).trim()}"}`,
    '{x509: {name: ann@example.com, issuer: https://accounts.example.com}}',
    '{x509: {name: ann@example.com}}',
  ]
  const text = `  - id: ann\n    name: Ann\n    keys:\n${keys.map((key) => `      - ${key}\n`).join('')}`
  const always = { validity: { from: null, until: null }, revoked: null }
  const [ssh] = read(text).identities.identities[0]?.keys ?? []
  const fingerprint = ssh !== undefined && 'fingerprint' in ssh ? ssh.fingerprint : ''
  expect(fingerprint).toMatch(/^SHA256:[A-Za-z0-9+/]{43}$/)
  expect(read(text).identities.identities[0]?.keys).toEqual([
    { scheme: 'ssh', fingerprint, ...always },
    { scheme: 'ssh-certificate', authority: fingerprint, principal: 'ann@example.com', ...always },
    { scheme: 'openpgp', fingerprint: 'ABCD'.repeat(10), ...always },
    { scheme: 'x509', name: 'ann@example.com', issuer: 'https://accounts.example.com', ...always },
    { scheme: 'x509', name: 'ann@example.com', issuer: null, ...always },
  ])
})

test('gives the keys of people to OpenSSH’s own format, for git only', () => {
  const text = `  - {id: ann, name: Ann, emails: [ann@x, a@x], keys: [{ssh: ${KEY}}]}\n  - {id: bob, name: Bob, keys: [{ssh: ${KEY}}]}\n`
  const [made] = read(text).trust.allowedSigners
  expect(Buffer.from(made ?? []).toString()).toBe(
    `"ann@x,a@x" namespaces="git" ${KEY}\n"bob" namespaces="git" ${KEY}\n`,
  )
})

test('takes key material from keys/ by its name and nothing else', () => {
  const { trust } = read(ANN, {
    'keys/allowed_signers': 'a',
    'keys/team.asc': 'b',
    'keys/team.pgp': 'c',
    'keys/root.pem': 'd',
    'keys/old.krl': 'e',
    'keys/revoked_keys': 'f',
    'keys/README.md': 'g',
    'team.asc': 'h',
  })
  const texts = (parts: readonly Uint8Array[]): readonly string[] => parts.map((part) => Buffer.from(part).toString())
  expect(texts(trust.allowedSigners)).toEqual(['', 'a'])
  expect(texts(trust.keyrings)).toEqual(['b', 'c'])
  expect(texts(trust.x509Roots)).toEqual(['d'])
  expect(texts(trust.revoked)).toEqual(['e', 'f'])
})

test.for(['revoked-keys.pub', 'revoked_keys.txt', 'bob.pub', 'sub/ca.crt', 'allowed-signers'])(
  'refuses keys/%s, which would be trusted by nobody or revoke nothing',
  (name) => {
    expect(() => read(ANN, { [`keys/${name}`]: 'a' })).toThrow(
      `keys/${name}: is none of allowed_signers, revoked_keys, *.krl`,
    )
  },
)
