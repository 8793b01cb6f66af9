import { createPrivateKey, createPublicKey, sign } from 'node:crypto'
import { ED25519_NOTE, ed25519NoteKey, formatVerifierKey, type LogTrust, sha256Hex } from '@countersign/verify'
import type { EvidenceLog, EvidenceTerms, NewEvidence } from '../../workflows/ports/evidence-log.ts'
import type { LogStore } from '../../workflows/ports/log-store.ts'
import type { ObjectStore } from '../../workflows/ports/object-store.ts'
import { memoryLogStore } from '../stores/memory/log-store.ts'
import { memoryObjects } from '../stores/memory/object-store.ts'
import { fsckTiles } from './fsck.ts'
import type { Finding } from './fsck-finding.ts'
import { openSequencedLog, type SequencedLogParts } from './sequenced-log.ts'

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

/** Entries that tell their place, from `from` on. */
export function testEntries(from: number, count: number): readonly Uint8Array[] {
  return Array.from({ length: count }, (_, at) => Buffer.from(`entry ${from + at}`))
}

export async function findingsOf(objects: ObjectStore): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  for await (const finding of fsckTiles(objects, TEST_TRUST)) findings.push(finding)
  return findings
}

/** Every entry of a log, as text. */
export async function textsOf(log: EvidenceLog): Promise<readonly string[]> {
  const texts: string[] = []
  const { size } = (await log.checkpoint()).checkpoint
  for await (const { entry } of log.entries(0, size)) texts.push(Buffer.from(entry).toString())
  return texts
}

/** What a test log stands on: fresh stores in memory unless others are given. */
export interface TestGround {
  readonly store: LogStore
  readonly objects: ObjectStore
}

export function testGround(change: Partial<TestGround> = {}): TestGround {
  return { store: memoryLogStore(), objects: memoryObjects(), ...change }
}

/** Opens a test log that publishes without waiting for more. */
export function openTestLog(ground: TestGround, change: Partial<SequencedLogParts> = {}): Promise<EvidenceLog> {
  return openSequencedLog({ origin: TEST_ORIGIN, key: TEST_KEY, publishPauseMs: 0, ...ground, ...change })
}

/** Evidence whose entries are those of {@link testEntries}. */
export function testEvidence(from: number, count: number): readonly NewEvidence[] {
  return testEntries(from, count).map((entry) => evidenceOf(entry))
}

/** Evidence of some bytes, with terms that tell nothing but their digest. */
export function evidenceOf(entry: Uint8Array, change: Partial<EvidenceTerms> = {}): NewEvidence {
  return { entry, terms: { ...PLAIN_TERMS, digest: sha256Hex(entry), ...change } }
}

const PLAIN_TERMS: Omit<EvidenceTerms, 'digest'> = {
  idempotencyKey: null,
  type: 'https://example.com/test/v1',
  subjects: ['test:log'],
  controls: [],
  source: 'test',
  occurredAt: null,
  recordedAt: '2026-01-01T00:00:00Z',
  retention: 'standard',
  summary: null,
}
