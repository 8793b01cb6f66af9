import { expect, test } from 'vitest'
import type { SignatureCheck, SignatureStatus } from '../signatures/signature.ts'
import type { Identity, IdentityKey, KeyLife } from './identity-policy.ts'
import { indexSigners, resolveSigner, type Signer } from './resolve-signer.ts'

const ALWAYS: KeyLife = { validity: { from: null, until: null }, revoked: null }
const NOON = 1_000

function sshKey(fingerprint: string, life: Partial<KeyLife> = {}): IdentityKey {
  return { scheme: 'ssh', fingerprint, ...ALWAYS, ...life }
}

function person(id: string, keys: readonly IdentityKey[], validity = ALWAYS.validity): Identity {
  return { id, kind: 'person', name: id, emails: [], accounts: [], roles: [], sponsor: null, validity, keys }
}

const good: SignatureCheck = {
  scheme: 'ssh',
  status: 'good',
  git: 'G',
  reason: 'verified',
  key: 'SHA256:ann',
  fingerprint: 'SHA256:ann',
  primaryFingerprint: null,
  principal: 'ann@example.com',
  signedAt: null,
  details: {},
}

function resolve(
  identities: readonly Identity[],
  check: Partial<SignatureCheck> = {},
  times: { claimed?: number; trusted?: number } = {},
): Signer {
  const { claimed = NOON, trusted = null } = times
  return resolveSigner({ ...good, ...check }, { claimed, trusted, now: 9_999 }, indexSigners({ identities }))
}

const ann = person('ann', [sshKey('SHA256:ann')])
const annWith = (life: Partial<KeyLife>): Identity => person('ann', [sshKey('SHA256:ann', life)])
const known = { kind: 'known', identity: 'ann', reason: 'known' }

test('a good signature by the key of one identity is theirs', () => {
  expect(resolve([person('bob', [sshKey('SHA256:bob')]), ann])).toEqual(known)
})

test.for<{ status: SignatureStatus }>([
  { status: 'untrusted' },
  { status: 'expired_key' },
  { status: 'revoked_key' },
  { status: 'expired_signature' },
  { status: 'bad' },
  { status: 'malformed' },
  { status: 'unsigned' },
])('a signature that is $status is refused with its own reason, and says whose key it names', ({ status }) => {
  expect(resolve([ann], { status, reason: 'because' })).toEqual({ kind: 'refused', identity: 'ann', reason: 'because' })
})

test('a signature that could not be checked is unknown, not refused, and nobody is blamed for it', () => {
  expect(resolve([ann], { status: 'unverifiable', reason: 'key_absent' })).toEqual({
    kind: 'unknown',
    identity: null,
    reason: 'key_absent',
  })
})

const revoked = (at: number, why: 'compromised' | 'superseded' | 'retired' | 'unspecified'): Partial<KeyLife> => ({
  revoked: { at, why },
})

test.for<{ name: string; identities: readonly Identity[]; identity: string | null; reason: string }>([
  { name: 'of nobody', identities: [], identity: null, reason: 'signer_not_in_policy' },
  {
    name: 'of an identity without keys',
    identities: [person('ann', [])],
    identity: null,
    reason: 'signer_not_in_policy',
  },
  {
    name: 'of two identities',
    identities: [ann, person('bob', [sshKey('SHA256:ann')])],
    identity: null,
    reason: 'key_of_several_identities',
  },
  {
    name: 'of an identity that had not joined',
    identities: [person('ann', ann.keys, { from: NOON + 1, until: null })],
    identity: 'ann',
    reason: 'identity_not_yet_valid',
  },
  {
    name: 'of an identity that had left',
    identities: [person('ann', ann.keys, { from: null, until: NOON - 1 })],
    identity: 'ann',
    reason: 'identity_no_longer_valid',
  },
  {
    name: 'that was not valid yet',
    identities: [annWith({ validity: { from: NOON + 1, until: null } })],
    identity: 'ann',
    reason: 'key_not_yet_valid',
  },
  {
    name: 'that was valid no longer',
    identities: [annWith({ validity: { from: null, until: NOON - 1 } })],
    identity: 'ann',
    reason: 'key_no_longer_valid',
  },
  ...(['compromised', 'superseded', 'retired', 'unspecified'] as const).map((why) => ({
    name: `that was ${why} at that very second`,
    identities: [annWith(revoked(NOON, why))],
    identity: 'ann',
    reason: 'key_revoked_by_policy',
  })),
  ...(['compromised', 'unspecified'] as const).map((why) => ({
    name: `that was revoked later (${why}), since nobody knows from when it was abused`,
    identities: [annWith(revoked(NOON + 1, why))],
    identity: 'ann',
    reason: 'key_revoked_by_policy',
  })),
  {
    name: 'that is listed twice and revoked once',
    identities: [person('ann', [sshKey('SHA256:ann'), sshKey('SHA256:ann', revoked(0, 'retired'))])],
    identity: 'ann',
    reason: 'key_revoked_by_policy',
  },
  {
    name: 'that is listed twice and expired once',
    identities: [person('ann', [sshKey('SHA256:ann', { validity: { from: null, until: 1 } }), sshKey('SHA256:ann')])],
    identity: 'ann',
    reason: 'key_no_longer_valid',
  },
])('a good signature by a key $name is refused', ({ identities, identity, reason }) => {
  expect(resolve(identities)).toEqual({ kind: 'refused', identity, reason })
})

