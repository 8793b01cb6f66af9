import { asBuffer, toHex } from '../../bytes/encoding.ts'
import { OpenPgpError } from './openpgp-error.ts'

/** A key that may revoke the signer's key (RFC 9580 §5.2.3.23). */
export interface Revoker {
  readonly fingerprint: string
}

/**
 * What one subpacket area of a signature says (RFC 9580 §5.2.3). Times and periods are in seconds.
 *
 * Of a repeated subpacket the first counts, as in gpg; the RFC wants the last, so a repetition of one that decides
 * anything is a `flaw`.
 */
export interface Subpackets {
  readonly createdAt: number | null
  readonly expiresAfter: number | null
  readonly keyExpiresAfter: number | null
  readonly exportable: boolean
  readonly keyFlags: number | null
  readonly primaryUserId: boolean
  readonly revocationReason: number | null
  /** Upper-case hex, as everywhere in this folder. */
  readonly issuerKeyId: string | null
  readonly issuerFingerprint: string | null
  readonly issuerVersion: number | null
  readonly revokers: readonly Revoker[]
  readonly embedded: readonly Uint8Array[]
  /** A critical subpacket that we do not know, so that the signature must count as in error (§5.2.3.7). */
  readonly unknownCritical: boolean
  readonly flaw: 'subpacket' | 'duplicate_subpacket' | null
}

const kinds = {
  created: 2,
  expires: 3,
  exportable: 4,
  keyExpires: 9,
  revoker: 12,
  issuerKeyId: 16,
  primaryUserId: 25,
  keyFlags: 27,
  revocationReason: 29,
  embedded: 32,
  issuerFingerprint: 33,
} as const

// gpg 2.2 knows these when they are critical; notations are not among them, for no notation name is known to us.
const KNOWN_CRITICAL = new Set([2, 3, 4, 5, 6, 7, 9, 11, 12, 16, 21, 22, 24, 25, 26, 27, 29, 30, 32, 33])
const SINGLE = new Set<number>([2, 3, 9, 16, 25, 27, 29, 33])

type Draft = { -readonly [K in keyof Subpackets]: Subpackets[K] } & { revokers: Revoker[]; embedded: Uint8Array[] }

/** Reads a subpacket area; what is wrong with it comes back as `flaw`, because gpg goes on and git's letter depends on it. */
export function readSubpackets(area: Uint8Array): Subpackets {
  const draft = emptyDraft()
  const seen: number[] = []
  try {
    for (let at = 0; at < area.length; ) {
      const { start, length } = subpacketLength(area, at)
      const head = area[start]
      if (head === undefined || start + length > area.length || length === 0) throw short(at)
      const kind = head & 0x7f
      if (head & 0x80 && !KNOWN_CRITICAL.has(kind)) draft.unknownCritical = true
      if (!SINGLE.has(kind) || !seen.includes(kind)) readOne(draft, kind, area.subarray(start + 1, start + length))
      else draft.flaw ??= 'duplicate_subpacket'
      seen.push(kind)
      at = start + length
    }
  } catch (error) {
    if (!(error instanceof OpenPgpError)) throw error
    // gpg finds no critical bit it knows in an area it cannot walk, and then refuses the signature.
    draft.unknownCritical = true
    draft.flaw ??= 'subpacket'
  }
  return draft
}

function emptyDraft(): Draft {
  return {
    createdAt: null,
    expiresAfter: null,
    keyExpiresAfter: null,
    exportable: true,
    keyFlags: null,
    primaryUserId: false,
    revocationReason: null,
    issuerKeyId: null,
    issuerFingerprint: null,
    issuerVersion: null,
    revokers: [],
    embedded: [],
    unknownCritical: false,
    flaw: null,
  }
}

function readOne(draft: Draft, kind: number, value: Uint8Array): void {
  switch (kind) {
    case kinds.created:
      draft.createdAt = seconds(draft, value)
      break
    case kinds.expires:
      draft.expiresAfter = seconds(draft, value) || null
      break
    case kinds.keyExpires:
      draft.keyExpiresAfter = seconds(draft, value) || null
      break
    case kinds.exportable:
      draft.exportable = value[0] !== 0
      break
    case kinds.primaryUserId:
      draft.primaryUserId = (value[0] ?? 0) !== 0
      break
    case kinds.keyFlags:
      draft.keyFlags = value[0] ?? 0
      break
    case kinds.revocationReason:
      draft.revocationReason = value[0] ?? null
      break
    case kinds.issuerKeyId:
      if (value.length >= 8) draft.issuerKeyId = upperHex(value.subarray(0, 8))
      if (value.length !== 8) draft.flaw ??= 'subpacket'
      break
    case kinds.issuerFingerprint:
      readIssuerFingerprint(draft, value)
      break
    case kinds.revoker:
      if (value.length === 22 && (value[0] ?? 0) & 0x80)
        draft.revokers.push({ fingerprint: upperHex(value.subarray(2)) })
      break
    case kinds.embedded:
      draft.embedded.push(value)
      break
  }
}

function readIssuerFingerprint(draft: Draft, value: Uint8Array): void {
  const version = value[0] ?? 0
  if (value.length !== (version === 4 ? 21 : 33)) draft.flaw ??= 'subpacket'
  draft.issuerVersion = version
  draft.issuerFingerprint = upperHex(value.subarray(1))
}

function seconds(draft: Draft, value: Uint8Array): number | null {
  // Like gpg, which takes the first four bytes of a longer one.
  if (value.length !== 4) draft.flaw ??= 'subpacket'
  if (value.length < 4) return null
  return asBuffer(value).readUInt32BE()
}

function subpacketLength(area: Uint8Array, at: number): { readonly start: number; readonly length: number } {
  const first = area[at] ?? 0
  if (first < 192) return { start: at + 1, length: first }
  const second = area[at + 1]
  if (first < 255) {
    if (second === undefined) throw short(at)
    return { start: at + 2, length: ((first - 192) << 8) + second + 192 }
  }
  if (at + 5 > area.length) throw short(at)
  return { start: at + 5, length: asBuffer(area).readUInt32BE(at + 1) }
}

const short = (at: number): OpenPgpError => new OpenPgpError('subpacket', `the subpacket at offset ${at} is cut short`)

/** Upper-case hex, the spelling of fingerprints and key ids in gpg's and git's output. */
export function upperHex(bytes: Uint8Array): string {
  return toHex(bytes).toUpperCase()
}
