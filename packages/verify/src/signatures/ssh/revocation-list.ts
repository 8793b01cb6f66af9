import { hash } from 'node:crypto'
import { latin1 } from '../../bytes/encoding.ts'
import { isKrl, parseKrl, type RevokedCertificates } from './krl.ts'
import { SshError } from './ssh-error.ts'
import { parseSshKeyText, type SshKey } from './ssh-key.ts'
import type { SshPublicKey } from './ssh-public-key.ts'

/** Keys and certificates that are no longer to be trusted. Sets hold bytes with one character each. */
export interface RevocationList {
  /** Unix seconds from which it counts where a trusted time is known; null when it has always counted, as in OpenSSH. */
  readonly since: number | null
  readonly keys: ReadonlySet<string>
  readonly sha1: ReadonlySet<string>
  readonly sha256: ReadonlySet<string>
  /** By the id of the certificate authority; `''` stands for every authority. */
  readonly certificates: ReadonlyMap<string, RevokedCertificates>
}

/** What about a key was revoked. */
export type SshRevocation =
  | 'key_revoked'
  | 'certificate_authority_revoked'
  | 'certificate_serial_revoked'
  | 'certificate_key_id_revoked'

export interface RevocationListOptions {
  /** Unix seconds; null or absent when the list has always counted. */
  readonly since?: number | null
}

const MAX_FILE_BYTES = 16 * 1024 * 1024

/**
 * Parses what `gpg.ssh.revocationFile` may hold: a binary KRL, or a text file with one public key a line and `#` comments.
 *
 * All or nothing, as in OpenSSH: one line that is not a key spoils the file (RSA keys under 1,024 bits are passed over).
 * Throws {@link SshError}; a broken list must stop the caller, because OpenSSH then verifies nothing.
 */
export function parseRevocationList(file: Uint8Array, options: RevocationListOptions = {}): RevocationList {
  if (file.length > MAX_FILE_BYTES) throw new SshError('too_large', `a revocation list of ${file.length} bytes`)
  const since = options.since ?? null
  if (isKrl(file)) return { since, ...parseKrl(file) }
  const keys = new Set(latin1(file).split('\n').flatMap(keyIdsOfLine))
  return { since, keys, sha1: new Set(), sha256: new Set(), certificates: new Map() }
}

function keyIdsOfLine(line: string): readonly string[] {
  const text = line.replace(/^[ \t]+/, '')
  if (text === '' || text.startsWith('#')) return []
  try {
    return [parseSshKeyText(text).key.plain.id]
  } catch (error) {
    if (error instanceof SshError && error.code === 'short_rsa_key') return []
    throw error
  }
}

/** Which entry of the list covers the key, its certificate or its certificate authority; null when none does. */
export function revocationOf(list: RevocationList, key: SshKey): SshRevocation | null {
  if (listsKey(list, key.plain)) return 'key_revoked'
  const certificate = key.certificate
  if (certificate === null) return null
  if (listsKey(list, certificate.authority)) return 'certificate_authority_revoked'
  for (const authority of [certificate.authority.id, '']) {
    const revoked = list.certificates.get(authority)
    if (revoked === undefined) continue
    if (revoked.keyIds.has(certificate.keyId)) return 'certificate_key_id_revoked'
    const { serial } = certificate
    if (revoked.serials.some(([first, last]) => first <= serial && serial <= last)) {
      return 'certificate_serial_revoked'
    }
  }
  return null
}

function listsKey(list: RevocationList, key: SshPublicKey): boolean {
  return (
    list.keys.has(key.id) ||
    (list.sha1.size > 0 && list.sha1.has(latin1(hash('sha1', key.blob, 'buffer')))) ||
    (list.sha256.size > 0 && list.sha256.has(latin1(hash('sha256', key.blob, 'buffer'))))
  )
}
