import {
  COSIGNATURE_V1,
  cosignatureKey,
  cosignatureSigner,
  equalBytes,
  formatVerifierKey,
  type NoteKey,
  sha256Hex,
  TlogError,
} from '@countersign/verify'
import type { PolicyLog } from '../../judge/witness-policy/witness-policy.ts'
import type { SigningKey } from '../../workflows/ports/signing-key.ts'
import type { WitnessState } from '../../workflows/ports/witness-state.ts'
import { Problem } from '../../workflows/problem.ts'
import type { WitnessParts } from '../../workflows/witness-checkpoint.ts'

/** The witness that a data folder holds, before it knows any log. */
export interface OwnWitness {
  readonly key: SigningKey
  readonly state: WitnessState
  readonly name: string
  /** What the keepers of logs put into their policies. */
  readonly verifierKey: string
}

/**
 * Gives the witness its name, for ever: what is not given is made from the key. Rejects with `Problem` `usage` when it has another
 * name already or the name cannot be one.
 */
export async function nameWitness(
  key: SigningKey,
  state: WitnessState,
  given: string | undefined,
): Promise<OwnWitness> {
  const wanted = given ?? `countersign.local/witness/${sha256Hex(key.publicKey).slice(0, 16)}`
  verifierKeyOf(wanted, key)
  const name = await state.signsAs(wanted)
  // A cosignature does not say by which name it was made, so that one key must never go by two.
  if (given !== undefined && name !== given) throw new Problem('usage', `this witness is called ${name}, not ${given}`)
  return { key, state, name, verifierKey: verifierKeyOf(name, key) }
}

/**
 * Makes a witness ready to cosign for logs. Throws `Problem` `usage` when there are none, or when one of them signs with the
 * witness's own key.
 */
export function witnessFor(
  { key, state, name, verifierKey }: OwnWitness,
  logs: readonly PolicyLog[],
  now: () => number,
): WitnessParts {
  if (logs.length === 0) throw new Problem('usage', 'no log is named that this witness could cosign')
  const byOrigin = new Map<string, NoteKey[]>()
  for (const log of logs) {
    if (equalBytes(log.publicKey, key.publicKey)) {
      throw new Problem('usage', `the log ${log.key.name} signs with this witness's own key`)
    }
    byOrigin.set(log.key.name, [...(byOrigin.get(log.key.name) ?? []), log.key])
  }
  return {
    key: cosignatureKey(verifierKey),
    signerAt: (time) => cosignatureSigner(name, key.publicKey, time, key.sign),
    logs: byOrigin,
    state,
    now,
  }
}

function verifierKeyOf(name: string, key: SigningKey): string {
  try {
    return formatVerifierKey(name, COSIGNATURE_V1, key.publicKey)
  } catch (cause) {
    if (cause instanceof TlogError) throw new Problem('usage', `"${name}" cannot be a witness's name: ${cause.message}`)
    throw cause
  }
}
