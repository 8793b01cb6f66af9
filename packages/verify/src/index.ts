/**
 * What an auditor installs: everything that is needed to check Countersign's evidence, and the Git signatures behind it, from
 * bytes alone. No network, no files, no clock: whoever calls brings packet, trust and time.
 */

export { BytesError } from './bytes/byte-reader.ts'
export { canonicalJson, type Json } from './bytes/canonical-json.ts'
export { sha256, sha256Hex } from './bytes/digest.ts'
export {
  concatBytes,
  equalBytes,
  fromBase64,
  fromHex,
  fromUtf8,
  printable,
  toBase64,
  toHex,
  utf8,
} from './bytes/encoding.ts'
export { DsseError } from './dsse/dsse-error.ts'
export {
  type EnvelopeKey,
  ed25519EnvelopeKey,
  envelopeKeyId,
  formatEnvelope,
  parseEnvelope,
  signEnvelope,
  verifyEnvelope,
} from './dsse/envelope.ts'
export { encodeStatement, parseStatement, STATEMENT_PAYLOAD_TYPE, type Statement } from './dsse/statement.ts'
export {
  CHANGE_DECISION,
  type ChangeDecision,
  parseChangeDecision,
  type RecordedRule,
} from './evidence/change-decision.ts'
export {
  type ChangeInputs,
  type InputObject,
  type MergeContent,
  openChangeInputs,
  sealChangeInputs,
} from './evidence/change-inputs.ts'
export { EvidenceError } from './evidence/evidence-error.ts'
export { EVIDENCE_REFERENCE, parseEvidenceReference } from './evidence/evidence-reference.ts'
export { formatEvidenceKey } from './evidence/packet-keys.ts'
export { describeFile, MANIFEST_PAYLOAD_TYPE, sealManifest } from './evidence/packet-manifest.ts'
export {
  blobPath,
  CHECKPOINT,
  EVIDENCE_KEY,
  entryPath,
  LOG_KEY,
  MANIFEST,
  MANIFEST_ENVELOPE,
  proofPath,
} from './evidence/packet-paths.ts'
export { encodePacketZip } from './evidence/packet-zip.ts'
export { openPolicyBundle, type SealedBundle, sealPolicyBundle } from './evidence/policy-bundle.ts'
export { parseCommit } from './git/commit.ts'
export { GitObjectError } from './git/git-object-error.ts'
export type { Ident } from './git/ident.ts'
export { computeObjectId, type ObjectFormat, type ObjectType, objectFormatOf } from './git/object-id.ts'
export { splitCommit, splitTag } from './git/signed-content.ts'
export { parseTag } from './git/tag.ts'
export { parseTree, type TreeEntry } from './git/tree.ts'
export type { Identity, IdentityKey, IdentityPolicy, Revocation, Validity } from './identity/identity-policy.ts'
export { indexSigners, resolveSigner, type Signer, type SignerIndex } from './identity/resolve-signer.ts'
export { formatObjectLine } from './object-line.ts'
export { type Keyring, readKeyring } from './signatures/openpgp/keyring.ts'
export type {
  GitLetter,
  SignatureCheck,
  SignatureScheme,
  SignatureStatus,
  SignatureTimes,
} from './signatures/signature.ts'
export { type AllowedSigner, parseAllowedSigners } from './signatures/ssh/allowed-signers.ts'
export { matchesPatternList } from './signatures/ssh/pattern-list.ts'
export { parseSshKeyText } from './signatures/ssh/ssh-key.ts'
export {
  type Checkpoint,
  formatCheckpoint,
  type LogTrust,
  parseCheckpoint,
  signCheckpoint,
  verifyCheckpoint,
} from './tlog/checkpoint.ts'
export {
  COSIGNATURE_V1,
  type Cosignature,
  cosignatureKey,
  cosignatureSigner,
  verifyCosignatures,
} from './tlog/cosignature.ts'
export {
  appendLeaf,
  checkConsistency,
  checkInclusion,
  consistencyProof,
  EMPTY_FRONTIER,
  emptyRoot,
  type Frontier,
  frontierRoot,
  HASH_BYTES,
  inclusionProof,
  leafHash,
  type NodeReader,
  nodeHash,
  parentHashes,
  rangeRoot,
} from './tlog/merkle.ts'
export {
  ED25519_NOTE,
  ed25519NoteKey,
  ed25519NoteSigner,
  formatNote,
  formatVerifierKey,
  type NoteKey,
  type NoteSignature,
  type NoteSigner,
  noteKeyId,
  parseNote,
  parseVerifierKey,
  type VerifierKey,
  verifyNote,
} from './tlog/signed-note.ts'
export {
  decodeBundle,
  decodeTile,
  encodeBundle,
  MAX_ENTRY_BYTES,
  parseTilePath,
  TILE_WIDTH,
  type Tile,
  tilePath,
  tilesOfGrowth,
  tilesOfTree,
} from './tlog/tile.ts'
export { TlogError } from './tlog/tlog-error.ts'
export { formatTlogProof, parseTlogProof, type TlogProof, verifyTlogProof } from './tlog/tlog-proof.ts'
export { readTrustRoots, type TrustMaterial, type TrustProblem } from './trust-roots.ts'
export { type Explanation, leaf, verdictOfParts } from './verdict/explanation.ts'
export { VERDICTS, type Verdict, worstVerdict } from './verdict/verdict.ts'
export { type EvaluationTimes, type ObjectCheck, type TrustRoots, verifyObject } from './verify-object.ts'
export {
  PACKET_CRITERIA,
  type PacketReport,
  type PacketTrust,
  verifyPacket,
  verifyZippedPacket,
} from './verify-packet.ts'
