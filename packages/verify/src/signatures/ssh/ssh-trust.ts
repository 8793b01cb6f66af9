import { latin1 } from '../../bytes/encoding.ts'
import type { AllowedSigner, AllowedSigners } from './allowed-signers.ts'
import type { Ed25519Verify } from './raw-signature.ts'
import { type RevocationList, revocationOf, type SshRevocation } from './revocation-list.ts'
import { SshError } from './ssh-error.ts'
import { parseSshKey, type SshKey } from './ssh-key.ts'

export interface SshTrustOptions {
  /** Null mirrors git without `gpg.ssh.allowedSignersFile`; a configured file that does not exist is an empty one. */
  readonly allowedSigners: AllowedSigners | null
  readonly revoked: readonly RevocationList[]
  /** Whether a security key must have been touched; false when not given. OpenSSH does not ask. */
  readonly requireUserPresence?: boolean
  /** Whether a security key must have verified its user (PIN, fingerprint); false when not given. OpenSSH does not ask. */
  readonly requireUserVerification?: boolean
  /** Replaces `node:crypto` for Ed25519; it must refuse whatever RFC 8032 refuses. */
  readonly ed25519Verify?: Ed25519Verify
}

/** Whom to believe, with what has been worked out about each key seen so far. */
export interface SshTrust {
  readonly allowedSigners: AllowedSigners | null
  readonly requireUserPresence: boolean
  readonly requireUserVerification: boolean
  readonly ed25519Verify: Ed25519Verify | undefined
  /** What is known about the key in a signature. Throws {@link SshError} as `parseSshKey` does. */
  readonly signerOf: (keyBlob: Uint8Array) => SshSigner
}

/** A key that signed, and everything about it that does not depend on the signature. */
export interface SshSigner {
  readonly key: SshKey
  /** The allowed signers lines that name this key or, for a certificate, its authority; in file order. */
  readonly lines: readonly AllowedSigner[]
  readonly revocations: readonly SshSignerRevocation[]
}

export interface SshSignerRevocation {
  readonly reason: SshRevocation
  readonly since: number | null
}

// Bounds the memory that signatures by ever new keys can take; far above what the signers of a real history need.
const MAX_CACHED_BYTES = 16 * 1024 * 1024
const ENTRY_OVERHEAD_BYTES = 4096

/** Returns trust that {@link checkSshSignature} can use for any number of signatures; keys are parsed once each. */
export function prepareSshTrust(options: SshTrustOptions): SshTrust {
  const cache = new Map<string, SshSigner | SshError>()
  let cachedBytes = 0
  return {
    allowedSigners: options.allowedSigners,
    requireUserPresence: options.requireUserPresence ?? false,
    requireUserVerification: options.requireUserVerification ?? false,
    ed25519Verify: options.ed25519Verify,
    signerOf: (keyBlob) => {
      const id = latin1(keyBlob)
      let signer = cache.get(id)
      if (signer === undefined) {
        signer = describeSigner(keyBlob, options)
        cachedBytes += keyBlob.length + ENTRY_OVERHEAD_BYTES
        if (cachedBytes > MAX_CACHED_BYTES) {
          cache.clear()
          cachedBytes = 0
        }
        cache.set(id, signer)
      }
      if (signer instanceof SshError) throw signer
      return signer
    },
  }
}

function describeSigner(keyBlob: Uint8Array, { allowedSigners, revoked }: SshTrustOptions): SshSigner | SshError {
  try {
    const key = parseSshKey(keyBlob)
    const exact = allowedSigners?.byKey.get(key.id) ?? []
    const authority = key.certificate?.authority.id
    const vouched = authority === undefined ? [] : (allowedSigners?.byAuthority.get(authority) ?? [])
    const lines = [...exact, ...vouched].sort((a, b) => a.line - b.line)
    const revocations = revoked.flatMap((list) => {
      const reason = revocationOf(list, key)
      return reason === null ? [] : [{ reason, since: list.since }]
    })
    return { key, lines, revocations }
  } catch (error) {
    if (error instanceof SshError) return error
    throw error
  }
}
