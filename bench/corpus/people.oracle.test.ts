import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { dice } from '../signers/dice.ts'
import type { Signer } from './draft.ts'
import { pgpPeople } from './openpgp-people.ts'
import { CORPUS_START, sshPeople } from './ssh-people.ts'
import { openTrustHome, type TrustHome } from './trust-home.ts'
import { x509People } from './x509-people.ts'

const payload = Buffer.from('tree 1\n\nA payload.\n')
const id = '1'.repeat(40)
const draft = { format: 'sha1', index: 0, time: CORPUS_START, tree: id, parent: id, dice: dice('o') } as const
const folder = mkdtempSync(join(tmpdir(), 'csb-people-'))
const at = (name: string): string => join(folder, name)
const ssh = sshPeople()
const pgp = pgpPeople()
const x509 = x509People(at('x509'))
let home: TrustHome

beforeAll(() => {
  writeFileSync(at('payload'), payload)
  writeFileSync(at('allowed'), ssh.allowedSigners)
  writeFileSync(at('revoked'), ssh.revocations)
  writeFileSync(at('keyring'), pgp.keyring)
  writeFileSync(at('roots'), x509.roots)
  home = openTrustHome({ keyring: at('keyring'), roots: at('roots'), zone: 'UTC' })
})
afterAll(() => {
  home.remove()
  rmSync(folder, { recursive: true, force: true })
})

function signatureFile(signer: Signer): string {
  writeFileSync(at('signature'), `${signer.sign(payload, draft)}\n`)
  return at('signature')
}

function sshKeygen(args: readonly string[], input = payload) {
  const { status, stdout, stderr } = spawnSync('ssh-keygen', args, { input })
  return { status, said: `${stdout}${stderr}` }
}

test.for(ssh.good)('ssh-keygen accepts $name', (signer) => {
  const principal = `${signer.name.replace('ssh-', '').replace('sha256', 'ed25519')}@example.com`
  const args = ['-Y', 'verify', '-n', 'git', '-f', at('allowed'), '-I', principal, '-s', signatureFile(signer)]
  expect(sshKeygen([...args, '-r', at('revoked'), '-Overify-time=20231115000000Z'])).toMatchObject({ status: 0 })
})

test.for(ssh.odd.filter(({ name }) => name.startsWith('ssh-cert-good')))('ssh-keygen accepts $name', (signer) => {
  const args = ['-Y', 'verify', '-n', 'git', '-f', at('allowed'), '-I', 'dev@example.com', '-s', signatureFile(signer)]
  expect(sshKeygen([...args, '-r', at('revoked')])).toMatchObject({ status: 0 })
})

test.for(ssh.odd.filter(({ name }) => /revoked-(?:by|serial|key-id)/.test(name)))(
  'ssh-keygen accepts $name, and with the revocation list refuses it',
  (signer) => {
    const who = signer.name.includes('cert') ? 'dev@example.com' : 'revoked@example.com'
    const args = ['-Y', 'verify', '-n', 'git', '-f', at('allowed'), '-I', who, '-s', signatureFile(signer)]
    expect(sshKeygen(args)).toMatchObject({ status: 0 })
    expect(sshKeygen([...args, '-r', at('revoked')]).status).not.toBe(0)
  },
)

test.for(pgp.good)('gpg accepts $name', (signer) => {
  const args = ['--status-fd=1', '--verify', signatureFile(signer), at('payload')]
  expect(execFileSync('gpg', args, { env: home.env, stdio: 'pipe' }).toString()).toContain('GOODSIG')
})

test.for([
  { name: 'pgp-key-expired-after-signing', status: 'EXPKEYSIG' },
  { name: 'pgp-key-revoked-retired', status: 'REVKEYSIG' },
  { name: 'pgp-subkey', status: 'GOODSIG' },
  { name: 'pgp-subkey-revoked-after', status: 'REVKEYSIG' },
  { name: 'pgp-subkey-not-cross-signed', status: 'ERRSIG' },
  { name: 'pgp-missing-key', status: 'NO_PUBKEY' },
  { name: 'pgp-text-signature', status: 'GOODSIG' },
  { name: 'pgp-signature-expired', status: 'EXPSIG' },
])('gpg says $status of $name', ({ name, status }) => {
  const signer = [...pgp.odd, ...pgp.forged].find((one) => one.name === name)
  const file = signatureFile(signer as Signer)
  const { stdout } = spawnSync('gpg', ['--status-fd=1', '--verify', file, at('payload')], { env: home.env })
  expect(stdout.toString()).toContain(`[GNUPG:] ${status}`)
})

test.for(x509.good)('gpgsm accepts $name', (signer) =>
  home.withCopy(async (env) => {
    const args = ['--status-fd=1', '--verify', signatureFile(signer), at('payload')]
    const said = execFileSync('gpgsm', args, { env, stdio: 'pipe' }).toString()
    expect(said).toContain('GOODSIG')
    expect(said).toContain('TRUST_FULLY')
  }),
)
