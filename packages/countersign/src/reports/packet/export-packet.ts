import {
  blobPath,
  CHECKPOINT,
  describeFile,
  EVIDENCE_KEY,
  entryPath,
  equalBytes,
  formatEnvelope,
  formatEvidenceKey,
  LOG_KEY,
  MANIFEST,
  MANIFEST_ENVELOPE,
  MANIFEST_PAYLOAD_TYPE,
  parseCheckpoint,
  parseNote,
  proofPath,
  sealManifest,
  sha256Hex,
  signEnvelope,
  utf8,
} from '@countersign/verify'
import type { EvidenceLedger, LedgerEntry } from '../../workflows/evidence-ledger.ts'
import { toRfc3339 } from '../../workflows/make-decision.ts'
import type { SigningKey } from '../../workflows/ports/signing-key.ts'
import { Problem } from '../../workflows/problem.ts'
import { packetReadme } from './packet-readme.ts'

/** What goes into a packet and who signs it. */
export interface PacketRequest {
  readonly ledger: Pick<EvidenceLedger, 'read' | 'blob' | 'proofOf'>
  /** The entries to put in, in any order. */
  readonly entries: readonly LedgerEntry[]
  /** The repository that they were chosen by; null when by nothing. */
  readonly repository: string | null
  /** The log's verifier key line. */
  readonly logKey: string
  /** The key that signed the evidence; it signs the manifest too. */
  readonly evidenceKey: SigningKey
  /** Unix seconds. */
  readonly now: number
}

/** How often a packet is begun anew when others append to the log meanwhile. */
const ATTEMPTS = 5

/**
 * Gathers a packet: its files by path. All proofs lead to one checkpoint; docs/formats/packet.md describes the rest.
 *
 * Rejects with `Problem` `evidence_not_found` when there is nothing to put in, `evidence_damaged` when something that
 * evidence names is gone, and `repository_changed` when the log kept growing all the while.
 */
export async function exportPacket(request: PacketRequest): Promise<ReadonlyMap<string, Uint8Array>> {
  const indexes = request.entries.map(({ index }) => index).sort((a, b) => a - b)
  if (indexes.length === 0) throw new Problem('evidence_not_found', 'there is no evidence to put into a packet')
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const files = new Map<string, Uint8Array>()
    const checkpoint = await gather(request.ledger, indexes, files)
    if (checkpoint !== null) return seal(request, indexes, checkpoint, files)
  }
  throw new Problem('repository_changed', 'the log grew while its proofs were gathered')
}

/** Puts entries, proofs and what they name into `files`; the checkpoint of all proofs, or null when there was more than one. */
async function gather(
  ledger: PacketRequest['ledger'],
  indexes: readonly number[],
  files: Map<string, Uint8Array>,
): Promise<string | null> {
  let checkpoint: string | null = null
  for (const index of indexes) {
    const { entry, receipt } = await ledger.proofOf(index)
    if (checkpoint !== null && receipt.checkpoint !== checkpoint) return null
    checkpoint = receipt.checkpoint
    files.set(entryPath(index), entry)
    files.set(proofPath(index), utf8(receipt.proof))
    const { envelope, decision } = await ledger.read(index)
    const whole = utf8(envelope)
    // An envelope that is too long for the log stands in a blob, and the entry names it.
    if (!equalBytes(whole, entry)) files.set(blobPath(sha256Hex(whole)), whole)
    for (const named of [decision.inputs, decision.policy]) {
      if (named === null || files.has(blobPath(named.sha256))) continue
      files.set(blobPath(named.sha256), await ledger.blob(named.sha256))
    }
  }
  return checkpoint
}

function seal(
  { repository, logKey, evidenceKey, now }: PacketRequest,
  entries: readonly number[],
  checkpoint: string,
  files: Map<string, Uint8Array>,
): ReadonlyMap<string, Uint8Array> {
  const { origin, size } = parseCheckpoint(parseNote(checkpoint).text)
  const createdAt = toRfc3339(now)
  files.set(CHECKPOINT, utf8(checkpoint))
  files.set(LOG_KEY, utf8(`${logKey}\n`))
  files.set(EVIDENCE_KEY, utf8(formatEvidenceKey(evidenceKey.publicKey)))
  files.set('README.md', utf8(packetReadme(createdAt, entries.length, size)))
  const paths = [...files.keys()].sort()
  const manifest = sealManifest({
    createdAt,
    repository,
    log: { origin, vkey: logKey, size },
    evidenceKey: evidenceKey.keyId,
    entries,
    files: paths.map((path) => describeFile(path, files.get(path) as Uint8Array)),
  })
  files.set(MANIFEST, manifest)
  files.set(MANIFEST_ENVELOPE, utf8(formatEnvelope(signEnvelope(MANIFEST_PAYLOAD_TYPE, manifest, [evidenceKey]))))
  return files
}
