import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import * as x from '../../../../../testdata/x509/issue.ts'
import { bytesField, type LogRequest, logEntry } from '../../../../../testdata/x509/issue-log-entry.ts'
import { intermediate, issue, payload, request, root, SIGNED } from '../../../../../testdata/x509/parties.ts'
import vectors from '../../../../../testdata/x509/vectors.json' with { type: 'json' }
import type { SignatureTimes } from '../signature.ts'
import { checkX509Signature, prepareX509Trust, type X509TrustSources } from './check-x509-signature.ts'

const bytes = (base64: string): Uint8Array => Buffer.from(base64, 'base64')
const signed = Buffer.from(payload)
const LATER = SIGNED + 86_400
const seen = new Set<string>()

function check(armor: string, sources: X509TrustSources, times: Partial<SignatureTimes>) {
  const all = { claimed: SIGNED, now: LATER, trusted: null, ...times }
  const answer = checkX509Signature(signed, Buffer.from(armor), prepareX509Trust(sources), all)
  seen.add(answer.reason)
  return answer
}

// What openssl, gpgsm and our own writer signed, with the letter that git gave; see testdata/x509/README.md.
test.for(vectors.cases)('answers $status, $reason and git $git for $name ($producer)', (row) => {
  const sources = { roots: row.roots.map(bytes), intermediates: row.others.map(bytes) }
  const { status, reason, git, key, principal } = check(row.armor, sources, { now: vectors.recordedAt })
  expect({ status, reason, git }).toEqual({ status: row.status, reason: row.reason, git: row.git })
  if (row.principal !== '') expect({ key, principal }).toEqual({ key: row.key, principal: row.principal })
})

test('says what it read', () => {
  const row = vectors.cases.find(({ name }) => name === 'a good signature')
  expect(check(row?.armor ?? '', { roots: row?.roots.map(bytes) ?? [] }, {})).toMatchObject({
    scheme: 'x509',
    key: expect.stringMatching(/^[0-9A-F]{40}$/),
    fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
    primaryFingerprint: null,
    principal: '/CN=Ann Example/O=Acme',
    signedAt: SIGNED,
    details: {
      subject: 'CN=Ann Example,O=Acme',
      issuer: 'CN=Acme Intermediate,O=Acme',
      emails: 'ann@example.com',
      judgedBy: 'now',
      revocation: 'not_checked',
    },
  })
})

const log = x.newSigner('p256')
const otherLog = x.newSigner('p256')
const key = x.newSigner('p256')
const ephemeral = issue({
  issuer: intermediate,
  by: key,
  subject: x.seq(),
  notBefore: SIGNED,
  notAfter: SIGNED + 600,
  extensions: [
    x.keyUsage(0),
    x.extendedKeyUsage('1.3.6.1.5.5.7.3.3'),
    x.altNames({ email: 'ann@example.com' }, true),
    { id: '1.3.6.1.4.1.57264.1.8', value: x.text('https://issuer.example') },
  ],
})

/** A signature as gitsign makes it, with the log entry that these changes ask for; null for none. */
function gitsign(
  changes: Partial<LogRequest> | null,
  value = (entry: Uint8Array): Uint8Array => x.octets(entry),
): string {
  const wish = request(ephemeral, [ephemeral])
  const { signerInfo } = x.signSignerInfo(wish, ({ covered, signature }) => {
    if (changes === null) return []
    const entry = logEntry({
      log,
      covered,
      signature,
      certificate: ephemeral.der,
      integratedTime: SIGNED + 2,
      ...changes,
    })
    return [x.seq(x.oid('1.3.6.1.4.1.57264.3.1'), x.set(value(entry)))]
  })
  return x.armor(x.wrapSignedData(wish, [signerInfo]))
}

const sigstore = { roots: [root.der], intermediates: [intermediate.der], rekorKeys: [log.spki] }

