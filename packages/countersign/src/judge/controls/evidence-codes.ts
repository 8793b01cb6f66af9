/**
 * The kinds of evidence that controls are mapped to, by a short code, and what each shows. A code outlives the predicate types that
 * carry it: the same kind of evidence may come from several.
 */
export const EVIDENCE_CODES = {
  SIG: 'what a signature on a commit or tag proves, and whose key it is',
  BPC: 'how a branch or tag is protected, and every change of that',
  PRR: 'the record of a change: who wrote it, who reviewed it, how it was merged',
  SOD: 'whether a change had a second person',
  GATE: 'the answer of a policy gate, with the digests of policy and input',
  CI: 'the result or attestation of a test or scan',
  DEP: 'a deployment by a reconciler: revision, objects, health, who started it',
  DRF: 'live state that differed from Git, and what was done about it',
  BG: 'an emergency: who was let in, by whom, and what was done',
  RPR: 'what an emergency owed afterwards: retroactive review and reconciliation',
  NTF: 'a notification that was sent, delivered or acknowledged',
  ACR: 'who had access to forge, cluster and Countersign, and reviews of that',
  CFG: 'how reconcilers, collectors and Countersign were configured',
  LOG: 'the integrity of the log: proofs, checkpoints, heartbeats and gaps',
  TIME: 'whether the clocks of collectors were right',
  INV: 'what the reconciler applied: objects and image digests',
  RET: 'how long evidence is kept, holds, and tombstones of what was pruned',
  EXC: 'an accepted risk or exception with its owner and end',
  REV: 'a periodic review that somebody signed off',
  TST: 'a test of restoring, of recovery or of a control itself',
} as const

export type EvidenceCode = keyof typeof EVIDENCE_CODES

/** Every code, in the order in which they are shown. */
export const EVIDENCE_CODE_NAMES = Object.keys(EVIDENCE_CODES) as readonly EvidenceCode[]
