import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parseAllowedSigners } from './allowed-signers.ts'
import { checkSshSignature, prepareSshTrust } from './check-ssh-signature.ts'
import { parseSshKeyText } from './ssh-key.ts'

const vectors = new URL('../../../../../testdata/ssh/openssh/', import.meta.url)
const read = (name: string): string => readFileSync(new URL(name, vectors), 'utf8')
const filesOf = (folder: string, suffix: string): readonly string[] =>
  readdirSync(new URL(`${folder}/`, vectors)).filter((name) => name.endsWith(suffix))

const payload = Buffer.from(read('sshsig/signed-data'))
const namespace = read('sshsig/namespace')
const times = { claimed: 1_700_000_000, now: 1_700_000_000, trusted: null }

function check(signature: string, key: string, message: Uint8Array = payload): readonly [string, string] {
  const allowedSigners = parseAllowedSigners(`alice namespaces="${namespace}" ${key}`)
  // The published security keys were made by a dummy that reports no touch in some of them.
  const trust = prepareSshTrust({ allowedSigners, revoked: [], requireUserPresence: false })
  const { status, reason } = checkSshSignature(message, Buffer.from(signature), trust, times, namespace)
  return [status, reason]
}

const SIGNED_BY = ['ecdsa', 'ecdsa_sk', 'ecdsa_sk_webauthn', 'ed25519', 'ed25519_sk', 'rsa']

test.for(SIGNED_BY)("OpenSSH's published %s signature verifies, and not over other bytes", (name) => {
  const [signature, key] = [read(`sshsig/${name}.sig`), read(`sshsig/${name}.pub`).trim()]
  expect(check(signature, key)).toEqual(['good', 'verified'])
  expect(check(signature, key, Buffer.from(`${payload}.`))[0]).not.toBe('good')
})

test('OpenSSH gave DSA up, and so its published DSA signature is refused by type', () => {
  expect(filesOf('sshsig', '.sig')).toEqual(['dsa.sig', ...SIGNED_BY.map((name) => `${name}.sig`)])
  expect(check(read('sshsig/dsa.sig'), read('sshsig/ed25519.pub').trim())).toEqual([
    'unverifiable',
    'unsupported_key_type',
  ])
})

const readable = filesOf('sshkey', '.fp').filter((name) => !name.startsWith('dsa'))

test.for(readable)('the published fingerprint %s is that of the key that we read', (name) => {
  const { key } = parseSshKeyText(read(`sshkey/${name.replace(/fp$/, 'pub')}`).trim())
  const digest = createHash('sha256').update(key.plain.blob).digest('base64').replace(/=+$/, '')
  expect(`SHA256:${digest}`).toBe(read(`sshkey/${name}`).trim())
  expect(key.certificate !== null).toBe(name.includes('-cert'))
})

test('there are published fingerprints of every key type that we read', () => {
  expect(readable).toHaveLength(15)
})
