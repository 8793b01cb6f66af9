import { hash } from 'node:crypto'
import type { SshKey } from './ssh-keys.ts'
import { sshString, u32 } from './ssh-wire.ts'

/** Where a signature departs from what `ssh-keygen -Y sign -n git` makes. */
export interface SshsigOptions {
  readonly namespace?: string
  readonly hash?: 'sha256' | 'sha512'
  /** What the blob says its hash is, when that is a lie. */
  readonly hashName?: string
  readonly reserved?: string
  readonly version?: number
  /** The blob to present in place of the key's own, such as a certificate. */
  readonly publicKey?: Buffer
  readonly trailing?: Buffer
}

/** An SSHSIG blob over the payload (OpenSSH PROTOCOL.sshsig). */
export function sshsigBlob(key: SshKey, payload: Uint8Array, options: SshsigOptions = {}): Buffer {
  const { namespace = 'git', hash: algorithm = 'sha512', reserved = '', version = 1 } = options
  const names = [sshString(namespace), sshString(reserved), sshString(options.hashName ?? algorithm)]
  const magic = Buffer.from('SSHSIG')
  const toBeSigned = Buffer.concat([magic, ...names, sshString(hash(algorithm, payload, 'buffer'))])
  const publicKey = sshString(options.publicKey ?? key.blob)
  const signature = sshString(key.sign(toBeSigned))
  return Buffer.concat([magic, u32(version), publicKey, ...names, signature, options.trailing ?? Buffer.alloc(0)])
}

/** The armour of an SSHSIG blob: lines of 70 characters, no line break at the end. */
export function sshArmor(blob: Uint8Array): string {
  const lines = Buffer.from(blob)
    .toString('base64')
    .replaceAll(/.{70}(?=.)/g, '$&\n')
  return `-----BEGIN SSH SIGNATURE-----\n${lines}\n-----END SSH SIGNATURE-----`
}
