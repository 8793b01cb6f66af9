import { sha256Hex } from './bytes/digest.ts'
import { equalBytes, fromUtf8, printable, utf8 } from './bytes/encoding.ts'
import { type EnvelopeKey, formatEnvelope, parseEnvelope, verifyEnvelope } from './dsse/envelope.ts'
import { EvidenceError } from './evidence/evidence-error.ts'
import { parseEvidenceKey } from './evidence/packet-keys.ts'
import { describeFile, MANIFEST_PAYLOAD_TYPE, openManifest, type PacketManifest } from './evidence/packet-manifest.ts'
import {
  blobPath,
  CHECKPOINT,
  EVIDENCE_KEY,
  entryPath,
  LOG_KEY,
  MANIFEST,
  MANIFEST_ENVELOPE,
} from './evidence/packet-paths.ts'
import { decodePacketZip } from './evidence/packet-zip.ts'
import { secondsOf } from './evidence/shape.ts'
import { type LogTrust, verifyCheckpoint } from './tlog/checkpoint.ts'
import { ed25519NoteKey } from './tlog/signed-note.ts'
import { type Explanation, leaf, verdictOfParts } from './verdict/explanation.ts'
import type { Verdict } from './verdict/verdict.ts'
import { type EntrySurroundings, trustShelf, verifyEntry } from './verify-entry.ts'

/**
 * The keys that an auditor knows from somewhere else than the packet. Without them a packet proves only that it agrees with
 * itself, which is never a pass.
 */
export interface PacketTrust {
  /** The log's verifier key, `name+id+key`. */
  readonly logKey: string | null
  /** The public key that signs evidence, in PEM. */
  readonly evidenceKey: string | null
}

/** What checking a packet showed: what was asked, and the answer with its reasons. The verdict is that of `explanation`. */
export interface PacketReport {
  readonly criteria: readonly string[]
  readonly explanation: Explanation
}

/** What {@link verifyPacket} checks, for people to read before they read the answer. */
export const PACKET_CRITERIA: readonly string[] = [
  'The manifest is signed by the evidence key; every file that it lists is here unchanged, and no other file is.',
  'The checkpoint is signed by the log, and each entry is proved to be in the tree of that very checkpoint.',
  'Each entry is a well-formed statement that the evidence key signed.',
  'The inputs and the policy that a decision names are here, with the digests that it names.',
  'Every Git object has the id of its bytes.',
  'Every Git signature, checked again with the keys of the sealed policy as of the recorded time, gives what was recorded.',
  'Nothing was recorded after the packet was made, and the packet was not made after the time of this check.',
  'Not part of this check: whether the rules were applied rightly to these facts. countersign replay does that.',
]

/** How far the clock of whoever made the packet may be ahead of the reader's. */
const CLOCK_SKEW_SECONDS = 300

/**
 * Proves a packet from its bytes, the reader's keys and the reader's time (Unix seconds).
 *
 * In three stages, each only when the one before holds, because what an altered file says is worth nothing: manifest and files, checkpoint,
 * entries. Throws {@link EvidenceError} or `TlogError` for a key in `trust` that is no key, and never for what the packet holds.
 */
export function verifyPacket(files: ReadonlyMap<string, Uint8Array>, trust: PacketTrust, now: number): PacketReport {
  const log = trust.logKey === null ? null : logTrust(trust.logKey)
  const key = trust.evidenceKey === null ? null : parseEvidenceKey(trust.evidenceKey)
  const pinned = log !== null && key !== null ? [] : [KEYS_NOT_PINNED]
  return report([...pinned, ...attempt(MANIFEST, () => examine(files, log, key, now))])
}

/** As {@link verifyPacket}, for a packet in a zip. */
export function verifyZippedPacket(zip: Uint8Array, trust: PacketTrust, now: number): PacketReport {
  let files: ReadonlyMap<string, Uint8Array> | undefined
  const refused = attempt('zip', () => {
    files = decodePacketZip(zip)
    return []
  })
  return files === undefined ? report(refused) : verifyPacket(files, trust, now)
}

const KEYS_NOT_PINNED = leaf({
  about: 'keys',
  verdict: 'indeterminate',
  reason: 'keys_not_pinned',
  sentence: 'checked with keys from the packet itself: whoever made it could have made them too',
  wanted: 'the log key and the evidence key, from somewhere else than the packet',
  remedy: 'whoever runs the log: countersign log key, and countersign log key --evidence',
})

