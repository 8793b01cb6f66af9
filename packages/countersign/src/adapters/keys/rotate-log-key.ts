import { ED25519_NOTE, formatVerifierKey, parseVerifierKey, sha256Hex, utf8 } from '@countersign/verify'
import { LOG_KEY_ROTATION, type LogKeyRotation, provePossession } from '../../judge/evidence-types/log-key-rotation.ts'
import { momentOf } from '../../judge/evidence-types/predicate-fields.ts'
import { stampOf } from '../../judge/evidence-types/statement-controls.ts'
import { isRotating, type LogKeyRange, type LogKeyring, signingRange } from '../../judge/log-keys/log-keyring.ts'
import { appendStatements, type NewStatement } from '../../workflows/append-statement.ts'
import type { EvidenceLog } from '../../workflows/ports/evidence-log.ts'
import type { SigningKey } from '../../workflows/ports/signing-key.ts'
import type { LogKeyFiles, LogKeys } from './log-key-files.ts'

/** What a change of key needs. */
export interface RotationParts {
  readonly files: LogKeyFiles
  /** Opens the log for writing, under these keys. It is closed again. */
  readonly openLog: (keys: LogKeys) => Promise<EvidenceLog>
  readonly evidenceKey: SigningKey
  /** Unix seconds. */
  readonly now: () => number
}

/**
 * Gives a log a new key, or finishes a change that was cut off, and returns the keyring. The log is usable between any two steps, and
 * going on after a crash is the same as going on:
 *
 * 1. the new key is made; 2. the change is announced in the log, under the old key; 3. the keyring names the new key, and from then on
 * no process signs with the old one; 4. the old private key is replaced by the new one; 5. the completion is recorded in the log, the
 * first statement under the new key; 6. the keyring says where the old key ended: at the place of that statement.
 *
 * Rejects with `SigningKeyError` and `EvidenceLogError`; run it again then.
 */
export async function rotateLogKey(parts: RotationParts): Promise<LogKeyring> {
  const { files } = parts
  const found = await files.open('refuse')
  if (!isRotating(found.keyring)) await begin(found, parts)
  await files.promote()
  const { keyring, ...keys } = await files.open('refuse')
  // Somebody else has finished it meanwhile.
  if (!isRotating(keyring)) return keyring
  const retired = keyring.keys.at(-2) as LogKeyRange
  const step = { origin: keyring.origin, retires: retired.verifierKey, begins: signingRange(keyring).verifierKey }
  const until = await recorded('completed', step, keys.key, { keyring, ...keys }, parts)
  const settled = { ...keyring, keys: [...keyring.keys.slice(0, -2), { ...retired, until }, signingRange(keyring)] }
  await files.store(settled)
  return settled
}

async function begin(keys: LogKeys, parts: RotationParts): Promise<void> {
  const { origin, keys: ranges } = keys.keyring
  const next = await parts.files.makeNext()
  const begins = formatVerifierKey(origin, ED25519_NOTE, next.publicKey)
  const step = { origin, retires: signingRange(keys.keyring).verifierKey, begins }
  const index = await recorded('announced', step, next, keys, parts)
  // The smallest tree that holds the announcement is the first that the new key may sign.
  await parts.files.store({ origin, keys: [...ranges, { verifierKey: begins, from: index + 1, until: null }] })
}

type Step = Pick<LogKeyRotation, 'origin' | 'retires' | 'begins'>

/** Records one statement of a change, unless an earlier attempt did; returns its place in the log. */
async function recorded(
  state: LogKeyRotation['state'],
  step: Step,
  next: SigningKey,
  keys: LogKeys,
  { openLog, evidenceKey, now }: RotationParts,
): Promise<number> {
  const idempotencyKey = `log-key-rotation:${state}:${sha256Hex(utf8(step.begins))}`
  const log = await openLog(keys)
  try {
    for await (const { index } of log.find({ idempotencyKey, limit: 1 })) return index
    const [receipt] = await appendStatements([statementOf(state, step, next, now(), idempotencyKey)], {
      log,
      key: evidenceKey,
    })
    return (receipt as { readonly index: number }).index
  } finally {
    await log.close()
  }
}

function statementOf(
  state: LogKeyRotation['state'],
  step: Step,
  next: SigningKey,
  at: number,
  idempotencyKey: string,
): NewStatement {
  const possession = provePossession(step, next.sign)
  const predicate = { ...step, state, possession, at: momentOf(at), ...stampOf(LOG_KEY_ROTATION, at) }
  const { publicKey } = parseVerifierKey(step.begins)
  return {
    statement: {
      subject: [{ name: step.begins, digest: { sha256: sha256Hex(publicKey) } }],
      predicateType: LOG_KEY_ROTATION,
      predicate,
    },
    terms: {
      idempotencyKey,
      subjects: [`log:${step.origin}`],
      source: 'countersign',
      occurredAt: momentOf(at),
      recordedAt: momentOf(at),
      retention: 'standard',
      summary: { state, begins: step.begins },
    },
  }
}
