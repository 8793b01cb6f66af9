import { type CertificateTerms, certificateBlob } from '../signers/ssh-certificate.ts'
import {
  ecdsaSshKey,
  ed25519SshKey,
  rsaSshKey,
  type SshKey,
  skEcdsaSshKey,
  skEd25519SshKey,
  webauthnSshKey,
} from '../signers/ssh-keys.ts'
import { revocationList } from '../signers/ssh-krl.ts'
import { type SshsigOptions, sshArmor, sshsigBlob } from '../signers/sshsig.ts'
import type { Signer } from './draft.ts'
import { namedRsaKey } from './rsa-keys.ts'
import { type Allow, sshForgeries } from './ssh-forgeries.ts'

/** Everybody who signs with SSH, and the two trust files that say who they are. */
export interface SshPeople {
  /** Signers whose signatures are good, one per kind of key. */
  readonly good: readonly Signer[]
  /** Signers whom the trust files treat in an unusual way. */
  readonly odd: readonly Signer[]
  /** Signers whose signatures are wrong in themselves. */
  readonly forged: readonly Signer[]
  readonly allowedSigners: string
  readonly revocations: Buffer
}

/** Objects of the corpus are dated within two weeks from here on, in no order. */
export const CORPUS_START = 1_700_000_000

const touch = { application: 'ssh:', flags: 1, counter: 7 }

export function sshPeople(): SshPeople {
  const allowed: string[] = ['# who may sign', '']
  const allow = (who: string, key: SshKey, options = '') => {
    allowed.push(`${who} ${options === '' ? '' : `${options} `}${key.type} ${key.blob.toString('base64')}`)
  }
  const good = goodKeys().map(([name, key]) => {
    allow(`${name}@example.com`, key, 'namespaces="git"')
    return sshSigner(`ssh-${name}`, key)
  })
  const odd = [...oddLines(allow), ...certificates(allow), ...strangers()]
  allowed.push(...brokenLines())
  const revoked = revokedKeys(allow)
  const forged = sshForgeries(allow)
  return {
    good: [...good, { ...sshSigner('ssh-sha256', goodKeys()[0]?.[1] as SshKey, { hash: 'sha256' }) }],
    odd: [...odd, ...revoked.signers],
    forged,
    allowedSigners: `${allowed.join('\n')}\n`,
    revocations: revoked.list,
  }
}

/** A signer that always signs the same way. */
export function sshSigner(name: string, key: SshKey, options: SshsigOptions = {}): Signer {
  return { name, sign: (payload) => sshArmor(sshsigBlob(key, payload, options)) }
}

function goodKeys(): [name: string, key: SshKey][] {
  const rsa = namedRsaKey('ssh', 3072)
  return [
    ['ed25519', ed25519SshKey('good')],
    ['ed25519-b', ed25519SshKey('good b')],
    ['ecdsa256', ecdsaSshKey(256, 'good')],
    ['ecdsa384', ecdsaSshKey(384, 'good')],
    ['ecdsa521', ecdsaSshKey(521, 'good')],
    ['rsa-sha2-512', rsaSshKey(rsa, 'rsa-sha2-512')],
    ['rsa-sha2-256', rsaSshKey(namedRsaKey('ssh-b', 2048), 'rsa-sha2-256')],
    ['sk-ed25519', skEd25519SshKey('good sk', touch)],
    ['sk-ecdsa', skEcdsaSshKey('good sk', { ...touch, flags: 5 })],
    ['sk-ed25519-untouched', skEd25519SshKey('good sk untouched', { ...touch, flags: 0, counter: 0 })],
    [
      'sk-other-application',
      skEd25519SshKey('good sk app', { ...touch, application: 'ssh:work', counter: 0xffffffff }),
    ],
    ['webauthn', webauthnSshKey('good webauthn', touch, 'https://example.com')],
  ]
}

