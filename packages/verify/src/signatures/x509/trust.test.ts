import { expect, test } from 'vitest'
import * as x from '../../../../../testdata/x509/issue.ts'
import { authority, DAY, intermediate, issue, type Party, root, SIGNED } from '../../../../../testdata/x509/parties.ts'
import { MAX_PATH_SIGNATURES } from './chain.ts'
import { prepareX509Trust, type X509Trust, type X509TrustSources } from './trust.ts'

const by = x.newSigner('p256')
const leaf = issue({ issuer: intermediate, by })
const crl = {
  issuer: intermediate.subject,
  by: intermediate.by,
  thisUpdate: SIGNED,
  nextUpdate: SIGNED + DAY,
  revoked: [{ serial: leaf.serial, at: SIGNED + 5 }],
}
const pem = (der: Uint8Array, label: string): Uint8Array => Buffer.from(x.armor(der, label))
const prepare = (sources: Partial<X509TrustSources>): X509Trust =>
  prepareX509Trust({ roots: [root.der], intermediates: [intermediate.der], ...sources })
const pathOf = (trust: X509Trust, party: Party) => trust.path(trust.certificate(party.der), [])
const critical = (id: string) => ({ id, critical: true, value: x.nil })
const strange = { ...by, spki: x.seq(x.seq(x.oid('1.2.3.4')), x.bits(Uint8Array.of(1))) }

test.for([
  {
    name: 'a timestamp root that is not self-signed',
    sources: { timestampRoots: [intermediate.der] },
    code: 'not_a_root',
  },
  { name: 'a root that is no certificate', sources: { roots: [x.nil] }, code: 'malformed_certificate' },
  {
    name: 'PEM that does not end',
    sources: { roots: [pem(root.der, 'CERTIFICATE').subarray(0, -9)] },
    code: 'malformed_certificate',
  },
  {
    name: 'PEM in the URL alphabet',
    sources: { roots: [Buffer.from(`${x.armor(root.der, 'CERTIFICATE').replaceAll('+', '-').replaceAll('/', '_')}`)] },
    code: 'malformed_certificate',
  },
  {
    name: 'PEM with padding in the middle',
    sources: { roots: [Buffer.from(x.armor(root.der, 'CERTIFICATE').replace('\nMI', '\nMI=='))] },
    code: 'malformed_certificate',
  },
  {
    name: 'a root with an extension that is unreadable',
    sources: { roots: [authority('Odd', { extensions: [{ id: '2.5.29.15', value: x.nil }] }).der] },
    code: 'malformed_certificate',
  },
  { name: 'PEM of another kind', sources: { roots: [pem(root.der, 'PRIVATE KEY')] }, code: 'malformed_certificate' },
  { name: 'an intermediate that is too long', sources: { intermediates: [new Uint8Array(20_000)] }, code: 'too_long' },
  { name: 'a log key of a strange kind', sources: { rekorKeys: [strange.spki] }, code: 'unsupported_key' },
  { name: 'an RSA log key', sources: { rekorKeys: [root.by.spki] }, code: 'unsupported_key' },
  { name: 'a list that nobody known issued', sources: { crls: [x.issueCrl({ ...crl, by })] }, code: 'crl_not_trusted' },
  {
    name: 'a list in the name of another',
    sources: { crls: [x.issueCrl({ ...crl, issuer: leaf.subject })] },
    code: 'crl_not_trusted',
  },
  { name: 'a list that is cut', sources: { crls: [x.issueCrl(crl).subarray(0, -1)] }, code: 'malformed_crl' },
  {
    name: 'a delta list',
    sources: { crls: [x.issueCrl({ ...crl, extensions: [critical('2.5.29.27')] })] },
    code: 'malformed_crl',
  },
] as const)('refuses $name with $code', ({ sources, code }) => {
  expect(() => prepare(sources)).toThrow(expect.objectContaining({ name: 'X509Error', code }))
})

test('takes what is not self-signed among the roots for an intermediate, and trusts nothing for it', () => {
  const trust = prepare({ roots: [root.der, intermediate.der], intermediates: [] })
  expect(pathOf(trust, leaf)).toMatchObject({ problem: null })
  const alone = prepare({ roots: [intermediate.der], intermediates: [] })
  expect({ hasRoots: alone.hasRoots, ...pathOf(alone, leaf) }).toMatchObject({
    hasRoots: false,
    problem: 'issuer_absent',
  })
})

test('takes a certificate in its own name that another key signed for no root', () => {
  const renamed = authority('Acme Root', { signedBy: intermediate.by })
  expect(prepare({ roots: [renamed.der] }).hasRoots).toBe(false)
})

test('takes PEM bundles as well as DER', () => {
  const bundle = Buffer.concat([
    pem(root.der, 'CERTIFICATE'),
    Buffer.from('a comment\n'),
    pem(authority('Two').der, 'CERTIFICATE'),
  ])
  const log = pem(by.spki, 'PUBLIC KEY')
  const trust = prepare({ roots: [bundle], rekorKeys: [log], crls: [pem(x.issueCrl(crl), 'X509 CRL')] })
  expect(trust.known).toHaveLength(3)
  expect(trust.rekorKeys.size).toBe(1)
})