function report(parts: readonly Explanation[]): PacketReport {
  const verdict = verdictOfParts(parts)
  const { reason, sentence } = SUMMARIES[verdict] ?? { reason: 'not_proved', sentence: 'the packet is not proved' }
  return { criteria: PACKET_CRITERIA, explanation: { about: 'packet', verdict, reason, sentence, parts } }
}

const SUMMARIES: { readonly [verdict in Verdict]?: { readonly reason: string; readonly sentence: string } } = {
  pass: { reason: 'proved', sentence: 'everything in the packet is proved' },
  fail: { reason: 'refuted', sentence: 'the packet is not what it says it is' },
}

function examine(
  files: ReadonlyMap<string, Uint8Array>,
  pinnedLog: LogTrust | null,
  pinnedKey: EnvelopeKey | null,
  now: number,
): readonly Explanation[] {
  const file = fileReader(files)
  const key = pinnedKey ?? inFile(EVIDENCE_KEY, () => parseEvidenceKey(fromUtf8(file(EVIDENCE_KEY))))
  const manifest = openSignedManifest(file, key)
  const damaged = damagedFiles(files, manifest)
  if (damaged.length > 0) return damaged
  const createdAt = secondsOf(manifest.createdAt) as number
  if (createdAt > now + CLOCK_SKEW_SECONDS) {
    throw new EvidenceError('time_order', `made at ${manifest.createdAt}, which is still to come`, MANIFEST)
  }
  requireKeys(file, manifest, key)
  const log = pinnedLog ?? inFile(LOG_KEY, () => logTrust(manifest.log.vkey))
  const note = inFile(CHECKPOINT, () => fromUtf8(file(CHECKPOINT)))
  const checkpoint = inFile(CHECKPOINT, () => verifyCheckpoint(note, log))
  if (checkpoint.origin !== manifest.log.origin || checkpoint.size !== manifest.log.size) {
    throw new EvidenceError('log_differs', 'the manifest names another log, or another size of it', CHECKPOINT)
  }
  const surroundings = { file, note, checkpoint, key, createdAt, trustOf: trustShelf(file) }
  return [
    explainFiles(manifest),
    ...manifest.entries.map((index) => explainEntry(index, surroundings)),
    coverage(manifest),
  ]
}

/** The manifest, signed in exactly one way: any other bytes around the same statement are refused too. */
function openSignedManifest(file: EntrySurroundings['file'], key: EnvelopeKey): PacketManifest {
  const bytes = file(MANIFEST)
  const text = inFile(MANIFEST_ENVELOPE, () => fromUtf8(file(MANIFEST_ENVELOPE)))
  const envelope = inFile(MANIFEST_ENVELOPE, () => parseEnvelope(text))
  const { payloadType, payload } = inFile(MANIFEST_ENVELOPE, () => verifyEnvelope(envelope, [key]))
  const signatures = envelope.signatures.slice(0, 1).map(({ signature }) => ({ keyId: key.keyId, signature }))
  if (payloadType !== MANIFEST_PAYLOAD_TYPE || formatEnvelope({ payloadType, payload, signatures }) !== text) {
    throw new EvidenceError('manifest_differs', 'not the one spelling of a signed manifest', MANIFEST_ENVELOPE)
  }
  if (!equalBytes(payload, bytes)) throw new EvidenceError('manifest_differs', 'is not what was signed', MANIFEST)
  return openManifest(bytes)
}

/** Every file that is not as the manifest says. */
function damagedFiles(files: ReadonlyMap<string, Uint8Array>, manifest: PacketManifest): readonly Explanation[] {
  const listed = new Map(manifest.files.map((one) => [one.path, one]))
  const own = new Set([MANIFEST, MANIFEST_ENVELOPE])
  const changed = [...listed].flatMap(([path, { sha256, size }]) => {
    const bytes = files.get(path)
    if (bytes === undefined) return [refusal('file_missing', path, 'is listed and not there')]
    const found = describeFile(path, bytes)
    return found.sha256 === sha256 && found.size === size
      ? []
      : [refusal('file_changed', path, 'is not what was signed')]
  })
  const strangers = [...files.keys()].filter((path) => !listed.has(path) && !own.has(path)).sort()
  return [...changed, ...strangers.map((path) => refusal('file_unexpected', path, 'is not listed'))]
}

