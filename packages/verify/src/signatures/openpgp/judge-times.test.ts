import { expect, test } from 'vitest'
import type { KeyValidity, Revocation } from './certify.ts'
import { judgeTimes } from './judge-times.ts'
import { readKeyPacket } from './key-packet.ts'
import { readSignaturePacket } from './signature-packet.ts'

const DAY = 86_400
const CREATED = 1_000_000
const SIGNED = CREATED + 10 * DAY
const NOW = CREATED + 1000 * DAY
const key = readKeyPacket(Buffer.from('040000000063', 'hex'))

interface Case {
  readonly signedAt?: number
  readonly signatureLife?: number
  readonly expiresAt?: number | null
  readonly revocations?: readonly Revocation[]
  readonly subkey?: { readonly expiresAt?: number; readonly revocations?: readonly Revocation[] }
  readonly claimed?: number
  readonly trusted?: number
}

function judge(wanted: Case): string {
  const { signedAt = SIGNED, signatureLife, expiresAt = null, revocations = [], subkey } = wanted
  const life = signatureLife === undefined ? '' : `0503${hex(signatureLife)}`
  const hashed = `0502${hex(signedAt)}${life}`
  const area = `${(hashed.length / 2).toString(16).padStart(4, '0')}${hashed}`
  const signature = readSignaturePacket(Buffer.from(`04000108${area}0000000000080080`, 'hex'))
  const base = { key, createdAt: CREATED, canSign: true, isBound: true, backSignature: 'good' } as const
  const keys = new Set<KeyValidity>([{ ...base, expiresAt, revocations }])
  if (subkey !== undefined) keys.add({ ...base, expiresAt: null, revocations: [], ...subkey })
  const times = { claimed: wanted.claimed ?? signedAt, now: NOW, trusted: wanted.trusted ?? null }
  const { status, reason } = judgeTimes(signature, keys, times)
  return `${status} ${reason}`
}

const hex = (value: number): string => value.toString(16).padStart(8, '0')

const revokedAt = SIGNED + 5 * DAY
const retired = { revokedAt, reason: 3 }
const superseded = { revokedAt, reason: 1 }
const expired = SIGNED + 5 * DAY

const rows: readonly (Case & { readonly name: string; readonly verdict: string })[] = [
  { name: 'everything in order', verdict: 'good verified' },
  {
    name: 'a key without a reason for its revocation',
    revocations: [{ revokedAt, reason: null }],
    verdict: 'revoked_key key_revoked',
  },
  {
    name: 'a key that is compromised',
    revocations: [{ revokedAt, reason: 2 }],
    verdict: 'revoked_key key_compromised',
  },
  {
    name: 'a compromised key, with a trusted time before',
    revocations: [{ revokedAt, reason: 2 }],
    trusted: SIGNED,
    verdict: 'revoked_key key_compromised',
  },
  {
    name: 'a key revoked for reason 0, with a trusted time before',
    revocations: [{ revokedAt, reason: 0 }],
    trusted: SIGNED,
    verdict: 'revoked_key key_revoked',
  },
  {
    name: 'a key revoked for an unknown reason, with a trusted time before',
    revocations: [{ revokedAt, reason: 101 }],
    trusted: SIGNED,
    verdict: 'revoked_key key_revoked',
  },
  { name: 'a superseded key', revocations: [superseded], verdict: 'revoked_key key_superseded' },
  { name: 'a retired key', revocations: [retired], verdict: 'revoked_key key_retired' },
  {
    name: 'a retired key, with a trusted time before',
    revocations: [retired],
    trusted: SIGNED + 60,
    verdict: 'good key_revoked_since',
  },
  {
    name: 'a superseded key, with a trusted time before',
    revocations: [superseded],
    trusted: SIGNED + 60,
    verdict: 'good key_revoked_since',
  },
  {
    name: 'a retired key, with a trusted time at its revocation',
    revocations: [retired],
    trusted: revokedAt,
    verdict: 'revoked_key key_retired',
  },
  {
    name: 'a retired key that turns out compromised',
    revocations: [retired, { revokedAt, reason: 2 }],
    trusted: SIGNED,
    verdict: 'revoked_key key_compromised',
  },
  {
    name: 'a compromised subkey',
    subkey: { revocations: [{ revokedAt, reason: 2 }] },
    verdict: 'revoked_key key_compromised',
  },
  {
    name: 'a retired subkey, with a trusted time before',
    subkey: { revocations: [retired] },
    trusted: SIGNED,
    verdict: 'good key_revoked_since',
  },
  { name: 'a key that has expired', expiresAt: expired, verdict: 'expired_key key_expired' },
  { name: 'a key that expires now', expiresAt: NOW, verdict: 'expired_key key_expired' },
  { name: 'a key that expires in a second', expiresAt: NOW + 1, verdict: 'good verified' },
  {
    name: 'a key that has expired, with a trusted time before',
    expiresAt: expired,
    trusted: expired - 1,
    verdict: 'good key_expired_since',
  },
  {
    name: 'a key that has expired, with a trusted time at its end',
    expiresAt: expired,
    trusted: expired,
    verdict: 'expired_key key_expired',
  },
  {
    name: 'a key that had expired when it signed',
    expiresAt: expired,
    signedAt: expired,
    trusted: expired - 1,
    verdict: 'expired_key key_expired',
  },
  { name: 'a subkey that has expired', subkey: { expiresAt: expired }, verdict: 'expired_key key_expired' },
  {
    name: 'a subkey that has expired, with a trusted time before',
    subkey: { expiresAt: expired },
    trusted: SIGNED,
    verdict: 'good key_expired_since',
  },
  {
    name: 'a key that is retired and has expired, with a trusted time before',
    expiresAt: expired,
    revocations: [retired],
    trusted: SIGNED,
    verdict: 'good key_revoked_since',
  },
  { name: 'a signature older than the key', signedAt: CREATED - 1, verdict: 'untrusted signature_before_key' },
  { name: 'a trusted time older than the key', trusted: CREATED - 1, verdict: 'untrusted signature_before_key' },
  { name: 'a signature a day ahead', signedAt: NOW + DAY, verdict: 'good verified' },
  { name: 'a signature more than a day ahead', signedAt: NOW + DAY + 1, verdict: 'unverifiable signature_from_future' },
  { name: 'a signature that has expired', signatureLife: DAY, verdict: 'expired_signature signature_expired' },
  {
    name: 'a signature that has expired, with a trusted time before',
    signatureLife: DAY,
    trusted: SIGNED,
    verdict: 'expired_signature signature_expired',
  },
  { name: 'a signature that expires later', signatureLife: 2000 * DAY, verdict: 'good verified' },
  { name: 'a claimed date a day away', claimed: SIGNED + DAY, verdict: 'good verified' },
  { name: 'a claimed date more than a day away', claimed: SIGNED + DAY + 1, verdict: 'good time_mismatch' },
  { name: 'a claimed date more than a day before', claimed: SIGNED - DAY - 1, verdict: 'good time_mismatch' },
  { name: 'a trusted time a day before the signature', trusted: SIGNED - DAY, verdict: 'good verified' },
  {
    name: 'a trusted time more than a day before the signature',
    trusted: SIGNED - DAY - 1,
    verdict: 'good time_mismatch',
  },
]

test.for(rows)('$name is $verdict', ({ verdict, name: _, ...wanted }) => {
  expect(judge(wanted)).toBe(verdict)
})
