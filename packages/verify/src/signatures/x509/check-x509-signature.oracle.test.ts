import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { askGit, openGpgsm } from '../../../../../testdata/x509/gpgsm.ts'
import { armor } from '../../../../../testdata/x509/issue.ts'
import vectors from '../../../../../testdata/x509/vectors.json' with { type: 'json' }
import { checkX509Signature, prepareX509Trust } from './check-x509-signature.ts'

const folder = mkdtempSync(join(tmpdir(), 'x509-oracle-'))
afterAll(() => rmSync(folder, { recursive: true }))
const bytes = (base64: string): Uint8Array => Buffer.from(base64, 'base64')
const now = Math.floor(Date.now() / 1000)

function ours(row: (typeof vectors.cases)[number]) {
  const trust = prepareX509Trust({ roots: row.roots.map(bytes), intermediates: row.others.map(bytes) })
  const times = { claimed: vectors.signedAt, now, trusted: null }
  return checkX509Signature(Buffer.from(vectors.payload), Buffer.from(row.armor), trust, times)
}

test.for(vectors.cases)('git and gpgsm agree on $name', (row) => {
  const home = openGpgsm(row.roots.map(bytes), row.others.map(bytes))
  try {
    const answer = askGit(home, vectors.payload, row.armor)
    const { git, key, principal } = ours(row)
    expect(git).toBe(answer.git)
    if (answer.key !== '') expect({ key, principal }).toEqual({ key: answer.key, principal: answer.principal })
  } finally {
    home.close()
  }
})

/** Reasons for which a message verifies in openssl when it is asked to look neither at the time nor at the purpose. */
const VERIFIES = [
  'verified',
  'verified_unlike_gpgsm',
  'certificate_expired',
  'certificate_not_yet_valid',
  'wrong_key_usage',
  'wrong_extended_key_usage',
]
/** OpenSSL 3.0 has no Ed25519 in CMS, takes several signers, and never sees the armour. */
const comparable = vectors.cases.filter(
  ({ name, status, reason }) => !name.includes('Ed25519') && status !== 'malformed' && reason !== 'several_signers',
)

test.for(comparable)('openssl cms agrees on $name', (row) => {
  const file = (name: string): string => join(folder, name)
  const pem = (certificates: readonly string[]): string =>
    certificates.map((certificate) => armor(bytes(certificate), 'CERTIFICATE')).join('\n')
  writeFileSync(file('message'), Buffer.from(row.armor.split('\n').slice(1, -2).join(''), 'base64'))
  writeFileSync(file('payload'), vectors.payload)
  // Only self-signed certificates end a path in openssl, so the others may stand in the same file.
  writeFileSync(file('roots'), pem([...row.roots, ...row.others]))
  writeFileSync(file('others'), pem(row.others))
  const input = ['-inform', 'DER', '-in', file('message'), '-binary', '-content', file('payload')]
  const trust = ['-CAfile', file('roots'), ...(row.others.length === 0 ? [] : ['-certfile', file('others')])]
  const options = ['-no_check_time', '-purpose', 'any', '-out', file('content')]
  const result = spawnSync('openssl', ['cms', '-verify', ...input, ...trust, ...options])
  if (result.error !== undefined) throw new Error(`openssl could not be run: ${result.error.message}`)
  const { status, reason } = ours(row)
  expect({ name: row.name, status, reason, verifies: result.status === 0 }).toMatchObject({
    verifies: VERIFIES.includes(reason),
  })
})
