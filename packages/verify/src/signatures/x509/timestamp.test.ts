import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import * as x from '../../../../../testdata/x509/issue.ts'
import { acme, authority, DAY, issue, type Party, SIGNED, type Wish } from '../../../../../testdata/x509/parties.ts'
import { checkTimestamp } from './timestamp.ts'
import { prepareX509Trust } from './trust.ts'

const stamped = Buffer.from('the signature')
const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest()
const sha = x.seq(x.oid('2.16.840.1.101.3.4.2.1'))
const TST_INFO = '1.2.840.113549.1.9.16.1.4'
const root = authority('Time Root')
const by = x.newSigner('p256')
const stamping = { ...x.extendedKeyUsage('1.3.6.1.5.5.7.3.8'), critical: true }
const attribute = (type: string, value: Uint8Array): Uint8Array => x.seq(x.oid(type), x.set(value))

function tsa(wish: Wish = {}): Party {
  return issue({ issuer: root, subject: acme('Time'), by, extensions: [x.keyUsage(0), stamping], ...wish })
}

interface Token {
  readonly party?: Party
  readonly signer?: x.Signer
  readonly imprint?: Uint8Array
  readonly version?: number
  readonly contentType?: string
  readonly signedType?: string
  readonly named?: Uint8Array | null
  readonly digest?: Uint8Array
  readonly algorithm?: Uint8Array
  readonly signers?: number
}

function token(o: Token): Uint8Array {
  const party = o.party ?? tsa()
  const imprint = x.seq(o.algorithm ?? sha, x.octets(o.imprint ?? sha256(stamped)))
  const time = x.tlv(0x18, Buffer.from('20231114221320.25Z'))
  const payload = x.seq(x.integer(o.version ?? 1), x.oid('1.2.3.4'), imprint, x.integer(9), time)
  const named = o.named === undefined ? party.der : o.named
  const id =
    named === null ? [] : [attribute('1.2.840.113549.1.9.16.2.47', x.seq(x.seq(x.seq(x.octets(sha256(named))))))]
  const request: x.SignCms = {
    payload,
    issuer: party.issuer,
    serial: party.serial,
    by: o.signer ?? by,
    certificates: [party.der],
    attached: true,
    contentType: o.contentType ?? TST_INFO,
    signedAttributes: [
      attribute('1.2.840.113549.1.9.3', x.oid(o.signedType ?? TST_INFO)),
      attribute('1.2.840.113549.1.9.4', x.octets(o.digest ?? sha256(payload))),
      ...id,
    ],
  }
  const { signerInfo } = x.signSignerInfo(request)
  return x.wrapSignedData(
    request,
    Array.from({ length: o.signers ?? 1 }, () => signerInfo),
  )
}

const check = (bytes: Uint8Array, roots: readonly Uint8Array[] = [root.der]) =>
  checkTimestamp(bytes, stamped, prepareX509Trust({ roots: [], timestampRoots: roots }))
const sha1 = x.seq(x.oid('1.3.14.3.2.26'))

test('gives the second of a token that a trusted authority signed', () => {
  expect(check(token({}))).toBe(SIGNED)
})

test.for([
  { name: 'an imprint of something else', token: { imprint: sha256(Buffer.from('else')) }, want: 'timestamp_invalid' },
  { name: 'content that is no timestamp', token: { contentType: '1.2.3.4' }, want: 'timestamp_invalid' },
  { name: 'signed attributes about other content', token: { signedType: '1.2.3.4' }, want: 'timestamp_invalid' },
  { name: 'version 2', token: { version: 2 }, want: 'timestamp_invalid' },
  { name: 'the digest of another content', token: { digest: new Uint8Array(32) }, want: 'timestamp_invalid' },
  { name: 'no word about its certificate', token: { named: null }, want: 'timestamp_invalid' },
  { name: 'the name of another certificate', token: { named: root.der }, want: 'timestamp_invalid' },
  { name: 'a signature by another key', token: { signer: x.newSigner('p256') }, want: 'timestamp_invalid' },
  { name: 'two signers', token: { signers: 2 }, want: 'timestamp_invalid' },
  { name: 'no signer', token: { signers: 0 }, want: 'timestamp_invalid' },
  { name: 'an authority for everything', token: { party: tsa({ extensions: [] }) }, want: 'timestamp_untrusted' },
  {
    name: 'a purpose that is not critical',
    token: { party: tsa({ extensions: [{ ...stamping, critical: false }] }) },
    want: 'timestamp_untrusted',
  },
  {
    name: 'a second purpose',
    token: {
      party: tsa({ extensions: [{ ...x.extendedKeyUsage('1.3.6.1.5.5.7.3.8', '1.3.6.1.5.5.7.3.3'), critical: true }] }),
    },
    want: 'timestamp_untrusted',
  },
  { name: 'an authority expired before', token: { party: tsa({ notAfter: SIGNED - 1 }) }, want: 'timestamp_untrusted' },
  {
    name: 'an authority not yet valid',
    token: { party: tsa({ notBefore: SIGNED + DAY }) },
    want: 'timestamp_untrusted',
  },
  {
    name: 'an imprint in SHA-1',
    token: { algorithm: sha1, imprint: createHash('sha1').update(stamped).digest() },
    want: 'timestamp_untrusted',
  },
])('refuses $name with $want', ({ token: changes, want }) => {
  expect(check(token(changes))).toBe(want)
})

test('trusts timestamp roots only', () => {
  const bytes = token({})
  expect(check(bytes, [])).toBe('timestamp_untrusted')
  expect(checkTimestamp(bytes, stamped, prepareX509Trust({ roots: [root.der] }))).toBe('timestamp_untrusted')
})
