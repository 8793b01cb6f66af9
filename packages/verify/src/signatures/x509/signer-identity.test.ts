import { expect, test } from 'vitest'
import * as x from '../../../../../testdata/x509/issue.ts'
import { logEntry } from '../../../../../testdata/x509/issue-log-entry.ts'
import { intermediate, issue, payload, request, root, SIGNED } from '../../../../../testdata/x509/parties.ts'
import type { IdentityPolicy } from '../../identity/identity-policy.ts'
import { indexSigners, resolveSigner } from '../../identity/resolve-signer.ts'
import { readTrustRoots } from '../../trust-roots.ts'
import { checkX509Signature } from './check-x509-signature.ts'

const GOOGLE = 'https://accounts.google.com'
const log = x.newSigner('p256')
const times = { claimed: SIGNED, now: SIGNED + 60, trusted: null }
const { roots } = readTrustRoots({
  allowedSigners: [],
  keyrings: [],
  x509Roots: [root.der, intermediate.der],
  revoked: [],
  logKeys: [log.spki],
})
const check = (armor: string) => checkX509Signature(Buffer.from(payload), Buffer.from(armor), roots.x509, times)

function smime(email: string): string {
  const leaf = issue({ issuer: intermediate, algorithm: 'p256', extensions: [x.altNames({ email })] })
  return x.armor(x.signCms(request(leaf, [leaf])))
}

function gitsign(email: string, issuer: string, extension = '1.3.6.1.4.1.57264.1.8'): string {
  const isBare = extension.endsWith('.1')
  const leaf = issue({
    issuer: intermediate,
    algorithm: 'p256',
    subject: x.seq(),
    notBefore: SIGNED,
    notAfter: SIGNED + 600,
    extensions: [x.altNames({ email }, true), { id: extension, value: isBare ? Buffer.from(issuer) : x.text(issuer) }],
  })
  const wish = request(leaf, [leaf])
  const { signerInfo } = x.signSignerInfo(wish, ({ covered, signature }) => {
    const entry = logEntry({ log, covered, signature, certificate: leaf.der, integratedTime: SIGNED + 2 })
    return [x.seq(x.oid('1.3.6.1.4.1.57264.3.1'), x.set(x.octets(entry)))]
  })
  return x.armor(x.wrapSignedData(wish, [signerInfo]))
}

function policyWith(name: string, issuer: string | null): IdentityPolicy {
  const validity = { from: null, until: null }
  const keys = [{ scheme: 'x509', name, issuer, validity, revoked: null }] as const
  const person = { id: 'alice', name: 'Alice', emails: [], accounts: [], roles: [], sponsor: null, validity, keys }
  return { identities: [{ kind: 'person', ...person }] }
}

const alice = 'alice@example.com'
const known = { kind: 'known', identity: 'alice', reason: 'known' }
const stranger = { kind: 'refused', identity: null, reason: 'signer_not_in_policy' }

test.for([
  { name: 'a gitsign signature by address and issuer', armor: gitsign(alice, GOOGLE), issuer: GOOGLE, want: known },
  {
    name: 'a gitsign signature whose certificate names the issuer in the old way',
    armor: gitsign(alice, GOOGLE, '1.3.6.1.4.1.57264.1.1'),
    issuer: GOOGLE,
    want: known,
  },
  { name: 'a gitsign signature of another issuer', armor: gitsign(alice, 'https://x'), issuer: GOOGLE, want: stranger },
  { name: 'a gitsign signature of anybody', armor: gitsign('bob@example.com', GOOGLE), issuer: GOOGLE, want: stranger },
  { name: 'a gitsign signature without an issuer', armor: gitsign(alice, GOOGLE), issuer: null, want: stranger },
  { name: 'an S/MIME signature by address', armor: smime(alice), issuer: null, want: known },
  { name: 'an S/MIME signature of another', armor: smime('bob@example.com'), issuer: null, want: stranger },
  { name: 'an S/MIME signature where a sign-in is asked for', armor: smime(alice), issuer: GOOGLE, want: stranger },
])('finds who made $name, or nobody', ({ armor, issuer, want }) => {
  const answer = check(armor)
  expect(answer.status).toBe('good')
  expect(resolveSigner(answer, times, indexSigners(policyWith(alice, issuer)))).toEqual(want)
})