test.for([
  { name: 'at the first second of the key', identity: annWith({ validity: { from: NOON, until: null } }) },
  { name: 'at the last second of the key', identity: annWith({ validity: { from: null, until: NOON } }) },
  { name: 'at the only second of the identity', identity: person('ann', ann.keys, { from: NOON, until: NOON }) },
  ...(['superseded', 'retired'] as const).map((why) => ({
    name: `a second before the key is ${why}`,
    identity: annWith(revoked(NOON + 1, why)),
  })),
  { name: 'with a key that is listed twice', identity: person('ann', [...ann.keys, ...ann.keys]) },
])('a good signature $name counts', ({ identity }) => {
  expect(resolve([identity])).toEqual(known)
})

test('a signature that says it was made after the commit counts as made then', () => {
  const superseded = [annWith(revoked(NOON + 1, 'superseded'))]
  expect(resolve(superseded, { signedAt: NOON })).toEqual(known)
  expect(resolve(superseded, { signedAt: NOON - 100 })).toEqual(known)
  expect(resolve(superseded, { signedAt: NOON + 1 })).toMatchObject({ reason: 'key_revoked_by_policy' })
  const until = [annWith({ validity: { from: null, until: NOON } })]
  expect(resolve(until, { signedAt: NOON + 1 })).toMatchObject({ reason: 'key_no_longer_valid' })
})

test('an agent signs while whoever answers for it is there', () => {
  const agent: Identity = { ...person('bot', ann.keys), kind: 'agent', sponsor: 'bob' }
  const withBob = (validity: Identity['validity']): readonly Identity[] => [agent, person('bob', [], validity)]
  expect(resolve(withBob({ from: NOON, until: NOON }))).toMatchObject({ kind: 'known', identity: 'bot' })
  expect(resolve(withBob({ from: null, until: NOON - 1 }))).toMatchObject({ reason: 'sponsor_no_longer_valid' })
  expect(resolve(withBob({ from: NOON + 1, until: null }))).toMatchObject({ reason: 'sponsor_not_yet_valid' })
})

test('a time that the signer did not choose outweighs the one that they claim', () => {
  const until = [annWith({ validity: { from: null, until: NOON } })]
  expect(resolve(until, {}, { claimed: NOON, trusted: NOON + 1 })).toMatchObject({ reason: 'key_no_longer_valid' })
  expect(resolve(until, {}, { claimed: NOON + 1, trusted: NOON })).toEqual(known)
})

const certificate = { primaryFingerprint: 'SHA256:ca', principal: 'ann@example.com', fingerprint: 'SHA256:session' }
const openpgp = { scheme: 'openpgp', fingerprint: 'SUB', primaryFingerprint: 'PRIMARY' } as const
const x509 = (details: SignatureCheck['details']): Partial<SignatureCheck> => ({
  scheme: 'x509',
  fingerprint: 'f',
  details,
})
const x509Key = (name: string, issuer: string | null): IdentityKey => ({ scheme: 'x509', name, issuer, ...ALWAYS })
const authority = (principal: string): IdentityKey => ({
  scheme: 'ssh-certificate',
  authority: 'SHA256:ca',
  principal,
  ...ALWAYS,
})
const pgpKey = (fingerprint: string): IdentityKey => ({ scheme: 'openpgp', fingerprint, ...ALWAYS })
const mail = { emails: 'ann@example.com a@example.com', subject: 'CN=Ann,O=Example' }
const gitsign = {
  emails: 'ann@example.com',
  uris: 'https://github.com/example/app/.github/workflows/ci.yml@refs/heads/main',
  'fulcio.issuer': 'https://accounts.example.com',
}