const fingerprint = prepare({}).certificate(leaf.der).fingerprint
const onList = (extra: Uint8Array): Uint8Array => {
  // A revoked entry with extensions, which the writer of plain lists does not make.
  const plain = x.seq(x.integer(leaf.serial), x.time(SIGNED + 5))
  const entry = x.seq(x.integer(leaf.serial), x.time(SIGNED + 5), x.seq(extra))
  const tbs = x.seq(x.integer(1), x.signatureAlgorithm('rsa'), crl.issuer, x.time(SIGNED), x.time(SIGNED), x.seq(entry))
  expect(plain.length).toBeLessThan(entry.length)
  return x.seq(tbs, x.signatureAlgorithm('rsa'), x.bits(x.signBytes(crl.by, tbs)))
}
const reason = (code: number): Uint8Array => x.seq(x.oid('2.5.29.21'), x.octets(x.tlv(0x0a, Uint8Array.of(code))))
const invalidFrom = x.seq(x.oid('2.5.29.24'), x.octets(x.tlv(0x18, Buffer.from('20231114221321Z'))))

test.for([
  { name: 'nothing given', sources: {}, since: null, isChecked: false },
  { name: 'a fingerprint since a time', sources: { revoked: [{ fingerprint, since: 7 }] }, since: 7, isChecked: false },
  {
    name: 'a fingerprint for ever',
    sources: { revoked: [{ fingerprint, since: null }] },
    since: Number.NEGATIVE_INFINITY,
    isChecked: false,
  },
  { name: 'a list of one issuer of two', sources: { crls: [x.issueCrl(crl)] }, since: SIGNED + 5, isChecked: false },
  {
    name: 'lists of both issuers',
    sources: {
      crls: [
        x.issueCrl({ ...crl, revoked: [] }),
        x.issueCrl({ ...crl, issuer: root.subject, by: root.by, revoked: [] }),
      ],
    },
    since: null,
    isChecked: true,
  },
  {
    name: 'a revoked intermediate',
    sources: {
      crls: [
        x.issueCrl({ ...crl, issuer: root.subject, by: root.by, revoked: [{ serial: intermediate.serial, at: 9 }] }),
      ],
    },
    since: 9,
    isChecked: false,
  },
  { name: 'a superseded key', sources: { crls: [onList(reason(4))] }, since: SIGNED + 5, isChecked: false },
  {
    name: 'a compromised key',
    sources: { crls: [onList(reason(1))] },
    since: Number.NEGATIVE_INFINITY,
    isChecked: false,
  },
  {
    name: 'a compromised key with an invalidity date',
    sources: { crls: [onList(Buffer.concat([reason(1), invalidFrom]))] },
    since: SIGNED + 1,
    isChecked: false,
  },
])('knows what is revoked from $name', ({ sources, since, isChecked }) => {
  const trust = prepare(sources)
  expect(trust.revocation(pathOf(trust, leaf))).toEqual({ since, isChecked })
})

test('finds a path past an issuer of the same name that did not sign', () => {
  const twin = authority('Acme Intermediate', { issuer: root })
  const trust = prepare({ intermediates: [twin.der, intermediate.der] })
  expect(pathOf(trust, leaf)).toMatchObject({ problem: null, isWeak: false })
  expect(pathOf(trust, leaf).certificates).toHaveLength(3)
})

test('uses no authority with a critical extension that is not understood', () => {
  const extensions = [x.basicConstraints(true), critical('2.5.29.30')]
  const limited = authority('Limited', { issuer: root, extensions })
  const trust = prepare({ intermediates: [limited.der] })
  expect(pathOf(trust, issue({ issuer: limited, by })).problem).toBe('critical_extension_unknown')
})

test.for([
  { name: 'an issuer that may not sign lists', wish: { extensions: [x.basicConstraints(true), x.keyUsage(5)] } },
  { name: 'an issuer with a small key', wish: { by: x.newSigner('rsa-1024') } },
])('refuses a list of $name', ({ wish }) => {
  const issuer = authority('Weak', { issuer: root, ...wish })
  const list = x.issueCrl({ ...crl, issuer: issuer.subject, by: issuer.by })
  expect(() => prepare({ intermediates: [issuer.der], crls: [list] })).toThrow(
    expect.objectContaining({ code: 'crl_not_trusted' }),
  )
})

test('gives up on authorities that certify each other without end', () => {
  const names = ['A', 'B', 'C', 'D', 'E', 'F']
  const signers = names.map(() => x.newSigner('p256'))
  const all = names.flatMap((name, n) =>
    names.flatMap((above, m) => {
      const issuer = { ...authority(above), by: signers[m] ?? by }
      return n === m ? [] : [authority(name, { issuer, by: signers[n] ?? by })]
    }),
  )
  const trust = prepare({ intermediates: all.map(({ der }) => der) })
  const [first = leaf] = all
  const start = performance.now()
  expect(pathOf(trust, issue({ issuer: first, by })).problem).toBe('path_too_long')
  expect(performance.now() - start).toBeLessThan(MAX_PATH_SIGNATURES * 50)
})

test('caches no more than it promises, and never a refusal', () => {
  const trust = prepare({})
  expect(() => trust.certificate(x.nil)).toThrow(expect.objectContaining({ code: 'malformed_certificate' }))
  expect(() => trust.certificate(x.nil)).toThrow(expect.objectContaining({ code: 'malformed_certificate' }))
  expect(trust.certificate(leaf.der)).toBe(trust.certificate(Uint8Array.from(leaf.der)))
})

test('calls SHA-1 and small RSA keys weak', () => {
  const sha1 = { ...intermediate.by, algorithm: 'rsa-sha1' as const }
  const trust = prepare({})
  expect(pathOf(trust, issue({ issuer: intermediate, by, signedBy: sha1 }))).toMatchObject({
    problem: null,
    isWeak: true,
  })
  const small = issue({ issuer: intermediate, by: x.newSigner('rsa-1024') })
  expect(pathOf(trust, small)).toMatchObject({ problem: null, isWeak: true })
})
