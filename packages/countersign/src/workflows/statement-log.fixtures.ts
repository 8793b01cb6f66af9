import { createPrivateKey, createPublicKey, sign } from 'node:crypto'
import { type EnvelopeKey, ed25519EnvelopeKey, type Statement } from '@countersign/verify'
import { openTestLog, type TestGround, testGround } from '../adapters/log/log.fixtures.ts'
import { openStatement } from './append-statement.ts'
import type { EvidenceLog, IndexedTerms } from './ports/evidence-log.ts'
import type { SigningKey } from './ports/signing-key.ts'

/** An evidence key from a seed of one repeated byte, and what is signed with it is checked with. */
export function evidenceKey(byte: number): { readonly key: SigningKey; readonly envelopeKey: EnvelopeKey } {
  const prefix = Buffer.from('302e020100300506032b657004220420', 'hex')
  const seed = Buffer.concat([prefix, Buffer.alloc(32, byte)])
  const privateKey = createPrivateKey({ key: seed, format: 'der', type: 'pkcs8' })
  const publicKey = createPublicKey(privateKey)
  const envelopeKey = ed25519EnvelopeKey(publicKey)
  const raw = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32)
  const key = { keyId: envelopeKey.keyId, publicKey: raw, sign: (bytes: Uint8Array) => sign(null, bytes, privateKey) }
  return { key, envelopeKey }
}

/** A log in memory with the keys of its statements: what stories about statements run on. */
export interface StatementLog {
  readonly ground: TestGround
  readonly log: EvidenceLog
  readonly key: SigningKey
  readonly envelopeKeys: readonly EnvelopeKey[]
}

export async function openStatementLog(ground: TestGround = testGround()): Promise<StatementLog> {
  const { key, envelopeKey } = evidenceKey(9)
  return { ground, log: await openTestLog(ground), key, envelopeKeys: [envelopeKey] }
}

/** Every statement of a log with its terms, in order. */
export async function statementsOf({
  log,
  envelopeKeys,
}: StatementLog): Promise<readonly (IndexedTerms & Statement)[]> {
  const found: (IndexedTerms & Statement)[] = []
  for await (const indexed of log.find({})) {
    for await (const { entry } of log.entries(indexed.index, indexed.index + 1)) {
      found.push({ ...indexed, ...openStatement(indexed.index, entry, envelopeKeys) })
    }
  }
  return found
}
