import { verify } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { brokenRows } from '../../../../../testdata/ssh/broken-rows.ts'
import { makeKrl } from '../../../../../testdata/ssh/make-krl.ts'
import { CLAIMED, KEY_TYPES, makeMatrix } from '../../../../../testdata/ssh/matrix.ts'
import recorded from '../../../../../testdata/ssh/recorded/git.json' with { type: 'json' }
import keygen from '../../../../../testdata/ssh/recorded/ssh-keygen.json' with { type: 'json' }
import {
  authority,
  blob,
  by,
  ca,
  certified,
  early,
  in2024,
  key,
  line,
  payload,
  type Row,
  sk,
  text,
  times,
  withKey,
} from '../../../../../testdata/ssh/rows.ts'
import {
  armor,
  keyText,
  makeCertificate,
  makeKey,
  makeSshsig,
  makeSshsigBlob,
  str,
} from '../../../../../testdata/ssh/software-signer.ts'
import { trustRows } from '../../../../../testdata/ssh/trust-rows.ts'
import { printable } from '../../bytes/encoding.ts'
import type { SignatureCheck } from '../signature.ts'
import { parseAllowedSigners } from './allowed-signers.ts'
import { checkSshSignature, prepareSshTrust, type SshTrustOptions } from './check-ssh-signature.ts'
import { parseRevocationList } from './revocation-list.ts'
import { SSH_SIGNATURE_REASONS } from './ssh-reasons.ts'

function check(row: Partial<Row>): SignatureCheck {
  const signers = row.signers === undefined ? `alice ${keyText(key.blob)}` : row.signers
  const trust = prepareSshTrust({
    allowedSigners: signers === null ? null : parseAllowedSigners(signers),
    revoked: (row.revoked ?? []).map((file) => parseRevocationList(file, { since: row.since ?? null })),
    ...row.options,
  })
  const signature = Buffer.from(row.signature ?? makeSshsig(key, payload))
  return checkSshSignature(payload, signature, trust, { ...times, ...row.times }, row.namespace)
}

const rows = [...trustRows, ...brokenRows]

test.for(rows)('$status, $reason, git $git: $name', (row) => {
  const { status, reason, git } = check(row)
  expect({ status, reason, git }).toEqual({ status: row.status, reason: row.reason, git: row.git })
})

const goodRows: readonly Row[] = [
  { name: 'a known key', status: 'good', reason: 'verified', git: 'G' },
  { name: 'a certificate', signers: ca, signature: certified(), status: 'good', reason: 'verified', git: 'G' },
  { name: 'a touched security key', ...withKey(sk), status: 'good', reason: 'verified', git: 'G' },
  {
    name: 'an untouched one where that is allowed',
    ...withKey(sk, { flags: 0 }),
    options: { requireUserPresence: false },
    status: 'good',
    reason: 'verified',
    git: 'G',
  },
  {
    name: 'force-command, which says nothing about signing',
    signers: ca,
    signature: certified({ criticalOptions: [['force-command', 'x']] }),
    status: 'good',
    reason: 'verified',
    git: 'G',
  },
  {
    name: 'a window that holds at the trusted time only',
    signers: line(key, in2024),
    times: { claimed: early, trusted: CLAIMED },
    signature: by(key),
    status: 'good',
    reason: 'claimed_time_outside_validity',
    git: 'U',
  },
  {
    name: 'a window that holds at both times',
    signers: line(key, in2024),
    times: { trusted: CLAIMED + 60 },
    status: 'good',
    reason: 'verified',
    git: 'G',
  },
  {
    name: 'no date at all',
    times: { claimed: 0 },
    signers: line(key, in2024),
    status: 'good',
    reason: 'verified',
    git: 'G',
  },
  {
    name: 'a key revoked after the trusted time',
    revoked: [makeKrl([2, str(key.blob)])],
    since: CLAIMED + 61,
    times: { trusted: CLAIMED + 60 },
    status: 'good',
    reason: 'revoked_after_trusted_time',
    git: 'B',
  },
  {
    name: 'a CRLF header, which later releases of OpenSSH take',
    signature: text.replaceAll('\n', '\r\n'),
    status: 'good',
    reason: 'crlf_header',
    git: 'B',
  },
]

test.for(goodRows)('$status, $reason, git $git: $name', (row) => {
  const { status, reason, git } = check(row)
  expect({ status, reason, git }).toEqual({ status: row.status, reason: row.reason, git: row.git })
})

test('has a row for every reason, under its status', () => {
  const covered = [...rows, ...goodRows].map(({ status, reason }) => `${status} ${reason}`)
  const listed = Object.entries(SSH_SIGNATURE_REASONS).flatMap(([status, reasons]) =>
    reasons.map((reason) => `${status} ${reason}`),
  )
  expect([...new Set(covered)].sort()).toEqual([...listed].sort())
})

test.for(recorded)('says what git said of $name', (item) => {
  const trust = prepareSshTrust({
    allowedSigners: item.allowedSigners === null ? null : parseAllowedSigners(item.allowedSigners),
    revoked: item.revoked === null ? [] : [parseRevocationList(Buffer.from(item.revoked, 'base64'))],
    requireUserPresence: false,
  })
  const now = Date.UTC(2026, 0, 1) / 1000
  const answer = checkSshSignature(Buffer.from(item.payload), Buffer.from(item.armor), trust, {
    claimed: item.claimed,
    now,
    trusted: null,
  })
  expect({ letter: answer.git, key: answer.key, principal: answer.git === 'G' ? answer.principal : null }).toEqual({
    letter: item.letter,
    key: item.key,
    principal: item.principal === null ? null : printable(item.principal),
  })
})