test.for([
  { name: 'promise and proof', changes: {}, want: 'good verified_at_log_time' },
  { name: 'a promise alone', changes: { hasProof: false }, want: 'good verified_at_log_time' },
  { name: 'a proof alone', changes: { hasPromise: false }, want: 'unverifiable log_time_absent' },
  { name: 'no entry', changes: null, want: 'unverifiable log_entry_absent' },
  { name: 'an entry of another log', changes: { log: otherLog }, want: 'unverifiable log_key_missing' },
  { name: 'an entry of another kind', changes: { kind: 'dsse' }, want: 'unverifiable log_entry_unsupported' },
  {
    name: 'a promise about another signature',
    changes: { signature: Buffer.from('other') },
    want: 'unverifiable log_proof_invalid',
  },
  {
    name: 'a promise about another signature, no proof',
    changes: { signature: Buffer.from('other'), hasProof: false },
    want: 'unverifiable log_promise_invalid',
  },
  {
    name: 'a promise that is wrong',
    changes: { promise: Buffer.alloc(70, 0x30) },
    want: 'unverifiable log_promise_invalid',
  },
  { name: 'a checkpoint of another size', changes: { checkpointSize: 4 }, want: 'unverifiable log_proof_invalid' },
  { name: 'a proof to another root', changes: { sibling: Buffer.alloc(32) }, want: 'unverifiable log_proof_invalid' },
  {
    name: 'a proof that names another root',
    changes: { root: Buffer.alloc(32) },
    want: 'unverifiable log_proof_invalid',
  },
  {
    name: 'a checkpoint signed by another',
    changes: { checkpointSigner: otherLog },
    want: 'unverifiable log_proof_invalid',
  },
  {
    name: 'a checkpoint under another key id',
    changes: { checkpointKeyId: Buffer.alloc(4) },
    want: 'unverifiable log_proof_invalid',
  },
  { name: 'a proof with a short hash', changes: { sibling: Buffer.alloc(31) }, want: 'unverifiable log_proof_invalid' },
  {
    name: 'a time after the certificate expired',
    changes: { integratedTime: SIGNED + 601 },
    want: 'expired_key certificate_expired',
  },
  {
    name: 'a time before the certificate',
    changes: { integratedTime: SIGNED - 1 },
    want: 'untrusted certificate_not_yet_valid',
  },
])('judges a Fulcio certificate by its log entry: $name', ({ changes, want }) => {
  const { status, reason, git, details } = check(gitsign(changes), sigstore, {})
  expect(`${status} ${reason}`).toBe(want)
  expect(git).toBe('N')
  expect(details['fulcio.issuer']).toBe('https://issuer.example')
})

test.for([
  { name: 'that is no protobuf', value: () => x.octets(Uint8Array.of(0xff)) },
  { name: 'that is no octet string', value: () => x.nil },
  {
    name: 'with a second log',
    value: (entry: Uint8Array) => x.octets(Buffer.concat([entry, bytesField(2, new Uint8Array())])),
  },
])('refuses a log entry $name, whatever else is known', ({ value }) => {
  const answer = check(gitsign({}, value), sigstore, { trusted: SIGNED + 3 })
  expect(answer).toMatchObject({ status: 'unverifiable', reason: 'malformed_log_entry' })
})

test.for([
  { name: 'no log key', sources: { rekorKeys: [] }, trusted: null, want: 'unverifiable log_key_missing' },
  {
    name: 'no log key but a trusted time',
    sources: { rekorKeys: [] },
    trusted: SIGNED + 60,
    want: 'good verified_at_trusted_time',
  },
  {
    name: 'no log key and a trusted time too late',
    sources: { rekorKeys: [] },
    trusted: SIGNED + 601,
    want: 'expired_key certificate_expired',
  },
  { name: 'a trusted time later than the log', sources: {}, trusted: SIGNED + 601, want: 'good verified_at_log_time' },
  {
    name: 'a trusted time earlier than the certificate',
    sources: {},
    trusted: SIGNED - 1,
    want: 'untrusted certificate_not_yet_valid',
  },
  { name: 'another root', sources: { roots: [] }, trusted: null, want: 'untrusted issuer_absent' },
])('judges a Fulcio certificate with $name', ({ sources, trusted, want }) => {
  const { status, reason } = check(gitsign({}), { ...sigstore, ...sources }, { trusted })
  expect(`${status} ${reason}`).toBe(want)
})