test.for<{ name: string; check: Partial<SignatureCheck>; key: IdentityKey }>([
  { name: 'an SSH certificate by its authority and principal', check: certificate, key: authority('ann@example.com') },
  { name: 'an SSH certificate by the key that it is for', check: certificate, key: sshKey('SHA256:session') },
  { name: 'an OpenPGP subkey', check: openpgp, key: pgpKey('SUB') },
  { name: 'an OpenPGP primary key, for all of its subkeys', check: openpgp, key: pgpKey('PRIMARY') },
  { name: 'an OpenPGP key without subkeys', check: { ...openpgp, fingerprint: 'PRIMARY' }, key: pgpKey('PRIMARY') },
  { name: 'the first e-mail of a certificate', check: x509(mail), key: x509Key('ann@example.com', null) },
  { name: 'another e-mail of a certificate', check: x509(mail), key: x509Key('a@example.com', null) },
  { name: 'the subject of a certificate', check: x509(mail), key: x509Key('CN=Ann,O=Example', null) },
  {
    name: 'an e-mail that a sign-in vouched for',
    check: x509(gitsign),
    key: x509Key('ann@example.com', 'https://accounts.example.com'),
  },
  { name: 'a workflow by its URI', check: x509(gitsign), key: x509Key(gitsign.uris, 'https://accounts.example.com') },
  {
    name: 'an e-mail under the older name of the issuer',
    check: x509({ emails: 'ann@example.com', 'fulcio.issuerV1': 'https://i' }),
    key: x509Key('ann@example.com', 'https://i'),
  },
])('finds the signer by $name', ({ check, key }) => {
  expect(resolve([person('ann', [key])], check)).toEqual(known)
})

test.for<{ name: string; check: Partial<SignatureCheck>; key: IdentityKey }>([
  { name: 'an SSH certificate of another principal', check: certificate, key: authority('bob@example.com') },
  {
    name: 'an SSH certificate of another authority',
    check: { ...certificate, primaryFingerprint: 'SHA256:other' },
    key: authority('ann@example.com'),
  },
  { name: 'the key of the authority itself', check: certificate, key: sshKey('SHA256:ca') },
  {
    name: 'the same fingerprint in another scheme',
    check: { ...openpgp, fingerprint: 'SHA256:ann' },
    key: sshKey('SHA256:ann'),
  },
  { name: 'a sign-in e-mail where plain S/MIME is meant', check: x509(gitsign), key: x509Key('ann@example.com', null) },
  {
    name: 'a plain e-mail where a sign-in is meant',
    check: x509(mail),
    key: x509Key('ann@example.com', 'https://accounts.example.com'),
  },
  {
    name: 'an e-mail of another issuer',
    check: x509(gitsign),
    key: x509Key('ann@example.com', 'https://evil.example'),
  },
  { name: 'a part of an e-mail', check: x509(mail), key: x509Key('nn@example.com', null) },
  { name: 'an empty name', check: x509({}), key: x509Key('', null) },
])('does not take for the signer: $name', ({ check, key }) => {
  expect(resolve([person('ann', [key])], check)).toMatchObject({ kind: 'refused', reason: 'signer_not_in_policy' })
})

test('a certificate with the names of two identities is of neither', () => {
  const identities = [
    person('ann', [x509Key('ann@example.com', null)]),
    person('bob', [x509Key('a@example.com', null)]),
  ]
  expect(resolve(identities, x509(mail))).toMatchObject({ identity: null, reason: 'key_of_several_identities' })
})

test('a subkey and its primary key under two identities are of neither', () => {
  const identities = [person('ann', [pgpKey('SUB')]), person('bob', [pgpKey('PRIMARY')])]
  expect(resolve(identities, openpgp)).toMatchObject({ identity: null, reason: 'key_of_several_identities' })
})

test('an identity is found by its id', () => {
  expect(indexSigners({ identities: [ann] }).byId.get('ann')).toBe(ann)
})
