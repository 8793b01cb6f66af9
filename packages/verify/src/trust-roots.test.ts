import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { checkSshSignature } from './signatures/ssh/check-ssh-signature.ts'
import { ANN, BOB, publicKeyLine, signature, trustIn } from './signed-objects.fixtures.ts'
import { readTrustRoots } from './trust-roots.ts'

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
])('refuses all of the material because of $name', ({ material }) => {
  expect(() => readTrustRoots(material)).toThrow(
    expect.objectContaining({ name: expect.stringMatching(/^(Ssh|X509)Error$/) }) as Error,
  )
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