test('never judges a Fulcio certificate by the clock, not even while it is valid', () => {
  expect(check(gitsign(null), sigstore, { now: SIGNED + 5 })).toMatchObject({ status: 'unverifiable' })
})

const plain = issue({ issuer: intermediate, by: key, notAfter: SIGNED + 600 })
const plainArmor = x.armor(x.signCms(request(plain, [plain, intermediate])))
const fingerprint = prepareX509Trust({ roots: [] }).certificate(plain.der).fingerprint
const acme = { roots: [root.der] }

test.for([
  { name: 'valid now', sources: acme, times: { now: SIGNED + 600 }, want: 'good verified', git: 'G' },
  { name: 'expired', sources: acme, times: { now: SIGNED + 601 }, want: 'expired_key certificate_expired', git: 'Y' },
  {
    name: 'expired after a trusted time',
    sources: acme,
    times: { trusted: SIGNED + 600 },
    want: 'good verified_at_trusted_time',
    git: 'Y',
  },
  {
    name: 'expired before a trusted time',
    sources: acme,
    times: { trusted: SIGNED + 601 },
    want: 'expired_key certificate_expired',
    git: 'Y',
  },
  {
    name: 'revoked',
    sources: { ...acme, revoked: [{ fingerprint, since: SIGNED + 9 }] },
    times: { now: SIGNED + 20 },
    want: 'revoked_key certificate_revoked',
    git: 'G',
  },
  {
    name: 'revoked after a trusted time',
    sources: { ...acme, revoked: [{ fingerprint, since: SIGNED + 9 }] },
    times: { now: SIGNED + 20, trusted: SIGNED + 8 },
    want: 'good verified',
    git: 'G',
  },
  {
    name: 'revoked for ever',
    sources: { ...acme, revoked: [{ fingerprint, since: null }] },
    times: { trusted: SIGNED },
    want: 'revoked_key certificate_revoked',
    git: 'Y',
  },
])('judges a certificate that is $name', ({ sources, times, want, git }) => {
  const answer = check(plainArmor, sources, times)
  expect({ answer: `${answer.status} ${answer.reason}`, git: answer.git }).toEqual({ answer: want, git })
})

const { timestamp } = vectors
const stamped = { roots: [bytes(timestamp.root)], timestampRoots: [bytes(timestamp.timestampRoot)] }

test.for([
  { name: 'a trusted authority', sources: stamped, armor: timestamp.armor, want: 'good verified_at_timestamp' },
  {
    name: 'an unknown authority',
    sources: { roots: stamped.roots },
    armor: timestamp.armor,
    want: 'expired_key certificate_expired',
  },
  {
    name: 'an imprint that is changed',
    sources: stamped,
    armor: edited(timestamp.armor, /(?<=0420).{64}(?=02)/g, '00'.repeat(32)),
    want: 'unverifiable timestamp_invalid',
  },
  {
    name: 'a token that is none',
    sources: stamped,
    armor: edited(timestamp.armor, /060b2a864886f70d0109100104(?=a0)/g, '060b2a864886f70d0109100105'),
    want: 'unverifiable timestamp_invalid',
  },
  {
    name: 'a token that is broken',
    sources: stamped,
    armor: edited(timestamp.armor, /(?<=0609)2a864886f70d010702/g, (text: string, at: number) =>
      at > 100 ? '2a864886f70d010703' : text,
    ),
    want: 'unverifiable malformed_timestamp',
  },
])('judges an expired certificate by the timestamp of $name', ({ sources, armor, want }) => {
  const { status, reason } = check(armor, sources, { now: vectors.recordedAt + 3600, claimed: vectors.recordedAt })
  expect(`${status} ${reason}`).toBe(want)
})

