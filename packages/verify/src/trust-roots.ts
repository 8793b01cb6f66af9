import { concatBytes, utf8 } from './bytes/encoding.ts'
import { type Keyring, readKeyring } from './signatures/openpgp/keyring.ts'
import { parseAllowedSigners } from './signatures/ssh/allowed-signers.ts'
import { prepareSshTrust } from './signatures/ssh/check-ssh-signature.ts'
import { parseRevocationList } from './signatures/ssh/revocation-list.ts'
import { prepareX509Trust } from './signatures/x509/trust.ts'
import type { TrustRoots } from './verify-object.ts'

/** Key material as it lies in files, in the formats that git, ssh-keygen and gpg use themselves. */
export interface TrustMaterial {
  /** OpenSSH allowed signers files; none at all is what git calls not configured. */
  readonly allowedSigners: readonly Uint8Array[]
  /** OpenPGP public keys, armoured or binary. */
  readonly keyrings: readonly Uint8Array[]
  /** X.509 root certificates, PEM or DER. */
  readonly x509Roots: readonly Uint8Array[]
  /** SSH key revocation lists, binary or text. */
  readonly revoked: readonly Uint8Array[]
}

/** A part of the material that was left out, because it could not be read. */
export interface TrustProblem {
  readonly kind: keyof TrustMaterial
  /** A line number where the format has lines. */
  readonly line: number | null
  readonly code: string
  readonly message: string
}

/** What could be read, ready for any number of checks, and what could not. */
export interface ReadTrust {
  readonly roots: TrustRoots
  readonly problems: readonly TrustProblem[]
}

/**
 * Reads key material. One bad line or key is reported and counts for nothing while the rest stands.
 *
 * Throws the scheme's own error class for material that is unusable as a whole; above all for a revocation list that cannot be
 * read, because going on without it would trust what was revoked.
 */
export function readTrustRoots(material: TrustMaterial): ReadTrust {
  const { allowedSigners: files, revoked } = material
  const allowedSigners = files.length === 0 ? null : parseAllowedSigners(joinLines(files))
  const keyring = mergeKeyrings(material.keyrings.map(readKeyring))
  const roots: TrustRoots = {
    ssh: prepareSshTrust({ allowedSigners, revoked: revoked.map((list) => parseRevocationList(list)) }),
    openpgp: keyring,
    x509: prepareX509Trust({ roots: material.x509Roots }),
  }
  return {
    roots,
    problems: [
      ...(allowedSigners?.problems ?? []).map((problem) => ({ kind: 'allowedSigners' as const, ...problem })),
      ...keyring.broken.map(({ line, code, message }) => ({ kind: 'keyrings' as const, line, code, message })),
    ],
  }
}

function joinLines(files: readonly Uint8Array[]): Uint8Array {
  return concatBytes(...files.flatMap((file) => [file, utf8('\n')]))
}

/** One keyring from several: a key that is in two of them is found through either. */
function mergeKeyrings(keyrings: readonly Keyring[]): Keyring {
  if (keyrings.length === 1 && keyrings[0] !== undefined) return keyrings[0]
  return {
    certificates: keyrings.flatMap((keyring) => keyring.certificates),
    broken: keyrings.flatMap((keyring) => keyring.broken),
    byFingerprint: mergeMaps(keyrings.map((keyring) => keyring.byFingerprint)),
    byKeyId: mergeMaps(keyrings.map((keyring) => keyring.byKeyId)),
  }
}

function mergeMaps<T>(maps: readonly ReadonlyMap<string, readonly T[]>[]): ReadonlyMap<string, readonly T[]> {
  const merged = new Map<string, readonly T[]>()
  for (const map of maps) for (const [key, values] of map) merged.set(key, [...(merged.get(key) ?? []), ...values])
  return merged
}