test.for([...keygen.keys, ...keygen.certificates])(
  'finds the signature good that ssh-keygen made with $name',
  (made) => {
    const signers = [
      ...keygen.keys.map((item) => `alice ${item.public}`),
      `*@example.com cert-authority ${keygen.keys[0]?.public}`,
    ].join('')
    const trust = prepareSshTrust({ allowedSigners: parseAllowedSigners(signers), revoked: [] })
    const answer = checkSshSignature(Buffer.from(keygen.payload), Buffer.from(made.signature), trust, times)
    expect(answer).toMatchObject({ status: 'good', git: 'G', reason: 'verified', key: made.fingerprint })
  },
)

test('gives the evidence that a certificate and a security key carry', () => {
  const answer = check({ signers: `# one\n${ca}`, signature: certified({ serial: 2n ** 63n }, authority, sk) })
  expect(answer).toMatchObject({
    scheme: 'ssh',
    principal: 'alice@example.com',
    fingerprint: answer.key,
    primaryFingerprint: expect.stringMatching(/^SHA256:[A-Za-z0-9+/]{43}$/),
    signedAt: null,
    details: {
      keyType: 'sk-ssh-ed25519@openssh.com',
      signatureType: 'sk-ssh-ed25519@openssh.com',
      allowedSignersLine: 2,
      userPresent: true,
      userVerified: false,
      counter: 7,
      application: 'ssh:',
      certificateSerial: '9223372036854775808',
      certificateKeyId: 'id-5',
      certificateCriticalOptions: '',
    },
  })
})

test('takes the first line that fits, whether it names the certificate or its authority', () => {
  const own = makeCertificate(key, authority)
  const signature = by(key, { keyBlob: own })
  expect(check({ signers: `${ca}\nown ${keyText(own)}`, signature }).principal).toBe('alice@example.com')
  expect(check({ signers: `own ${keyText(own)}\n${ca}`, signature }).principal).toBe('own')
})

test('uses the Ed25519 function that the caller gives, with message, signature and key', () => {
  const seen: number[][] = []
  const ed25519Verify: SshTrustOptions['ed25519Verify'] = (message, signature, publicKey) => {
    seen.push([message.length, signature.length, publicKey.length])
    const jwk = { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(publicKey).toString('base64url') }
    return verify(null, message, { key: jwk, format: 'jwk' }, signature)
  }
  expect(check({ options: { ed25519Verify } }).status).toBe('good')
  expect(check({ options: { ed25519Verify: () => false } })).toMatchObject({
    status: 'bad',
    reason: 'signature_mismatch',
  })
  expect(seen).toEqual([[6 + 4 + 3 + 4 + 4 + 6 + 4 + 64, 64, 32]])
})

test('judges a key anew for each signature, whatever the caller does with its buffers', () => {
  const trust = prepareSshTrust({ allowedSigners: parseAllowedSigners(line(key)), revoked: [] })
  const buffer = Buffer.from(makeSshsig(key, payload))
  expect(checkSshSignature(payload, buffer, trust, times).status).toBe('good')
  buffer.fill(0)
  expect(checkSshSignature(payload, Buffer.from(makeSshsig(key, payload)), trust, times).status).toBe('good')
  expect(checkSshSignature(payload, buffer, trust, times).status).toBe('malformed')
})

test('keeps working when more keys sign than it remembers', () => {
  const trust = prepareSshTrust({ allowedSigners: parseAllowedSigners(line(key)), revoked: [] })
  for (let i = 0; i < 4100; i++) {
    const stranger = Buffer.concat([
      str('ssh-ed25519'),
      str(
        Buffer.alloc(32, 7)
          .fill(i & 255, 8)
          .fill(i >> 8, 20),
      ),
    ])
    trust.signerOf(stranger)
  }
  expect(checkSshSignature(payload, Buffer.from(text), trust, times).status).toBe('good')
})

test.for(KEY_TYPES)('finds no change of a single byte good, in payload, blob or certificate: %s', (type) => {
  const signer = makeKey(type)
  const signed = [
    makeSshsigBlob(signer, payload),
    makeSshsigBlob(signer, payload, { keyBlob: makeCertificate(signer, authority) }),
  ]
  const allowedSigners = parseAllowedSigners(`${line(signer)}\n${ca}\n`)
  const trust = prepareSshTrust({ allowedSigners, revoked: [], requireUserPresence: false })
  const statusOf = (bytes: Uint8Array, signature: Uint8Array): string =>
    checkSshSignature(bytes, Buffer.from(armor(signature)), trust, times).status
  for (const whole of signed) expect(statusOf(payload, whole)).toBe('good')
  fc.assert(
    fc.property(
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      fc.boolean(),
      fc.constantFrom(...signed),
      (at, change, isPayload, whole) => {
        const target = isPayload ? payload : whole
        const index = at % target.length
        const changed = target.with(index, (target[index] as number) ^ change)
        expect(isPayload ? statusOf(changed, whole) : statusOf(payload, changed)).not.toBe('good')
      },
    ),
    { numRuns: 150 },
  )
})

test('finds no single flipped bit good: Ed25519, every bit of the blob', () => {
  const trust = prepareSshTrust({ allowedSigners: parseAllowedSigners(line(key)), revoked: [] })
  for (let bit = 0; bit < blob.length * 8; bit++) {
    const changed = Buffer.from(blob)
    changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7))
    expect(checkSshSignature(payload, Buffer.from(armor(changed)), trust, times).status).not.toBe('good')
  }
})

test('makes a matrix of several hundred cases, each with a name of its own', () => {
  const names = makeMatrix().map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
  expect(names.length).toBeGreaterThan(500)
})