/** A packet's file by its path. Throws {@link EvidenceError} `file_missing`, and `file_changed` for a blob with another digest. */
function fileReader(files: ReadonlyMap<string, Uint8Array>): EntrySurroundings['file'] {
  const sound = new Set<string>()
  return (path) => {
    const bytes = files.get(path)
    if (bytes === undefined) throw new EvidenceError('file_missing', 'is named and not there', path)
    if (path.startsWith('blobs/') && !sound.has(path) && blobPath(sha256Hex(bytes)) !== path) {
      throw new EvidenceError('file_changed', 'has another digest than its name', path)
    }
    sound.add(path)
    return bytes
  }
}

/** The packet's own copies of its keys must be the keys that it was checked with, or they would mislead whoever reads on. */
function requireKeys(file: EntrySurroundings['file'], manifest: PacketManifest, key: EnvelopeKey): void {
  const own = inFile(EVIDENCE_KEY, () => parseEvidenceKey(fromUtf8(file(EVIDENCE_KEY))))
  if (own.keyId !== key.keyId || manifest.evidenceKey !== key.keyId) {
    throw new EvidenceError('key_differs', 'is not the key that signed the manifest', EVIDENCE_KEY)
  }
  if (!equalBytes(file(LOG_KEY), utf8(`${manifest.log.vkey}\n`))) {
    throw new EvidenceError('key_differs', 'is not the key that the manifest names', LOG_KEY)
  }
}

/** The log that a verifier key stands for: its origin is the key's name. */
function logTrust(vkey: string): LogTrust {
  const key = ed25519NoteKey(vkey)
  return { origin: key.name, keys: [key] }
}

function explainEntry(index: number, surroundings: EntrySurroundings): Explanation {
  const about = entryPath(index)
  const parts = attempt(about, () => verifyEntry(index, surroundings))
  if (parts.length === 0) {
    return leaf({ about, verdict: 'pass', reason: 'entry_proved', sentence: 'in the log, signed, and as recorded' })
  }
  return { about, verdict: verdictOfParts(parts), reason: 'entry_not_proved', sentence: 'not proved', parts }
}

function explainFiles({ files, createdAt }: PacketManifest): Explanation {
  const sentence = `${files.length} files are as they were signed at ${createdAt}`
  return leaf({ about: MANIFEST, verdict: 'pass', reason: 'files_unchanged', sentence })
}

/** How much of the log is here: what was left out is said, and is no fault. */
function coverage({ entries, log, repository }: PacketManifest): Explanation {
  const choice = repository === null ? '' : `, chosen for ${printable(repository)}`
  const sentence = `${entries.length} of the ${log.size} entries of the log are in the packet${choice}`
  if (entries.length > 0) return leaf({ about: CHECKPOINT, verdict: 'pass', reason: 'log_signed', sentence })
  const wanted = 'a packet with at least one entry'
  return leaf({ about: CHECKPOINT, verdict: 'indeterminate', reason: 'no_entries', sentence, wanted })
}

/** What a check says, or the refusal with which it ended. */
function attempt(about: string, check: () => readonly Explanation[]): readonly Explanation[] {
  try {
    return check()
  } catch (error) {
    const code = codeOf(error)
    if (code === null) throw error
    const { message } = error as Error
    return [refusal(code, fileOf(error) ?? about, message)]
  }
}

/** Runs a step, so that an error of a lower floor names the file that it was about. */
function inFile<T>(file: string, step: () => T): T {
  try {
    return step()
  } catch (error) {
    if (codeOf(error) === null) throw error
    throw Object.assign(error as Error, { file: fileOf(error) ?? file })
  }
}

function fileOf(error: unknown): string | null {
  return error instanceof Error && 'file' in error && typeof error.file === 'string' ? error.file : null
}

/** The code of an error of ours, which is in snake_case; null for any other error. */
function codeOf(error: unknown): string | null {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return null
  return /^[a-z0-9_]+$/.test(error.code) ? error.code : null
}

function refusal(reason: string, about: string, sentence: string): Explanation {
  const wanted = 'the packet as it was made'
  const remedy = 'whoever made the packet: export it again'
  return leaf({ about: printable(about), verdict: 'fail', reason, sentence, wanted, remedy })
}