test('takes no signature of one kind for another', () => {
  const signatureAlgorithm = x.signatureAlgorithm('rsa')
  const armor = x.armor(x.signCms(request(plain, [plain, intermediate], { signatureAlgorithm })))
  expect(check(armor, acme, { now: SIGNED })).toMatchObject({ status: 'bad', reason: 'signature_mismatch' })
})

// Every change of the signature itself is in mutations.test.ts.
test('verifies nothing when any bit of the payload is changed', () => {
  const armor = Buffer.from(x.armor(x.signCms(request(plain, [plain, intermediate]))))
  const trust = prepareX509Trust(acme)
  const times = { claimed: SIGNED, now: SIGNED + 1, trusted: null }
  for (const [index, byte] of signed.entries()) {
    const changed = Uint8Array.from(signed)
    changed[index] = byte ^ (1 << (index % 8))
    expect(checkX509Signature(changed, armor, trust, times).status).toBe('bad')
  }
})

test('says the same letter as gpgsm and refuses where a certificate that came along cannot be read', () => {
  const odd = issue({ issuer: intermediate, by: key, extensions: [{ id: '2.5.29.15', value: x.nil }] })
  const armor = x.armor(x.signCms(request(plain, [plain, intermediate, odd])))
  expect(check(armor, acme, { now: SIGNED })).toMatchObject({
    status: 'malformed',
    reason: 'malformed_certificate',
    git: 'G',
  })
})

test('answers for any bytes without throwing', () => {
  const trust = prepareX509Trust(acme)
  const times = { claimed: SIGNED, now: LATER, trusted: null }
  const property = fc.property(fc.uint8Array({ maxLength: 400 }), fc.boolean(), (noise, isArmored) => {
    const armor = isArmored ? Buffer.from(x.armor(noise)) : noise
    expect(['malformed', 'unverifiable']).toContain(checkX509Signature(signed, armor, trust, times).status)
  })
  fc.assert(property, { numRuns: 1000 })
})

test('gives every reason that it has at least once', () => {
  expect([...seen].sort()).toEqual([...REASONS].sort())
})

const REASONS = [
  'verified',
  'verified_at_log_time',
  'verified_at_timestamp',
  'verified_at_trusted_time',
  'verified_unlike_gpgsm',
  'certificate_absent',
  'certificate_expired',
  'certificate_not_yet_valid',
  'certificate_revoked',
  'critical_extension_unknown',
  'digest_mismatch',
  'issuer_absent',
  'issuer_key_usage',
  'issuer_not_authority',
  'issuer_signature_invalid',
  'log_entry_absent',
  'log_entry_unsupported',
  'log_key_missing',
  'log_promise_invalid',
  'log_proof_invalid',
  'log_time_absent',
  'malformed_armor',
  'malformed_certificate',
  'malformed_cms',
  'malformed_log_entry',
  'malformed_timestamp',
  'no_signer',
  'not_detached',
  'path_too_long',
  'root_untrusted',
  'several_signers',
  'signature_mismatch',
  'timestamp_invalid',
  'unsupported_algorithm',
  'unsupported_key',
  'weak_algorithm',
  'wrong_content_type',
  'wrong_extended_key_usage',
  'wrong_key_usage',
]

function edited(armor: string, what: RegExp, by: string | ((text: string, at: number) => string)): string {
  const der = Buffer.from(armor.split('\n').slice(1, -2).join(''), 'base64').toString('hex')
  const changed = typeof by === 'string' ? der.replaceAll(what, by) : der.replaceAll(what, by)
  expect(changed).not.toBe(der)
  return x.armor(Buffer.from(changed, 'hex'))
}
