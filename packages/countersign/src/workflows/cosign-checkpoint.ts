import { formatNote, type NoteSignature, parseNote } from '@countersign/verify'
import { judgeQuorum } from '../judge/witness-policy/judge-quorum.ts'
import type { PolicyWitness, WitnessPolicy } from '../judge/witness-policy/witness-policy.ts'
import type { SignedCheckpoint } from './ports/evidence-log.ts'
import {
  type ConsistencyProof,
  type CosignedNote,
  type Witness,
  type WitnessCosignature,
  WitnessError,
  type WitnessSizes,
} from './ports/witness.ts'

/** What became of asking one witness. */
export type WitnessOutcome = { readonly name: string } & (
  | { readonly status: 'cosigned'; readonly time: number }
  | { readonly status: 'refused'; readonly code: WitnessError['code']; readonly message: string }
)

/** A checkpoint with its cosignatures, and what each witness said; in the order of the policy. */
export interface CosignedCheckpoint extends CosignedNote {
  readonly outcomes: readonly WitnessOutcome[]
}

export interface CosigningParts {
  readonly policy: WitnessPolicy
  /** One for each witness of the policy. */
  readonly witnesses: readonly Witness[]
  readonly sizes: WitnessSizes
  readonly timeoutMs: number
}

/** Gathers cosignatures for the checkpoints of one log, one checkpoint after the other. They come in the order of their sizes. */
export interface CheckpointCosigner {
  /**
   * Asks all witnesses at once and resolves as soon as the quorum is reached, all have answered, or time is up. Does not reject
   * because of a witness. Who is still waited for when the quorum is reached may go on for a second, or until the next checkpoint.
   */
  cosign(signed: SignedCheckpoint, consistency: ConsistencyProof): Promise<CosignedCheckpoint>

  /** Ends every wait. */
  close(): void
}

export function checkpointCosigner(parts: CosigningParts): CheckpointCosigner {
  let wait = new AbortController()
  let sizes: Map<string, number> | null = null
  let turn: Promise<unknown> = Promise.resolve()
  const cosignNow = async (signed: SignedCheckpoint, consistency: ConsistencyProof): Promise<CosignedCheckpoint> => {
    // A witness that is still busy with a smaller checkpoint would find this one first, and call that one overtaken.
    wait.abort()
    wait = new AbortController()
    sizes ??= await loadSizes(parts.sizes)
    const gathering = { parts, signed, consistency: shared(consistency), sizes, answers: new Map() }
    await gather(gathering, wait)
    // Long enough to learn what the others signed, short enough that no process stays for them.
    setTimeout((ended) => ended.abort(), GRACE_MS, wait).unref()
    await storeSizes(parts.sizes, sizes)
    return summary(gathering)
  }
  return {
    cosign(signed, consistency) {
      const cosigned = turn.then(() => cosignNow(signed, consistency))
      turn = cosigned.catch(() => undefined)
      return cosigned
    },
    close: () => wait.abort(),
  }
}

const GRACE_MS = 1_000

type Answer = WitnessCosignature | WitnessError

interface Gathering {
  readonly parts: CosigningParts
  readonly signed: SignedCheckpoint
  readonly consistency: ConsistencyProof
  readonly sizes: Map<string, number>
  readonly answers: Map<PolicyWitness, Answer>
}

async function gather(gathering: Gathering, wait: AbortController): Promise<void> {
  const { policy, witnesses, timeoutMs } = gathering.parts
  const isDone = (): boolean =>
    wait.signal.aborted ||
    gathering.answers.size === witnesses.length ||
    judgeQuorum(policy, cosignedBy(gathering)).isReached
  if (isDone()) return
  const timer = setTimeout(() => wait.abort(), timeoutMs)
  await new Promise<void>((resolve) => {
    wait.signal.addEventListener('abort', () => resolve(), { once: true })
    const asked = witnesses.map(async (witness) => {
      gathering.answers.set(witness.identity, await ask(gathering, witness, wait.signal))
      if (isDone()) resolve()
    })
    void Promise.all(asked).then(() => clearTimeout(timer))
  })
}

async function ask(gathering: Gathering, witness: Witness, signal: AbortSignal): Promise<Answer> {
  const { signed, consistency, sizes } = gathering
  const { verifierKey, name } = witness.identity
  try {
    const knownSize = sizes.get(verifierKey) ?? 0
    const cosignature = await witness.cosign({ signed, knownSize, consistency }, signal)
    // An earlier checkpoint's answer may come in after a later one's.
    sizes.set(verifierKey, Math.max(signed.checkpoint.size, sizes.get(verifierKey) ?? 0))
    return cosignature
  } catch (cause) {
    if (cause instanceof WitnessError) return cause
    const message = cause instanceof Error ? cause.message : String(cause)
    return new WitnessError('witness_failed', `${name} could not be asked: ${message}`, { cause })
  }
}

function cosignedBy({ answers }: Gathering): ReadonlySet<PolicyWitness> {
  return new Set([...answers].flatMap(([witness, answer]) => (answer instanceof WitnessError ? [] : [witness])))
}

function summary(gathering: Gathering): CosignedCheckpoint {
  const { parts, signed, answers } = gathering
  const cosigned = cosignedBy(gathering)
  const made = parts.policy.witnesses.flatMap((witness) => {
    const answer = answers.get(witness)
    return answer === undefined || answer instanceof WitnessError ? [] : [answer.signature]
  })
  return {
    note: withSignatures(signed.note, made),
    missing: judgeQuorum(parts.policy, cosigned).missing.map(({ name }) => name),
    outcomes: parts.witnesses.map(({ identity }) => outcomeOf(identity, answers.get(identity))),
  }
}

function outcomeOf({ name }: PolicyWitness, answer: Answer | undefined): WitnessOutcome {
  if (answer === undefined) {
    return { name, status: 'refused', code: 'witness_slow', message: `${name} had not answered when the wait ended` }
  }
  if (answer instanceof WitnessError) return { name, status: 'refused', code: answer.code, message: answer.message }
  return { name, status: 'cosigned', time: answer.time }
}

/** The note with these signatures behind its own; one that it has already from the same key is replaced. */
function withSignatures(note: string, added: readonly NoteSignature[]): string {
  if (added.length === 0) return note
  const { text, signatures } = parseNote(note)
  const replaced = new Set(added.map(({ name, keyId }) => `${name}+${keyId}`))
  const kept = signatures.filter(({ name, keyId }) => !replaced.has(`${name}+${keyId}`))
  return formatNote({ text, signatures: [...kept, ...added] })
}

/** Makes each proof once, however many witnesses need it. */
function shared(consistency: ConsistencyProof): ConsistencyProof {
  const made = new Map<number, Promise<readonly Uint8Array[]>>()
  return (from, to) => {
    const proof = made.get(from) ?? consistency(from, to)
    made.set(from, proof)
    return proof
  }
}

// Sizes are hints. A log does not stop because one cannot be kept: the next request takes a round trip more.
async function loadSizes(sizes: WitnessSizes): Promise<Map<string, number>> {
  try {
    return new Map(await sizes.load())
  } catch {
    return new Map()
  }
}

async function storeSizes(store: WitnessSizes, sizes: ReadonlyMap<string, number>): Promise<void> {
  try {
    await store.store(sizes)
  } catch {
    return
  }
}
