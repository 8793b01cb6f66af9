import { canonicalJson, type Json } from './bytes/canonical-json.ts'
import { fromUtf8 } from './bytes/encoding.ts'
import { type EnvelopeKey, parseEnvelope, verifyEnvelope } from './dsse/envelope.ts'
import { parseStatement, STATEMENT_PAYLOAD_TYPE, type Statement } from './dsse/statement.ts'
import {
  CHANGE_DECISION,
  type ChangeDecision,
  parseChangeDecision,
  type RecordedSignature,
} from './evidence/change-decision.ts'
import { type ChangeInputs, type InputObject, openChangeInputs } from './evidence/change-inputs.ts'
import { EvidenceError } from './evidence/evidence-error.ts'
import { EVIDENCE_REFERENCE, parseEvidenceReference } from './evidence/evidence-reference.ts'
import { blobPath, entryPath, proofPath } from './evidence/packet-paths.ts'
import { openPolicyBundle } from './evidence/policy-bundle.ts'
import { secondsOf } from './evidence/shape.ts'
import { parseCommit } from './git/commit.ts'
import { GitObjectError } from './git/git-object-error.ts'
import { computeObjectId } from './git/object-id.ts'
import { parseTag } from './git/tag.ts'
import { indexSigners, resolveSigner, type SignerIndex } from './identity/resolve-signer.ts'
import type { Checkpoint } from './tlog/checkpoint.ts'
import { checkInclusion, leafHash } from './tlog/merkle.ts'
import { parseTlogProof } from './tlog/tlog-proof.ts'
import { readTrustRoots } from './trust-roots.ts'
import { type Explanation, leaf } from './verdict/explanation.ts'
import { type TrustRoots, verifyObject } from './verify-object.ts'

/** What the entries of one packet are checked against. */
export interface EntrySurroundings {
  /** The packet's file; throws {@link EvidenceError} `file_missing`. */
  readonly file: (path: string) => Uint8Array
  readonly note: string
  readonly checkpoint: Checkpoint
  readonly key: EnvelopeKey
  /** Unix seconds: when the packet was made. */
  readonly createdAt: number
  /** The trust of a sealed policy, made ready once for all the entries that name it; null where there was no policy. */
  readonly trustOf: (policy: string | null) => SealedTrust
}

/** Keys and people of a sealed policy. */
export interface SealedTrust {
  readonly roots: TrustRoots
  readonly signers: SignerIndex
}

/**
 * Checks one entry: its place in the log, its signature, what it names by digest, and every Git signature in it anew. One
 * answer for each object whose signature is not as recorded; none when all is as it should be.
 *
 * Throws the coded errors of `evidence/`, `dsse/`, `tlog/` and `signatures/` for the first other thing that is not.
 */
export function verifyEntry(index: number, packet: EntrySurroundings): readonly Explanation[] {
  const entry = packet.file(entryPath(index))
  requirePlace(entry, index, packet)
  const decision = openDecision(entry, packet)
  if (decision === null) return [UNKNOWN_PREDICATE]
  requireTimes(decision, packet.createdAt)
  const inputs = openChangeInputs(packet.file(blobPath(decision.inputs.sha256)))
  requireInputs(decision, inputs)
  const trust = packet.trustOf(decision.policy?.sha256 ?? null)
  return compareSignatures(decision.signatures, checkSignatures(inputs, trust))
}

/** Keeps the trust of each policy that entries name; `file` gives its bytes, whose digest has been checked. */
export function trustShelf(file: EntrySurroundings['file']): EntrySurroundings['trustOf'] {
  const shelf = new Map<string | null, SealedTrust>()
  return (policy) => {
    const known = shelf.get(policy)
    if (known !== undefined) return known
    const { trust, identities } = policy === null ? NO_POLICY : openPolicyBundle(file(blobPath(policy)))
    const ready = { roots: readTrustRoots(trust).roots, signers: indexSigners(identities) }
    shelf.set(policy, ready)
    return ready
  }
}

const NO_POLICY = {
  trust: { allowedSigners: [], keyrings: [], x509Roots: [], revoked: [] },
  identities: { identities: [] },
}

const UNKNOWN_PREDICATE = leaf({
  about: 'predicateType',
  verdict: 'indeterminate',
  reason: 'unknown_predicate_type',
  sentence: 'a kind of evidence that this version does not know',
  wanted: 'a version of countersign-verify that knows it',
})

function requirePlace(entry: Uint8Array, index: number, { file, note, checkpoint }: EntrySurroundings): void {
  const proof = parseTlogProof(fromUtf8(file(proofPath(index))))
  if (proof.checkpoint !== note) throw new EvidenceError('other_checkpoint', 'proves against another checkpoint')
  if (proof.index !== index) throw new EvidenceError('other_index', `proves entry ${proof.index}`)
  checkInclusion(leafHash(entry), index, checkpoint.size, proof.hashes, checkpoint.root)
}

