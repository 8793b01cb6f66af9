import { createPrivateKey, createPublicKey, sign } from 'node:crypto'
import { ED25519_NOTE, ed25519NoteKey, formatVerifierKey, type LogTrust } from '@countersign/verify'
import type { EvidenceLog } from '../../workflows/ports/evidence-log.ts'
import type { Disk } from './disk.ts'
import { type Finding, fsckFolder } from './fsck.ts'
import { openTileFolder } from './tile-folder.ts'

/** The origin and the key of the logs that tests make. The key is public knowledge: its seed is thirty-two times the same byte. */
export const TEST_ORIGIN = 'example.com/countersign-test'
export const TEST_KEY = testKey(7)
export const TEST_VKEY = formatVerifierKey(TEST_ORIGIN, ED25519_NOTE, TEST_KEY.publicKey)
export const TEST_TRUST: LogTrust = { origin: TEST_ORIGIN, keys: [ed25519NoteKey(TEST_VKEY)] }

/** An Ed25519 key from a seed of one repeated byte. */
export function testKey(byte: number): { readonly publicKey: Uint8Array; sign(bytes: Uint8Array): Uint8Array } {
  const prefix = Buffer.from('302e020100300506032b657004220420', 'hex')
  const privateKey = createPrivateKey({
    key: Buffer.concat([prefix, Buffer.alloc(32, byte)]),
    format: 'der',
    type: 'pkcs8',
  })
  const publicKey = createPublicKey(privateKey).export({ type: 'spki', format: 'der' }).subarray(-32)
  return { publicKey, sign: (bytes) => sign(null, bytes, privateKey) }
}

/** Opens a test log on a disk in memory, where no lock is needed. */
export function openOnDisk(disk: Disk): Promise<EvidenceLog> {
  const claim = async () => async () => {}
  return openTileFolder({ folder: '/log', origin: TEST_ORIGIN, key: TEST_KEY }, { disk, claim })
}

/** Entries that tell their place, from `from` on. */
export function testEntries(from: number, count: number): readonly Uint8Array[] {
  return Array.from({ length: count }, (_, at) => Buffer.from(`entry ${from + at}`))
}

export async function findingsOf(folder: string, disk?: Disk): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  for await (const finding of fsckFolder(folder, TEST_TRUST, disk)) findings.push(finding)
  return findings
}

/** Every entry of a log, as text. */
export async function textsOf(log: EvidenceLog): Promise<readonly string[]> {
  const texts: string[] = []
  const { size } = (await log.checkpoint()).checkpoint
  for await (const { entry } of log.entries(0, size)) texts.push(Buffer.from(entry).toString())
  return texts
}
