import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { armor } from '../../../testdata/x509/issue.ts'
import { intermediate, root } from '../../../testdata/x509/parties.ts'
import { checkSshSignature } from './signatures/ssh/check-ssh-signature.ts'
import { ANN, BOB, publicKeyLine, signature, trustIn } from './signed-objects.fixtures.ts'
import { readTrustRoots, TrustError } from './trust-roots.ts'

const NOTHING = { allowedSigners: [], keyrings: [], x509Roots: [], revoked: [] }
const times = { claimed: 1, now: 1, trusted: null }
const payload = Buffer.from('payload')
const bytes = (text: string): Buffer => Buffer.from(text)
const key = readFileSync(join(import.meta.dirname, '../../../testdata/openpgp/rfc9580/v4-ed25519.asc'))

const status = (key: typeof ANN, material: Parameters<typeof readTrustRoots>[0]): string =>
  checkSshSignature(payload, bytes(signature(key, payload)), readTrustRoots(material).roots.ssh, times).status

test.for([
  { name: 'a binary revocation list that is damaged', material: { ...NOTHING, revoked: [bytes('SSHKRL\n\0\0')] } },
  { name: 'a revocation list with a line that is no key', material: { ...NOTHING, revoked: [bytes('nonsense\n')] } },
  { name: 'an X.509 root that is no certificate', material: { ...NOTHING, x509Roots: [bytes('nonsense')] } },
  { name: 'a Rekor key that is no key', material: { ...NOTHING, logKeys: [bytes('nonsense')] } },
])('refuses all of the material because of $name', ({ material }) => {
  const refusal = {
    name: 'TrustError',
    code: 'trust_file_malformed',
    message: expect.stringMatching(/^[A-Z].*: .* \(\w+\)$/),
  }
  expect(() => readTrustRoots(material)).toThrow(expect.objectContaining(refusal) as Error)
})

test('names the part that is at fault', () => {
  const x509Roots = [bytes(armor(root.der, 'CERTIFICATE')), bytes('nonsense')]
  expect(() => readTrustRoots({ ...NOTHING, x509Roots })).toThrow(
    /^X\.509 certificates 2: .*\(malformed_certificate\)$/,
  )
})

test('throws nothing but its own error for any bytes of any kind', () => {
  const kinds = fc.constantFrom('allowedSigners', 'keyrings', 'x509Roots', 'revoked', 'logKeys')
  const heads = [
    '',
    'SSHKRL\n\0',
    '-----BEGIN CERTIFICATE-----\n',
    '-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n',
    '\x30\x82',
  ]
  fc.assert(
    fc.property(kinds, fc.constantFrom(...heads), fc.uint8Array({ maxLength: 60 }), (kind, head, noise) => {
      try {
        readTrustRoots({ ...NOTHING, [kind]: [Buffer.concat([Buffer.from(head, 'latin1'), noise])] })
      } catch (error) {
        expect(error).toBeInstanceOf(TrustError)
      }
    }),
    { numRuns: 1000 },
  )
})

test('says when no certificate among the X.509 roots is an anchor', () => {
  const problems = (...parts: readonly Uint8Array[]) => readTrustRoots({ ...NOTHING, x509Roots: parts }).problems
  expect(problems(intermediate.der)).toEqual([
    expect.objectContaining({ kind: 'x509Roots', line: null, code: 'no_root' }),
  ])
  expect(problems(root.der, intermediate.der)).toEqual([])
})

test('trusts nobody without material', () => {
  expect(status(ANN, NOTHING)).not.toBe('good')
})

test('one bad line is reported with its number, and the other lines stand', () => {
  const allowedSigners = [bytes(`ann@x ${publicKeyLine(ANN)}\nbob@x ssh-ed25519 AAAA\n`)]
  const { problems } = readTrustRoots({ ...NOTHING, allowedSigners })
  expect(problems).toEqual([{ kind: 'allowedSigners', line: 2, code: expect.any(String), message: expect.any(String) }])
  expect(status(ANN, { ...NOTHING, allowedSigners })).toBe('good')
  expect(status(BOB, { ...NOTHING, allowedSigners })).not.toBe('good')
})

test('several files of allowed signers count together, also where one does not end in a line break', () => {
  const files = [ANN, BOB].map((one) => bytes(`a@x ${publicKeyLine(one)}`))
  expect([ANN, BOB].map((one) => status(one, { ...NOTHING, allowedSigners: files }))).toEqual(['good', 'good'])
})

test('a key that any revocation list names is revoked', () => {
  const material = trustIn({ 'ann@x': ANN, 'bob@x': BOB })
  const revoked = [bytes(`${publicKeyLine(BOB)}\n`), bytes(`${publicKeyLine(ANN)}\n`)]
  expect([ANN, BOB].map((one) => status(one, { ...material, revoked }))).toEqual(['revoked_key', 'revoked_key'])
})

test('a key of two keyrings is found in each', () => {
  const { roots } = readTrustRoots({ ...NOTHING, keyrings: [key, key] })
  const one = readTrustRoots({ ...NOTHING, keyrings: [key] }).roots
  expect(roots.openpgp.certificates).toHaveLength(2 * one.openpgp.certificates.length)
  for (const [fingerprint, found] of one.openpgp.byFingerprint) {
    expect(roots.openpgp.byFingerprint.get(fingerprint)).toHaveLength(2 * found.length)
  }
  expect([...roots.openpgp.byKeyId.keys()]).toEqual([...one.openpgp.byKeyId.keys()])
})
