import { type ChangeDecision, canonicalJson, type Json, openChangeInputs } from '@countersign/verify'
import type { EvidenceLedger, LedgerEntry } from './evidence-ledger.ts'
import { type Decided, makeDecision, type ReadyPolicy, readyPolicy } from './make-decision.ts'
import { openPolicy, type SealedPolicy } from './policy-bundle.ts'
import { type ProblemCode, problemCodeOf } from './problem.ts'

/** What came of making one decision again: the answer, or why it could not be made. */
export type Replayed = Remade | NotReplayable

/** One decision made again. `same` says whether it is, word for word, what was recorded. */
export interface Remade {
  readonly entry: LedgerEntry
  readonly fault: null
  readonly recorded: ChangeDecision
  readonly again: Decided
  readonly same: boolean
}

/** A decision that cannot be made again, because what it was made from cannot be read. */
export interface NotReplayable {
  readonly entry: LedgerEntry
  readonly fault: { readonly code: ProblemCode; readonly message: string }
  readonly same: false
}

/**
 * Makes recorded decisions again from their sealed inputs, under the sealed policy or, to see what would change, another one.
 *
 * Under the sealed policy the answers must be the same; where they are not, either the evidence or this version of
 * Countersign is at fault, and the caller says so. A decision that cannot be read back does not keep the others from being made.
 */
export async function* replayDecisions(
  ledger: EvidenceLedger,
  entries: readonly LedgerEntry[],
  instead: SealedPolicy | null,
): AsyncIterable<Replayed> {
  const shelf = new Map<string, ReadyPolicy>()
  const other = instead === null ? null : readyPolicy(instead)
  for (const entry of entries) {
    yield await replayOne(ledger, entry, other, shelf).catch((error: unknown) => faultOf(entry, error))
  }
}

async function replayOne(
  ledger: EvidenceLedger,
  entry: LedgerEntry,
  other: ReadyPolicy | null,
  shelf: Map<string, ReadyPolicy>,
): Promise<Replayed> {
  const { decision } = await ledger.read(entry.index)
  const inputs = await ledger.document(decision.inputs.sha256, openChangeInputs)
  const policy = other ?? (await sealedPolicy(ledger, decision, shelf))
  const again = makeDecision(inputs, policy)
  return { entry, fault: null, recorded: decision, again, same: isSame(decision, again) }
}

function faultOf(entry: LedgerEntry, error: unknown): NotReplayable {
  const code = problemCodeOf(error)
  if (code === null || !(error instanceof Error)) throw error
  return { entry, fault: { code, message: error.message }, same: false }
}

async function sealedPolicy(
  ledger: EvidenceLedger,
  decision: ChangeDecision,
  shelf: Map<string, ReadyPolicy>,
): Promise<ReadyPolicy | null> {
  if (decision.policy === null) return null
  const { sha256 } = decision.policy
  const known = shelf.get(sha256)
  if (known !== undefined) return known
  const ready = readyPolicy(await ledger.document(sha256, openPolicy))
  shelf.set(sha256, ready)
  return ready
}

/**
 * Whether a decision says what was recorded. Which controls it supports grows with the mapping, so another version of Countersign may say
 * more of that.
 */
function isSame(recorded: ChangeDecision, again: Decided): boolean {
  const { inputs: _inputs, recordedAt: _recordedAt, engine, ...said } = recorded
  const { engine: engineAgain, ...saidAgain } = again
  const isSameEngine = engine.name === engineAgain.name && engine.version === engineAgain.version
  const comparable = isSameEngine ? (one: Said): Said => one : withoutControls
  return textOf(comparable(said)) === textOf(comparable(saidAgain))
}

type Said = Omit<Decided, 'engine'>

function withoutControls(said: Said): Said {
  return { ...said, controls: [], rules: said.rules.map((rule) => ({ ...rule, controls: [] })) }
}

function textOf(said: Said): string {
  return canonicalJson(said as unknown as Json)
}
