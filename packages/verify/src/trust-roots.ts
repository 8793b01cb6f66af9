import { concatBytes, printable, utf8 } from './bytes/encoding.ts'
import { type Keyring, readKeyring } from './signatures/openpgp/keyring.ts'
import { OpenPgpError } from './signatures/openpgp/openpgp-error.ts'
import { parseAllowedSigners } from './signatures/ssh/allowed-signers.ts'
import { prepareSshTrust } from './signatures/ssh/check-ssh-signature.ts'
import { parseRevocationList } from './signatures/ssh/revocation-list.ts'
import { SshError } from './signatures/ssh/ssh-error.ts'
import { prepareX509Trust } from './signatures/x509/trust.ts'
import { X509Error } from './signatures/x509/x509-error.ts'
import type { TrustRoots } from './verify-object.ts'

/** Key material as it lies in files, in the formats that git, ssh-keygen and gpg use themselves. */
export interface TrustMaterial {
  /** OpenSSH allowed signers files; none at all is what git calls not configured. */
  readonly allowedSigners: readonly Uint8Array[]
  /** OpenPGP public keys, armoured or binary. */
  readonly keyrings: readonly Uint8Array[]
  /** X.509 roots and intermediates, PEM or DER; only the self-signed ones are anchors. */
  readonly x509Roots: readonly Uint8Array[]
  /** SSH key revocation lists, binary or text. */
  readonly revoked: readonly Uint8Array[]
  /** Public keys of the Rekor logs whose word on time counts, PEM or DER; left out is none. */
  readonly logKeys?: readonly Uint8Array[]
}

/** A part of the material that counts for nothing, because it could not be read or has nothing to stand on. */
export interface TrustProblem {
  readonly kind: keyof TrustMaterial
  /** A line number where the format has lines. */
  readonly line: number | null
  readonly code: string
  readonly message: string
}

/** Key material that cannot be used as a whole. The message names its kind, which part of that kind, and the reason. */
export class TrustError extends Error {
  override readonly name = 'TrustError'
  readonly code = 'trust_file_malformed'
}

/** What could be read, ready for any number of checks, and what could not. */
export interface ReadTrust {
  readonly roots: TrustRoots
  readonly problems: readonly TrustProblem[]
}

/**
 * Reads key material. One bad line or key is reported and counts for nothing while the rest stands.
 *
 * Throws {@link TrustError} for material that is unusable as a whole; above all for a revocation list that cannot be read,
 * because going on without it would trust what was revoked.
 */
export function readTrustRoots(material: TrustMaterial): ReadTrust {
  const { allowedSigners: files, keyrings, revoked, x509Roots, logKeys = [] } = material
  const allowedSigners =
    files.length === 0 ? null : readOne('SSH allowed signers', () => parseAllowedSigners(joinLines(files)))
  const keyring = mergeKeyrings(readEach('OpenPGP keyring', keyrings, readKeyring))
  // One at a time first, so that the one that is at fault can be named.
  readEach('X.509 certificates', x509Roots, (root) => prepareX509Trust({ roots: [root] }))
  readEach('Rekor key', logKeys, (key) => prepareX509Trust({ roots: [], rekorKeys: [key] }))
  const roots: TrustRoots = {
    ssh: prepareSshTrust({
      allowedSigners,
      revoked: readEach('SSH revocation list', revoked, (list) => parseRevocationList(list)),
    }),
    openpgp: keyring,
    x509: prepareX509Trust({ roots: x509Roots, rekorKeys: logKeys }),
  }
  return {
    roots,
    problems: [
      ...(allowedSigners?.problems ?? []).map((problem) => ({ kind: 'allowedSigners' as const, ...problem })),
      ...keyring.broken.map(({ line, code, message }) => ({ kind: 'keyrings' as const, line, code, message })),
      ...(material.x509Roots.length > 0 && !roots.x509.hasRoots ? [NO_ROOT] : []),
    ],
  }
}

const NO_ROOT: TrustProblem = {
  kind: 'x509Roots',
  line: null,
  code: 'no_root',
  message: 'none of the certificates is self-signed, so that nothing is trusted for them',
}

function readEach<T>(kind: string, parts: readonly Uint8Array[], read: (part: Uint8Array) => T): readonly T[] {
  return parts.map((part, index) => readOne(parts.length === 1 ? kind : `${kind} ${index + 1}`, () => read(part)))
}

function readOne<T>(kind: string, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    if (cause instanceof SshError || cause instanceof OpenPgpError || cause instanceof X509Error) {
      throw new TrustError(`${kind}: ${printable(cause.message)} (${cause.code})`, { cause })
    }
    throw cause
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
