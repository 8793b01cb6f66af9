import { sign } from 'node:crypto'
import {
  armor,
  ed25519KeyOf,
  keyText,
  makeSshsigBlob,
  type SoftwareKey,
} from '../../../testdata/ssh/software-signer.ts'
import type { Json } from './bytes/canonical-json.ts'
import { sha256Hex } from './bytes/digest.ts'
import { toHex, utf8 } from './bytes/encoding.ts'
import { type EnvelopeSigner, envelopeKeyId, formatEnvelope, signEnvelope } from './dsse/envelope.ts'
import { encodeStatement, STATEMENT_PAYLOAD_TYPE } from './dsse/statement.ts'
import { CHANGE_DECISION, type ChangeDecision, type RecordedSignature } from './evidence/change-decision.ts'
import { type ChangeInputs, type ChangeKey, type InputObject, sealChangeInputs } from './evidence/change-inputs.ts'
import { EVIDENCE_REFERENCE } from './evidence/evidence-reference.ts'
import { formatEvidenceKey } from './evidence/packet-keys.ts'
import { describeFile, MANIFEST_PAYLOAD_TYPE, type PacketManifest, sealManifest } from './evidence/packet-manifest.ts'
import { sealPolicyBundle } from './evidence/policy-bundle.ts'
import { computeObjectId } from './git/object-id.ts'
import { signCheckpoint } from './tlog/checkpoint.ts'
import { inclusionProof, leafHash, type NodeReader, nodeHash, rangeRoot } from './tlog/merkle.ts'
import { ED25519_NOTE, ed25519NoteSigner, formatVerifierKey } from './tlog/signed-note.ts'
import { formatTlogProof } from './tlog/tlog-proof.ts'
import type { Explanation } from './verdict/explanation.ts'

/*
 * A small packet that is the same on every run: keys from fixed seeds, commits and a tag really signed, three entries of a log
 * of four. Each test changes one step of its making.
 */

export const REPOSITORY = 'https://git.example/estate'
export const ORIGIN = 'log.example/estate'
export const EVALUATED_AT = Date.UTC(2026, 0, 10) / 1000
export const CREATED_AT = '2026-01-11T00:00:00Z'
/** When the packet is checked. */
export const NOW = Date.UTC(2026, 0, 12) / 1000

export const keys = {
  alice: keyOf(1),
  evidence: keyOf(2),
  log: keyOf(3),
  stranger: keyOf(4),
}

/** What a test changes. Every step after the changed one is done rightly again, with the keys that are named here. */
export interface PacketChanges {
  readonly decision?: (decision: ChangeDecision, index: number) => ChangeDecision
  readonly inputs?: (inputs: ChangeInputs, index: number) => ChangeInputs
  readonly predicateType?: string
  readonly payloadType?: string
  readonly subject?: string
  readonly proof?: (proof: string, index: number) => string
  readonly checkpoint?: (note: string) => string
  readonly manifest?: (manifest: PacketManifest) => PacketManifest
  /** The files before they are listed in the manifest. */
  readonly files?: (files: Map<string, Uint8Array>) => void
  readonly entryKey?: SoftwareKey
  readonly manifestKey?: SoftwareKey
  readonly logKey?: SoftwareKey
}

/** The keys that a reader of the packet pins. */
export const trust = {
  logKey: vkeyOf(keys.log),
  evidenceKey: formatEvidenceKey(rawKey(keys.evidence)),
}

/** The packet's files. */
export function makePacket(changes: PacketChanges = {}): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>()
  const entries = decisions(files, changes).map((decision, index) => seal(decision, index, files, changes))
  const leaves = [...entries, utf8('an entry of another repository')].map(leafHash)
  const node = nodesOf(leaves)
  const logKey = changes.logKey ?? keys.log
  const root = rangeRoot(0, leaves.length, node)
  const signer = ed25519NoteSigner(ORIGIN, rawKey(logKey), (bytes) => sign(null, bytes, logKey.privateKey))
  const note = signCheckpoint({ origin: ORIGIN, size: leaves.length, root, extensions: [] }, [signer])
  for (const [index, entry] of entries.entries()) {
    const hashes = inclusionProof(index, leaves.length, node)
    const proof = formatTlogProof({ index, hashes, checkpoint: note, extra: null })
    files.set(`entries/${index}.json`, entry)
    files.set(`proofs/${index}.tlog-proof`, utf8(changes.proof?.(proof, index) ?? proof))
  }
  files.set('checkpoint', utf8(changes.checkpoint?.(note) ?? note))
  files.set('keys/log.vkey', utf8(`${vkeyOf(logKey)}\n`))
  files.set('keys/evidence.pem', utf8(formatEvidenceKey(rawKey(changes.manifestKey ?? keys.evidence))))
  files.set('README.md', utf8('# A packet\n'))
  changes.files?.(files)
  return signPacket(files, changes, leaves.length)
}

