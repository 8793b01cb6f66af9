import { headerLines, withHeader } from '../../../bench/history/git-object.ts'
import { ed25519SshKey, type SshKey } from '../../../bench/signers/ssh-keys.ts'
import { sshArmor, sshsigBlob } from '../../../bench/signers/sshsig.ts'
import type { TrustMaterial } from './trust-roots.ts'

/** Commits and tags signed in process, for tests. */

export const ANN = ed25519SshKey('ann')
export const BOB = ed25519SshKey('bob')

/** A public key as it stands in an allowed signers file. */
export function publicKeyLine(key: SshKey): string {
  return `${key.type} ${key.blob.toString('base64')}`
}

/** Trust in these keys, each under an e-mail, and in nothing else. */
export function trustIn(keys: Readonly<Record<string, SshKey>>): TrustMaterial {
  const lines = Object.entries(keys).map(([email, key]) => `${email} namespaces="git" ${publicKeyLine(key)}\n`)
  return { allowedSigners: [Buffer.from(lines.join(''))], keyrings: [], x509Roots: [], revoked: [] }
}

/** The armoured signature of a key over a payload. */
export function signature(key: SshKey, payload: Uint8Array): string {
  return sshArmor(sshsigBlob(key, payload))
}

/** A commit body with a signature over it in its header. */
export function signCommit(key: SshKey, body: string | Buffer, header = 'gpgsig'): Buffer {
  const payload = Buffer.from(body)
  return withHeader(payload, headerLines(header, signature(key, payload)))
}

/** A tag body with a signature over it at its end. */
export function signTag(key: SshKey, body: string): Buffer {
  return Buffer.from(`${body}${signature(key, Buffer.from(body))}\n`)
}