/** The decision that an entry holds or stands for; null for evidence of another kind. */
function openDecision(entry: Uint8Array, packet: EntrySurroundings): ChangeDecision | null {
  const outer = openStatement(entry, packet.key)
  let statement = outer
  if (outer.predicateType === EVIDENCE_REFERENCE) {
    statement = openStatement(
      packet.file(blobPath(parseEvidenceReference(outer.predicate).envelope.sha256)),
      packet.key,
    )
    if (canonical(statement.subject) !== canonical(outer.subject)) {
      throw new EvidenceError('subject_differs', 'the entry and the envelope that it names have different subjects')
    }
  }
  if (statement.predicateType !== CHANGE_DECISION) return null
  const decision = parseChangeDecision(statement.predicate)
  requireSubject(statement, decision)
  return decision
}

function openStatement(envelope: Uint8Array, key: EnvelopeKey): Statement {
  const { payloadType, payload } = verifyEnvelope(parseEnvelope(fromUtf8(envelope)), [key])
  if (payloadType !== STATEMENT_PAYLOAD_TYPE) throw new EvidenceError('wrong_payload_type', 'signed as something else')
  return parseStatement(payload)
}

function requireSubject({ subject }: Statement, { change }: ChangeDecision): void {
  const [named] = subject
  const digests = Object.values(named?.digest ?? {})
  const object = /^0+$/.test(change.object) ? (change.base ?? change.object) : change.object
  const isNamed = named?.name === change.ref && named.uri === change.repository && digests.includes(object)
  if (!isNamed || subject.length > 1) {
    throw new EvidenceError('subject_differs', 'the statement is about another change than its decision')
  }
}

function requireTimes({ evaluatedAt, recordedAt }: ChangeDecision, createdAt: number): void {
  const [evaluated, recorded] = [secondsOf(evaluatedAt) as number, secondsOf(recordedAt) as number]
  if (evaluated > recorded || recorded > createdAt) {
    throw new EvidenceError('time_order', `judged at ${evaluatedAt}, recorded at ${recordedAt}`)
  }
}

function requireInputs({ change, evaluatedAt }: ChangeDecision, inputs: ChangeInputs): void {
  const { change: input } = inputs
  // The kind of a step is found when it is judged: the inputs call every step direct.
  const same = (['repository', 'ref', 'object', 'base'] as const).every((field) => change[field] === input[field])
  if (!same || secondsOf(evaluatedAt) !== inputs.evaluatedAt) {
    throw new EvidenceError('inputs_differ', 'the inputs are those of another change, or of another time')
  }
  for (const { id, type, body } of inputs.objects) {
    if (computeObjectId(type, body, inputs.objectFormat) !== id) {
      throw new EvidenceError('object_id_mismatch', `the bytes of ${type} ${id} have another id`)
    }
  }
}

/** Checks the signature of every commit and tag that can be read, in the words in which evidence records it. */
function checkSignatures(inputs: ChangeInputs, trust: SealedTrust): readonly RecordedSignature[] {
  return inputs.objects.flatMap((object) => {
    const claimed = claimedTimeOf(object)
    if (claimed === null) return []
    const type = object.type as 'commit' | 'tag'
    const times = { now: inputs.evaluatedAt, trusted: null }
    const { signature } = verifyObject(object.id, type, object.body, inputs.objectFormat, trust.roots, times)
    const { scheme, status, git, key, principal, reason } = signature
    const owner = resolveSigner(signature, { ...times, claimed }, trust.signers)
    const signer = owner.kind === 'known' ? owner.identity : null
    return [{ object: object.id, type, scheme, status, git, key, principal, reason, signer }]
  })
}

/** The time that a commit or tag claims; null for what is neither, and for what cannot be read as one. */
function claimedTimeOf({ type, body }: InputObject): number | null {
  try {
    if (type === 'commit') return parseCommit(body).committer.time
    return type === 'tag' ? (parseTag(body).tagger?.time ?? 0) : null
  } catch (error) {
    if (error instanceof GitObjectError) return null
    throw error
  }
}

function compareSignatures(
  recorded: readonly RecordedSignature[],
  checked: readonly RecordedSignature[],
): readonly Explanation[] {
  const again = new Map(checked.map((one) => [`${one.type} ${one.object}`, one]))
  const differing = recorded.flatMap((one) => {
    const name = `${one.type} ${one.object}`
    const found = again.get(name)
    again.delete(name)
    if (found !== undefined && canonical(found) === canonical(one)) return []
    return [differs(name, brief(one), found === undefined ? 'not in the inputs' : brief(found))]
  })
  return [...differing, ...[...again].map(([name, one]) => differs(name, 'not recorded', brief(one)))]
}

function differs(about: string, observed: string, wanted: string): Explanation {
  const sentence = 'the recorded signature check is not what checking it again gives'
  return leaf({ about, verdict: 'fail', reason: 'signature_differs', sentence, observed, wanted })
}

function brief({ object: _object, type: _type, ...words }: RecordedSignature): string {
  return canonical(words)
}

const canonical = (value: object): string => canonicalJson(value as Json)