function signPacket(
  files: ReadonlyMap<string, Uint8Array>,
  changes: PacketChanges,
  size: number,
): Map<string, Uint8Array> {
  const key = changes.manifestKey ?? keys.evidence
  const manifest: PacketManifest = {
    createdAt: CREATED_AT,
    repository: REPOSITORY,
    log: { origin: ORIGIN, vkey: vkeyOf(changes.logKey ?? keys.log), size },
    evidenceKey: signerOf(key).keyId,
    entries: [0, 1, 2],
    files: [...files].sort(([a], [b]) => (a < b ? -1 : 1)).map(([path, bytes]) => describeFile(path, bytes)),
  }
  const bytes = sealManifest(changes.manifest?.(manifest) ?? manifest)
  const envelope = formatEnvelope(signEnvelope(MANIFEST_PAYLOAD_TYPE, bytes, [signerOf(key)]))
  return new Map([...files, ['manifest.json', bytes], ['manifest.dsse.json', utf8(envelope)]])
}

/** A commit signed by Alice, one that nobody signed, and a tag signed by Alice, each with the decision on it. */
function decisions(files: Map<string, Uint8Array>, changes: PacketChanges): readonly ChangeDecision[] {
  const first = makeCommit('Add the estate', null, keys.alice)
  const second = makeCommit('Change a replica count', first.id, null)
  const tag = makeTag('v1', second.id, keys.alice)
  const policy = putBlob(files, SEALED_POLICY)
  const step = (object: InputObject, index: number, base: string | null): ChangeDecision => {
    const isTag = object.type === 'tag'
    const change: ChangeKey = {
      kind: isTag ? 'tag-created' : 'direct',
      repository: REPOSITORY,
      ref: isTag ? 'refs/tags/v1' : 'refs/heads/main',
      object: object.id,
      base,
    }
    const inputs: ChangeInputs = {
      change,
      objectFormat: 'sha1',
      objects: [object],
      unreadable: [],
      evaluatedAt: EVALUATED_AT,
    }
    const sealed = sealChangeInputs(changes.inputs?.(inputs, index) ?? inputs)
    return decisionOn(change, index === 1 ? UNSIGNED : SIGNED, policy, putBlob(files, sealed))
  }
  return [step(first, 0, null), step(second, 1, first.id), step(tag, 2, null)].map(
    (decision, index) => changes.decision?.(decision, index) ?? decision,
  )
}

/** The answers at the tips of the tree that are not pass. */
export function failures(step: Explanation): readonly Explanation[] {
  if (step.parts.length > 0) return step.parts.flatMap(failures)
  return step.verdict === 'pass' ? [] : [step]
}

type SignatureWords = Omit<RecordedSignature, 'object' | 'type'>

const SIGNED: SignatureWords = {
  scheme: 'ssh',
  status: 'good',
  git: 'G',
  key: 'SHA256:fe85JkIjo8VPe+XqXJGH5Mau1EMFdK1OdKvJUFicyA8',
  principal: 'alice@example.com',
  reason: 'verified',
  signer: 'alice',
}

const UNSIGNED: SignatureWords = {
  scheme: null,
  status: 'unsigned',
  git: 'N',
  key: null,
  principal: null,
  reason: 'unsigned',
  signer: null,
}

function decisionOn(change: ChangeKey, words: SignatureWords, policy: string, inputs: string): ChangeDecision {
  const verdict = words.status === 'good' ? 'pass' : 'fail'
  const type = change.kind === 'tag-created' ? 'tag' : 'commit'
  const rule = type === 'tag' ? 'tags-signed' : 'commits-signed'
  const controls = ['soc2@2017:CC8.1']
  const sentence = 'is signed by a trusted identity'
  const explanation = { about: change.object, verdict, reason: words.reason, sentence, parts: [] } as const
  return {
    change,
    verdict,
    basis: null,
    rules: [{ rule, sentence, mode: 'enforce', controls, verdict, explanation }],
    signatures: [{ object: change.object, type, ...words }],
    controls,
    policy: { sha256: policy },
    inputs: { sha256: inputs },
    engine: { name: 'countersign', version: '0.1.0' },
    occurredAt: '2026-01-09T12:00:00Z',
    evaluatedAt: '2026-01-10T00:00:00Z',
    recordedAt: '2026-01-10T00:00:00Z',
  }
}