/** Keys that are known, each by a line with something unusual about it. */
function oddLines(allow: Allow): Signer[] {
  const rows: readonly [name: string, who: string, options: string][] = [
    ['no-options', 'plain@example.com', ''],
    ['expired-entry', 'old@example.com', 'namespaces="git",valid-before="20230101"'],
    ['not-yet-valid-entry', 'new@example.com', 'valid-after="20300101Z"'],
    ['entry-in-its-window', 'now@example.com', 'valid-after="20230101",valid-before="20300101000000Z"'],
    ['entry-expires-on-the-way', 'way@example.com', 'valid-before="20231121120000Z"'],
    ['entry-begins-on-the-way', 'way@example.com', 'valid-after="202311211200"'],
    ['namespace-file', 'file@example.com', 'namespaces="file"'],
    ['namespace-list', 'list@example.com', 'namespaces="file,git"'],
    ['namespace-pattern', 'pattern@example.com', 'namespaces="g*"'],
    ['namespace-negated', 'negated@example.com', 'namespaces="!git,*"'],
    ['options-in-capitals', 'caps@example.com', 'NameSpaces="git",VALID-AFTER="20200101"'],
    ['unquoted-option', 'unquoted@example.com', 'namespaces=git'],
    ['option-unknown', 'unknown@example.com', 'no-such-option'],
    ['option-twice', 'twice@example.com', 'namespaces="git",namespaces="git"'],
    ['window-inverted', 'inverted@example.com', 'valid-after="20300101",valid-before="20200101"'],
    ['date-not-a-date', 'date@example.com', 'valid-after="20231399"'],
    ['date-without-seconds', 'minutes@example.com', 'valid-after="202001010000Z"'],
    ['wildcard-principal', '*@example.org', ''],
    ['several-principals', 'first@example.com,second@example.com', ''],
    ['quoted-principal', '"quoted name@example.com"', ''],
    ['negated-principal', '!no@example.com,*@example.net', ''],
    ['only-negated-principal', '!no@example.com', ''],
    ['question-mark-principal', 'dev?@example.com', ''],
    ['authority-line-for-a-plain-key', 'ca@example.com', 'cert-authority'],
  ]
  const keys = rows.map(([name, who, options]) => {
    const key = ed25519SshKey(`odd ${name}`)
    allow(who, key, options)
    return sshSigner(`ssh-${name}`, key)
  })
  return [...keys, ...twoLines(allow)]
}

/** One key on two lines: which of them git takes, and under which name. */
function twoLines(allow: Allow): Signer[] {
  const rows: readonly [name: string, first: string, second: string][] = [
    ['two-lines-file-then-git', 'namespaces="file"', 'namespaces="git"'],
    ['two-lines-expired-then-valid', 'valid-before="20230101"', ''],
    ['two-lines-valid-then-expired', '', 'valid-before="20230101"'],
    ['two-lines-authority-then-key', 'cert-authority', ''],
    ['two-lines-both-file', 'namespaces="file"', 'namespaces="x"'],
    ['two-lines-both-valid', '', ''],
  ]
  return rows.map(([name, first, second]) => {
    const key = ed25519SshKey(name)
    allow(`${name}-1@example.com`, key, first)
    allow(`${name}-2@example.com`, key, second)
    return sshSigner(`ssh-${name}`, key)
  })
}

/** Lines that name no key at all; a reader must get past them. */
function brokenLines(): string[] {
  const key = ed25519SshKey('broken lines').blob.toString('base64')
  return [
    'lonely@example.com',
    'lonely@example.com ssh-ed25519',
    'lonely@example.com ssh-ed25519 !!!!',
    `lonely@example.com ssh-rsa ${key}`,
    `lonely@example.com ssh-nonsense ${key}`,
    '"unclosed ssh-ed25519 AAAA',
    `   # comment after blanks`,
    '\t',
  ]
}

function strangers(): Signer[] {
  return [
    sshSigner('ssh-unknown-key', ed25519SshKey('stranger')),
    sshSigner('ssh-unknown-ecdsa-key', ecdsaSshKey(256, 'stranger')),
    sshSigner('ssh-unknown-rsa-key', rsaSshKey(namedRsaKey('stranger', 2048), 'rsa-sha2-256')),
    sshSigner('ssh-unknown-sk-key', skEd25519SshKey('stranger', touch)),
    sshSigner('ssh-key-of-a-broken-line', ed25519SshKey('broken lines')),
  ]
}

const terms: CertificateTerms = {
  serial: 100n,
  keyId: 'dev',
  principals: ['dev@example.com'],
  validAfter: 1_600_000_000n,
  validBefore: 2_000_000_000n,
}

