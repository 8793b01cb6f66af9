import { hash } from 'node:crypto'
import { sshString, u32, u64 } from './ssh-wire.ts'

/** What a key revocation list names. Blobs are plain public keys. */
export interface Revocations {
  readonly keys: readonly Buffer[]
  readonly sha256Of: readonly Buffer[]
  /** Certificates of one authority, by serial number and by key id. */
  readonly authority: Buffer
  readonly serials: readonly bigint[]
  readonly keyIds: readonly string[]
}

/** A key revocation list as `ssh-keygen -k` writes it (OpenSSH PROTOCOL.krl). */
export function revocationList(revoked: Revocations): Buffer {
  const section = (type: number, data: Buffer) => Buffer.concat([Buffer.of(type), sshString(data)])
  const certificates = Buffer.concat([
    sshString(revoked.authority),
    sshString(''),
    section(0x20, Buffer.concat([...revoked.serials].sort(ascending).map(u64))),
    section(0x23, Buffer.concat(revoked.keyIds.map((id) => sshString(id)))),
  ])
  const sorted = (blobs: readonly Buffer[]) => [...blobs].sort(Buffer.compare)
  const prints = sorted(revoked.sha256Of.map((blob) => hash('sha256', blob, 'buffer')))
  return Buffer.concat([
    Buffer.from('SSHKRL\n\0'),
    u32(1),
    u64(1n),
    u64(1_700_000_000n),
    u64(0n),
    sshString(''),
    sshString('countersign bench'),
    section(1, certificates),
    section(2, Buffer.concat(sorted(revoked.keys).map((blob) => sshString(blob)))),
    section(5, Buffer.concat(prints.map((print) => sshString(print)))),
  ])
}

const ascending = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0)