/** The entry of a decision. The last one stands for an envelope in a blob, as one that is too long for the log does. */
function seal(
  decision: ChangeDecision,
  index: number,
  files: Map<string, Uint8Array>,
  changes: PacketChanges,
): Uint8Array {
  const envelope = signStatement(decision, changes.predicateType ?? CHANGE_DECISION, decision, changes)
  if (index < 2) return envelope
  const reference = { envelope: { sha256: putBlob(files, envelope), size: envelope.length } }
  return signStatement(decision, EVIDENCE_REFERENCE, reference, { ...changes, subject: REPOSITORY })
}

function signStatement(
  { change }: ChangeDecision,
  predicateType: string,
  predicate: object,
  changes: PacketChanges,
): Uint8Array {
  const algorithm = change.kind === 'tag-created' ? 'gitTag' : 'gitCommit'
  const uri = changes.subject ?? REPOSITORY
  const subject = [{ name: change.ref, uri, digest: { [algorithm]: change.object } }]
  const statement = encodeStatement({
    subject,
    predicateType,
    predicate: predicate as { readonly [key: string]: Json },
  })
  const signer = signerOf(changes.entryKey ?? keys.evidence)
  return utf8(formatEnvelope(signEnvelope(changes.payloadType ?? STATEMENT_PAYLOAD_TYPE, statement, [signer])))
}

/** The policy that the decisions were made under: Alice and her key. */
export const SEALED_POLICY: Uint8Array = sealPolicyBundle({
  source: { kind: 'folder' },
  policy: { apiVersion: 'countersign.dev/v1', kind: 'Policy' },
  identities: {
    identities: [
      {
        id: 'alice',
        kind: 'person',
        name: 'Alice',
        emails: ['alice@example.com'],
        accounts: [],
        roles: [],
        sponsor: null,
        validity: { from: null, until: null },
        keys: [
          {
            scheme: 'ssh',
            fingerprint: SIGNED.key ?? '',
            validity: { from: null, until: null },
            revoked: null,
          },
        ],
      },
    ],
  },
  trust: {
    allowedSigners: [utf8(`alice@example.com namespaces="git" ${keyText(keys.alice.blob)}\n`)],
    keyrings: [],
    x509Roots: [],
    revoked: [],
  },
})

const IDENT = 'Alice <alice@example.com> 1767960000 +0000'

function makeCommit(subject: string, parent: string | null, key: SoftwareKey | null): InputObject {
  const head = `tree ${'4b825dc642cb6eb9a060e54bf8d69288fbee4904'}\n${parent === null ? '' : `parent ${parent}\n`}`
  const people = `author ${IDENT}\ncommitter ${IDENT}\n`
  const message = `\n${subject}\n`
  const signature = key === null ? '' : headerOf(armor(makeSshsigBlob(key, utf8(head + people + message))))
  return toObject('commit', head + people + signature + message)
}

function makeTag(name: string, object: string, key: SoftwareKey): InputObject {
  const text = `object ${object}\ntype commit\ntag ${name}\ntagger ${IDENT}\n\nRelease ${name}\n`
  return toObject('tag', text + armor(makeSshsigBlob(key, utf8(text))))
}

function headerOf(signature: string): string {
  return `gpgsig ${signature.trimEnd().split('\n').join('\n ')}\n`
}

function toObject(type: 'commit' | 'tag', text: string): InputObject {
  const body = utf8(text)
  return { id: computeObjectId(type, body, 'sha1'), type, body }
}

function putBlob(files: Map<string, Uint8Array>, bytes: Uint8Array): string {
  const sha256 = sha256Hex(bytes)
  files.set(`blobs/${sha256}`, bytes)
  return sha256
}

function nodesOf(leaves: readonly Uint8Array[]): NodeReader {
  const node: NodeReader = (level, index) =>
    level === 0 ? (leaves[index] as Uint8Array) : nodeHash(node(level - 1, 2 * index), node(level - 1, 2 * index + 1))
  return node
}

function keyOf(seed: number): SoftwareKey {
  return ed25519KeyOf(Buffer.alloc(32, seed))
}

function rawKey(key: SoftwareKey): Uint8Array {
  return key.fields.subarray(4)
}

function vkeyOf(key: SoftwareKey): string {
  return formatVerifierKey(ORIGIN, ED25519_NOTE, rawKey(key))
}

function signerOf(key: SoftwareKey): EnvelopeSigner {
  const keyId = envelopeKeyId(Buffer.from(`302a300506032b6570032100${toHex(rawKey(key))}`, 'hex'))
  return { keyId, sign: (message) => sign(null, message, key.privateKey) }
}