function certificates(allow: Allow): Signer[] {
  const ca = ed25519SshKey('authority')
  const rsaCa = rsaSshKey(namedRsaKey('authority', 2048), 'rsa-sha2-512')
  const shaOneCa = rsaSshKey(namedRsaKey('authority', 2048), 'ssh-rsa')
  allow('*@example.com', ca, 'cert-authority,namespaces="git"')
  allow('*@example.com', rsaCa, 'cert-authority')
  const plainLineCa = ed25519SshKey('authority on a plain line')
  allow('*@example.com', plainLineCa)
  const expiredCa = ed25519SshKey('authority expired')
  allow('*@example.com', expiredCa, 'cert-authority,valid-before="20230101"')
  const unknownCa = ed25519SshKey('authority unknown')
  const rows: readonly [name: string, ca: SshKey, change: Partial<CertificateTerms>, key?: SshKey][] = [
    ['good', ca, {}],
    ['good-ecdsa', ca, {}, ecdsaSshKey(384, 'cert')],
    ['good-rsa', ca, {}, rsaSshKey(namedRsaKey('cert', 2048), 'rsa-sha2-512')],
    ['good-sk', ca, {}, skEd25519SshKey('cert', touch)],
    ['good-sk-ecdsa', ca, {}, skEcdsaSshKey('cert', touch)],
    ['good-rsa-authority', rsaCa, {}],
    ['sha1-authority', shaOneCa, {}],
    ['two-principals', ca, { principals: ['dev@elsewhere.org', 'dev@example.com'] }],
    ['two-matching-principals', ca, { principals: ['a@example.com', 'b@example.com'] }],
    ['expired', ca, { validBefore: 1_650_000_000n }],
    ['not-yet-valid', ca, { validAfter: 1_900_000_000n }],
    ['expires-on-the-way', ca, { validBefore: BigInt(CORPUS_START + 600_000) }],
    ['for-ever', ca, { validAfter: 0n, validBefore: 0xffffffffffffffffn }],
    ['window-inverted', ca, { validAfter: 2_000_000_000n, validBefore: 1_600_000_000n }],
    ['wrong-principal', ca, { principals: ['dev@elsewhere.org'] }],
    ['no-principals', ca, { principals: [] }],
    ['wildcard-in-certificate', ca, { principals: ['*@example.com'] }],
    ['unknown-authority', unknownCa, {}],
    ['authority-on-a-plain-line', plainLineCa, {}],
    ['expired-authority-line', expiredCa, {}],
    ['host-certificate', ca, { type: 2 }],
    ['type-0', ca, { type: 0 }],
    ['force-command', ca, { criticalOptions: [['force-command', 'true']] }],
    ['unknown-critical-option', ca, { criticalOptions: [['no-such-option@example.com', 'x']] }],
    ['revoked-serial', ca, { serial: 666n }],
    ['revoked-key-id', ca, { keyId: 'fired' }],
    ['serial-zero', ca, { serial: 0n }],
  ]
  return rows.map(([name, authority, change, key = ed25519SshKey(`cert ${name}`)]) => {
    const publicKey = certificateBlob(key, authority, { ...terms, ...change })
    return sshSigner(`ssh-cert-${name}`, key, { publicKey })
  })
}

function revokedKeys(allow: Allow): { readonly signers: readonly Signer[]; readonly list: Buffer } {
  const byKey = ed25519SshKey('revoked by key')
  const byPrint = ecdsaSshKey(256, 'revoked by fingerprint')
  const unknown = ed25519SshKey('revoked and unknown')
  const revokedCa = ed25519SshKey('revoked authority')
  allow('revoked@example.com', byKey)
  allow('revoked@example.com', byPrint)
  allow('*@example.com', revokedCa, 'cert-authority')
  const subject = ed25519SshKey('under a revoked authority')
  const signers = [
    sshSigner('ssh-revoked-by-key', byKey),
    sshSigner('ssh-revoked-by-fingerprint', byPrint),
    sshSigner('ssh-revoked-and-unknown', unknown),
    sshSigner('ssh-cert-revoked-authority', subject, { publicKey: certificateBlob(subject, revokedCa, terms) }),
  ]
  const authority = ed25519SshKey('authority').blob
  const keys = [byKey.blob, unknown.blob, revokedCa.blob]
  return {
    signers,
    list: revocationList({ keys, sha256Of: [byPrint.blob], authority, serials: [666n], keyIds: ['fired'] }),
  }
}
