import { expect, test } from 'vitest'
import * as x from '../../../../../testdata/x509/issue.ts'
import { logEntry } from '../../../../../testdata/x509/issue-log-entry.ts'
import { authority, issue, payload, request, SIGNED } from '../../../../../testdata/x509/parties.ts'
import vectors from '../../../../../testdata/x509/vectors.json' with { type: 'json' }
import { checkX509Signature, prepareX509Trust, type X509TrustSources } from './check-x509-signature.ts'

const signed = Buffer.from(payload)
const root = authority('R', { algorithm: 'p256' })
const intermediate = authority('I', { issuer: root, algorithm: 'p256' })
const leaf = issue({ issuer: intermediate, algorithm: 'p256', subject: x.name([['CN', 'a']]) })
const parties = { roots: [root.der] }
const log = x.newSigner('p256')

/** A small message as S/MIME programs make it: the signer's certificate and the intermediate. */
const smime = x.signCms(request(leaf, [leaf, intermediate]))

/** A small message as gitsign makes it: a certificate of ten minutes, a log entry with promise and proof. */
function gitsign(): Uint8Array {
  const ephemeral = issue({
    issuer: intermediate,
    algorithm: 'p256',
    subject: x.seq(),
    notBefore: SIGNED,
    notAfter: SIGNED + 600,
    extensions: [{ id: '1.3.6.1.4.1.57264.1.8', value: x.text('https://i.example') }],
  })
  const wish = request(ephemeral, [ephemeral])
  const { signerInfo } = x.signSignerInfo(wish, ({ covered, signature }) => {
    const certificate = ephemeral.der
    const entry = logEntry({ log, covered, signature, certificate, integratedTime: SIGNED + 2 })
    return [x.seq(x.oid('1.3.6.1.4.1.57264.3.1'), x.set(x.octets(entry)))]
  })
  return x.wrapSignedData(wish, [signerInfo])
}

/** The places, as `offset:from>to` in hex, where a change of one byte leaves the signature good. */
function survivors(
  der: Uint8Array,
  sources: X509TrustSources,
  now: number,
  changes: (byte: number) => readonly number[],
) {
  const trust = prepareX509Trust(sources)
  const times = { claimed: SIGNED, now, trusted: null }
  const check = (bytes: Uint8Array) => checkX509Signature(signed, Buffer.from(x.armor(bytes)), trust, times).status
  expect(check(der)).toBe('good')
  const found: string[] = []
  const changed = Uint8Array.from(der)
  for (const [at, byte] of der.entries()) {
    for (const value of changes(byte)) {
      changed[at] = value
      if (check(changed) === 'good') found.push(`${at}:${byte.toString(16)}>${value.toString(16)}`)
    }
    changed[at] = byte
  }
  return found
}

/** The values of the one vector with a timestamp token, whose certificate has expired: only the token makes it good. */
const { timestamp } = vectors
const bytes = (base64: string): Uint8Array => Buffer.from(base64, 'base64')

const eachBit = (byte: number): readonly number[] => [1, 2, 4, 8, 16, 32, 64, 128].map((bit) => byte ^ bit)

test('nothing stays good when any bit of an S/MIME signature is flipped', () => {
  expect(survivors(smime, parties, SIGNED + 1, eachBit)).toEqual([])
}, 60_000)

test('nothing stays good when any bit of a gitsign signature is flipped, its log entry included', () => {
  const sources = { ...parties, intermediates: [intermediate.der], rekorKeys: [log.spki] }
  expect(survivors(gitsign(), sources, SIGNED + 86_400, eachBit)).toEqual([])
}, 60_000)

test('nothing stays good when a bit of each byte of a signature with a timestamp is flipped, the token included', () => {
  const sources = { roots: [bytes(timestamp.root)], timestampRoots: [bytes(timestamp.timestampRoot)] }
  const der = bytes(timestamp.armor.split('\n').slice(1, -2).join(''))
  let turn = 0
  const oneBit = (byte: number): readonly number[] => [byte ^ (1 << (turn++ % 8))]
  expect(survivors(der, sources, vectors.recordedAt + 3600, oneBit)).toEqual([])
}, 60_000)

// The one place that two programs fill in two ways: RFC 5652 lets RSA be named with its digest or without, and nothing signs it.
test('the name of an RSA algorithm with its digest or without is all that nothing signs', () => {
  const party = issue({ issuer: intermediate })
  const sign = (algorithm: string): Uint8Array =>
    x.signCms(request(party, [party, intermediate], { signatureAlgorithm: x.seq(x.oid(algorithm), x.nil) }))
  const trust = prepareX509Trust(parties)
  const times = { claimed: SIGNED, now: SIGNED + 1, trusted: null }
  const answers = ['1.2.840.113549.1.1.1', '1.2.840.113549.1.1.11', '1.2.840.113549.1.1.12'].map((algorithm) => {
    return checkX509Signature(signed, Buffer.from(x.armor(sign(algorithm))), trust, times).status
  })
  expect(answers).toEqual(['good', 'good', 'bad'])
})
